//! The lines beneath all others on a terminal: how far the open waves are, and a line each for those before and after them.

use reinstall_core::notice::{News, Notice, Tally};
use reinstall_core::plan::Plan;
use reinstall_core::time::{Plain, Timestamp};

use super::estimate::Estimate;
use super::plan::counted;
use super::progress::{left, phases, sum};
use super::report::whole_seconds;

/// The most waves with a line of their own. Beyond that the line would be lost among the others anyway.
const OPEN_MAX: usize = 4;
/// How many characters a bar has.
const BAR_WIDTH: usize = 12;

/// What is drawn of a rollout: at most [`OPEN_MAX`] + 3 lines, however many waves there are.
pub(crate) struct Board {
    tallies: Vec<Tally>,
    /// When each wave opened.
    opened_at: Vec<Timestamp>,
    estimate: Estimate,
    in_flight_max: usize,
}

impl Board {
    /// A board at `now`, where the waves stand as `tallies` say.
    pub(crate) fn new(plan: &Plan, tallies: Vec<Tally>, now: Timestamp) -> Self {
        let is_open = |tally: &Tally| tally.waiting + tally.not_started < tally.targets();
        let open = tallies.iter().rposition(is_open).map_or(0, |last| last + 1);
        Self {
            opened_at: vec![now; open],
            tallies,
            estimate: Estimate::default(),
            in_flight_max: plan.policy().in_flight_max,
        }
    }

    /// Takes a notice, and how the waves stand by now.
    pub(crate) fn tell(&mut self, notice: &Notice, tallies: &[Tally]) {
        self.estimate.learn(notice);
        if let News::WaveOpened { .. } = notice.news {
            self.opened_at.push(notice.at);
        }
        self.tallies = tallies.to_vec();
    }

    /// The lines as they are at `now`.
    pub(crate) fn lines(&self, now: Timestamp) -> Vec<String> {
        let waves = self.tallies.len();
        let (open, to_come) = self.tallies.split_at(self.opened_at.len().min(waves));
        let is_done = |tally: &Tally| tally.done() == tally.targets();
        let done = sum(open.iter().filter(|tally| is_done(tally)));
        let done_count = open.iter().filter(|tally| is_done(tally)).count();
        let mut lines = Vec::new();
        if done_count > 0 {
            lines.push(format!("{done_count} of {} done: {}", counted(waves, "wave"), phases(&done)));
        }
        let under_way = || open.iter().enumerate().filter(|(_, tally)| !is_done(tally));
        for (index, tally) in under_way().take(OPEN_MAX) {
            lines.push(self.line(index, tally, now));
        }
        let more = sum(under_way().skip(OPEN_MAX).map(|(_, tally)| tally));
        if more.targets() > 0 {
            let count = under_way().skip(OPEN_MAX).count();
            lines.push(format!("{count} more under way: {}", phases(&more)));
        }
        if !to_come.is_empty() {
            let instances = sum(to_come).targets();
            lines.push(format!("{} to come: {}", counted(to_come.len(), "wave"), counted(instances, "instance")));
        }
        lines
    }

    fn line(&self, index: usize, tally: &Tally, now: Timestamp) -> String {
        let filled = BAR_WIDTH * tally.done() / tally.targets().max(1);
        let bar: String = (0..BAR_WIDTH)
            .map(|at| {
                if at < filled {
                    '='
                } else if at == filled {
                    '>'
                } else {
                    ' '
                }
            })
            .collect();
        let since = self.opened_at.get(index).map_or(now, |at| *at);
        format!(
            "wave {}/{} [{bar}] {}/{} {} {}{}",
            index + 1,
            self.tallies.len(),
            tally.done(),
            tally.targets(),
            Plain(whole_seconds(now.since(since))),
            phases(tally),
            left(&self.estimate, now, tally, self.in_flight_max),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{at, notice, plan, tally};

    #[test]
    fn however_many_waves_there_are_a_few_lines_tell_how_they_stand() {
        let mut board = Board::new(&plan(12), vec![tally(3, 0, 0); 102], at(0));
        assert_eq!(board.lines(at(0)), ["102 waves to come: 306 instances"]);
        let mut stands = |tallies: Vec<Tally>| {
            for wave in 1..=tallies.len() {
                board.tell(
                    &notice(0, News::WaveOpened { wave, targets: 3 }),
                    &[&tallies[..], &vec![tally(3, 0, 0); 102 - tallies.len()][..]].concat(),
                );
            }
            let lines = board.lines(at(65)).join("\n");
            board.opened_at.clear();
            lines
        };
        let few = stands(vec![tally(0, 0, 3), tally(0, 0, 3), tally(0, 2, 1)]);
        insta::assert_snapshot!(few, @r"
        2 of 102 waves done: 6 succeeded
        wave 3/102 [====>       ] 1/3 1m 5s 2 installing, 1 succeeded
        99 waves to come: 297 instances
        ");
        let all_at_once = stands(vec![tally(0, 3, 0); 102]);
        assert_eq!(all_at_once.lines().count(), OPEN_MAX + 1, "{all_at_once}");
        assert!(all_at_once.ends_with("98 more under way: 294 installing"), "{all_at_once}");
        assert_eq!(stands(vec![tally(0, 0, 3); 102]), "102 of 102 waves done: 306 succeeded");
    }
}
