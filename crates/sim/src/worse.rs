//! What makes a world worse than the documents. It is drawn apart from the rest of the scene, so that the other worlds stay what
//! they are.

use std::collections::BTreeSet;
use std::time::Duration;

use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::InstanceId;
use reinstall_core::instance::OperationState;
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::time::Timestamp;
use reinstall_mock_server::cloud::Cloud;
use reinstall_mock_server::cloud::config::Start;
use reinstall_mock_server::cloud::wipe::Ending;

use crate::dice::Row;
use crate::network::fault;
use crate::world::START;

/// How a world is worse. The default is a world that is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worse {
    /// How many of a hundred answers lack `operation_state`, by chance.
    pub drops_operation: u32,
    /// How many of a hundred answers lack `error`, by chance.
    pub drops_error: u32,
    /// A rolling upgrade: `operation_state` begins to be sent, or ceases to be.
    pub upgrade: Option<Upgrade>,
    /// How many of a hundred submissions are carried out, wholly or in part, and refused then: a gateway delivered the request
    /// twice, or something behind it failed.
    pub refuses_after: u32,
    /// How many of a hundred rows are in a list twice, the second time by another replica.
    pub repeats_rows: u32,
    /// Whether the rows of a list come in any order, with some that were not asked for.
    pub shuffles_rows: bool,
    /// How many of a hundred rows are still from before the request, however long ago that is.
    pub old_rows: u32,
    /// When the list call is not permitted any more, counted from the start.
    pub list_closes_after: Option<Duration>,
    /// Instances of which the status call has another word than the list, until they are reinstalled.
    pub told_otherwise: BTreeSet<InstanceId>,
    /// Instances that other operations are in progress on, in words that no document has.
    pub worked_on: BTreeSet<InstanceId>,
    /// Whether strangers reboot instances, which shows as `pending`.
    pub strangers_reboot: bool,
    /// Whether an image is asked for.
    pub asks_for_image: bool,
    /// Instances on which another image is installed than the one asked for.
    pub other_image: BTreeSet<InstanceId>,
}

/// When the servers that answer are upgraded, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upgrade {
    from: Timestamp,
    lasts: Duration,
    /// Whether the field is new in the upgraded ones, or gone.
    adds_field: bool,
}

impl Upgrade {
    /// Whether an answer at this moment has the field, by this throw of a die.
    pub fn sends_field(self, now: Timestamp, dice: f64) -> bool {
        let part = now.since(self.from).as_secs_f64() / self.lasts.as_secs_f64().max(1.0);
        (dice < part) == self.adds_field
    }
}

/// What a scene is like that may be made worse.
#[derive(Debug, Clone, Copy)]
pub struct Scenery {
    /// Whether nothing but `operation_state` shows a reinstall.
    pub shows_by_words_only: bool,
    /// Whether the service sends `operation_state`.
    pub sends_operation: bool,
    /// Whether the list call lacks it.
    pub list_omits_operation: bool,
    /// Whether the list call may be used.
    pub permits_list: bool,
    /// Whether the client may come to leave the list call: reads fail, rows are missing, or some instances have no word.
    pub leaves_list: bool,
}

impl Worse {
    /// How the world of a seed is worse, if it is; four of ten are. Some things are not combined, because then no reading,
    /// however careful, could tell what happened.
    pub fn of(seed: u64, scenery: Scenery, cloud: &mut Cloud, targets: &[InstanceId]) -> Self {
        let mut row = Row::new(seed ^ 0x0bad_c10d);
        if !row.chance(40) {
            return Self::default();
        }
        let Scenery { shows_by_words_only, sends_operation, list_omits_operation, permits_list, leaves_list } = scenery;
        let upgrade = (sends_operation && row.chance(20)).then(|| Upgrade {
            from: START + row.between(Duration::ZERO, Duration::from_secs(1_200)),
            lasts: *row.pick(&[Duration::from_secs(1), Duration::from_secs(300)]),
            adds_field: row.chance(70),
        });
        let drops_operation = if sends_operation && row.chance(30) { *row.pick(&[5, 30]) } else { 0 };
        let always_shows = !shows_by_words_only || (sends_operation && upgrade.is_none() && !list_omits_operation);
        let has_words = sends_operation && upgrade.is_none() && !list_omits_operation;
        let some = |row: &mut Row, percent: u32| -> BTreeSet<InstanceId> {
            targets.iter().copied().filter(|_| row.chance(percent)).collect()
        };
        let told_otherwise = if has_words && row.chance(20) { some(&mut row, 50) } else { BTreeSet::new() };
        let worked_on =
            if has_words && drops_operation == 0 && row.chance(20) { some(&mut row, 30) } else { BTreeSet::new() };
        let worked_on: BTreeSet<InstanceId> = worked_on.difference(&told_otherwise).copied().collect();
        for &id in &worked_on {
            let word = *row.pick(&["migrate-processing", "REINSTALL-PROCESSING", "Backup", "modify-ip-PROCESSING"]);
            let start = cloud.start_of(id);
            cloud.set_start(id, Start { operation_state: Some(OperationState::from_word(word)), ..start });
        }
        if has_words && row.chance(15) {
            for &id in targets {
                let start = cloud.start_of(id).operation_state;
                let is_told_apart = start.as_ref().is_some_and(|word| word.as_word() == "install-succeed");
                if is_told_apart && !told_otherwise.contains(&id) && row.chance(20) {
                    cloud.set_ending(id, Ending::GoesBack);
                }
            }
        }
        // Rows without an operation word make the client leave the list call, which alone shows images.
        let is_steady = drops_operation == 0 && upgrade.is_none() && told_otherwise.is_empty();
        let shows_image = permits_list && !list_omits_operation && !leaves_list && is_steady;
        let asks_for_image = row.chance(50);
        let other_image =
            if asks_for_image && shows_image && row.chance(30) { some(&mut row, 20) } else { BTreeSet::new() };
        Self {
            drops_operation,
            drops_error: if row.chance(20) { 30 } else { 0 },
            upgrade,
            refuses_after: if always_shows && row.chance(40) { *row.pick(&[10, 50]) } else { 0 },
            repeats_rows: if row.chance(30) { 20 } else { 0 },
            shuffles_rows: row.chance(30),
            old_rows: if row.chance(40) { 5 } else { 0 },
            list_closes_after: (row.chance(15) && other_image.is_empty())
                .then(|| row.between(Duration::ZERO, Duration::from_secs(1_200))),
            told_otherwise,
            worked_on,
            strangers_reboot: has_words && row.chance(50),
            asks_for_image,
            other_image,
        }
    }
}

/// A refusal that comes although the request was carried out: any status that a gateway, a proxy or a service may give, with
/// a code of the cloud or without. It names no instance, or some.
pub fn refusal(row: &mut Row, ids: &[InstanceId]) -> Fault {
    let kinds = [
        FaultKind::Rejected,
        FaultKind::NotFound,
        FaultKind::Unauthorized,
        FaultKind::Forbidden,
        FaultKind::NoSuchCall,
        FaultKind::Throttled,
        FaultKind::Lapsed,
    ];
    let refused = fault(*row.pick(&kinds));
    let retry_after = (refused.kind == FaultKind::Throttled && row.chance(50))
        .then(|| row.between(Duration::ZERO, Duration::from_secs(200)));
    let named = match row.pick(&[0, 1, 2]) {
        0 => vec![],
        1 => ids.iter().copied().take(1).collect(),
        _ => ids.to_vec(),
    };
    let code = if row.chance(30) { None } else { refused.code.clone() };
    Fault { code, retry_after, named, ..refused }
}

/// Whether a life cycle shows a reinstall by `operation_state` alone.
pub fn shows_by_words_only(life_cycle: LifeCycle) -> bool {
    life_cycle == LifeCycle::Diagram2026
}
