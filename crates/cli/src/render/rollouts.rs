//! The rollouts on record.

use std::collections::BTreeMap;
use std::io::{self, Write};

use reinstall_core::id::{ProjectId, RolloutId};
use reinstall_core::summary::Summary;
use reinstall_core::time::{Plain, Timestamp};
use reinstall_journal::row::{RolloutRow, RunState};
use serde::{Deserialize, Serialize};

use super::report::{RolloutReport, conclusion_word, whole_seconds};
use super::table;

/// How much of an id tells rollouts apart: the part that is a time in milliseconds.
const ID_LEN: usize = 13;

/// What is kept of an ended rollout beside its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndingRecord {
    conclusion: String,
    counts: BTreeMap<String, usize>,
}

impl From<&Summary> for EndingRecord {
    fn from(summary: &Summary) -> Self {
        let counts = summary.counts().into_iter().map(|(outcome, count)| (outcome.word().to_owned(), count));
        Self { conclusion: conclusion_word(summary.conclusion()).into(), counts: counts.collect() }
    }
}

impl EndingRecord {
    /// The ending of a rollout that somebody gave up.
    pub(crate) fn abandoned() -> Self {
        Self { conclusion: "abandoned".into(), counts: BTreeMap::new() }
    }

    /// As the journal keeps it.
    pub(crate) fn to_text(&self) -> String {
        // Strings and numbers: nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A rollout for programs.
#[derive(Serialize)]
pub(crate) struct RowObject<'a> {
    rollout: RolloutId,
    state: &'static str,
    endpoint: &'a str,
    project_id: &'a ProjectId,
    instances: u64,
    started_at: Timestamp,
    finished_at: Option<Timestamp>,
    #[serde(flatten)]
    ending: Option<EndingRecord>,
    continues: Option<RolloutId>,
    plan_hash: Option<&'a str>,
    holder: Option<String>,
    heartbeat_at: Option<Timestamp>,
    halt_ordered: bool,
    program: &'a str,
}

/// The word for a state.
pub(crate) const fn state_word(state: RunState) -> &'static str {
    match state {
        RunState::Finished => "finished",
        RunState::Running => "running",
        RunState::Interrupted => "interrupted",
        RunState::Left => "left",
    }
}

fn ending(row: &RolloutRow) -> Option<EndingRecord> {
    serde_json::from_str(row.ending.as_deref()?).ok()
}

/// The rollouts for programs.
pub(crate) fn objects(rows: &[RolloutRow], now: Timestamp) -> Vec<RowObject<'_>> {
    let object = |row| -> RowObject<'_> {
        let row: &RolloutRow = row;
        RowObject {
            rollout: row.id,
            state: state_word(row.standing(now)),
            endpoint: &row.endpoint,
            project_id: &row.project_id,
            instances: row.targets,
            started_at: row.started_at,
            finished_at: row.finished_at,
            ending: ending(row),
            continues: row.parent,
            plan_hash: row.plan_hash.as_deref(),
            holder: row.holder.as_ref().map(|(owner, _)| owner.to_string()),
            heartbeat_at: row.holder.as_ref().map(|(_, at)| *at),
            halt_ordered: row.halt_ordered,
            program: &row.program,
        }
    };
    rows.iter().map(object).collect()
}

/// The rollouts for people, the newest first.
pub(crate) fn text(out: &mut dyn Write, rows: &[RolloutRow], now: Timestamp) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "no rollout is on record");
    }
    let mut shown = table::new(["ROLLOUT", "BEGAN", "STATE", "INSTANCES", "RESULT"]);
    for row in rows {
        let id: String = row.id.to_string().chars().take(ID_LEN).collect();
        let began: String = row.started_at.to_string().chars().take("2026-11-23T11:30".len()).collect();
        let state = state_word(row.standing(now)).to_owned();
        shown.add_row([id, began + "Z", state, row.targets.to_string(), result(row)]);
    }
    table::write(out, &shown)
}

/// `117 succeeded, 3 failed`, or who has it.
fn result(row: &RolloutRow) -> String {
    match (ending(row), &row.holder) {
        (Some(ending), _) if ending.counts.is_empty() => ending.conclusion,
        (Some(ending), _) => {
            let counts = ending.counts.iter().filter(|(_, count)| **count > 0);
            counts.map(|(outcome, count)| format!("{count} {outcome}")).collect::<Vec<_>>().join(", ")
        }
        (None, Some((owner, _))) => format!("{}@{}", owner.user, owner.host),
        (None, None) => "-".into(),
    }
}

/// An unfinished rollout for people: who has it, and where its instances stand.
pub(crate) fn under_way(
    out: &mut dyn Write,
    row: &RolloutRow,
    report: &RolloutReport,
    now: Timestamp,
) -> io::Result<()> {
    let state = row.standing(now);
    writeln!(out, "Rollout    {}", row.id)?;
    writeln!(out, "Endpoint   {}", row.endpoint)?;
    writeln!(out, "Project    {}", row.project_id)?;
    match report.image_id {
        Some(image) => writeln!(out, "Image      {image}")?,
        None => writeln!(out, "Image      each instance keeps its own")?,
    }
    writeln!(out, "Began      {}", row.started_at)?;
    match (state, &row.holder) {
        (RunState::Running, Some((owner, _))) => writeln!(out, "State      running: {owner}")?,
        (_, Some((owner, _))) if !row.is_to_be_taken_over(now) => {
            writeln!(out, "State      interrupted: {owner}, and that process has ended")?;
        }
        (_, Some((owner, heartbeat_at))) => {
            let silent = Plain(whole_seconds(now.since(*heartbeat_at)));
            writeln!(out, "State      interrupted: {owner}, not heard of for {silent}")?;
        }
        (_, None) => writeln!(out, "State      left before its end")?,
    }
    if let Some(cause) = report.snapshot.halted() {
        writeln!(out, "Halted     {cause}; no new reinstalls are started")?;
    } else if row.halt_ordered {
        writeln!(out, "Halted     by order; no new reinstalls are started")?;
    }
    let ended: usize = report.snapshot.outcomes().values().sum();
    writeln!(out, "Instances  {ended} of {} finished\n", row.targets)?;
    report.counts(out)?;
    report.details(out)
}

#[cfg(test)]
mod tests {
    use reinstall_core::summary::Outcome;
    use reinstall_journal::owner::Owner;
    use reinstall_journal::run_lock::Liveness;

    use super::*;
    use crate::render::sample;

    fn rows() -> Vec<RolloutRow> {
        let reports = vec![sample::report(1, Outcome::Succeeded, None), sample::report(2, Outcome::Failed, None)];
        let finished = RolloutRow {
            id: RolloutId::new(sample::at(0), [7; 10]),
            endpoint: "https://clouddc.example".into(),
            project_id: sample::account().project,
            started_at: sample::at(0),
            targets: 2,
            program: "0.1.0".into(),
            parent: None,
            plan_hash: Some("5f".into()),
            finished_at: Some(sample::at(754)),
            ending: Some(EndingRecord::from(&sample::summary(reports, None)).to_text()),
            holder: None,
            liveness: Liveness::Unknown,
            halt_ordered: false,
            lines: 40,
        };
        let elsewhere = Owner { user: "alice".into(), host: "another".into(), pid: 4_711 };
        let open = |seconds, holder| RolloutRow {
            id: RolloutId::new(sample::at(seconds), [9; 10]),
            started_at: sample::at(seconds),
            finished_at: None,
            ending: None,
            holder,
            parent: Some(finished.id),
            ..finished.clone()
        };
        let running = open(900, Some((elsewhere.clone(), sample::at(990))));
        let interrupted = open(800, Some((elsewhere, sample::at(801))));
        vec![running, interrupted, open(770, None), finished]
    }

    #[test]
    fn people_see_a_table_within_eighty_columns() {
        let mut shown = Vec::new();
        text(&mut shown, &rows(), sample::at(1_000)).unwrap();
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn programs_see_every_field() {
        let rows = rows();
        let objects = serde_json::to_value(objects(&rows, sample::at(1_000))).unwrap();
        let states: Vec<&str> = (0..4).filter_map(|index| objects[index]["state"].as_str()).collect();
        assert_eq!(states, ["running", "interrupted", "left", "finished"]);
        assert_eq!((&objects[3]["counts"]["failed"], &objects[3]["conclusion"]), (&1.into(), &"some_did_not".into()));
        assert_eq!(objects[0]["continues"], objects[3]["rollout"]);
    }

    #[test]
    fn an_unfinished_rollout_tells_who_has_it_and_which_instances_are_installing() {
        let mut rows = rows();
        // Out of the kernel's sight; there; given back; and gone for certain.
        rows.insert(0, RolloutRow { liveness: Liveness::Ended, ..rows[0].clone() });
        for (row, told) in
            rows.iter().zip(["has ended", "running: alice@another", "not heard of for", "left before its end"])
        {
            let report = RolloutReport {
                rollout: row.id,
                project_id: row.project_id.clone(),
                endpoint: row.endpoint.clone(),
                image_id: None,
                requests: None,
                state: row.standing(sample::at(1_000)),
                snapshot: sample::under_way(),
            };
            let mut shown = Vec::new();
            under_way(&mut shown, row, &report, sample::at(1_000)).unwrap();
            let shown = String::from_utf8(shown).unwrap();
            let installing = format!("web-1 ({})  installing", sample::id(1));
            assert!(
                shown.contains(told) && shown.contains("0 of 2 finished") && shown.contains(&installing),
                "{shown}"
            );
        }
    }
}
