//! A stream that can be told to break off, with TLS or without: the lowest place where an answer can get lost.
//!
//! What may pass is counted above TLS, where the head and the body of an answer are to be seen; what breaks is the TCP
//! connection below. A connection that closes that way closes without TLS's goodbye, as one does that a network broke.
//!
//! Two things cannot be had. A reset overtakes what the client's system had no room for (on loopback some 64 KiB that the client
//! has not read yet), and that is lost. And a client that closed its side and waits looks the same as one that is gone, so that
//! neither is kept hanging; one that left in the middle of a dripped answer is found out by the pieces that it refuses.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::course::{Course, Cut, Drip};
use super::link::{Link, Phase};
use crate::delivery::Break;

/// What bytes go through.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The TCP connection at the bottom.
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// The stream. An error from it makes hyper drop the connection, and dropping closes the socket.
pub(super) struct FragileStream<S> {
    socket: S,
    link: Arc<Link>,
    is_shut: bool,
}

impl<S: Socket> FragileStream<S> {
    pub(super) fn new(socket: S, link: Arc<Link>) -> Self {
        Self { socket, link, is_shut: false }
    }

    /// Writes as much of an answer as its course allows. With `None` all of it was handed over that there is for now, and is
    /// to be flushed.
    fn poll_course(&mut self, cx: &mut Context<'_>, bytes: Option<&[u8]>) -> Poll<io::Result<usize>> {
        let link = Arc::clone(&self.link);
        let mut course = link.course();
        match course.as_mut() {
            Some(Course::Cut(cut)) => self.poll_cut(cx, cut, bytes),
            Some(Course::Drip(drip)) => {
                let written = ready!(self.poll_drip(cx, drip, bytes))?;
                drop(course);
                // It was handed over in one piece, so the first flush that is asked for is its end.
                if bytes.is_none() {
                    link.disarm();
                }
                Poll::Ready(Ok(written))
            }
            None => match bytes {
                Some(bytes) => Pin::new(&mut self.socket).poll_write(cx, bytes),
                None => Pin::new(&mut self.socket).poll_flush(cx).map_ok(|()| 0),
            },
        }
    }

    fn poll_cut(&mut self, cx: &mut Context<'_>, cut: &mut Cut, bytes: Option<&[u8]>) -> Poll<io::Result<usize>> {
        if let Some(bytes) = bytes {
            let allowed = &bytes[..cut.allows(bytes)];
            if !allowed.is_empty() {
                let written = ready!(Pin::new(&mut self.socket).poll_write(cx, allowed))?;
                cut.pass(&allowed[..written]);
                return Poll::Ready(Ok(written));
            }
        }
        if cut.is_spent() {
            while !cut.tail().is_empty() {
                match ready!(Pin::new(&mut self.socket).poll_write(cx, cut.tail()))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    written => cut.pass_tail(written),
                }
            }
        }
        // What is below must not keep back what is allowed.
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        match cut.is_spent() {
            true => self.poll_break(cx, cut),
            false => Poll::Ready(Ok(0)),
        }
    }

    /// Breaks off: the error is the end.
    fn poll_break(&mut self, cx: &mut Context<'_>, cut: &mut Cut) -> Poll<io::Result<usize>> {
        let tcp = SockRef::from(self.socket.tcp());
        match cut.how {
            Break::Reset => {
                // With nothing to linger for, closing throws the connection away: the peer sees a reset.
                tcp.set_linger(Some(Duration::ZERO))?;
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            Break::Close => {
                // Closing while there is something unread would reset the connection, too.
                if !cut.is_told {
                    cut.is_told = true;
                    self.link.enter(Phase::Lingering);
                    tcp.shutdown(Shutdown::Write)?;
                }
                ready!(poll_drain(self.socket.tcp(), cx));
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
            Break::Hang => {
                // The server's stop wakes the task.
                if !self.link.is_stopping() {
                    ready!(poll_drain(self.socket.tcp(), cx));
                }
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
        }
    }

    fn poll_drip(&mut self, cx: &mut Context<'_>, drip: &mut Drip, bytes: Option<&[u8]>) -> Poll<io::Result<usize>> {
        let Some(bytes) = bytes else {
            return Pin::new(&mut self.socket).poll_flush(cx).map_ok(|()| 0);
        };
        if let Some(pause) = drip.pause.as_mut() {
            ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
            // Nobody blames the client for the pause.
            self.link.enter(Phase::Held);
            if pause.as_mut().poll(cx).is_pending() {
                let mut byte = [0];
                if let Poll::Ready(Err(gone)) = self.socket.tcp().poll_peek(cx, &mut ReadBuf::new(&mut byte)) {
                    return Poll::Ready(Err(gone));
                }
                return Poll::Pending;
            }
            drip.pause = None;
            self.link.enter(Phase::Answered);
        }
        let piece = &bytes[..drip.allows(bytes.len())];
        let written = ready!(Pin::new(&mut self.socket).poll_write(cx, piece))?;
        drip.pass(written);
        Poll::Ready(Ok(written))
    }
}

/// Throws away what the client sends, until it sends no more.
fn poll_drain(tcp: &TcpStream, cx: &mut Context<'_>) -> Poll<()> {
    let mut thrown_away = [0; 4 * 1024];
    loop {
        match ready!(tcp.poll_read_ready(cx)).and_then(|()| tcp.try_read(&mut thrown_away)) {
            Ok(0) => return Poll::Ready(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Poll::Ready(()),
        }
    }
}

impl<S: Socket> AsyncRead for FragileStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.socket).poll_read(cx, buf);
        if polled.is_pending() {
            this.link.came_nothing();
        } else if buf.filled().len() > before {
            this.link.came();
        }
        polled
    }
}

impl<S: Socket> AsyncWrite for FragileStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.link.writes();
        let polled = match this.link.is_armed() {
            true => this.poll_course(cx, Some(bytes)),
            false => Pin::new(&mut this.socket).poll_write(cx, bytes),
        };
        this.link.wrote(polled.is_pending());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.link.writes();
        let polled = match this.link.is_armed() {
            // One at a time, for the count to be exact.
            true => this.poll_course(cx, Some(bufs.iter().find(|buf| !buf.is_empty()).map_or(&[], |buf| buf))),
            false => Pin::new(&mut this.socket).poll_write_vectored(cx, bufs),
        };
        this.link.wrote(polled.is_pending());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let polled = match this.link.is_armed() {
            true => this.poll_course(cx, None).map_ok(|_| ()),
            false => Pin::new(&mut this.socket).poll_flush(cx),
        };
        match &polled {
            Poll::Ready(_) => this.link.flushed(),
            Poll::Pending => this.link.wrote(true),
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.is_shut {
            ready!(Pin::new(&mut this.socket).poll_shutdown(cx))?;
            this.is_shut = true;
            if !this.link.is_unheard() {
                return Poll::Ready(Ok(()));
            }
            this.link.enter(Phase::Lingering);
        }
        poll_drain(this.socket.tcp(), cx).map(Ok)
    }
}
