//! Made-up plans, notices and reports for tests.

use reinstall_core::action::{Action, Answer, Event, Look};
use reinstall_core::evidence::{Evidence, Fact};
use reinstall_core::id::{InstanceId, RequestId, RolloutId};
use reinstall_core::instance::{InstanceState, OperationState};
use reinstall_core::notice::{News, Notice, Tally};
use reinstall_core::plan::Plan;
use reinstall_core::policy::Policy;
use reinstall_core::rollout::Rollout;
use reinstall_core::rollout::snapshot::Snapshot;
use reinstall_core::sighting::Sighting;
use reinstall_core::spec::{ReinstallSpec, TargetSpec};
use reinstall_core::summary::{HaltCause, Outcome, Reason, Report, Summary};
use reinstall_core::time::Timestamp;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::sign::key::AccessKey;
use reinstall_http::sources::{Given, Source};
use reinstall_journal::row::RolloutRow;
use reinstall_journal::run_lock::Liveness;

use crate::setup::{Account, Who};

/// 2026-11-23T11:30:00Z
const START_MS: u64 = 1_795_433_400_000;

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(START_MS + seconds * 1_000)
}

pub(crate) fn id(bits: u128) -> InstanceId {
    InstanceId::from_bits(bits)
}

pub(crate) fn account() -> Account {
    Account {
        endpoint: Endpoint::parse("clouddc.example", PlainHttp::Loopback).unwrap(),
        project: "0a1b2c3d".parse().unwrap(),
    }
}

pub(crate) fn who() -> Who {
    let key = Given::Keys(AccessKey::parse_pair("AK1:canary").unwrap());
    Who::of(&key, Source::SdkVariables.to_string(), &account().project)
}

pub(crate) fn plan(targets: u128) -> Plan {
    let instances = (1..=targets).map(|bits| TargetSpec::of(id(bits))).collect();
    let spec = ReinstallSpec { instances, image_id: None, policy: Policy::default() };
    Plan::draw(&spec.check().unwrap(), account().project)
}

pub(crate) fn notice(seconds: u64, news: News) -> Notice {
    Notice { at: at(seconds), name: None, news }
}

pub(crate) fn report(bits: u128, outcome: Outcome, reason: Option<(&str, &str)>) -> Report {
    let touched = outcome != Outcome::NotStarted;
    let evidence = vec![Evidence { at: at(11), fact: Fact::Acknowledged(RequestId::new("7f3a")) }];
    Report {
        id: id(bits),
        name: Some((&*format!("web-{bits}")).into()),
        outcome,
        reason: reason.map(|(code, message)| Reason::new(code, message)),
        attempts: u32::from(touched),
        submitted_at: touched.then(|| at(10)),
        finished_at: Some(at(70)),
        request_id: RequestId::new("7f3a").filter(|_| touched),
        evidence: if touched { evidence } else { Vec::new() },
    }
}

pub(crate) fn summary(reports: Vec<Report>, halted: Option<HaltCause>) -> Summary {
    Summary { started_at: at(0), finished_at: at(754), halted, abandoned: false, reports }
}

/// What is on record of a rollout that was given back before its end.
pub(crate) fn row(targets: u64) -> RolloutRow {
    RolloutRow {
        id: RolloutId::new(at(0), [7; 10]),
        endpoint: "https://clouddc.example".into(),
        project_id: account().project,
        started_at: at(0),
        targets,
        program: "0.1.0".into(),
        parent: None,
        plan_hash: None,
        finished_at: None,
        ending: None,
        holder: None,
        liveness: Liveness::Unknown,
        halt_ordered: false,
        lines: 40,
    }
}

/// A rollout of three, left when the canary was installing.
pub(crate) fn under_way() -> Snapshot {
    let mut rollout = Rollout::new(plan(3), 7, at(0));
    let seen = |word: &str| Sighting {
        state: Some(InstanceState::Running),
        operation: Some(OperationState::from_word(word)),
        name: Some("web-1".into()),
        ..Sighting::default()
    };
    for (seconds, word) in [(1, "install-succeed"), (2, ""), (20, "reinstall-processing")] {
        rollout.handle(at(seconds), Event::Tick);
        while let Some(action) = rollout.poll_action() {
            let (ticket, answer) = match action {
                Action::Look(ticket, ids) => {
                    (ticket, Answer::Looked(ids.into_iter().map(|id| (id, Look::Seen(seen(word)))).collect()))
                }
                Action::Submit(ticket, submission) => {
                    let ids = submission.ids.as_slice().to_vec();
                    (ticket, Answer::Accepted { ids, request_id: RequestId::new("7f3a") })
                }
            };
            rollout.handle(at(seconds), Event::Answered(ticket, answer));
        }
    }
    rollout.into_snapshot()
}

pub(crate) fn tally(waiting: usize, installing: usize, succeeded: usize) -> Tally {
    Tally { waiting, installing, succeeded, ..Tally::default() }
}
