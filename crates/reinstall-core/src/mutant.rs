//! Wrong ideas, planted on purpose, so that the simulation can show that it would catch each of them.
//!
//! A normal build holds none of them: there `planted` is the constant `false`, and what hangs on it is compiled away. Only
//! under `--cfg reinstall_mutants`, which nothing but `cargo xtask mutants` sets, one can be planted for a while.

/// Writes the mutants down once: idea, name of the variant, name for people.
macro_rules! mutants {
    ($(#[doc = $idea:literal] $variant:ident = $name:literal,)+) => {
        /// A rule of the rollout broken in one place. The sentence is the wrong idea.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mutant {
            $(#[doc = $idea] $variant,)+
        }

        impl Mutant {
            /// All of them, in the order of the reports.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable name that reports and flags use.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The wrong idea, as a sentence.
            #[must_use]
            pub const fn idea(self) -> &'static str {
                match self { $(Self::$variant => $idea.trim_ascii(),)+ }
            }
        }
    };
}

mutants! {
    /// A submission without an answer is sent again at once.
    LostIsSentAgain = "lost-is-sent-again",
    /// Those whom a 202 leaves out were accepted too.
    LeftOutIsAccepted = "left-out-is-accepted",
    /// `running` after a 202 means done.
    RunningIsDone = "running-is-done",
    /// An accepted submission that shows no movement was not started.
    AcceptedIsNotStarted = "accepted-is-not-started",
    /// The time is up, so it has succeeded.
    TimeUpIsSuccess = "time-up-is-success",
    /// One observation of an end is enough.
    OneRestIsEnough = "one-rest-is-enough",
    /// An end is believed however soon after the request it is seen.
    ReplicasHardlyLag = "replicas-hardly-lag",
    /// Where the service has operation words, movement in `state` alone is enough for a success.
    StateAloneIsEnough = "state-alone-is-enough",
    /// Another image than the one asked for is a success as well.
    OtherImageIsSuccess = "other-image-is-success",
    /// A `reinstall-succeed` left over from earlier counts as success.
    LeftOverSuccessCounts = "left-over-success-counts",
    /// An `error` left over from earlier counts as failure.
    LeftOverErrorCounts = "left-over-error-counts",
    /// A word from a field that the baseline lacked is new.
    AppearedWordIsNew = "appeared-word-is-new",
    /// An observation that lacks a field that the baseline had shows no change.
    VanishedFieldIsUnchanged = "vanished-field-is-unchanged",
    /// What one call shows may be compared with what the other call showed before.
    OtherCallIsBelieved = "other-call-is-believed",
    /// Of two rows of one instance, the first one counts.
    FirstRowCounts = "first-row-counts",
    /// A power cycle is a reinstall on its way.
    PowerCycleIsMovement = "power-cycle-is-movement",
    /// Changed time strings prove a finished reinstall.
    NewMarksProveSuccess = "new-marks-prove-success",
    /// Equal time strings prove that nothing happened.
    SameMarksProveNothing = "same-marks-prove-nothing",
    /// Gaps in watching are ignored.
    GapsAreIgnored = "gaps-are-ignored",
    /// A service that shows nothing proves that nothing was started.
    SilenceIsProof = "silence-is-proof",
    /// One look that shows no change is enough to settle a doubt.
    DoubtSettlesAtOnce = "doubt-settles-at-once",
    /// One observation without a change, sent late enough, settles a doubt.
    OneUnchangedSettles = "one-unchanged-settles",
    /// While a request is in doubt, progress counts however soon after the request it is seen.
    EarlyProgressIsBelieved = "early-progress-is-believed",
    /// A refusal proves that nothing was started.
    RefusalIsProof = "refusal-is-proof",
    /// A refusal without a code of the service or its gateway tells as much as one with such a code.
    BareRefusalIsBelieved = "bare-refusal-is-believed",
    /// The observation before the next request is the new baseline.
    BaselineMovesForward = "baseline-moves-forward",
    /// Time in which nothing could be read counts as time without movement.
    UnreadTimeCounts = "unread-time-counts",
    /// An attempt more than the policy allows.
    OneAttemptMore = "one-attempt-more",
    /// An instance that somebody is at work on may be wiped.
    BusyIsFit = "busy-is-fit",
    /// An operation word that is not known means that nothing is in progress.
    UnknownWordIsIdle = "unknown-word-is-idle",
    /// The state before the request does not matter.
    AnyStateIsFit = "any-state-is-fit",
    /// A baseline that comes back after a halt is still submitted.
    BaselineAfterHalt = "baseline-after-halt",
    /// A halted rollout tries again what was not started.
    HaltedRetries = "halted-retries",
    /// One failure more than the budget is put up with.
    BudgetOffByOne = "budget-off-by-one",
    /// A failed canary halts nothing.
    CanaryIsSpared = "canary-is-spared",
    /// A spent budget is forgotten while nobody waits, so that a retry goes on.
    SpentBudgetIsForgotten = "spent-budget-is-forgotten",
    /// A wave starts when all but one of the wave before are done.
    GateOffByOne = "gate-off-by-one",
    /// One more in flight than allowed.
    OneMoreInFlight = "one-more-in-flight",
    /// After a crash, a request without an answer counts as never sent.
    LostIntentIsForgotten = "lost-intent-is-forgotten",
    /// Coming back forgets that time had passed.
    TimeAwayIsForgotten = "time-away-is-forgotten",
    /// A clock that was set back while nobody looked tells how long that was.
    SetBackClockIsBelieved = "set-back-clock-is-believed",
    /// An intent need not be on the disk before its request leaves.
    IntentIsWrittenLazily = "intent-is-written-lazily",
    /// A journal that fails is no reason to stop.
    FailedJournalIsIgnored = "failed-journal-is-ignored",
    /// Those that were down before it began do not count as unavailable.
    DownBeforeDoesNotCount = "down-before-does-not-count",
    /// Those that ended badly are available again.
    BadEndsAreAvailable = "bad-ends-are-available",
    /// Closing time is for others.
    ClosingTimeIsIgnored = "closing-time-is-ignored",
    /// A cool-down is for others.
    CoolDownIsIgnored = "cool-down-is-ignored",
    /// Of several refusals, the last one decides how long to wait.
    LastRefusalDecides = "last-refusal-decides",
    /// Submissions are too important to wait for their turn.
    SubmissionsGoUnpaced = "submissions-go-unpaced",
}

/// Whether this wrong idea is planted: never.
#[cfg(not(reinstall_mutants))]
pub(crate) const fn planted(_: Mutant) -> bool {
    false
}

#[cfg(reinstall_mutants)]
pub use under_test::with;

#[cfg(reinstall_mutants)]
pub(crate) use under_test::planted;

#[cfg(reinstall_mutants)]
mod under_test {
    use std::cell::Cell;

    use super::Mutant;

    thread_local! {
        static PLANTED: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Whether this wrong idea is planted in the current thread.
    pub(crate) fn planted(mutant: Mutant) -> bool {
        PLANTED.get() == Some(mutant)
    }

    /// Does `work` with `mutant` planted in the current thread, and with none afterwards, even if it panics.
    pub fn with<T>(mutant: Mutant, work: impl FnOnce() -> T) -> T {
        struct Uproot;
        impl Drop for Uproot {
            fn drop(&mut self) {
                PLANTED.set(None);
            }
        }
        let _uproot = Uproot;
        PLANTED.set(Some(mutant));
        work()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_ideas_are_sentences() {
        let names: BTreeSet<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
        assert_eq!(names.len(), Mutant::ALL.len());
        for mutant in Mutant::ALL {
            assert!(mutant.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{mutant:?}");
            assert!(mutant.idea().ends_with('.') && !mutant.idea().starts_with(' '), "{mutant:?}");
        }
    }

    #[cfg(not(reinstall_mutants))]
    #[test]
    fn nothing_is_planted_in_a_normal_build() {
        assert!(Mutant::ALL.iter().all(|mutant| !planted(*mutant)));
    }
}
