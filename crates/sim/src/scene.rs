//! What a seed sets up: the fleet, the policy, and how nasty the world is.

pub mod small;

use std::collections::BTreeSet;
use std::time::Duration;

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::instance::{InstanceFault, InstanceState, OperationState};
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::plan::Plan;
use reinstall_core::policy::{Policy, Share};
use reinstall_core::spec::{ReinstallSpec, TargetSpec};
use reinstall_core::survey::Surveyed;
use reinstall_core::time::Timestamp;
use reinstall_mock_server::cloud::Cloud;
use reinstall_mock_server::cloud::config::{CloudConfig, Failing, Start};
use reinstall_mock_server::cloud::row::Glimpse;
use reinstall_mock_server::cloud::wipe::Ending;

use crate::client::Limits;
use crate::dice::Row;
use crate::marks::Marks;
use crate::network::CALL_MAX;
use crate::world::START;
use crate::worse::{Scenery, Worse, shows_by_words_only};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// How often things go wrong, in percent of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    /// A submission meets a fault.
    pub submit_faults: u32,
    /// A look meets a fault.
    pub look_faults: u32,
    /// A look shows the past.
    pub stale_looks: u32,
    /// An answered look begins an outage, in which no look comes through.
    pub outages: u32,
}

impl Weather {
    /// Requests are lost and refused side by side.
    const ROUGH: Self = Self { submit_faults: 60, look_faults: 0, stale_looks: 0, outages: 0 };

    fn draw(row: &mut Row) -> Self {
        *row.pick(&[
            Self { submit_faults: 0, look_faults: 0, stale_looks: 0, outages: 0 },
            Self { submit_faults: 20, look_faults: 5, stale_looks: 0, outages: 0 },
            Self { submit_faults: 40, look_faults: 20, stale_looks: 20, outages: 0 },
            Self { submit_faults: 60, look_faults: 10, stale_looks: 50, outages: 0 },
            Self { submit_faults: 40, look_faults: 0, stale_looks: 70, outages: 0 },
            Self { submit_faults: 0, look_faults: 5, stale_looks: 60, outages: 0 },
            Self { submit_faults: 60, look_faults: 10, stale_looks: 10, outages: 10 },
        ])
    }
}

/// A set-up world: who is to be reinstalled how, and by what weather.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The cloud, before anything was asked of it.
    pub cloud: Cloud,
    /// The plan. It leaves some of the cloud's instances out.
    pub plan: Plan,
    /// How nasty the world is.
    pub weather: Weather,
    /// Instances because of which the cloud refuses a whole request.
    pub poisoned: BTreeSet<InstanceId>,
    /// Whether its refusal says who they are.
    pub names_poisoned: bool,
    /// How often the program ends, in percent of the things that happen.
    pub crashes: u32,
    /// When a person orders a halt, counted from the start; if at all.
    pub halt_after: Option<Duration>,
    /// When somebody sets the wall clock, and how.
    pub steps: Vec<(Duration, Step)>,
    /// How many lines the disk has room for, until the program is started again; for any number if `None`.
    pub room: Option<usize>,
    /// Whether there is a clock that nobody can set.
    pub has_boot_clock: bool,
    /// How often strangers do something to an instance that a request names, in percent.
    pub strangers: u32,
    /// How often an answer comes twice, in percent.
    pub repeats: u32,
    /// What the time strings do.
    pub marks: Marks,
    /// Whether the list call may be used.
    pub permits_list: bool,
    /// Whether only the status call has `operation_state`.
    pub list_omits_operation: bool,
    /// How many reinstalls never end, in percent.
    pub never_ending: u32,
    /// How fast requests may leave and arrive.
    pub limits: Limits,
    /// How often the status call fails when the client asks it whether it tells more, in percent.
    pub status_fails: u32,
    /// Whether instances have no `operation_state` before their first reinstall, at least not in the call that is used
    /// first.
    pub is_terse: bool,
    /// Whether the service shows nothing at all of a reinstall but its failure.
    pub is_silent: bool,
    /// A late submission arrives no later than this: after the client gave up, but so that a stale look at the moment the
    /// rollout settles would show it. That is the product's assumption about the network, see `docs/rollout.md`.
    pub late_max: Duration,
    /// How far behind a stale look may be. While a request may be in doubt, no more than the interval between looks: what
    /// never arrived and what nobody can see yet look alike. That is an assumption of the product too. Where every request
    /// is answered, nearly as much as the shortest reinstall that the policy reckons with.
    pub stale_max: Duration,
    /// How it is worse than the documents.
    pub worse: Worse,
    /// How many of a hundred rows of a look are still from before the request, however long ago that is: a replica that
    /// stands still. No two looks in a row show an instance so.
    pub old_rows: u32,
}

/// What somebody does to the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Sets it forward.
    Forward(Duration),
    /// Sets it back.
    Back(Duration),
}

impl Scene {
    /// A step of the clock that hides no reinstall.
    pub const STEP_SMALL: Duration = Duration::from_secs(10);
    /// How much longer the program stays away where the clock would hide how long it was.
    pub const STAY_AWAY: Duration = Duration::from_secs(2 * 60);
    /// How long the program may stay away after it ended.
    pub const AWAY_MAX: Duration = Duration::from_secs(2 * 60 * 60);
    /// The most times the program ends.
    pub const CRASHES_MAX: u32 = 8;
    /// How long an outage may last.
    pub const OUTAGE_MAX: Duration = Duration::from_secs(15 * 60);

    /// The scene of a seed.
    ///
    /// # Panics
    /// If the scene's own spec is refused: a bug in here.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut row = Row::new(seed);
        let is_rough = Row::new(seed ^ 0x0f_0e57).chance(8);
        let fleet = *row.pick(if is_rough { &[2_u32, 3, 5][..] } else { &[1, 2, 3, 5, 8, 13, 30, 60, 120] });
        let config = config(&mut row, seed, fleet + 3);
        let (life_cycle, sends_operation) = (config.life_cycle, config.sends_operation_state);
        let permits_list = config.permits_list;
        let mut cloud = Cloud::new(config);
        let ids: Vec<InstanceId> = cloud.ids().collect();
        let (left_overs, never_ending) = set_up(&mut row, &mut cloud, &ids);
        let targets = &ids[..fleet as usize];
        let survey = targets.iter().filter_map(|id| Some((*id, surveyed(&cloud.glimpse(START, *id)?)))).collect();
        let plan = plan(&mut row, targets, Guards::of(seed), is_rough).bound_to(survey);
        let weather = if is_rough { Weather::ROUGH } else { Weather::draw(&mut row) };
        // Half of the halts come in the first moments, when requests are being made.
        let halts = row.chance(15);
        let halt_by = *row.pick(&[SECOND, 60 * MINUTE]);
        let halt_after = halts.then(|| row.between(Duration::ZERO, halt_by));
        let poison = poison(&mut row, is_rough);
        let poisoned = targets.iter().copied().filter(|_| row.chance(poison)).collect();
        let names_poisoned = row.chance(50);
        let crashes = if row.chance(50) { *row.pick(&[1, 5]) } else { 0 };
        let steps = if row.chance(25) { steps(&mut row) } else { vec![] };
        let strangers = if row.chance(20) { *row.pick(&[5, 30]) } else { 0 };
        let room = row.chance(5).then(|| *row.pick(&[0, 3, 10, 40, 200]));
        let has_boot_clock = row.chance(60);
        let repeats = if row.chance(30) { 20 } else { 0 };
        let marks = *row.pick(&Marks::ALL);
        let list_omits_operation = permits_list && sends_operation && row.chance(60);
        let status_fails = *row.pick(&[5, 60, 60]);
        let scenery = Scenery {
            shows_by_words_only: shows_by_words_only(life_cycle),
            sends_operation,
            list_omits_operation,
            permits_list,
            leaves_list: weather.look_faults > 0 || weather.outages > 0 || left_overs == LeftOvers::WordsOrNothing,
        };
        let worse = Worse::of(seed, scenery, &mut cloud, targets);
        let plan = if worse.asks_for_image { with_image(plan) } else { plan };
        // A clock that is set forward makes the time short in which a late request may arrive.
        let settles = if steps.is_empty() { plan.policy().settle_after } else { MINUTE };
        // A program that ends has given up, whatever time its request had left.
        let gives_up = if crashes > 0 { Duration::ZERO } else { CALL_MAX };
        let is_never_in_doubt =
            weather.submit_faults == 0 && worse.refuses_after == 0 && crashes == 0 && steps.is_empty();
        Self {
            is_terse: !sends_operation || list_omits_operation || left_overs == LeftOvers::WordsOrNothing,
            is_silent: life_cycle == LifeCycle::Diagram2026 && !sends_operation,
            late_max: settles + gives_up - plan.policy().read_lag() - SECOND,
            stale_max: if is_never_in_doubt { plan.policy().shortest - SECOND } else { plan.policy().read_lag() },
            old_rows: if is_never_in_doubt { 5 } else { worse.old_rows },
            worse,
            cloud,
            plan,
            weather,
            poisoned,
            names_poisoned,
            crashes,
            halt_after,
            steps,
            strangers,
            room,
            has_boot_clock,
            repeats,
            marks,
            never_ending,
            permits_list,
            list_omits_operation,
            limits: Limits::of(seed),
            status_fails,
        }
    }
}

/// What instances are like before, and which of their reinstalls never end.
fn set_up(row: &mut Row, cloud: &mut Cloud, ids: &[InstanceId]) -> (LeftOvers, u32) {
    let left_overs = *row.pick(&[LeftOvers::None, LeftOvers::None, LeftOvers::Words, LeftOvers::WordsOrNothing]);
    let never_ending = if row.chance(20) { 5 } else { 0 };
    for &id in ids {
        cloud.set_start(id, start(row, left_overs));
        if row.chance(never_ending) {
            cloud.set_ending(id, Ending::Never);
        }
    }
    (left_overs, never_ending)
}

/// A cloud with so many instances.
fn config(row: &mut Row, seed: u64, count: u32) -> CloudConfig {
    let mut config = CloudConfig::generated(project(), count);
    config.seed = seed;
    config.life_cycle = *row.pick(&LifeCycle::ALL);
    config.sends_operation_state = row.chance(50);
    config.permits_list = row.chance(70);
    let longest = *row.pick(&[5 * MINUTE, 40 * MINUTE]);
    config.reinstall_takes = row.between(4 * MINUTE, longest);
    config.spread_percent = (50, 150);
    config.failing = *row.pick(&[Failing::Nobody, Failing::Nobody, Failing::Percent(5), Failing::Percent(40)]);
    config
}

/// The image of a plan that asks for one.
pub(crate) const IMAGE: ImageId = ImageId::from_bits(0x1a6e);
/// The image of every instance before.
pub(crate) const OLD_IMAGE: ImageId = ImageId::from_bits(0x01d);

/// The same plan, for another image than the one that is there.
fn with_image(plan: Plan) -> Plan {
    let instances = plan.targets().map(TargetSpec::of).collect();
    let spec = ReinstallSpec { instances, image_id: Some(IMAGE.to_string()), policy: plan.policy().clone() };
    match spec.check() {
        Ok(spec) => Plan::draw(&spec, project()).bound_to(plan.survey().clone()),
        Err(objections) => unreachable!("{objections}"),
    }
}

/// How many of a hundred instances the cloud refuses.
fn poison(row: &mut Row, is_rough: bool) -> u32 {
    let drawn = if row.chance(30) { *row.pick(&[1, 10, 40]) } else { 0 };
    if is_rough { 40 } else { drawn }
}

/// The wall clock is set a few times in the first two hours. Forward by a little, or by more than it takes to miss a
/// reinstall: what lies between would cut short the time in which a late request may arrive.
fn steps(row: &mut Row) -> Vec<(Duration, Step)> {
    let count = *row.pick(&[1, 2, 3]);
    let mut step = || {
        let by = match *row.pick(&[0, 1, 2]) {
            0 => Step::Forward(row.between(SECOND, Scene::STEP_SMALL)),
            1 => Step::Forward(row.between(3 * MINUTE, 180 * MINUTE)),
            _ => Step::Back(row.between(SECOND, 180 * MINUTE)),
        };
        (row.between(Duration::ZERO, 120 * MINUTE), by)
    };
    (0..count).map(|_| step()).collect()
}

/// The project of every scene.
pub(crate) fn project() -> reinstall_core::id::ProjectId {
    match CloudConfig::PROJECT.parse() {
        Ok(project) => project,
        Err(error) => unreachable!("{error}"),
    }
}

/// What instances still say of earlier times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOvers {
    /// That they were installed once.
    None,
    /// That they were reinstalled, well or badly.
    Words,
    /// That, or nothing at all.
    WordsOrNothing,
}

fn start(row: &mut Row, left_overs: LeftOvers) -> Start {
    let mut start = Start { operation_state: Some(OperationState::from_word("install-succeed")), ..Start::default() };
    if left_overs != LeftOvers::None {
        let word = *row.pick(&["install-succeed", "reinstall-succeed", "reinstall-failed"]);
        let says_nothing = left_overs == LeftOvers::WordsOrNothing && row.chance(25);
        start.operation_state = (!says_nothing).then(|| OperationState::from_word(word));
        start.error = row.chance(10).then(|| InstanceFault {
            code: "iMetal.0099".into(),
            message: "long repaired".into(),
            kind: "reinstall_error".into(),
        });
        if row.chance(5) {
            start.state = row.pick(&[InstanceState::Stopped, InstanceState::Error, InstanceState::Terminated]).clone();
        }
    }
    start
}

/// What a site asks of a plan, if it asks for anything.
struct Guards {
    max_unavailable: Option<Share>,
    closes_at: Option<Timestamp>,
}

impl Guards {
    /// The guards of a seed, from a row of their own.
    fn of(seed: u64) -> Self {
        let mut row = Row::new(seed ^ 0x9a7e_5afe);
        let shares = [Share::Count(1), Share::Count(4), Share::Percent(10), Share::Percent(50)];
        let max_unavailable = row.chance(30).then(|| *row.pick(&shares));
        // Half of them close in the first moments, when requests are being made.
        let open_max = *row.pick(&[SECOND, 60 * MINUTE]);
        let closes_at = row.chance(20).then(|| START + row.between(Duration::ZERO, open_max));
        Self { max_unavailable, closes_at }
    }
}

fn surveyed(glimpse: &Glimpse) -> Surveyed {
    Surveyed { state: Some(glimpse.state.clone()), ..Surveyed::default() }
}

/// A plan in a rough world asks for everybody at once, so that what becomes of one meets what becomes of the others.
fn plan(row: &mut Row, targets: &[InstanceId], guards: Guards, is_rough: bool) -> Plan {
    let sizes = row.pick(&["1,10%,100%", "100%", "1", "2,50%"]);
    let sizes = if is_rough { &"100%" } else { sizes };
    let drawn = Policy {
        batch_max: *row.pick(&[1, 3, 10, 50]),
        in_flight_max: *row.pick(&[1, 5, 20, 200]),
        failures_max: *row.pick(&[Share::Count(0), Share::Percent(10), Share::Percent(100), Share::Percent(100)]),
        attempts_max: *row.pick(&[1, 2, 3]),
        poll_every: *row.pick(&[10 * SECOND, 15 * SECOND, 15 * SECOND, 30 * SECOND]),
        waves: sizes.parse().unwrap_or_else(|_| Policy::default().waves),
        // The quickest reinstall of a scene takes two minutes.
        shortest: 100 * SECOND,
        max_unavailable: guards.max_unavailable,
        closes_at: guards.closes_at,
        ..Policy::default()
    };
    let policy = if is_rough {
        Policy { batch_max: 1, in_flight_max: 200, attempts_max: 3, max_unavailable: None, ..drawn }
    } else {
        drawn
    };
    let instances = targets.iter().map(|id| TargetSpec::of(*id)).collect();
    match (ReinstallSpec { instances, image_id: None, policy }).check() {
        Ok(spec) => Plan::draw(&spec, project()),
        Err(objections) => unreachable!("{objections}"),
    }
}
