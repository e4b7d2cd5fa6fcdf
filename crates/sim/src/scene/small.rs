//! The small worlds of the complete search: one or two instances, one or two requests, one kind of trouble each.

use std::fmt;
use std::time::Duration;

use reinstall_core::instance::OperationState;
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::plan::Plan;
use reinstall_core::policy::{Policy, Share};
use reinstall_core::spec::{ReinstallSpec, TargetSpec};
use reinstall_mock_server::cloud::Cloud;
use reinstall_mock_server::cloud::config::{CloudConfig, Start};

use super::{Scene, Weather, project};
use crate::client::Limits;
use crate::marks::Marks;
use crate::worse::Worse;

const SECOND: Duration = Duration::from_secs(1);
/// Whether something may happen: by a script every chance between none and certainty is a choice.
const MAY: u32 = 50;

/// A kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Requests and their answers are lost, late, throttled, answered in part.
    LostRequests,
    /// The same, and reads lag.
    LaggingReads,
    /// Requests are carried out, wholly or in part, and refused then.
    RefusedAfter,
    /// Answers lack fields, and requests are lost.
    MissingFields,
    /// Rows are there twice, or as old as the request, and requests are lost.
    OddRows,
    /// The program ends and comes back, and requests are lost.
    Crashes,
    /// The same on a machine whose clock is set back meanwhile.
    ClockSetBack,
    /// Strangers switch off, readdress, reinstall and reboot, and requests are lost.
    Strangers,
    /// Reads fail, and requests are lost.
    FailingReads,
}

/// A small scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmallScene {
    family: Family,
    life_cycle: LifeCycle,
    /// What the last operation of every instance was.
    word: &'static str,
    instances: u32,
    /// Whether one request names them all.
    is_one_batch: bool,
}

impl fmt::Display for SmallScene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, life_cycle, word, instances, is_one_batch } = self;
        let requests = if *is_one_batch { 1 } else { *instances };
        write!(f, "{family:?}, {life_cycle}, {word}, instances: {instances}, requests: {requests}")
    }
}

impl Family {
    const ALL: [Self; 9] = [
        Self::LostRequests,
        Self::LaggingReads,
        Self::RefusedAfter,
        Self::MissingFields,
        Self::OddRows,
        Self::Crashes,
        Self::ClockSetBack,
        Self::Strangers,
        Self::FailingReads,
    ];

    /// Every small scene.
    #[must_use]
    pub fn scenes() -> Vec<SmallScene> {
        let mut scenes = vec![];
        for family in Self::ALL {
            for life_cycle in [LifeCycle::Prose, LifeCycle::Diagram2026] {
                for word in ["install-succeed", "reinstall-succeed"] {
                    for (instances, is_one_batch) in [(1, true), (2, true), (2, false)] {
                        scenes.push(SmallScene { family, life_cycle, word, instances, is_one_batch });
                    }
                }
            }
        }
        scenes
    }
}

impl SmallScene {
    /// The scene itself.
    ///
    /// # Panics
    /// If its own spec is refused: a bug in here.
    #[must_use]
    pub fn build(self) -> Scene {
        let mut config = CloudConfig::generated(project(), self.instances + 1);
        config.life_cycle = self.life_cycle;
        config.reinstall_takes = 150 * SECOND;
        let mut cloud = Cloud::new(config);
        let ids: Vec<_> = cloud.ids().collect();
        for &id in &ids {
            cloud.set_start(
                id,
                Start { operation_state: Some(OperationState::from_word(self.word)), ..Start::default() },
            );
        }
        let targets = &ids[..self.instances as usize];
        let instances = targets.iter().copied().map(TargetSpec::of).collect();
        let plan = match (ReinstallSpec { instances, image_id: None, policy: self.policy() }).check() {
            Ok(spec) => Plan::draw(&spec, project()),
            Err(objections) => unreachable!("{objections}"),
        };
        let has = |families: &[Family]| families.contains(&self.family);
        let may = |families: &[Family]| if has(families) { MAY } else { 0 };
        let ends = [Family::Crashes, Family::ClockSetBack];
        let policy = plan.policy();
        let gives_up = if has(&ends) { Duration::ZERO } else { policy.call_timeout };
        Scene {
            late_max: policy.settle_after + gives_up - policy.read_lag() - SECOND,
            stale_max: policy.read_lag(),
            old_rows: may(&[Family::OddRows]),
            weather: Weather {
                submit_faults: if self.family == Family::RefusedAfter { 0 } else { MAY },
                look_faults: may(&[Family::FailingReads]),
                stale_looks: may(&[Family::LaggingReads, Family::RefusedAfter]),
                outages: 0,
            },
            poisoned: [].into(),
            names_poisoned: false,
            crashes: may(&ends),
            halt_after: None,
            steps: vec![],
            room: None,
            has_boot_clock: self.family != Family::ClockSetBack,
            strangers: may(&[Family::Strangers]),
            repeats: 0,
            marks: Marks::Absent,
            permits_list: true,
            list_omits_operation: false,
            never_ending: 0,
            limits: Limits { rate: None, gateway: None },
            status_fails: 0,
            is_terse: false,
            is_silent: false,
            worse: Worse {
                drops_operation: may(&[Family::MissingFields]),
                refuses_after: may(&[Family::RefusedAfter]),
                repeats_rows: may(&[Family::OddRows]),
                strangers_reboot: self.family == Family::Strangers,
                ..Worse::default()
            },
            cloud,
            plan,
        }
    }

    fn policy(self) -> Policy {
        Policy {
            batch_max: if self.is_one_batch { 2 } else { 1 },
            waves: if self.is_one_batch { "100%" } else { "1" }.parse().unwrap_or_else(|_| Policy::default().waves),
            failures_max: Share::Percent(100),
            poll_every: 30 * SECOND,
            read_lag: 30 * SECOND,
            settle_after: 60 * SECOND,
            shortest: 100 * SECOND,
            start_within: 120 * SECOND,
            finish_within: 400 * SECOND,
            submit_within: 120 * SECOND,
            ..Policy::default()
        }
    }
}
