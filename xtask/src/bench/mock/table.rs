//! What was measured, as Markdown.

use std::fmt;

use super::load::{CONNECTIONS, FIXED_RATE};
use super::sample::{IDS, INSTANCES};
use super::soak::{GROWTH_MAX, Soak};
use super::visit::{Rush, Visit};
use super::{Contender, Plan, Row};
use crate::bench::grouped;

/// The least part of what the bare handler does that ours must do.
const STATUS_MIN: f64 = 0.85;
const LIST_MIN: f64 = 0.5;
/// How many times the bare handler's p99 ours may be at most.
const P99_MAX: f64 = 1.5;

/// Everything that was measured.
pub(super) struct Report {
    pub(super) plan: Plan,
    pub(super) rows: Vec<Row>,
    pub(super) soak: Option<Soak>,
    pub(super) list_bytes: usize,
    pub(super) facts: Vec<String>,
}

/// A number of each round.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    /// `None` if there is none.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = (values.len() - 1) / 2;
        let median = (values[middle] + values[values.len() / 2]) / 2.0;
        Some(Self { median, min, max })
    }
}

impl Row {
    fn spread(&self, of: impl Fn(&Visit) -> f64) -> Option<Spread> {
        Spread::of(self.visits.iter().map(of).collect())
    }

    fn median(&self, of: impl Fn(&Visit) -> f64) -> Option<f64> {
        self.spread(of).map(|spread| spread.median)
    }

    /// `None` as well if it fell behind in any round.
    fn paced_p99(&self) -> Option<Spread> {
        Spread::of(self.visits.iter().map(|visit| visit.paced.p99_ms).collect::<Option<_>>()?)
    }

    fn failed(&self) -> u64 {
        self.visits.iter().map(|visit| visit.status.flood.failed + visit.paced.failed).sum()
    }

    fn failed_lists(&self) -> u64 {
        self.visits.iter().filter_map(|visit| visit.list).map(|list| list.flood.failed).sum()
    }

    fn of_lists(&self, of: impl Fn(&Rush) -> f64) -> Option<Spread> {
        Spread::of(self.visits.iter().map(|visit| visit.list.as_ref().map(&of)).collect::<Option<_>>()?)
    }
}

fn per_second(rush: &Rush) -> f64 {
    rush.flood.per_second
}

impl Report {
    fn row(&self, contender: Contender) -> Option<&Row> {
        self.rows.iter().find(|row| row.contender == contender)
    }

    /// Ours over the bare handler's. Refusals come fast, so a row with failures has nothing to show.
    fn ratio(&self, of: impl Fn(&Row) -> Option<f64>) -> Option<f64> {
        let sound = |contender| self.row(contender).filter(|row| row.failed() + row.failed_lists() == 0);
        Some(of(sound(Contender::Ours)?)? / of(sound(Contender::Axum)?)?)
    }

    fn goals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| goal | measured | kept |\n|---|---:|---|")?;
        let status = self.ratio(|row| row.median(|visit| per_second(&visit.status)));
        goal(f, &format!("status reads a second: at least {STATUS_MIN} of bare axum's"), status, |is| {
            is >= STATUS_MIN
        })?;
        let p99 = self.ratio(|row| row.paced_p99().map(|spread| spread.median));
        let rate = grouped(FIXED_RATE.into());
        goal(f, &format!("p99 at {rate} reads a second: at most {P99_MAX} times bare axum's"), p99, |is| {
            is <= P99_MAX
        })?;
        let list = self.ratio(|row| row.of_lists(per_second).map(|spread| spread.median));
        let what = format!(
            "list reads of {IDS} ids a second: at least {LIST_MIN} of a bare handler's that sends the same bytes"
        );
        goal(f, &what, list, |is| is >= LIST_MIN)?;
        let growth = self.soak.as_ref().filter(|soak| soak.failed == 0).and_then(Soak::growth);
        let reads = self.soak.as_ref().map_or(0, Soak::all_reads);
        let what = match reads {
            0 => "memory does not grow".to_owned(),
            reads => {
                format!("memory over {} reads: at most {GROWTH_MAX} times that after a tenth of them", grouped(reads))
            }
        };
        goal(f, &what, growth, |is| is <= GROWTH_MAX)
    }

    fn statuses(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = grouped(FIXED_RATE.into());
        writeln!(
            f,
            "| server | status reads a second | of bare axum's | processor time a read, µs | p99, ms | p99 at {rate} a second, ms | \
             first answer, ms | memory before / after / peak, MB |\n|---|---:|---:|---:|---:|---:|---:|---:|"
        )?;
        let bare = self.row(Contender::Axum).and_then(|row| row.median(|visit| per_second(&visit.status)));
        for row in &self.rows {
            if let Some(why) = &row.left_out {
                writeln!(f, "| {} | not measured: {why} | | | | | | |", row.name)?;
                continue;
            }
            let reads = row.spread(|visit| per_second(&visit.status));
            let memory = [
                row.median(|visit| visit.memory_before as f64),
                row.median(|visit| visit.memory_after.now as f64),
                row.median(|visit| visit.memory_after.peak as f64),
            ];
            let cells = [
                row.name.clone(),
                reads.map_or_else(dash, |reads| whole(reads) + &failures(row.failed())),
                bare.and_then(|bare| Some(format!("{:.3}", reads?.median / bare))).unwrap_or_else(dash),
                row.median(|visit| visit.status.processor_micros_a_read()).map_or_else(dash, tenths),
                row.spread(|visit| visit.status.flood.p99_ms).map_or_else(dash, hundredths),
                row.paced_p99().map_or_else(|| "cannot keep up".to_owned(), hundredths),
                row.median(|visit| visit.first_answer.as_secs_f64() * 1e3)
                    .map_or_else(dash, |millis| format!("{millis:.0}")),
                memory.map(|bytes| bytes.map_or_else(dash, |bytes| tenths(bytes / 1e6))).join(" / "),
            ];
            writeln!(f, "| {} |", cells.join(" | "))?;
        }
        Ok(())
    }

    fn lists(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.iter().all(|row| row.of_lists(per_second).is_none()) {
            return Ok(());
        }
        let bytes = grouped(self.list_bytes as u64);
        writeln!(
            f,
            "\n| server | list reads a second, {IDS} ids, {bytes} bytes | of bare axum's | processor time a read, µs | p99, ms |\n\
             |---|---:|---:|---:|---:|"
        )?;
        let bare = self.row(Contender::Axum).and_then(|row| row.of_lists(per_second));
        for row in &self.rows {
            let Some(reads) = row.of_lists(per_second) else { continue };
            let cells = [
                row.name.clone(),
                whole(reads) + &failures(row.failed_lists()),
                bare.map_or_else(dash, |bare| format!("{:.3}", reads.median / bare.median)),
                row.of_lists(Rush::processor_micros_a_read).map_or_else(dash, |spread| tenths(spread.median)),
                row.of_lists(|list| list.flood.p99_ms).map_or_else(dash, hundredths),
            ];
            writeln!(f, "| {} |", cells.join(" | "))?;
        }
        Ok(())
    }

    fn soak(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(soak) = &self.soak else { return Ok(()) };
        let looks: Vec<String> = soak.resident.iter().map(|bytes| tenths(*bytes as f64 / 1e6)).collect();
        let (reads, before) = (grouped(soak.reads), tenths(soak.before as f64 / 1e6));
        writeln!(
            f,
            "\nMemory of ours in MB, every {reads} reads, a list read for each hundred status reads{}: {before} before, then {}.",
            failures(soak.failed),
            looks.join(", ")
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.goals(f)?;
        writeln!(f)?;
        self.statuses(f)?;
        self.lists(f)?;
        self.soak(f)?;
        let Plan { rounds, warm_seconds, load_seconds, .. } = self.plan;
        writeln!(
            f,
            "\nMeasured on:\n\n- rounds: {rounds}, medians with (least..most); each load for {load_seconds} s after {warm_seconds} s to warm \
             up, over {CONNECTIONS} connections kept alive; ours with {} instances",
            grouped(INSTANCES as u64)
        )?;
        self.facts.iter().try_for_each(|fact| writeln!(f, "- {fact}"))
    }
}

fn goal(f: &mut fmt::Formatter<'_>, what: &str, measured: Option<f64>, kept: impl Fn(f64) -> bool) -> fmt::Result {
    match measured {
        Some(is) => writeln!(f, "| {what} | {is:.3} | {} |", if kept(is) { "yes" } else { "**no**" }),
        None => writeln!(f, "| {what} | not measured | |"),
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn failures(count: u64) -> String {
    match count {
        0 => String::new(),
        count => format!(", **{} failed**", grouped(count)),
    }
}

fn tenths(number: f64) -> String {
    format!("{number:.1}")
}

fn whole(Spread { median, min, max }: Spread) -> String {
    let [median, min, max] = [median, min, max].map(|number| grouped(number.round() as u64));
    format!("{median} ({min}..{max})")
}

fn hundredths(Spread { median, min, max }: Spread) -> String {
    format!("{median:.2} ({min:.2}..{max:.2})")
}

#[cfg(test)]
mod tests;
