//! What a rollout writes to standard output: events as they come, and its report. A thread writes them; a reader who does not
//! read stops neither the rollout nor a signal.

use std::io::{self, Write};
use std::time::Duration;

use reinstall_core::notice::Notice;
use reinstall_http::clock::Clock;
use tokio::sync::oneshot;

use super::signals::Signals;
use crate::args::Output;
use crate::render::output::{Escaping, Stream};
use crate::render::queue::LineQueue;
use crate::render::report::RolloutReport;
use crate::render::{self, console};

/// How long a report is tried to be written after a signal to leave at once, and how long lines on a terminal may hold it up.
const PATIENCE: Duration = Duration::from_secs(1);

/// Standard output of a rollout.
pub(super) struct Delivery {
    lines: LineQueue,
    output: Output,
}

impl Delivery {
    pub(super) fn start(output: Output) -> Self {
        let lines = LineQueue::start("standard output", dropped, |bytes| Stream::Output.write_all(bytes));
        Self { lines, output }
    }

    /// Tells an event, if events are asked for. One that finds too many waiting is dropped and counted; `show` has what it told.
    pub(super) fn event(&self, notice: &Notice) {
        if self.output == Output::Ndjson {
            self.lines.push(line(|out| render::json_line(out, notice)));
        }
    }

    /// Writes the report, and waits for as long as its reader takes, or until a signal comes; if one to leave at once came
    /// before, hardly at all.
    ///
    /// # Errors
    /// Why not all of it, and of the events before it, was written. A reader that went away is an error here: nobody else has
    /// the report.
    pub(super) async fn report(
        self,
        told: &RolloutReport,
        leaves_at_once: bool,
        clock: &Clock,
        signals: &mut Signals,
    ) -> io::Result<()> {
        let (sender, lines_are_out) = oneshot::channel();
        console::when_written(move || {
            sender.send(()).ok();
        });
        tokio::select! {
            _ = lines_are_out => {}
            () = clock.sleep(if leaves_at_once { PATIENCE / 4 } else { PATIENCE }) => {}
        }
        self.lines.push_kept(line(|out| match self.output {
            Output::Text => told.text(&mut Escaping::text(out)),
            Output::Json => render::json_object(out, &told.object()),
            Output::Ndjson => render::json_line(out, &told.line()),
        }));
        let (sender, written) = oneshot::channel();
        self.lines.when_written(move |result| drop(sender.send(result)));
        let given_up = async {
            if leaves_at_once {
                clock.sleep(PATIENCE).await;
            } else {
                signals.next().await;
            }
        };
        tokio::select! {
            biased;
            written = written => written.unwrap_or_else(|_| Err(io::Error::other("there is no thread to write with"))),
            () = given_up => Err(io::Error::new(io::ErrorKind::WouldBlock, "its reader does not read")),
        }
    }
}

fn line(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Memory takes everything.
    drop(write(&mut bytes));
    bytes
}

/// Programs are told how many events they miss, where they would have stood.
fn dropped(count: u64) -> String {
    format!("{{\"event\":\"dropped\",\"count\":{count}}}\n")
}
