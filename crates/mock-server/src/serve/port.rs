//! One port: takes connections, and ends those that do not get on.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use reinstall_http::clock::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::connection::{Manners, converse, http};
use super::front::Front;
use super::limits::Limits;
use super::link::{Link, Mark, Phase};

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A port that serves.
pub(super) struct Port {
    /// Where it listens.
    pub(super) listener: TcpListener,
    /// What it serves.
    pub(super) front: Front,
    /// How it speaks TLS, if it does.
    pub(super) tls: Option<TlsAcceptor>,
    /// What clients may have of it.
    pub(super) limits: Limits,
    /// What it waits by.
    pub(super) clock: Clock,
}

impl Port {
    /// Serves until the sender of `stop` is dropped: then takes no new connection, lets answers that are on their way leave for
    /// a while, and breaks off the rest.
    pub(super) async fn serve(self, mut stop: watch::Receiver<()>) {
        let Self { listener, front, tls, limits, clock } = self;
        let mut open = Connections {
            manners: Arc::new(Manners { front, http: http(&limits), tls }),
            sweep_every: limits.sweep_every(),
            limits,
            clock: clock.clone(),
            tasks: JoinSet::new(),
            known: HashMap::new(),
        };
        let mut sweep = pin!(clock.sleep(open.sweep_every));
        loop {
            tokio::select! {
                () = stopped(&mut stop) => break,
                Some(ended) = open.tasks.join_next_with_id() => open.forget(ended),
                () = &mut sweep, if !open.known.is_empty() => {
                    open.sweep();
                    sweep.set(clock.sleep(open.sweep_every));
                }
                accepted = listener.accept(), if open.have_room() => match accepted {
                    Ok((stream, peer)) => open.take(stream, peer),
                    // Out of file handles, mostly: trying again at once would only keep a core busy.
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        clock.sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        open.end().await;
    }
}

/// Returns once the server is gone or told to stop.
async fn stopped(stop: &mut watch::Receiver<()>) {
    // Nothing is ever sent; the error says that the sender was dropped.
    while stop.changed().await.is_ok() {}
}

/// The connections of a port.
struct Connections {
    manners: Arc<Manners>,
    limits: Limits,
    sweep_every: Duration,
    clock: Clock,
    tasks: JoinSet<()>,
    known: HashMap<Id, Known>,
}

/// What is known of one.
struct Known {
    link: Arc<Link>,
    task: AbortHandle,
    /// Where it was at the last sweep.
    seen: Mark,
    /// At how many sweeps it had not got on.
    sweeps: u128,
}

impl Connections {
    fn have_room(&self) -> bool {
        self.known.len() < self.limits.connections_max.max(1)
    }

    fn take(&mut self, stream: TcpStream, peer: SocketAddr) {
        let phase = match self.manners.tls {
            Some(_) => Phase::Handshake,
            None => Phase::Waiting,
        };
        let link = Arc::new(Link::new(peer, self.clock.clone(), self.limits.body_within, phase));
        let task = self.tasks.spawn(converse(stream, Arc::clone(&self.manners), Arc::clone(&link)));
        self.known.insert(task.id(), Known { seen: link.mark(), sweeps: 0, link, task });
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                if error.is_panic() {
                    tracing::error!(%error, "a connection broke");
                }
                error.id()
            }
        };
        self.known.remove(&id);
    }

    /// Ends the connections that have not got on for longer than they may. The first sweep that sees one may come right after
    /// it got there, hence one more than their count.
    fn sweep(&mut self) {
        for known in self.known.values_mut() {
            let mark = known.link.mark();
            if mark != known.seen {
                known.seen = mark;
                known.sweeps = 0;
                continue;
            }
            known.sweeps += 1;
            let Some(bound) = mark.phase().bound(&self.limits) else {
                continue;
            };
            if known.sweeps > bound.as_nanos().div_ceil(self.sweep_every.as_nanos()) {
                tracing::debug!(peer = %known.link.peer, phase = ?mark.phase(), "a connection does not get on");
                known.task.abort();
            }
        }
    }

    async fn end(mut self) {
        for known in self.known.values() {
            known.link.stop();
        }
        let drained = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.limits.stop_within, drained).await.is_err() {
            tracing::debug!("connections are broken off");
        }
        self.tasks.shutdown().await;
    }
}
