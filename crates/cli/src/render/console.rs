//! Standard error: a thread of its own writes what people read, and draws what stands beneath it.
//!
//! A terminal that is not read (Ctrl-S, a selection in a console window) stops that thread and nothing else.

use std::io::{self, Write};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::{Escaping, Stream};
use super::queue::LineQueue;

/// How long standard error may take nothing before it is given up: at the end, and where its lines are to come first.
const PATIENCE: Duration = Duration::from_secs(2);

/// How wide a terminal is that does not say.
const COLUMNS: usize = 80;

static CONSOLE: LazyLock<Console> = LazyLock::new(Console::start);

struct Console {
    lines: LineQueue,
    frame: Arc<Mutex<Frame>>,
}

/// What is to stand beneath the lines. Only the newest is drawn.
#[derive(Default)]
struct Frame {
    next: Option<Vec<String>>,
    /// It stays where it is, and lines go beneath it.
    is_last: bool,
}

impl Console {
    fn start() -> Self {
        let frame = Arc::new(Mutex::new(Frame::default()));
        let mut screen = Screen { frame: Arc::clone(&frame), drawn: None };
        Self { lines: LineQueue::start("console", dropped, move |lines| screen.write(lines)), frame }
    }

    fn frame(&self) -> MutexGuard<'_, Frame> {
        // A frame is whole at any moment.
        self.frame.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn dropped(count: u64) -> String {
    format!("... {count} lines were dropped here: what reads standard error was too slow\n")
}

/// Writes lines, now or as soon as the terminal takes them. Never waits.
pub(crate) fn write(lines: Vec<u8>) {
    if !lines.is_empty() {
        CONSOLE.lines.push(lines);
    }
}

/// Draws these lines beneath all others, in place of those drawn before. Never waits.
pub(crate) fn draw(frame: Vec<String>) {
    CONSOLE.frame().next = Some(frame);
    CONSOLE.lines.wake();
}

/// Leaves what is drawn where it stands.
pub(crate) fn leave_frame() {
    CONSOLE.frame().is_last = true;
    CONSOLE.lines.wake();
}

/// Calls `written` once everything so far is written. It is not called while the terminal takes nothing.
pub(crate) fn when_written(written: impl FnOnce() + Send + 'static) {
    CONSOLE.lines.when_written(|_| written());
}

/// Waits until everything is written, but not longer than [`PATIENCE`] for a terminal that takes nothing.
pub(crate) fn settle() {
    let (done, is_done) = sync_channel(1);
    // Nobody listens any more where the patience was over.
    when_written(move || {
        done.send(()).ok();
    });
    let mut waiting = CONSOLE.lines.bytes_waiting();
    while is_done.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        let now = CONSOLE.lines.bytes_waiting();
        if now == waiting {
            return;
        }
        waiting = now;
    }
}

/// The thread's own.
struct Screen {
    frame: Arc<Mutex<Frame>>,
    drawn: Option<ProgressBar>,
}

impl Screen {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut frame = self.frame.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, is_last) = (frame.next.take(), std::mem::take(&mut frame.is_last));
        drop(frame);
        match &self.drawn {
            Some(drawn) if !lines.is_empty() => drawn.suspend(|| Stream::Error.write_all(lines))?,
            Some(_) | None => Stream::Error.write_all(lines)?,
        }
        if let Some(next) = next {
            let columns = Stream::Error.columns().unwrap_or(COLUMNS) - 1;
            let fitting: Vec<String> = next.iter().map(|line| line.chars().take(columns).collect()).collect();
            self.drawn.get_or_insert_with(nothing_drawn).set_message(fitting.join("\n"));
        }
        if is_last && let Some(drawn) = self.drawn.take() {
            drawn.abandon();
        }
        Ok(())
    }
}

fn nothing_drawn() -> ProgressBar {
    let drawn = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        drawn.set_style(style);
    }
    drawn
}

/// A log line on its way to the console; the colours of the log itself are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogLine {
    /// Whether there are colours.
    pub(crate) coloured: bool,
}

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = Vec::with_capacity(bytes.len());
        if self.coloured {
            Escaping::coloured(&mut lines).write_all(bytes)?;
        } else {
            Escaping::text(&mut lines).write_all(bytes)?;
        }
        write(lines);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
