//! How a rollout stands or ended: an object for programs, a table for people. Both are made of one [`Snapshot`].

use std::collections::BTreeMap;
use std::io::{self, Write};

use reinstall_core::evidence::Fact;
use reinstall_core::id::{ImageId, ProjectId, RolloutId};
use reinstall_core::named::Named;
use reinstall_core::rollout::snapshot::{InstanceSnapshot, LivePhase, Snapshot};
use reinstall_core::summary::{Conclusion, HaltCause, Outcome, Reason, Report};
use reinstall_core::time::{Plain, Timestamp};
use reinstall_http::operation::Operation;
use reinstall_journal::row::RunState;
use serde::Serialize;

use super::rollouts::state_word;
use super::table;

/// The most instances in progress that are named one by one.
const IN_PROGRESS_SHOWN_MAX: usize = 50;

/// Everything that is known about a rollout.
#[derive(Debug)]
pub(crate) struct RolloutReport {
    pub(crate) rollout: RolloutId,
    pub(crate) project_id: ProjectId,
    pub(crate) endpoint: String,
    pub(crate) image_id: Option<ImageId>,
    /// How many requests this program sent; `None` where it only reads what is on record.
    pub(crate) requests: Option<BTreeMap<Operation, u64>>,
    pub(crate) state: RunState,
    pub(crate) snapshot: Snapshot,
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
    finished_at: Option<Timestamp>,
    conclusion: Option<&'static str>,
    halted: Option<&'a HaltCause>,
    /// By outcome, and by phase for those without an outcome. They add up to all instances.
    counts: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<BTreeMap<&'static str, u64>>,
    instances: Vec<InstanceSnapshot<'a>>,
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

impl RolloutReport {
    /// The report for programs.
    pub(crate) fn object(&self) -> ReportObject<'_> {
        let snapshot = &self.snapshot;
        let outcomes = snapshot.outcomes().into_iter().map(|(outcome, count)| (outcome.word(), count));
        let phases = snapshot.phases().into_iter().map(|(phase, count)| (phase.word(), count));
        let conclusion = snapshot.conclusion().map(conclusion_word);
        ReportObject {
            rollout: self.rollout,
            state: state_word(self.state),
            project_id: &self.project_id,
            endpoint: &self.endpoint,
            image_id: self.image_id,
            started_at: snapshot.started_at(),
            finished_at: snapshot.finished_at(),
            conclusion: if snapshot.is_given_up() { Some("abandoned") } else { conclusion },
            halted: snapshot.halted(),
            counts: outcomes.chain(phases).collect(),
            requests: self
                .requests
                .as_ref()
                .map(|sent| sent.iter().map(|(operation, count)| (operation.name(), *count)).collect()),
            instances: snapshot.instances().collect(),
        }
    }

    /// The report as the last line of a stream.
    pub(crate) fn line(&self) -> SummaryLine<'_> {
        SummaryLine { event: "summary", report: self.object() }
    }

    /// The report for people: counts by outcome and cause, what is in progress, then everything about those that did not
    /// succeed.
    pub(crate) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        self.counts(out)?;
        self.details(out)?;
        writeln!(out)?;
        let snapshot = &self.snapshot;
        let requests = self.requests.as_ref().map(|sent| format!(", {} requests", sent.values().sum::<u64>()));
        let until = snapshot.finished_at().unwrap_or(snapshot.last_event_at());
        writeln!(
            out,
            "{} of {} reinstalled in {}{}",
            snapshot.outcomes().get(&Outcome::Succeeded).copied().unwrap_or_default(),
            snapshot.summary().reports.len(),
            Plain(whole_seconds(until.since(snapshot.started_at()))),
            requests.unwrap_or_default(),
        )?;
        writeln!(out, "Rollout {}", self.rollout)?;
        if !snapshot.is_over() {
            writeln!(out, "Not finished: {}", state_word(self.state))?;
        }
        match snapshot.halted() {
            Some(HaltCause::Ordered) => writeln!(out, "Halted by operator"),
            Some(cause) => writeln!(out, "Halted: {cause}"),
            None => Ok(()),
        }
    }

    /// How many instances stand or ended in each way, and why.
    pub(crate) fn counts(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut causes = table::new(["INSTANCES", "OUTCOME", "REASON"]);
        for ((standing, code), count) in self.causes() {
            causes.add_row([count.to_string(), standing.to_string(), code]);
        }
        table::write(out, &causes)
    }

    /// Every instance that is in progress, that did not succeed, or that a person should look at all the same.
    pub(crate) fn details(&self, out: &mut dyn Write) -> io::Result<()> {
        self.in_progress(out)?;
        self.unsuccessful(out)?;
        self.contradictions(out)
    }

    /// The instances that a request names and that have no outcome yet, the first of them one by one.
    fn in_progress(&self, out: &mut dyn Write) -> io::Result<()> {
        let in_progress = || {
            let instances = self.snapshot.instances();
            instances.filter(|instance| instance.phase().is_some_and(LivePhase::is_in_progress))
        };
        let count = in_progress().count();
        if count == 0 {
            return Ok(());
        }
        writeln!(out, "\nIn progress")?;
        for instance in in_progress().take(IN_PROGRESS_SHOWN_MAX) {
            let report = instance.report();
            write!(out, "  {}  {}", named(report), Standing::of(&instance))?;
            if let Some(at) = report.submitted_at {
                write!(out, ", requested at {at}")?;
            }
            match report.evidence.last() {
                Some(last) => writeln!(out, "\n    {}", last.fact)?,
                None => writeln!(out)?,
            }
        }
        match count.saturating_sub(IN_PROGRESS_SHOWN_MAX) {
            0 => Ok(()),
            more => writeln!(out, "  and {more} more; --output json names all"),
        }
    }

    /// Everything about those that ended and did not succeed.
    fn unsuccessful(&self, out: &mut dyn Write) -> io::Result<()> {
        // Those that a halt spared are counted above; one by one they would bury the others.
        let spared = self.snapshot.halted().map(HaltCause::reason);
        let is_told = |instance: &InstanceSnapshot<'_>| match instance.outcome() {
            None | Some(Outcome::Succeeded) => false,
            Some(Outcome::NotStarted) => {
                let is_spared = instance.reason() == spared.as_ref() || is_abandoned(instance.reason());
                !instance.report().evidence.is_empty() || !is_spared
            }
            Some(Outcome::Failed | Outcome::Skipped | Outcome::Unresolved) => true,
        };
        let mut told = self.snapshot.instances().filter(is_told).peekable();
        if told.peek().is_some() {
            writeln!(out)?;
        }
        told.try_for_each(|instance| write_unsuccessful(out, &instance))
    }

    /// The evidence against a success, whatever the outcome.
    fn contradictions(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut is_first = true;
        for instance in self.snapshot.instances() {
            let report = instance.report();
            for evidence in report.evidence.iter().filter(|evidence| evidence.fact.contradicts_success()) {
                if std::mem::take(&mut is_first) {
                    writeln!(out)?;
                }
                writeln!(out, "WARNING: {} {}: {}", named(report), Standing::of(&instance), self.told(&evidence.fact))?;
            }
        }
        Ok(())
    }

    /// A fact that speaks against a success, with what was expected instead.
    fn told(&self, fact: &Fact) -> String {
        match (fact, self.image_id) {
            (Fact::ImageDiffers(image), Some(wanted)) => format!("the cloud names image {image}, expected {wanted}"),
            (other, _) => other.to_string(),
        }
    }

    fn causes(&self) -> BTreeMap<(Standing, String), usize> {
        let mut causes = BTreeMap::new();
        for instance in self.snapshot.instances() {
            let code = table::or_dash(instance.reason().map(|reason| reason.code.as_str()));
            *causes.entry((Standing::of(&instance), code)).or_default() += 1;
        }
        causes
    }
}

/// Where an instance stands: its outcome, or else its phase. Outcomes come first in tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Ended(Outcome),
    Live(Option<LivePhase>),
}

impl Standing {
    fn of(instance: &InstanceSnapshot<'_>) -> Self {
        match instance.outcome() {
            Some(outcome) => Self::Ended(outcome),
            None => Self::Live(instance.phase()),
        }
    }
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ended(outcome) => write!(f, "{outcome}"),
            Self::Live(Some(phase)) => write!(f, "{phase}"),
            Self::Live(None) => f.write_str("-"),
        }
    }
}

/// Whether a target has its outcome only because the rollout was given up.
fn is_abandoned(reason: Option<&Reason>) -> bool {
    reason.is_some_and(|reason| reason.code.as_str() == "abandoned")
}

/// `web-1 (0b29c7a1-…)`
fn named(report: &Report) -> Named<'_> {
    Named::new(report.id, report.name.as_ref())
}

fn write_unsuccessful(out: &mut dyn Write, instance: &InstanceSnapshot<'_>) -> io::Result<()> {
    let report = instance.report();
    writeln!(out, "{}  {}", named(report), Standing::of(instance))?;
    if let Some(reason) = instance.reason() {
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

/// Milliseconds behind minutes are left out.
pub(crate) fn whole_seconds(duration: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_secs(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use reinstall_core::evidence::Evidence;

    use super::*;
    use crate::render::sample;

    fn report(snapshot: Snapshot, image_id: Option<ImageId>) -> RolloutReport {
        RolloutReport {
            rollout: RolloutId::new(sample::at(0), [7; 10]),
            project_id: sample::account().project,
            endpoint: sample::account().endpoint.to_string(),
            image_id,
            requests: Some(Operation::ALL.into_iter().zip([2, 0, 9]).collect()),
            state: if snapshot.is_over() { RunState::Finished } else { RunState::Left },
            snapshot,
        }
    }

    fn ended() -> RolloutReport {
        let spent = HaltCause::BudgetSpent { failures: 1, failures_max: 0 };
        let words = spent.to_string();
        let reports = vec![
            sample::report(1, Outcome::Succeeded, None),
            sample::report(2, Outcome::Succeeded, None),
            sample::report(3, Outcome::Failed, Some(("iMetal.0307", "Failed to install the image"))),
            sample::report(4, Outcome::NotStarted, Some((spent.code(), &words))),
            sample::report(5, Outcome::NotStarted, Some(("unreachable", "no connection"))),
        ];
        report(Snapshot::finished(sample::summary(reports, Some(spent))), None)
    }

    fn text(report: &RolloutReport) -> String {
        let mut shown = Vec::new();
        report.text(&mut shown).unwrap();
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn people_read_counts_first_and_then_what_went_wrong() {
        insta::assert_snapshot!(text(&ended()));
    }

    #[test]
    fn programs_read_these_names() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&ended().object()).unwrap());
        let line = serde_json::to_value(ended().line()).unwrap();
        assert_eq!((line["event"].as_str(), line["counts"]["failed"].as_u64()), (Some("summary"), Some(1)));
    }

    /// Both are made of one snapshot: what has a phase in one has none of the outcomes in the other.
    #[test]
    fn text_and_json_tell_the_same_of_a_rollout_under_way() {
        let under_way = report(sample::under_way(), None);
        let object = serde_json::to_value(under_way.object()).unwrap();
        for absent in ["finished_at", "conclusion"] {
            assert!(object[absent].is_null(), "{object:#}");
        }
        let counts = object["counts"].as_object().unwrap();
        assert_eq!(counts.values().filter_map(serde_json::Value::as_u64).sum::<u64>(), 3, "{object:#}");
        let shown = text(&under_way);
        for instance in object["instances"].as_array().unwrap() {
            let phase = instance["phase"].as_str().unwrap();
            assert!(instance["outcome"].is_null() && shown.contains(phase), "{phase}: {shown}");
        }
        assert!(shown.contains("web-1 (00000000-0000-0000-0000-000000000001)  installing, requested at"), "{shown}");
        assert!(shown.contains("Not finished") && !shown.contains("unresolved"), "{shown}");
    }

    #[test]
    fn evidence_against_a_success_is_told() {
        let mut odd = sample::report(1, Outcome::Succeeded, None);
        let (found, wanted) = (ImageId::from_bits(7), ImageId::from_bits(8));
        odd.evidence.push(Evidence { at: sample::at(60), fact: Fact::ImageDiffers(found) });
        let shown = text(&report(Snapshot::finished(sample::summary(vec![odd], None)), Some(wanted)));
        let told = format!("succeeded: the cloud names image {found}, expected {wanted}");
        assert!(shown.contains("WARNING: web-1 (") && shown.contains(&told), "{shown}");
    }
}
