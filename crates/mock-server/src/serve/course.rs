//! What becomes of one answer on the wire, as a value: which of its bytes may pass, and what comes after them.

use std::pin::Pin;
use std::time::Duration;

use reinstall_http::clock::Clock;

use crate::delivery::Break;

/// What becomes of an answer that is not delivered as it is.
pub(super) enum Course {
    /// It breaks off.
    Cut(Cut),
    /// It comes in pieces.
    Drip(Drip),
}

/// How much of an answer passes, and what comes then.
#[derive(Debug)]
pub(super) struct Cut {
    allowance: Allowance,
    /// What is sent in place of the rest.
    tail: &'static [u8],
    /// How it ends.
    pub(super) how: Break,
    /// Whether the end was told to the client.
    pub(super) is_told: bool,
}

/// How much of an answer may still pass.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    /// How many bytes of the blank line after the head were seen in a row.
    blank_line: usize,
    body_left: usize,
}

const BLANK_LINE: &[u8; 4] = b"\r\n\r\n";

impl Cut {
    /// Nothing passes.
    pub(super) fn at_once(how: Break) -> Self {
        // As if the head were over.
        Self::new(Allowance { blank_line: BLANK_LINE.len(), body_left: 0 }, how)
    }

    /// The head passes, and so many bytes that follow it.
    pub(super) fn after_head(bytes: usize, how: Break) -> Self {
        Self::new(Allowance { blank_line: 0, body_left: bytes }, how)
    }

    /// The same, with these bytes after those that pass.
    pub(super) fn with_tail(self, tail: &'static [u8]) -> Self {
        Self { tail, ..self }
    }

    const fn new(allowance: Allowance, how: Break) -> Self {
        Self { allowance, tail: b"", how, is_told: false }
    }

    /// How many of the answer's next bytes may pass.
    pub(super) fn allows(&self, bytes: &[u8]) -> usize {
        let (head, _) = self.allowance.split(bytes);
        head + self.allowance.body_left.min(bytes.len() - head)
    }

    /// These bytes have passed, which were allowed.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let (head, blank_line) = self.allowance.split(bytes);
        let body_left = self.allowance.body_left.saturating_sub(bytes.len() - head);
        self.allowance = Allowance { blank_line, body_left };
    }

    /// Whether nothing of the answer passes any more.
    pub(super) fn is_spent(&self) -> bool {
        self.allowance.blank_line == BLANK_LINE.len() && self.allowance.body_left == 0
    }

    /// What is still to be sent in place of the rest.
    pub(super) fn tail(&self) -> &'static [u8] {
        self.tail
    }

    /// So many bytes of that were sent.
    pub(super) fn pass_tail(&mut self, count: usize) {
        self.tail = self.tail.get(count..).unwrap_or_default();
    }
}

impl Allowance {
    /// How many of these bytes belong to the head, and how much of the blank line has been seen then.
    fn split(self, bytes: &[u8]) -> (usize, usize) {
        let mut blank_line = self.blank_line;
        for (at, byte) in bytes.iter().enumerate() {
            match BLANK_LINE.get(blank_line) {
                None => return (at, blank_line),
                Some(expected) if expected == byte => blank_line += 1,
                Some(_) => blank_line = usize::from(*byte == BLANK_LINE[0]),
            }
        }
        (bytes.len(), blank_line)
    }
}

/// An answer in pieces.
pub(super) struct Drip {
    piece_bytes: usize,
    every: Duration,
    clock: Clock,
    /// What is left of the piece.
    left: usize,
    /// The pause that is being made.
    pub(super) pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Drip {
    /// Pieces of so many bytes, with such pauses between; 0 bytes count as 1.
    pub(super) fn new(piece_bytes: usize, every: Duration, clock: Clock) -> Self {
        let piece_bytes = piece_bytes.max(1);
        Self { piece_bytes, every, clock, left: piece_bytes, pause: None }
    }

    /// How many of so many bytes may pass before the next pause.
    pub(super) fn allows(&self, count: usize) -> usize {
        self.left.min(count)
    }

    /// So many bytes have passed: after the last of a piece comes a pause.
    pub(super) fn pass(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
        if self.left == 0 {
            self.left = self.piece_bytes;
            let (clock, every) = (self.clock.clone(), self.every);
            self.pause = Some(Box::pin(async move { clock.sleep(every).await }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What passes of an answer that is written in pieces of `piece` bytes.
    fn passes(answer: &str, body_bytes: usize, piece: usize) -> (String, bool) {
        let mut cut = Cut::after_head(body_bytes, Break::Close);
        let mut passed = Vec::new();
        for bytes in answer.as_bytes().chunks(piece) {
            let allowed = &bytes[..cut.allows(bytes)];
            cut.pass(allowed);
            passed.extend_from_slice(allowed);
        }
        (String::from_utf8(passed).unwrap(), cut.is_spent())
    }

    #[test]
    fn the_head_passes_and_so_many_bytes_of_the_body() {
        let answer = "HTTP/1.1 202 Accepted\r\nX: \r\r\n\r\nbody\r\n\r\nbody";
        let head = answer.find("body").unwrap();
        for piece in 1..=answer.len() {
            for body_bytes in 0..=12 {
                let (passed, is_spent) = passes(answer, body_bytes, piece);
                assert_eq!((passed.as_str(), is_spent), (&answer[..head + body_bytes], true), "{piece} {body_bytes}");
            }
            assert_eq!(passes(answer, 100, piece), (answer.to_owned(), false));
        }
    }

    #[test]
    fn nothing_passes_of_what_is_cut_at_once() {
        let cut = Cut::at_once(Break::Reset);
        assert_eq!((cut.allows(b"HTTP/1.1 200 OK\r\n"), cut.is_spent()), (0, true));
    }

    #[test]
    fn a_piece_is_followed_by_a_pause() {
        let mut drip = Drip::new(3, Duration::ZERO, Clock::start());
        drip.pass(drip.allows(2));
        assert!(drip.pause.is_none());
        assert_eq!(drip.allows(9), 1);
        drip.pass(1);
        assert!(drip.pause.take().is_some());
        assert_eq!(drip.allows(9), 3);
        assert_eq!(Drip::new(0, Duration::ZERO, Clock::start()).allows(9), 1);
    }
}
