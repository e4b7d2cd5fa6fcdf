//! What a person sees while a rollout goes on: live bars on a terminal, elsewhere a line where something changed.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use reinstall_core::notice::{News, Notice, Tally};
use reinstall_core::plan::Plan;
use reinstall_core::rollout::Rollout;
use reinstall_core::time::{Plain, Timestamp};

use super::estimate::Estimate;
use super::news::sentence;
use super::report::whole_seconds;

/// Shows how a rollout goes on.
pub(crate) enum Progress {
    /// On a terminal.
    Bars(Bars),
    /// Anywhere else.
    Lines(Lines),
}

impl Progress {
    /// Progress on standard error.
    pub(crate) fn on_stderr(rollout: &Rollout, is_terminal: bool) -> Self {
        let plan = rollout.plan();
        if !is_terminal {
            return Self::Lines(Lines::new(plan, Box::new(io::stderr())));
        }
        let mut bars = Bars::new(plan);
        // What was told of waves that opened before somebody resumed is not told again.
        bars.catch_up(&rollout.tallies());
        Self::Bars(bars)
    }

    /// Takes a notice, and how the waves stand by now. What cannot be written is dropped: a rollout does not end because
    /// nobody watches.
    pub(crate) fn tell(&mut self, notice: &Notice, tallies: &[Tally]) {
        match self {
            Self::Bars(bars) => bars.tell(notice, tallies),
            Self::Lines(lines) => drop(lines.tell(notice, tallies)),
        }
    }

    /// Comes to an end; bars are left as they stand.
    pub(crate) fn finish(self) {
        match self {
            Self::Bars(bars) => bars.waves.iter().for_each(ProgressBar::abandon),
            Self::Lines(_) => {}
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

/// ` (about 12m left)`, as long as the wave is not done.
fn left(estimate: &Estimate, now: Timestamp, tally: &Tally, in_flight_max: usize) -> String {
    if tally.done() == tally.targets() {
        return String::new();
    }
    match estimate.left(now, tally.waiting, in_flight_max).map(whole_seconds) {
        Some(left) if !left.is_zero() => format!(" (about {} left)", Plain(left)),
        Some(_) | None => String::new(),
    }
}

/// One bar a wave; a wave's bar comes up when it opens.
pub(crate) struct Bars {
    all: MultiProgress,
    waves: Vec<ProgressBar>,
    sizes: Vec<u64>,
    estimate: Estimate,
    in_flight_max: usize,
}

impl Bars {
    /// How often a bar is drawn anew though nothing changed, so that its clock goes on.
    const TICK_EVERY: Duration = Duration::from_millis(500);

    fn new(plan: &Plan) -> Self {
        Self {
            // Draws on standard error, and nothing at all where that is no terminal.
            all: MultiProgress::new(),
            waves: Vec::new(),
            sizes: plan.waves().iter().map(|wave| wave.targets() as u64).collect(),
            estimate: Estimate::default(),
            in_flight_max: plan.policy().in_flight_max,
        }
    }

    /// Draws the waves that are open already, if somebody goes on with what another program began.
    fn catch_up(&mut self, tallies: &[Tally]) {
        let is_open = |tally: &Tally| tally.waiting + tally.not_started < tally.targets();
        for _ in 0..tallies.iter().rposition(is_open).map_or(0, |last| last + 1) {
            self.open();
        }
    }

    fn tell(&mut self, notice: &Notice, tallies: &[Tally]) {
        self.estimate.learn(notice);
        if let News::WaveOpened { .. } = notice.news {
            self.open();
        } else if let Some(sentence) = sentence(notice) {
            drop(self.all.println(sentence));
        }
        for (bar, tally) in self.waves.iter().zip(tallies) {
            bar.set_position(tally.done() as u64);
            bar.set_message(phases(tally) + &left(&self.estimate, notice.at, tally, self.in_flight_max));
            if tally.done() == tally.targets() {
                // Its clock stops; the bar stays.
                bar.abandon();
            }
        }
    }

    fn open(&mut self) {
        let index = self.waves.len();
        let Some(size) = self.sizes.get(index) else { return };
        let bar = self.all.add(ProgressBar::new(*size));
        let template = "{prefix} [{bar:12}] {pos:>4}/{len} {elapsed:>4} {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(format!("wave {}/{}", index + 1, self.sizes.len()));
        bar.enable_steady_tick(Self::TICK_EVERY);
        self.waves.push(bar);
    }
}

/// Sentences, and a line of counts for each wave whose counts changed. All notices of one moment come with the counts at
/// its end, so that a moment has one such line however much happened in it.
pub(crate) struct Lines {
    out: Box<dyn Write>,
    estimate: Estimate,
    in_flight_max: usize,
    shown: Vec<Tally>,
}

impl Lines {
    fn new(plan: &Plan, out: Box<dyn Write>) -> Self {
        let in_flight_max = plan.policy().in_flight_max;
        Self { out, estimate: Estimate::default(), in_flight_max, shown: Vec::new() }
    }

    fn tell(&mut self, notice: &Notice, tallies: &[Tally]) -> io::Result<()> {
        self.estimate.learn(notice);
        if let Some(sentence) = sentence(notice) {
            writeln!(self.out, "{} {sentence}", notice.at)?;
        }
        for (index, tally) in tallies.iter().enumerate() {
            let untouched = tally.waiting == tally.targets();
            if self.shown.get(index) == Some(tally) || untouched {
                continue;
            }
            let left = left(&self.estimate, notice.at, tally, self.in_flight_max);
            writeln!(self.out, "{} wave {}/{}: {}{left}", notice.at, index + 1, tallies.len(), phases(tally))?;
        }
        self.shown = tallies.to_vec();
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{at, id, notice, plan, tally};
    use reinstall_core::summary::Outcome;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn ended(bits: u128) -> News {
        News::Ended { id: id(bits), outcome: Outcome::Succeeded, reason: None, submitted_at: Some(at(0)) }
    }

    #[test]
    fn a_moment_has_one_line_however_much_happened_in_it() {
        let out = Shared::default();
        let mut lines = Lines::new(&plan(12), Box::new(out.clone()));
        let rest = tally(11, 0, 0);
        let mut tell = |notice: Notice, tallies: &[Tally]| lines.tell(&notice, tallies).unwrap();
        tell(notice(0, News::WaveOpened { wave: 1, targets: 1 }), &[tally(1, 0, 0), rest]);
        tell(notice(5, News::Installing { id: id(1) }), &[tally(0, 1, 0), rest]);
        tell(notice(60, ended(1)), &[tally(0, 0, 1), rest]);
        tell(notice(60, News::WaveOpened { wave: 2, targets: 11 }), &[tally(0, 0, 1), rest]);
        for _ in 1..=11 {
            tell(notice(65, News::Installing { id: id(2) }), &[tally(0, 0, 1), tally(0, 11, 0)]);
        }
        tell(notice(70, News::Finished), &[tally(0, 0, 1), tally(0, 11, 0)]);
        let told = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            told,
            "2026-11-23T11:30:00.000Z wave 1 opens: 1 instance\n\
             2026-11-23T11:30:05.000Z wave 1/2: 1 installing\n\
             2026-11-23T11:31:00.000Z wave 1/2: 1 succeeded\n\
             2026-11-23T11:31:00.000Z wave 2 opens: 11 instances\n\
             2026-11-23T11:31:05.000Z wave 2/2: 11 installing (about 1m left)\n"
        );
    }
}
