//! How a rollout ended: an object for programs, a table for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use reinstall_core::id::{ImageId, ProjectId, RolloutId};
use reinstall_core::summary::{Conclusion, HaltCause, Outcome, Report, Summary};
use reinstall_core::time::{Plain, Timestamp};
use reinstall_http::operation::Operation;
use reinstall_journal::row::RunState;
use serde::Serialize;

use crate::failure::hint_on;

use super::rollouts::state_word;
use super::table;

/// Everything that is known about a rollout that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) rollout: RolloutId,
    pub(crate) project_id: ProjectId,
    pub(crate) endpoint: String,
    pub(crate) image_id: Option<ImageId>,
    /// How many requests this program sent; `None` where it only reads what is on record.
    pub(crate) requests: Option<BTreeMap<Operation, u64>>,
    pub(crate) state: RunState,
    pub(crate) summary: Summary,
}

/// The report for programs. Scripts hang on these names.
#[derive(Serialize)]
pub(crate) struct ReportObject<'a> {
    rollout: RolloutId,
    state: &'static str,
    project_id: &'a ProjectId,
    endpoint: &'a str,
    image_id: Option<ImageId>,
    started_at: Timestamp,
    finished_at: Timestamp,
    conclusion: &'static str,
    halted: Option<&'a HaltCause>,
    counts: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<BTreeMap<&'static str, u64>>,
    instances: &'a [Report],
}

/// The last line of a stream of notices.
#[derive(Serialize)]
pub(crate) struct SummaryLine<'a> {
    event: &'static str,
    #[serde(flatten)]
    report: ReportObject<'a>,
}

pub(super) const fn conclusion_word(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::AllSucceeded => "all_succeeded",
        Conclusion::SomeDidNot => "some_did_not",
        Conclusion::NothingStarted => "nothing_started",
        Conclusion::Halted => "halted",
    }
}

impl Ended {
    /// The report for programs.
    pub(crate) fn object(&self) -> ReportObject<'_> {
        let summary = &self.summary;
        ReportObject {
            rollout: self.rollout,
            state: state_word(self.state),
            project_id: &self.project_id,
            endpoint: &self.endpoint,
            image_id: self.image_id,
            started_at: summary.started_at,
            finished_at: summary.finished_at,
            conclusion: conclusion_word(summary.conclusion()),
            halted: summary.halted.as_ref(),
            counts: summary.counts().into_iter().map(|(outcome, count)| (outcome.word(), count)).collect(),
            requests: self
                .requests
                .as_ref()
                .map(|sent| sent.iter().map(|(operation, count)| (operation.name(), *count)).collect()),
            instances: &summary.reports,
        }
    }

    /// The report as the last line of a stream.
    pub(crate) fn line(&self) -> SummaryLine<'_> {
        SummaryLine { event: "summary", report: self.object() }
    }

    /// The report for people: counts by outcome and cause, then everything about those that did not succeed.
    pub(crate) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let summary = &self.summary;
        let mut causes = table::new(["INSTANCES", "OUTCOME", "REASON"]);
        for ((outcome, code), count) in self.causes() {
            causes.add_row([count.to_string(), outcome.to_string(), code]);
        }
        table::write(out, &causes)?;
        self.unwell(out)?;
        writeln!(out)?;
        let requests = self.requests.as_ref().map(|sent| format!(", {} requests", sent.values().sum::<u64>()));
        writeln!(
            out,
            "{} of {} reinstalled in {}{}",
            summary.counts().get(&Outcome::Succeeded).copied().unwrap_or_default(),
            summary.reports.len(),
            Plain(whole_seconds(summary.finished_at.since(summary.started_at))),
            requests.unwrap_or_default(),
        )?;
        writeln!(out, "Rollout {}", self.rollout)?;
        match &summary.halted {
            Some(cause) => writeln!(out, "Nothing new was started: {cause}"),
            None => Ok(()),
        }
    }

    /// Everything about those that ended and did not succeed.
    pub(crate) fn unwell(&self, out: &mut dyn Write) -> io::Result<()> {
        let summary = &self.summary;
        // Those that a halt spared are counted above; one by one they would bury the others.
        let spared = summary.halted.as_ref().map(HaltCause::reason);
        let is_told = |report: &&Report| match report.outcome {
            // What is still on its way, as the record has it, is counted and has no verdict.
            _ if report.finished_at.is_none() && self.requests.is_none() => false,
            Outcome::Succeeded => false,
            Outcome::NotStarted => !report.evidence.is_empty() || report.reason != spared,
            Outcome::Failed | Outcome::Skipped | Outcome::Unresolved => true,
        };
        let mut unwell = summary.reports.iter().filter(is_told).peekable();
        if unwell.peek().is_some() {
            writeln!(out)?;
        }
        unwell.try_for_each(|report| write_unwell(out, report))
    }

    fn causes(&self) -> BTreeMap<(Outcome, String), usize> {
        let mut causes = BTreeMap::new();
        for report in &self.summary.reports {
            let code = table::or_dash(report.reason.as_ref().map(|reason| reason.code.as_str()));
            *causes.entry((report.outcome, code)).or_default() += 1;
        }
        causes
    }

    /// What a person does next, for each outcome there is.
    pub(crate) fn advice(&self) -> Vec<String> {
        let id = self.rollout;
        if self.state != RunState::Finished {
            return vec![format!(
                "what is on its way goes on without anybody watching; to go on: reinstall resume {id}"
            )];
        }
        let counts = self.summary.counts();
        let occurs = |outcome: &Outcome| counts.get(outcome).is_some_and(|count| *count > 0);
        let denied = match &self.summary.halted {
            Some(HaltCause::Denied { fault }) => hint_on(fault),
            Some(_) | None => None,
        };
        let outcomes = Outcome::ALL.iter().filter(|outcome| occurs(outcome));
        denied.into_iter().chain(outcomes.filter_map(|outcome| advice(*outcome, id))).collect()
    }
}

fn write_unwell(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    writeln!(out, "{}  {}", report.id, report.outcome)?;
    if let Some(reason) = &report.reason {
        writeln!(out, "    {reason}")?;
    }
    if let Some(request_id) = &report.request_id {
        writeln!(out, "    request id {request_id}")?;
    }
    match report.evidence.last() {
        Some(last) => writeln!(out, "    {}", last.fact),
        None => Ok(()),
    }
}

fn advice(outcome: Outcome, id: RolloutId) -> Option<String> {
    Some(match outcome {
        Outcome::Succeeded => return None,
        Outcome::Failed => format!(
            "failed: read the cloud's words. To try again: reinstall resume {id} --only failed --start-from \
             running,failed,error"
        ),
        Outcome::Skipped => {
            "skipped: not touched. Bring the instance into a state of --start-from, then run again".to_owned()
        }
        Outcome::Unresolved => {
            "unresolved: look at the console before anything else; a new run may wipe a good system again".to_owned()
        }
        Outcome::NotStarted => {
            format!("not_started: not wiped by this run. To start them: reinstall resume {id} --only not-started")
        }
    })
}

/// Nobody reads milliseconds behind minutes.
pub(crate) fn whole_seconds(duration: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_secs(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    fn ended() -> Ended {
        let spent = HaltCause::BudgetSpent { failures: 1, failures_max: 0 };
        let words = spent.to_string();
        let reports = vec![
            sample::report(1, Outcome::Succeeded, None),
            sample::report(2, Outcome::Succeeded, None),
            sample::report(3, Outcome::Failed, Some(("iMetal.0307", "Failed to install the image"))),
            sample::report(4, Outcome::NotStarted, Some((spent.code(), &words))),
            sample::report(5, Outcome::NotStarted, Some(("unreachable", "no connection"))),
        ];
        let halted = Some(spent);
        Ended {
            rollout: RolloutId::new(sample::at(0), [7; 10]),
            project_id: sample::account().project,
            endpoint: sample::account().endpoint.to_string(),
            image_id: None,
            requests: Some(Operation::ALL.into_iter().zip([2, 0, 9]).collect()),
            state: RunState::Finished,
            summary: sample::summary(reports, halted),
        }
    }

    #[test]
    fn people_read_counts_first_and_then_what_went_wrong() {
        let mut shown = Vec::new();
        ended().text(&mut shown).unwrap();
        insta::assert_snapshot!(String::from_utf8(shown).unwrap());
        assert_eq!(ended().advice().len(), 2);
    }

    #[test]
    fn programs_read_these_names() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&ended().object()).unwrap());
        let line = serde_json::to_value(ended().line()).unwrap();
        assert_eq!((line["event"].as_str(), line["counts"]["failed"].as_u64()), (Some("summary"), Some(1)));
    }
}
