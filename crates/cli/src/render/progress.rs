//! What a person sees while a rollout goes on: on a terminal lines that are drawn anew, elsewhere a line where something changed.

use std::io::{self, Write};
use std::time::Duration;

use reinstall_core::notice::{Notice, Tally};
use reinstall_core::plan::Plan;
use reinstall_core::rollout::Rollout;
use reinstall_core::time::{Plain, Timestamp};

use super::board::Board;
use super::estimate::Estimate;
use super::news::sentence;
use super::report::whole_seconds;
use super::{console, text};

/// Shows how a rollout goes on, on standard error. Nothing in here waits for a terminal.
pub(crate) enum Progress {
    /// On a terminal that can be drawn on.
    Bars(Bars),
    /// Anywhere else.
    Lines(Lines),
}

impl Progress {
    /// How often [`Progress::tick`] is to be called. Nothing is drawn more often.
    pub(crate) const TICK_EVERY: Duration = Duration::from_millis(250);

    /// Progress of a rollout; with bars where they can be drawn.
    pub(crate) fn of(rollout: &Rollout, with_bars: bool) -> Self {
        let plan = rollout.plan();
        if with_bars {
            // What was told of waves that opened before somebody resumed is not told again.
            let board = Board::new(plan, rollout.tallies(), rollout.now());
            return Self::Bars(Bars { board, sentences: Vec::new(), drawn: Vec::new() });
        }
        Self::Lines(Lines::new(plan, rollout.now()))
    }

    /// Takes a notice, and how the waves stand by now.
    pub(crate) fn tell(&mut self, notice: &Notice, tallies: &[Tally]) {
        match self {
            Self::Bars(bars) => bars.tell(notice, tallies),
            Self::Lines(lines) => console::write(text(|out| lines.tell(out, notice, tallies))),
        }
    }

    /// Draws what has changed by `now`, or says that it is still going on.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        match self {
            Self::Bars(bars) => bars.draw(now),
            Self::Lines(lines) => console::write(text(|out| lines.tick(out, now))),
        }
    }

    /// Comes to an end; what is drawn is left as it stands.
    pub(crate) fn finish(mut self, now: Timestamp) {
        if let Self::Bars(bars) = &mut self {
            bars.draw(now);
            console::leave_frame();
        }
    }
}

/// The phases that someone is in, as `12 installing, 3 succeeded`.
pub(crate) fn phases(tally: &Tally) -> String {
    let counts = [
        (tally.waiting, "waiting"),
        (tally.submitting, "submitting"),
        (tally.doubtful, "in doubt"),
        (tally.accepted, "accepted"),
        (tally.installing, "installing"),
        (tally.succeeded, "succeeded"),
        (tally.failed, "failed"),
        (tally.skipped, "skipped"),
        (tally.unresolved, "unresolved"),
        (tally.not_started, "not started"),
    ];
    let shown: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, phase)| format!("{count} {phase}")).collect();
    shown.join(", ")
}

/// Where the targets of several waves stand.
pub(super) fn sum<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Tally {
    tallies.into_iter().fold(Tally::default(), |all, one| Tally {
        waiting: all.waiting + one.waiting,
        submitting: all.submitting + one.submitting,
        doubtful: all.doubtful + one.doubtful,
        accepted: all.accepted + one.accepted,
        installing: all.installing + one.installing,
        succeeded: all.succeeded + one.succeeded,
        failed: all.failed + one.failed,
        skipped: all.skipped + one.skipped,
        unresolved: all.unresolved + one.unresolved,
        not_started: all.not_started + one.not_started,
    })
}

/// ` (about 12m left)`, as long as the wave is not done.
pub(super) fn left(estimate: &Estimate, now: Timestamp, tally: &Tally, in_flight_max: usize) -> String {
    if tally.done() == tally.targets() {
        return String::new();
    }
    match estimate.left(now, tally.waiting, in_flight_max).map(whole_seconds) {
        Some(left) if !left.is_zero() => format!(" (about {} left)", Plain(left)),
        Some(_) | None => String::new(),
    }
}

/// Sentences, and beneath them the [`Board`].
pub(crate) struct Bars {
    board: Board,
    /// Those that go out with the next frame, so that a burst of them draws it once.
    sentences: Vec<u8>,
    drawn: Vec<String>,
}

impl Bars {
    fn tell(&mut self, notice: &Notice, tallies: &[Tally]) {
        self.board.tell(notice, tallies);
        if let Some(sentence) = sentence(notice) {
            self.sentences.extend(text(|out| writeln!(out, "{sentence}")));
        }
    }

    fn draw(&mut self, now: Timestamp) {
        if !self.sentences.is_empty() {
            console::write(std::mem::take(&mut self.sentences));
        }
        let lines = self.board.lines(now);
        if lines != self.drawn {
            console::draw(lines.clone());
            self.drawn = lines;
        }
    }
}

/// Sentences, and a line of counts for each wave whose counts changed. All notices of one moment come with the counts at
/// its end, so that a moment has one such line however much happened in it.
pub(crate) struct Lines {
    estimate: Estimate,
    in_flight_max: usize,
    shown: Vec<Tally>,
    told_at: Timestamp,
}

impl Lines {
    /// How long nothing is said before it is said that the rollout still goes on.
    const SILENCE_MAX: Duration = Duration::from_secs(60);

    fn new(plan: &Plan, now: Timestamp) -> Self {
        let in_flight_max = plan.policy().in_flight_max;
        Self { estimate: Estimate::default(), in_flight_max, shown: Vec::new(), told_at: now }
    }

    fn tell(&mut self, out: &mut dyn Write, notice: &Notice, tallies: &[Tally]) -> io::Result<()> {
        self.estimate.learn(notice);
        if let Some(sentence) = sentence(notice) {
            self.told_at = notice.at;
            writeln!(out, "{} {sentence}", notice.at)?;
        }
        for (index, tally) in tallies.iter().enumerate() {
            let untouched = tally.waiting == tally.targets();
            if self.shown.get(index) == Some(tally) || untouched {
                continue;
            }
            self.told_at = notice.at;
            let left = left(&self.estimate, notice.at, tally, self.in_flight_max);
            writeln!(out, "{} wave {}/{}: {}{left}", notice.at, index + 1, tallies.len(), phases(tally))?;
        }
        self.shown = tallies.to_vec();
        Ok(())
    }

    fn tick(&mut self, out: &mut dyn Write, now: Timestamp) -> io::Result<()> {
        if now.since(self.told_at) < Self::SILENCE_MAX {
            return Ok(());
        }
        self.told_at = now;
        writeln!(out, "{now} still in progress: {}", phases(&sum(&self.shown)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{at, id, notice, plan, tally};
    use reinstall_core::notice::News;
    use reinstall_core::summary::Outcome;

    fn ended(bits: u128) -> News {
        News::Ended { id: id(bits), outcome: Outcome::Succeeded, reason: None, submitted_at: Some(at(0)) }
    }

    #[test]
    fn a_moment_has_one_line_however_much_happened_in_it_and_so_has_a_silent_minute() {
        let mut out = Vec::new();
        let mut lines = Lines::new(&plan(12), at(0));
        let rest = tally(11, 0, 0);
        let mut tell = |notice: Notice, tallies: &[Tally]| lines.tell(&mut out, &notice, tallies).unwrap();
        tell(notice(0, News::WaveOpened { wave: 1, targets: 1 }), &[tally(1, 0, 0), rest]);
        tell(notice(5, News::Installing { id: id(1) }), &[tally(0, 1, 0), rest]);
        tell(notice(60, ended(1)), &[tally(0, 0, 1), rest]);
        tell(notice(60, News::WaveOpened { wave: 2, targets: 11 }), &[tally(0, 0, 1), rest]);
        for _ in 1..=11 {
            tell(notice(65, News::Installing { id: id(2) }), &[tally(0, 0, 1), tally(0, 11, 0)]);
        }
        tell(notice(70, News::Finished), &[tally(0, 0, 1), tally(0, 11, 0)]);
        for seconds in [124, 125, 184, 185] {
            lines.tick(&mut out, at(seconds)).unwrap();
        }
        let told = String::from_utf8(out).unwrap();
        assert_eq!(
            told,
            "2026-11-23T11:30:00.000Z wave 1 opens: 1 instance\n\
             2026-11-23T11:30:05.000Z wave 1/2: 1 installing\n\
             2026-11-23T11:31:00.000Z wave 1/2: 1 succeeded\n\
             2026-11-23T11:31:00.000Z wave 2 opens: 11 instances\n\
             2026-11-23T11:31:05.000Z wave 2/2: 11 installing (about 1m left)\n\
             2026-11-23T11:32:05.000Z still in progress: 11 installing, 1 succeeded\n\
             2026-11-23T11:33:05.000Z still in progress: 11 installing, 1 succeeded\n"
        );
    }
}
