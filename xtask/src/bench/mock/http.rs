//! The little HTTP that the bench itself speaks: one GET on a connection of its own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The most bytes of an answer that are read; 1,000 instances of a list have half a megabyte.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// As it stood on the wire: if it came in chunks, with their lengths in between.
    pub(super) body: String,
}

/// Asks for `target`, with `header` as `Name: value`.
pub(super) fn get(server: SocketAddr, target: &str, header: Option<&str>) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&server, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    let header = header.map(|header| format!("{header}\r\n")).unwrap_or_default();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {server}\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes)?;
    parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        for (text, answer) in [
            ("HTTP/1.1 200 OK\r\nA: b\r\n\r\nx\r\n\r\ny", Some((200, "x\r\n\r\ny"))),
            ("HTTP/1.1 404 Not Found\r\n\r\n", Some((404, ""))),
            ("HTTP/1.1 200 OK\r\n", None),
            ("HTTP/2 200\r\n\r\n", None),
            ("", None),
        ] {
            let answer = answer.map(|(status, body)| Answer { status, body: body.to_owned() });
            assert_eq!(parse(text), answer, "{text}");
        }
    }
}
