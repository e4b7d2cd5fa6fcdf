//! What the peers share: which bytes they are to send, and how they say where they listen.

use std::error::Error;
use std::io::{self, Write};

/// Whatever goes wrong ends a peer.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The bytes of the file that the `nth` argument names, counted from 1.
pub fn body(nth: usize) -> Result<Vec<u8>, Failure> {
    let path = std::env::args_os().nth(nth).ok_or("each argument names a file with an answer's bytes")?;
    Ok(std::fs::read(path)?)
}

/// Says on one line of standard output where the peer listens.
pub fn announce(base_url: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "{base_url}")?;
    stdout.flush()
}
