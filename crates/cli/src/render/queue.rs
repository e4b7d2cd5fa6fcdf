//! A queue of lines with a thread of its own that writes them, so that a reader who does not read stops nothing but that
//! thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// The most bytes that wait to be written. Lines beyond that are dropped and counted.
const QUEUED_BYTES_MAX: usize = 4 << 20;
/// About how many bytes are handed over to be written at once: what a line of 9,600 baud takes in a second.
const BATCH_BYTES: usize = 1 << 10;

/// What is told to somebody who waits for everything up to here to be written.
type Told = Box<dyn FnOnce(io::Result<()>) + Send>;

enum Entry {
    /// Lines, and how many were dropped right before them.
    Lines { dropped_before: u64, bytes: Vec<u8> },
    /// Lines that are never dropped.
    Kept(Vec<u8>),
    /// Something else than lines is to be looked after.
    Wake,
    /// Everything before this is to be written.
    Flush(Told),
}

/// The writing end. Never waits.
#[derive(Clone)]
pub(crate) struct LineQueue {
    entries: Sender<Entry>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl LineQueue {
    /// Starts the thread. `tell_dropped` makes the line that says how many lines are missing; `write` is given lines, or
    /// nothing when it was woken. After its first error nothing more is written, and whoever waits is told of it.
    ///
    /// Without a thread (the system may refuse one) every line is dropped.
    pub(crate) fn start(
        name: &str,
        tell_dropped: fn(u64) -> String,
        write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let (entries, received) = mpsc::channel();
        let counts = Arc::new(Counts::default());
        let writer = Writer { received, counts: Arc::clone(&counts), tell_dropped, failed: None, write };
        // Never joined: it may be stuck in a write for as long as a terminal is stopped. Where there is none, logs have no way
        // out either.
        drop(thread::Builder::new().name(name.to_owned()).spawn(move || writer.run()));
        Self { entries, counts }
    }

    /// Queues lines, or drops them if too much is waiting.
    pub(crate) fn push(&self, bytes: Vec<u8>) {
        let waiting = self.counts.bytes.fetch_add(bytes.len(), Ordering::Relaxed);
        if waiting + bytes.len() > QUEUED_BYTES_MAX {
            self.counts.bytes.fetch_sub(bytes.len(), Ordering::Relaxed);
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.counts.dropped.fetch_add(lines, Ordering::Relaxed);
            return;
        }
        let dropped_before = self.counts.dropped.swap(0, Ordering::Relaxed);
        self.send(Entry::Lines { dropped_before, bytes });
    }

    /// Queues lines that must not be dropped, however many.
    pub(crate) fn push_kept(&self, bytes: Vec<u8>) {
        self.counts.bytes.fetch_add(bytes.len(), Ordering::Relaxed);
        self.send(Entry::Kept(bytes));
    }

    /// Wakes the writer though there are no lines.
    pub(crate) fn wake(&self) {
        self.send(Entry::Wake);
    }

    /// Calls `told` once everything queued so far was written or cannot be. It is not called while a reader does not read.
    pub(crate) fn when_written(&self, told: impl FnOnce(io::Result<()>) + Send + 'static) {
        self.send(Entry::Flush(Box::new(told)));
    }

    /// How many bytes wait.
    pub(crate) fn bytes_waiting(&self) -> usize {
        self.counts.bytes.load(Ordering::Relaxed)
    }

    fn send(&self, entry: Entry) {
        // Without its thread there is nobody to write it.
        self.entries.send(entry).ok();
    }
}

/// The thread's end.
struct Writer<W> {
    received: Receiver<Entry>,
    counts: Arc<Counts>,
    tell_dropped: fn(u64) -> String,
    failed: Option<io::Error>,
    write: W,
}

impl<W: FnMut(&[u8]) -> io::Result<()>> Writer<W> {
    fn run(mut self) {
        let mut batch = Vec::new();
        while let Ok(first) = self.received.recv() {
            let mut next = Some(first);
            while let Some(entry) = next {
                self.take(entry, &mut batch);
                next = if batch.len() < BATCH_BYTES { self.received.try_recv().ok() } else { None };
            }
            if batch.len() < BATCH_BYTES {
                // Nothing is behind what was dropped last, so it can be told now.
                let dropped = self.counts.dropped.swap(0, Ordering::Relaxed);
                self.note_dropped(dropped, &mut batch);
            }
            self.write(&mut batch);
        }
    }

    fn take(&mut self, entry: Entry, batch: &mut Vec<u8>) {
        match entry {
            Entry::Lines { dropped_before, bytes } => {
                self.counts.bytes.fetch_sub(bytes.len(), Ordering::Relaxed);
                self.note_dropped(dropped_before, batch);
                batch.extend_from_slice(&bytes);
            }
            Entry::Kept(bytes) => {
                self.counts.bytes.fetch_sub(bytes.len(), Ordering::Relaxed);
                let dropped = self.counts.dropped.swap(0, Ordering::Relaxed);
                self.note_dropped(dropped, batch);
                batch.extend_from_slice(&bytes);
            }
            Entry::Wake => {}
            Entry::Flush(told) => {
                self.write(batch);
                told(self.failed.as_ref().map_or(Ok(()), |error| Err(again(error))));
            }
        }
    }

    fn note_dropped(&self, count: u64, batch: &mut Vec<u8>) {
        if count > 0 {
            batch.extend_from_slice((self.tell_dropped)(count).as_bytes());
        }
    }

    fn write(&mut self, batch: &mut Vec<u8>) {
        if self.failed.is_none() {
            self.failed = (self.write)(batch).err();
        }
        batch.clear();
    }
}

/// The same error once more.
fn again(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    fn told(count: u64) -> String {
        format!("{count} dropped\n")
    }

    /// A queue whose thread writes into a channel; it is stuck as long as nobody takes from that.
    fn stuck() -> (LineQueue, Receiver<String>) {
        let (sender, written): (SyncSender<String>, _) = sync_channel(0);
        let queue = LineQueue::start("test", told, move |bytes| {
            if bytes.is_empty() {
                return Ok(());
            }
            let text = String::from_utf8_lossy(bytes).into_owned();
            sender.send(text).map_err(|_| io::ErrorKind::BrokenPipe.into())
        });
        (queue, written)
    }

    #[test]
    fn a_reader_who_does_not_read_stops_nobody_and_hears_what_is_missing() {
        let (queue, written) = stuck();
        let line = [b'x'; 1 << 20].iter().copied().chain([b'\n']).collect::<Vec<u8>>();
        for _ in 0..10 {
            queue.push(line.clone());
        }
        queue.push(b"dropped, too\nbut short\n".to_vec());
        queue.push_kept(b"the end\n".to_vec());
        let (done, is_done) = sync_channel(1);
        queue.when_written(move |result| done.send(result.is_ok()).unwrap());
        let mut lines = String::new();
        while let Ok(text) = written.recv() {
            lines.push_str(&text);
            if text.ends_with("the end\n") {
                break;
            }
        }
        assert!(is_done.recv().unwrap());
        let shown: Vec<&str> = lines.lines().map(|line| if line.len() > 99 { "long" } else { line }).collect();
        let kept = shown.iter().filter(|line| **line == "long").count();
        // One may have been taken before the queue was full.
        assert!((3..=5).contains(&kept), "{kept}");
        let dropped = 10 - kept;
        // What is short may still have fitted.
        let expected = [format!("{dropped} dropped"), "the end".to_owned()];
        let also = [format!("{} dropped", dropped + 2), "the end".to_owned()];
        assert!(shown[kept..] == expected || shown[kept..] == also || shown.contains(&"but short"), "{shown:?}");
    }

    #[test]
    fn the_first_error_is_told_to_all_who_wait() {
        let (queue, written) = stuck();
        drop(written);
        queue.push(b"one\n".to_vec());
        for _ in 0..2 {
            let (done, is_done) = sync_channel(1);
            queue.when_written(move |result| done.send(result.unwrap_err().kind()).unwrap());
            assert_eq!(is_done.recv().unwrap(), io::ErrorKind::BrokenPipe);
        }
    }
}
