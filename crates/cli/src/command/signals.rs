//! Ctrl-C and SIGTERM: once is an order to halt, twice is to leave at once.

use std::io;

use reinstall_core::action::Order;
use tokio::sync::mpsc::UnboundedSender;

/// The signals that end a program, caught from now on and to its end: what the system does with them by itself does not come
/// back.
pub(super) struct Signals(Option<Caught>);

impl Signals {
    /// Catches them. Where that cannot be, they end this process at once, as they always did.
    pub(super) fn catch() -> Self {
        Self(
            Caught::new()
                .inspect_err(
                    |error| tracing::warn!(%error, "signals cannot be caught; Ctrl-C ends this process at once"),
                )
                .ok(),
        )
    }

    /// Hands the first signal on as an order to halt, and returns at the second.
    pub(super) async fn relay(&mut self, orders: UnboundedSender<Order>) {
        self.next().await;
        // Where nobody takes orders any more, the rollout is over.
        orders.send(Order::Halt).ok();
        self.next().await;
    }

    /// Returns at the next one.
    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            Some(caught) => caught.next().await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
struct Caught {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Caught {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Caught(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Caught {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
