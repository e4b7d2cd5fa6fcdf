//! A TCP stream that can be told to break off: the lowest place where an answer can get lost.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::delivery::{Break, Delivery, Sent};

/// What becomes of the next answer on one connection. Shared between who answers and the stream.
///
/// Armed anew for each answer, before its first byte is handed to the stream. On HTTP/1 answers follow one another, so
/// the bytes written next are that answer's.
#[derive(Debug, Default)]
pub(super) struct Fate(Mutex<Course>);

#[derive(Debug, Default)]
enum Course {
    #[default]
    Whole,
    Cut(Cut),
    Close,
    Reset,
}

/// How much of an answer may still pass.
#[derive(Debug)]
struct Cut {
    /// How many bytes of the blank line after the head were seen in a row.
    blank_line: usize,
    body_left: usize,
}

const BLANK_LINE: &[u8; 4] = b"\r\n\r\n";

impl Cut {
    /// How many of these bytes may pass.
    fn allows(&self, bytes: &[u8]) -> usize {
        let mut blank_line = self.blank_line;
        let head = bytes.iter().take_while(|byte| {
            let is_head = blank_line < BLANK_LINE.len();
            blank_line = follow(blank_line, **byte);
            is_head
        });
        let head = head.count();
        head + self.body_left.min(bytes.len() - head)
    }

    /// These bytes have passed.
    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.blank_line < BLANK_LINE.len() {
                self.blank_line = follow(self.blank_line, *byte);
            } else {
                self.body_left = self.body_left.saturating_sub(1);
            }
        }
    }
}

/// How much of the blank line has been seen, one byte further; once it is whole it stays so.
fn follow(seen: usize, byte: u8) -> usize {
    match BLANK_LINE.get(seen) {
        None => seen,
        Some(expected) if *expected == byte => seen + 1,
        Some(_) => usize::from(byte == BLANK_LINE[0]),
    }
}

impl Fate {
    pub(super) fn arm(&self, delivery: Delivery) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = match delivery {
            Delivery::Whole | Delivery::Dripped { .. } | Delivery::Malformed { .. } => Course::Whole,
            Delivery::Broken { after: Sent::Body(body_bytes), .. } => {
                Course::Cut(Cut { blank_line: 0, body_left: body_bytes })
            }
            Delivery::Broken { after: Sent::Head, .. } => Course::Cut(Cut { blank_line: 0, body_left: 0 }),
            Delivery::Broken { after: Sent::Nothing, how: Break::Reset } => Course::Reset,
            Delivery::Broken { after: Sent::Nothing, .. } => Course::Close,
        };
    }
}

/// The stream. An error from a write makes hyper drop the connection, and dropping closes the socket.
#[derive(Debug)]
pub(super) struct FragileStream {
    stream: TcpStream,
    fate: Arc<Fate>,
}

impl FragileStream {
    pub(super) fn new(stream: TcpStream, fate: Arc<Fate>) -> Self {
        Self { stream, fate }
    }
}

impl AsyncRead for FragileStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for FragileStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let mut course = this.fate.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *course {
            Course::Whole => {
                drop(course);
                Pin::new(&mut this.stream).poll_write(cx, bytes)
            }
            Course::Cut(cut) => {
                let allowed = cut.allows(bytes);
                if allowed == 0 {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                let written = Pin::new(&mut this.stream).poll_write(cx, &bytes[..allowed]);
                if let Poll::Ready(Ok(count)) = &written {
                    cut.pass(&bytes[..*count]);
                }
                written
            }
            Course::Close => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Course::Reset => {
                // With nothing to linger for, closing throws the connection away: the peer sees a reset.
                SockRef::from(&this.stream).set_linger(Some(Duration::ZERO))?;
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    // No vectored writes: the count of bytes that pass must be exact.
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What passes of an answer that is written in pieces of `piece` bytes.
    fn passes(answer: &str, body_bytes: usize, piece: usize) -> String {
        let mut cut = Cut { blank_line: 0, body_left: body_bytes };
        let mut passed = Vec::new();
        for bytes in answer.as_bytes().chunks(piece) {
            let allowed = &bytes[..cut.allows(bytes)];
            cut.pass(allowed);
            passed.extend_from_slice(allowed);
        }
        String::from_utf8(passed).unwrap()
    }

    #[test]
    fn the_head_passes_and_so_many_bytes_of_the_body() {
        let answer = "HTTP/1.1 202 Accepted\r\nX: \r\r\n\r\nbody\r\n\r\nbody";
        let head = answer.find("body").unwrap();
        for piece in 1..=answer.len() {
            for body_bytes in 0..=12 {
                assert_eq!(passes(answer, body_bytes, piece), answer[..head + body_bytes], "{piece} {body_bytes}");
            }
            assert_eq!(passes(answer, 100, piece), answer);
        }
    }
}
