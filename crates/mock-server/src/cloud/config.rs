//! What a cloud is made from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::instance::{InstanceFault, InstanceState, Operation, OperationState, Progress};
use reinstall_core::instance_set::InstanceSet;
use reinstall_core::lifecycle::LifeCycle;

use super::fleet::StoredFleet;
use super::prospect::Prospect;
use super::row::Tags;
use super::wipe::Ending;

/// Everything a [`Cloud`](super::Cloud) is made from. The same values give the same cloud, answer for answer.
#[derive(Debug, Clone)]
pub struct CloudConfig {
    /// The one project whose instances there are.
    pub project: ProjectId,
    /// Which instances there are.
    pub fleet: FleetConfig,
    /// Which of the documents `state` follows.
    pub life_cycle: LifeCycle,
    /// Whether `operation_state` is sent; older services have none (api-facts 2).
    pub sends_operation_state: bool,
    /// Whether ListInstances is permitted; it needs an IAM action of its own (api-facts 3).
    pub permits_list: bool,
    /// Whether a reinstall is refused where the documents say that it would be: for a weak password, or in the wrong state. A
    /// service that is not strict wipes an instance that is being wiped.
    pub is_strict: bool,
    /// The most ids one reinstall request may name: 50 in the pages, 10 in the SDKs (api-facts 1).
    pub batch_len_max: usize,
    /// How long a reinstall takes, before the spread.
    pub reinstall_takes: Duration,
    /// The share of `reinstall_takes` that one reinstall really takes, drawn evenly between the two, in percent.
    pub spread_percent: (u32, u32),
    /// What may become of the reinstalls of some instances or images; the first that is for one decides, and comes before
    /// `reinstall_takes` and `failing`.
    pub prospects: Vec<Prospect>,
    /// Which reinstalls fail, apart from those that `prospects` and `endings` decide.
    pub failing: Failing,
    /// How the reinstalls of single instances end, every time; these come before all else.
    pub endings: BTreeMap<InstanceId, Ending>,
    /// What single instances are like in the beginning; all others are as the fleet's file or [`Start::default`] says.
    pub starts: BTreeMap<InstanceId, Start>,
    /// How single instances are labelled; all others as the fleet's file says, or with an `env` and a `rack`.
    pub tags: BTreeMap<InstanceId, Tags>,
    /// Where all chance comes from.
    pub seed: u64,
}

impl CloudConfig {
    /// The project where none is named.
    pub const PROJECT: &'static str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

    /// A cloud of `count` made-up instances where every reinstall takes a minute and works.
    #[must_use]
    pub fn generated(project: ProjectId, count: u32) -> Self {
        Self {
            project,
            fleet: FleetConfig::Generated(count),
            life_cycle: LifeCycle::default(),
            sends_operation_state: true,
            permits_list: true,
            is_strict: true,
            batch_len_max: InstanceSet::LEN_MAX,
            reinstall_takes: Duration::from_secs(60),
            spread_percent: (100, 100),
            prospects: Vec::new(),
            failing: Failing::Nobody,
            endings: BTreeMap::new(),
            starts: BTreeMap::new(),
            tags: BTreeMap::new(),
            seed: 0,
        }
    }
}

/// Which instances there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FleetConfig {
    /// So many, their ids made from the seed.
    Generated(u32),
    /// These; a repeat counts once.
    Listed(Vec<InstanceId>),
    /// Those of a file, with what it says of them; see [`fleet_file::read`](crate::fleet_file::read).
    Stored(Arc<StoredFleet>),
}

/// Which reinstalls fail by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// None.
    Nobody,
    /// Those of so many instances, picked by the seed; whatever is tried on them.
    Count(u32),
    /// So many in a hundred attempts, each decided on its own.
    Percent(u32),
}

/// What an instance is like before anything was asked of this cloud: the place for leftovers of earlier times.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Start {
    /// `state`
    pub state: InstanceState,
    /// `operation_state`, such as a `reinstall-succeed` of last month. Not sent where the cloud sends none at all.
    pub operation_state: Option<OperationState>,
    /// `error`, such as that of a failure long repaired.
    pub error: Option<InstanceFault>,
}

impl Default for Start {
    fn default() -> Self {
        // Whatever runs was installed once, and that is the last thing that was done to it.
        let installed = OperationState::Known(Operation::Install, Progress::Succeed);
        Self { state: InstanceState::Running, operation_state: Some(installed), error: None }
    }
}
