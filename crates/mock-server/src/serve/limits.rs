//! How much a server lets clients have, of everything that a client could take without end.

use std::time::Duration;

/// The bounds of one server. The waits are kept by a sweep now and then: none ends early, each ends late by at most half its
/// length, or by two seconds if that is less, or by two milliseconds if that is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many connections are open at once; 0 counts as 1. Those beyond wait in the system's queue until one ends: closed at
    /// once, they would look like a fault that nobody armed.
    pub connections_max: usize,
    /// How long the head of a request may be; less than 8 KiB counts as 8 KiB. Beyond it the answer is 431.
    pub head_bytes_max: usize,
    /// How long a client may take for the head of a request, from its first byte on.
    pub head_within: Duration,
    /// How long a client may take for the body of a request, all of it. Beyond it the answer is 408.
    pub body_within: Duration,
    /// How long a connection may stay open without a byte of a request. Common clients keep idle connections for a minute or
    /// so; a server that closes first breaks a request off now and then.
    pub idle_within: Duration,
    /// How long a client may refuse to take a single byte of its answer.
    pub write_within: Duration,
    /// How long a client that did not hear the end may go on sending, once it was answered and told that the connection closes.
    /// What it sends is thrown away: closing at once would reset the connection, and the answer with it.
    pub linger_within: Duration,
    /// How long the two sides may take to agree about TLS.
    pub handshake_within: Duration,
    /// How long answers may take to leave once the server is told to stop.
    pub stop_within: Duration,
}

impl Limits {
    /// The fewest bytes that hyper can bound a head to.
    pub(super) const HEAD_BYTES_MIN: usize = 8 * 1024;

    /// How often to look whether a wait is over: as often as the shortest of them needs.
    pub(super) fn sweep_every(&self) -> Duration {
        let waits = [self.head_within, self.idle_within, self.write_within, self.linger_within, self.handshake_within];
        let shortest = waits.into_iter().min().unwrap_or(Duration::ZERO);
        (shortest / 4).clamp(Duration::from_millis(1), Duration::from_secs(1))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            head_bytes_max: 64 * 1024,
            head_within: Duration::from_secs(10),
            body_within: Duration::from_secs(30),
            idle_within: Duration::from_secs(75),
            write_within: Duration::from_secs(60),
            linger_within: Duration::from_secs(2),
            handshake_within: Duration::from_secs(10),
            stop_within: Duration::from_secs(2),
        }
    }
}
