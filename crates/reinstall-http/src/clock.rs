//! The only file that reads the operating system's clock or sleeps. What the readings mean is core's part
//! ([`Reckoning`]).

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reinstall_core::time::{BootMark, Reckoning, Timestamp, back_at};

/// A clock that never goes back and notices when the machine slept. Clones share one reckoning and cost nothing.
#[derive(Clone)]
pub struct Clock(Arc<Shared>);

struct Shared {
    started: Instant,
    reckoning: Mutex<Reckoning>,
}

impl Clock {
    /// The longest sleep between two readings. A sleeping machine stops the runtime's timers, so that a long sleep that is
    /// not cut up would end late by as long as the machine slept.
    const SLICE_MAX: Duration = Duration::from_secs(5);

    /// A clock that starts at what the wall clock says now.
    #[must_use]
    pub fn start() -> Self {
        Self(Arc::new(Shared { started: steady(), reckoning: Mutex::new(Reckoning::new(wall())) }))
    }

    /// A clock that goes on where a program left off that last wrote at `last`, when [`boot_mark`] said `marked`; see
    /// [`back_at`].
    #[must_use]
    pub fn resume(last: Timestamp, marked: Option<&BootMark>) -> Self {
        let wall = wall();
        let away = boot_mark().zip(marked).and_then(|(now, before)| now.since(before));
        let reckoning = Reckoning::starting_at(back_at(last, wall, away), wall);
        Self(Arc::new(Shared { started: steady(), reckoning: Mutex::new(reckoning) }))
    }

    /// The moment it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        // A panic elsewhere leaves a reckoning that is whole: it is replaced field by field without a way to stop between.
        let mut reckoning = self.0.reckoning.lock().unwrap_or_else(PoisonError::into_inner);
        reckoning.advance(wall(), steady().duration_since(self.0.started))
    }

    /// What the wall clock says: for those who compare it with theirs. It may go back.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        wall()
    }

    /// Sleeps until it is `at`; not at all if that is over.
    ///
    /// May be dropped at any time.
    pub async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left = at.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio_sleep(left.min(Self::SLICE_MAX)).await;
        }
    }

    /// Sleeps for `duration`.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + duration).await;
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// What the clock says that runs from the moment this machine was switched on; `None` where there is no such clock.
#[cfg(target_os = "linux")]
#[must_use]
pub fn boot_mark() -> Option<BootMark> {
    let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let up = Duration::try_from(up).ok()?;
    // It does not change as long as this process lives.
    static BOOT: LazyLock<Option<String>> =
        LazyLock::new(|| std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok());
    Some(BootMark { boot: BOOT.as_deref()?.into(), up })
}

/// What the clock says that runs from the moment this machine was switched on; `None` where there is no such clock.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn boot_mark() -> Option<BootMark> {
    None
}

#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
fn wall() -> Timestamp {
    // A clock before 1970 counts as 1970; time goes on from there.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
fn steady() -> Instant {
    Instant::now()
}

/// Waits by the timer of the runtime alone: where a test has paused that, it takes no time at all. For waits that nothing depends
/// on but how long somebody else has to wait.
pub async fn pause(duration: Duration) {
    tokio_sleep(duration).await;
}

#[expect(clippy::disallowed_methods, reason = "this is the file that sleeps")]
async fn tokio_sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_agree_and_never_go_back() {
        let clock = Clock::start();
        let other = clock.clone();
        let mut last = clock.now();
        for _ in 0..1_000 {
            for clock in [&clock, &other] {
                let now = clock.now();
                assert!(now >= last, "{now} < {last}");
                last = now;
            }
        }
    }

    #[test]
    fn a_clock_that_is_back_counts_the_time_away() {
        let last = Clock::start().now() + Duration::from_secs(3_600);
        if let Some(mark) = boot_mark() {
            let ahead = Clock::resume(last, Some(&mark));
            assert!(ahead.now() >= last, "the wall clock is an hour behind what was written");
        }
        let lost = BootMark { boot: "another".into(), up: Duration::ZERO };
        assert!(Clock::resume(last, Some(&lost)).now() < last, "nobody can tell; the rollout notices");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_boot_clock_goes_on() {
        let (one, other) = (boot_mark().unwrap(), boot_mark().unwrap());
        assert!(other.since(&one).is_some(), "{one:?} {other:?}");
    }

    #[tokio::test]
    async fn a_sleep_lasts_at_least_as_long_as_asked() {
        let clock = Clock::start();
        let until = clock.now() + Duration::from_millis(2);
        clock.sleep_until(until).await;
        assert!(clock.now() >= until);
        clock.sleep_until(Timestamp::from_millis(0)).await;
    }
}
