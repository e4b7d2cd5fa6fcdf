//! Coming back after the program ended in the middle.
//!
//! A rollout is a function of its plan, its seed and what it was told. So nothing of it needs to be stored but that: telling
//! it the same again brings it back, tickets included ([`Replay`](crate::record::Replay)). What it had asked for and never heard of is then lost, maybe sent.

use crate::action::Answer;
use crate::fault::{Fault, FaultKind};
use crate::id::Ticket;
use crate::mutant::{Mutant, planted};

use super::Rollout;
use super::phase::{Phase, Stage, Watch};

impl Rollout {
    /// Gives up waiting for every answer that is still out. Those that come all the same are ignored.
    pub(super) fn lose_errands(&mut self) {
        for batch in &mut self.batches {
            // Nobody was there to try.
            batch.trying_since = batch.trying_since.map(|_| self.now);
        }
        // The journal need not have the observations that came last: they may have shown something else in between.
        self.watches().for_each(Watch::break_streaks);
        let lost: Vec<Ticket> = self.errands.keys().copied().collect();
        for ticket in lost {
            let kind = if planted(Mutant::LostIntentIsForgotten) { FaultKind::Unreachable } else { FaultKind::Broken };
            let fault = Fault::new(kind, "the program ended before the answer came");
            self.answered(ticket, Answer::Failed(fault));
        }
        if planted(Mutant::TimeAwayIsForgotten) {
            let now = self.now;
            self.watches().for_each(|watch| watch.watched_to = now);
        }
    }

    /// The clock says that it is earlier than it was, and nobody was there to see when it was set back: how long that was
    /// cannot be told, so that what is in doubt stays in doubt unless it is seen to move.
    pub(super) fn lose_sight(&mut self) {
        self.watches().for_each(|watch| watch.lost_sight |= matches!(watch.stage, Stage::Doubtful { .. }));
    }

    fn watches(&mut self) -> impl Iterator<Item = &mut Watch> {
        self.targets.iter_mut().filter_map(|target| match &mut target.phase {
            Phase::Watched(watch) => Some(&mut **watch),
            Phase::Waiting | Phase::Looking | Phase::Submitting | Phase::Done(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::action::Action;
    use crate::policy::Policy;
    use crate::rollout::tests::play::{Play, START, outcomes};
    use std::time::Duration;

    /// A request was under way when the program ended. Nobody knows whether it left; it is looked into, and not sent again
    /// before it is shown to have started nothing.
    #[test]
    fn a_request_under_way_is_in_doubt_afterwards() {
        for (shown, end) in [
            ("running/reinstall-processing running/reinstall-succeed", "succeeded"),
            ("running/reinstall-failed", "failed"),
        ] {
            let mut play = Play::new(1, Policy::default());
            let (ticket, ids) = play.next_look();
            play.show(ticket, &ids, "running/install-succeed");
            let (submit, _) = play.next_submit();
            play.resume(Duration::from_secs(3_600));
            let mut texts = shown.split(' ');
            let mut text = texts.next().unwrap_or_default();
            while !play.rollout.is_finished() {
                let (ticket, ids) = play.next_look();
                play.show(ticket, &ids, text);
                text = texts.next().unwrap_or(text);
            }
            play.accept(submit, &ids);
            assert_eq!(outcomes(&play.summary().reports), end);
        }
    }

    /// An hour away is long enough for a whole reinstall, so that looking the same proves nothing.
    #[test]
    fn time_away_is_a_gap() {
        for (away, end) in [(3_600, "unresolved"), (10, "not_started")] {
            let mut play = Play::new(1, Policy { attempts_max: 1, ..Policy::default() });
            let (ticket, ids) = play.next_look();
            play.show(ticket, &ids, "running/install-succeed");
            play.next_submit();
            play.resume(Duration::from_secs(away));
            while let Some(action) = play.next_action() {
                let Action::Look(ticket, ids) = action else { panic!("sent again: {action:?}") };
                play.show(ticket, &ids, "running/install-succeed");
            }
            assert_eq!(outcomes(&play.summary().reports), end, "{away} s away");
        }
    }

    /// The clock says that it is an hour earlier than when the program ended. Time goes on all the same; but nobody knows for
    /// how long nobody looked, so that looking the same proves nothing.
    #[test]
    fn a_clock_that_was_set_back_neither_stops_time_nor_proves_anything() {
        let mut play = Play::new(1, Policy { attempts_max: 1, ..Policy::default() });
        let (ticket, ids) = play.next_look();
        play.show(ticket, &ids, "running/install-succeed");
        play.next_submit();
        play.now = play.now - Duration::from_secs(3_600);
        play.resume(Duration::ZERO);
        let back = play.now;
        while let Some(action) = play.next_action() {
            let Action::Look(ticket, ids) = action else { panic!("sent again: {action:?}") };
            play.show(ticket, &ids, "running/install-succeed");
        }
        assert!(play.now.since(back) <= Policy::default().settle_after * 2, "no hour is waited for");
        let reports = play.summary().reports;
        let code = reports[0].reason.as_ref().map(|reason| reason.code.to_string());
        assert_eq!((outcomes(&reports).as_str(), code.as_deref()), ("unresolved", Some("clock_set_back")));
    }

    /// Its time was up while nobody looked. One look at rest is not enough, so it gets the second that makes it certain.
    #[test]
    fn who_comes_back_late_still_looks_twice() {
        for (shown, end) in [("running running", "succeeded"), ("running pending", "unresolved")] {
            let mut play = Play::new(1, Policy::default());
            let (ticket, ids) = play.next_look();
            play.show(ticket, &ids, "running");
            let (ticket, submission) = play.next_submit();
            play.accept(ticket, submission.ids.as_slice());
            let (ticket, ids) = play.next_look();
            play.show(ticket, &ids, "pending");
            play.resume(Policy::default().finish_within * 2);
            for text in shown.split(' ') {
                let (ticket, ids) = play.next_look();
                play.show(ticket, &ids, text);
            }
            assert_eq!(outcomes(&play.summary().reports), end, "{shown}");
        }
    }

    #[test]
    fn the_same_inputs_bring_back_the_same_rollout() {
        let mut play = Play::new(30, Policy::default());
        for _ in 0..40 {
            let before = (play.rollout.tallies(), play.rollout.next_deadline());
            let back = play.replayed();
            assert_eq!((back.tallies(), back.next_deadline()), before);
            match play.next_action() {
                Some(Action::Look(ticket, ids)) => {
                    let text = if play.now == START { "running" } else { "pending" };
                    play.show(ticket, &ids, text);
                }
                Some(Action::Submit(ticket, submission)) => play.accept(ticket, submission.ids.as_slice()),
                None => break,
            }
        }
    }

    /// Being away is no reason to lose patience with a batch.
    #[test]
    fn a_look_that_was_lost_is_tried_again_after_a_long_time_away() {
        let mut play = Play::new(3, Policy::default());
        play.next_look();
        play.resume(Duration::from_secs(7_200));
        let (ticket, ids) = play.next_look();
        play.show(ticket, &ids, "running");
        assert!(matches!(play.next_action(), Some(Action::Submit(..))));
    }
}
