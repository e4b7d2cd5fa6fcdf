//! What the stream, the calls and the port know of one connection together.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reinstall_http::clock::Clock;

use super::course::Course;
use super::limits::Limits;

/// Where a connection is between two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The two sides agree about TLS.
    Handshake,
    /// No byte of the next request has come.
    Waiting,
    /// The head of a request is coming.
    Head,
    /// A call is being answered.
    Busy,
    /// The answer is known, and on its way.
    Answered,
    /// The client takes nothing of it.
    Stuck,
    /// The answer is held back on purpose.
    Held,
    /// The connection is closed on this side, and the client has not yet closed its own.
    Lingering,
}

impl Phase {
    const ALL: [Self; 8] = [
        Self::Handshake,
        Self::Waiting,
        Self::Head,
        Self::Busy,
        Self::Answered,
        Self::Stuck,
        Self::Held,
        Self::Lingering,
    ];

    /// How long a connection may stay there without getting on; `None` where that is not the client's part.
    pub(super) fn bound(self, limits: &Limits) -> Option<Duration> {
        match self {
            Self::Handshake => Some(limits.handshake_within),
            Self::Waiting => Some(limits.idle_within),
            Self::Head => Some(limits.head_within),
            Self::Stuck => Some(limits.write_within),
            Self::Lingering => Some(limits.linger_within),
            Self::Busy | Self::Answered | Self::Held => None,
        }
    }
}

/// Where a connection is, comparable with where it was: a different one whenever it has got on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u32);

impl Mark {
    const PHASE_BITS: u32 = 3;

    pub(super) fn phase(self) -> Phase {
        // All eight values of three bits stand for one.
        Phase::ALL[(self.0 & 0b111) as usize]
    }

    const fn to(self, phase: Phase) -> Self {
        Self((self.0 & !0b111) | phase as u32)
    }

    /// The same place, reached anew.
    const fn onwards(self) -> Self {
        Self(self.0.wrapping_add(1 << Self::PHASE_BITS))
    }
}

/// One connection. All but [`stop`](Self::stop) and [`mark`](Self::mark) is called by its own task alone, so that the hot path
/// needs no lock and no atomic step but plain loads and stores.
pub(super) struct Link {
    pub(super) peer: SocketAddr,
    pub(super) clock: Clock,
    pub(super) body_within: Duration,
    mark: AtomicU32,
    /// Whether there is a course.
    is_armed: AtomicBool,
    /// Whether bytes were handed to the stream that it has not been asked to flush, or that it could not.
    is_unflushed: AtomicBool,
    /// Whether somebody waits for that.
    is_flush_awaited: AtomicBool,
    /// Whether the body of the last request was left unread.
    is_unread: AtomicBool,
    /// Whether the body of the last request did not come in time.
    is_late: AtomicBool,
    is_stopping: AtomicBool,
    course: Mutex<Option<Course>>,
    on_flush: Mutex<Option<Waker>>,
    on_stop: Mutex<Option<Waker>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What they hold is replaced in one step, so that a panic elsewhere leaves it whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    pub(super) fn new(peer: SocketAddr, clock: Clock, body_within: Duration, phase: Phase) -> Self {
        Self {
            peer,
            clock,
            body_within,
            mark: AtomicU32::new(phase as u32),
            is_armed: AtomicBool::new(false),
            is_unflushed: AtomicBool::new(false),
            is_flush_awaited: AtomicBool::new(false),
            is_unread: AtomicBool::new(false),
            is_late: AtomicBool::new(false),
            is_stopping: AtomicBool::new(false),
            course: Mutex::new(None),
            on_flush: Mutex::new(None),
            on_stop: Mutex::new(None),
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.mark.load(Relaxed))
    }

    fn set(&self, mark: Mark) {
        self.mark.store(mark.0, Relaxed);
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.set(self.mark().to(phase));
    }

    /// Bytes came. Those of a body are part of a call that is being answered.
    pub(super) fn came(&self) {
        match self.mark().phase() {
            Phase::Waiting | Phase::Answered | Phase::Stuck => self.enter(Phase::Head),
            Phase::Handshake | Phase::Head | Phase::Busy | Phase::Held | Phase::Lingering => {}
        }
    }

    /// Bytes are asked for that have not come. While an answer is on its way nobody asks, so it has left.
    pub(super) fn came_nothing(&self) {
        if self.mark().phase() == Phase::Answered {
            self.enter(Phase::Waiting);
        }
    }

    /// A request has come.
    pub(super) fn begin(&self) {
        self.set(self.mark().onwards().to(Phase::Busy));
        self.is_unread.store(false, Relaxed);
    }

    /// Its answer is known.
    pub(super) fn answered(&self) {
        if self.mark().phase() == Phase::Busy {
            self.enter(Phase::Answered);
        }
    }

    /// Bytes are being handed to the stream.
    pub(super) fn writes(&self) {
        self.is_unflushed.store(true, Relaxed);
    }

    /// How that went: whether the client's side takes no more for now.
    pub(super) fn wrote(&self, is_blocked: bool) {
        let mark = self.mark();
        match mark.phase() {
            Phase::Answered if is_blocked => self.enter(Phase::Stuck),
            Phase::Waiting => self.enter(if is_blocked { Phase::Stuck } else { Phase::Answered }),
            Phase::Stuck if !is_blocked => self.set(mark.onwards().to(Phase::Answered)),
            Phase::Answered | Phase::Stuck | Phase::Handshake | Phase::Head => {}
            Phase::Busy | Phase::Held | Phase::Lingering => {}
        }
    }

    /// All that was handed to the stream has left.
    pub(super) fn flushed(&self) {
        self.is_unflushed.store(false, Relaxed);
        if self.is_flush_awaited.load(Relaxed) {
            self.is_flush_awaited.store(false, Relaxed);
            if let Some(waker) = lock(&self.on_flush).take() {
                waker.wake();
            }
        }
    }

    /// Waits until all that was handed to the stream has left, and the answer before with it.
    pub(super) async fn flush(&self) {
        poll_fn(|cx| {
            if !self.is_unflushed.load(Relaxed) && !self.is_armed() {
                return Poll::Ready(());
            }
            *lock(&self.on_flush) = Some(cx.waker().clone());
            self.is_flush_awaited.store(true, Relaxed);
            Poll::Pending
        })
        .await;
    }

    pub(super) fn is_armed(&self) -> bool {
        self.is_armed.load(Relaxed)
    }

    /// Decides about the bytes that are handed to the stream next: those of one answer, since on HTTP/1 answers follow one
    /// another, and the one before has been [flushed](Self::flush).
    pub(super) fn arm(&self, course: Course) {
        *lock(&self.course) = Some(course);
        self.is_armed.store(true, Relaxed);
    }

    /// Lets everything pass again.
    pub(super) fn disarm(&self) {
        *lock(&self.course) = None;
        self.is_armed.store(false, Relaxed);
        if self.mark().phase() == Phase::Held {
            self.enter(Phase::Answered);
        }
    }

    pub(super) fn course(&self) -> MutexGuard<'_, Option<Course>> {
        lock(&self.course)
    }

    /// The body of a request was dropped before its end.
    pub(super) fn leave_unread(&self) {
        self.is_unread.store(true, Relaxed);
    }

    /// Whether the client may still be sending, and does not know that nobody listens: a body that was not read, or a head that
    /// is none.
    pub(super) fn is_unheard(&self) -> bool {
        self.is_unread.load(Relaxed) || self.mark().phase() == Phase::Head
    }

    /// The body of a request did not come in time.
    pub(super) fn be_late(&self) {
        self.is_late.store(true, Relaxed);
    }

    /// Whether that was so; it is not asked twice.
    pub(super) fn was_late(&self) -> bool {
        self.is_late.load(Relaxed) && self.is_late.swap(false, Relaxed)
    }

    /// Tells the connection that the server stops.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, SeqCst);
        if let Some(waker) = lock(&self.on_stop).take() {
            waker.wake();
        }
    }

    /// Whether it was told so. Who asks is woken when it is.
    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(SeqCst)
    }

    /// Sees to it that the task is woken by [`stop`](Self::stop). `known` is what was left here before: a task's waker stays the
    /// same, so that this costs a comparison.
    pub(super) fn wake_on_stop(&self, cx: &Context<'_>, known: &mut Option<Waker>) {
        if !known.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            *known = Some(cx.waker().clone());
            known.clone_into(&mut lock(&self.on_stop));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Step = fn(&Link);

    fn link() -> Link {
        Link::new(([127, 0, 0, 1], 1).into(), Clock::start(), Duration::ZERO, Phase::Waiting)
    }

    #[test]
    fn a_connection_goes_from_phase_to_phase() {
        let steps: [(Step, Phase); 14] = [
            (Link::came_nothing, Phase::Waiting),
            (Link::came, Phase::Head),
            (Link::came_nothing, Phase::Head),
            (Link::begin, Phase::Busy),
            // Its body.
            (Link::came, Phase::Busy),
            (Link::came_nothing, Phase::Busy),
            (Link::answered, Phase::Answered),
            (|link| link.wrote(false), Phase::Answered),
            (|link| link.wrote(true), Phase::Stuck),
            (|link| link.wrote(true), Phase::Stuck),
            (|link| link.wrote(false), Phase::Answered),
            (Link::came_nothing, Phase::Waiting),
            // An answer that goes on although nobody reads the request any more.
            (|link| link.wrote(false), Phase::Answered),
            (Link::came, Phase::Head),
        ];
        let link = link();
        for (at, (step, phase)) in steps.into_iter().enumerate() {
            step(&link);
            assert_eq!(link.mark().phase(), phase, "step {at}");
        }
    }

    #[test]
    fn a_mark_changes_whenever_a_connection_gets_on() {
        let link = link();
        let get_on: [Step; 2] = [
            |link| {
                link.came();
                link.begin();
                link.answered();
                link.came_nothing();
            },
            |link| {
                link.answered();
                link.wrote(true);
                link.wrote(false);
                link.wrote(true);
            },
        ];
        for get_on in get_on {
            get_on(&link);
            let mark = link.mark();
            get_on(&link);
            assert_ne!(link.mark(), mark);
            assert_eq!(link.mark().phase(), mark.phase());
        }
    }

    #[test]
    fn what_is_held_back_is_so_until_it_is_let_go() {
        let link = link();
        link.begin();
        link.enter(Phase::Held);
        for step in [Link::answered, Link::came_nothing, Link::came, |link: &Link| link.wrote(true)] {
            step(&link);
            assert_eq!(link.mark().phase(), Phase::Held);
        }
        link.disarm();
        assert_eq!(link.mark().phase(), Phase::Answered);
    }
}
