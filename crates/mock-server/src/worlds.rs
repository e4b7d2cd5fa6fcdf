//! Many worlds in one server, each with a project id of its own: tests that run at the same time do not see each other.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use reinstall_core::id::{IdError, InstanceId, ProjectId};
use reinstall_core::rate::Rate;
use reinstall_core::time::Timestamp;
use tokio::sync::Notify;

use crate::clock::{ClockMode, Skew, WorldClock};
use crate::cloud::config::CloudConfig;
use crate::cloud::{Cloud, draw_nth};
use crate::fault::FaultRule;
use crate::iam::IamConfig;
use crate::limit::Limit;
use crate::log::LogBounds;
use crate::world::World;

/// What a world is made from.
#[derive(Debug, Clone)]
pub struct WorldPlan {
    /// Its cloud. Its project is that of the first world; the others have their own.
    pub cloud: CloudConfig,
    /// Who may use it.
    pub iam: IamConfig,
    /// How its time goes by.
    pub clock: ClockMode,
    /// How far its clock is off.
    pub skew: Skew,
    /// How many calls are let through; all if there is no limit.
    pub limits: Vec<Limit>,
    /// What goes wrong.
    pub faults: Vec<FaultRule>,
    /// The instances that a client may reinstall; all if nothing is said.
    pub allowed: Option<Vec<InstanceId>>,
    /// How fast a client may send at most, to be acquitted.
    pub rate_max: Option<Rate>,
    /// How much the log keeps.
    pub log: LogBounds,
}

impl WorldPlan {
    /// A world of this cloud in which nothing goes wrong.
    #[must_use]
    pub fn new(cloud: CloudConfig) -> Self {
        Self {
            cloud,
            iam: IamConfig::default(),
            clock: ClockMode::Real,
            skew: Skew::default(),
            limits: Vec::new(),
            faults: Vec::new(),
            allowed: None,
            rate_max: None,
            log: LogBounds::default(),
        }
    }

    /// The world of a project, at `real` of this machine's clock.
    ///
    /// Its seed is made from the plan's and the project's id: no two worlds have an instance in common, and a world is the same
    /// whichever others there are.
    #[must_use]
    pub fn make(&self, project: &ProjectId, real: Timestamp) -> World {
        let seed = draw_nth(self.cloud.seed, 0, project.as_str());
        let cloud = CloudConfig { project: project.clone(), seed, ..self.cloud.clone() };
        let mut iam = self.iam.clone();
        if *project != self.cloud.project {
            // One project of a name: whoever looks for it must find one.
            iam.project_name = project.to_string();
        }
        let mut world = World::new(Cloud::new(cloud))
            .with_iam(iam)
            .with_clock(WorldClock::new(self.clock, self.skew, real))
            .with_limits(self.limits.clone())
            .with_log(self.log);
        for rule in &self.faults {
            world.arm(rule.clone());
        }
        world.allow(self.allowed.clone());
        world.set_rate_max(self.rate_max);
        world
    }
}

/// One world, and what it was like at other times.
pub struct Place {
    project: ProjectId,
    world: Mutex<World>,
    born: Mutex<World>,
    snapshots: Mutex<BTreeMap<String, World>>,
    changed: Notify,
}

impl Place {
    /// The most snapshots of one world.
    pub const SNAPSHOTS_MAX: usize = 16;

    fn new(project: ProjectId, world: World) -> Arc<Self> {
        let born = Mutex::new(world.clone());
        let (world, snapshots) = (Mutex::new(world), Mutex::new(BTreeMap::new()));
        Arc::new(Self { project, world, born, snapshots, changed: Notify::new() })
    }

    /// The project.
    #[must_use]
    pub fn project(&self) -> &ProjectId {
        &self.project
    }

    /// Does something with the world. No call of it is served meanwhile, so it should be short.
    pub fn with<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        act(&mut self.lock())
    }

    /// The same, and tells those who wait for something to happen.
    pub fn change<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        let result = self.with(act);
        self.changed.notify_waiters();
        result
    }

    /// Told whenever something may have changed; subscribe before looking.
    #[must_use]
    pub fn changed(&self) -> &Notify {
        &self.changed
    }

    /// As it was when it was made: nothing has happened. A clock that does not go by itself is set back, too.
    pub fn reset(&self) {
        let born = self.born.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.change(|world| *world = born);
    }

    /// Changes what it is made from: it is so from now on, and after every reset.
    pub fn renew(&self, change: impl Fn(&mut World)) {
        change(&mut self.born.lock().unwrap_or_else(PoisonError::into_inner));
        self.change(change);
    }

    /// Remembers what it is like, by a name.
    ///
    /// # Errors
    /// [`SnapshotError::TooMany`]; a name that is there is replaced.
    pub fn snapshot(&self, name: &str) -> Result<(), SnapshotError> {
        let world = self.lock().clone();
        let mut snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        if snapshots.len() >= Self::SNAPSHOTS_MAX && !snapshots.contains_key(name) {
            return Err(SnapshotError::TooMany);
        }
        snapshots.insert(name.to_owned(), world);
        Ok(())
    }

    /// Makes it what it was like then.
    ///
    /// # Errors
    /// [`SnapshotError::Unknown`]
    pub fn restore(&self, name: &str) -> Result<(), SnapshotError> {
        let snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let world = snapshots.get(name).cloned().ok_or(SnapshotError::Unknown)?;
        drop(snapshots);
        self.change(|current| *current = world);
        Ok(())
    }

    /// Forgets a snapshot; whether it was there.
    pub fn forget(&self, name: &str) -> bool {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).remove(name).is_some()
    }

    /// The names of the snapshots.
    #[must_use]
    pub fn snapshots(&self) -> Vec<String> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        // A panic of a test's closure does not make the world wrong.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("project", &self.project).finish_non_exhaustive()
    }
}

/// Why a snapshot cannot be made or found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// There are as many as there may be.
    #[error("there are 16 snapshots of this world; forget one first")]
    TooMany,
    /// There is none of this name.
    #[error("there is no snapshot of this name")]
    Unknown,
}

/// Why a world cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// No project can have this id.
    #[error(transparent)]
    Project(#[from] IdError),
    /// It is there.
    #[error("there is a world of this project")]
    Exists,
    /// There are as many as there may be.
    #[error("there are 1000 worlds; delete one first")]
    TooMany,
    /// There is nothing to make one from: the server was given a world and not a plan.
    #[error("this server was given its world ready-made, and knows no plan for others")]
    NoPlan,
    /// It is the world that the server was started with; it can be reset, but not deleted.
    #[error("the first world can be reset, not deleted")]
    First,
    /// It is not there.
    #[error("there is no world of this project")]
    Unknown,
}

/// Every world of one server.
#[derive(Debug)]
pub struct Worlds {
    first: Arc<Place>,
    others: RwLock<BTreeMap<String, Arc<Place>>>,
    plan: Option<RwLock<WorldPlan>>,
    seed: u64,
    /// Whether a call for an unknown project makes a world for it.
    makes_worlds: bool,
}

impl Worlds {
    /// The most worlds of one server.
    pub const LEN_MAX: usize = 1_000;

    /// The world that the plan is for.
    #[must_use]
    pub fn planned(plan: WorldPlan, makes_worlds: bool, real: Timestamp) -> Self {
        let project = plan.cloud.project.clone();
        let first = Place::new(project.clone(), plan.make(&project, real));
        let seed = plan.cloud.seed;
        Self { first, others: RwLock::default(), plan: Some(RwLock::new(plan)), seed, makes_worlds }
    }

    /// A ready-made world, and no other.
    #[must_use]
    pub fn of(world: World) -> Self {
        let first = Place::new(world.cloud.project().clone(), world);
        let seed = first.with(|world| world.cloud.seed());
        Self { first, others: RwLock::default(), plan: None, seed, makes_worlds: false }
    }

    /// The world that the server was started with.
    #[must_use]
    pub fn first(&self) -> &Arc<Place> {
        &self.first
    }

    /// Whether a call for an unknown project makes a world for it.
    #[must_use]
    pub const fn makes_worlds(&self) -> bool {
        self.makes_worlds
    }

    /// Where all chance of all worlds comes from.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Changes what worlds are made from that are made from now on.
    pub fn renew_plan(&self, change: impl FnOnce(&mut WorldPlan)) {
        if let Some(plan) = &self.plan {
            change(&mut plan.write().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// The world of a project, if there is one.
    #[must_use]
    pub fn find(&self, project: &str) -> Option<Arc<Place>> {
        if self.first.project.as_str() == project {
            return Some(Arc::clone(&self.first));
        }
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        others.get(project).map(Arc::clone)
    }

    /// The world of a project; made now, if calls make worlds.
    pub fn find_or_make(&self, project: &str, real: Timestamp) -> Option<Arc<Place>> {
        self.find(project).or_else(|| {
            // Two calls may come at once for the same new project: the later one finds what the earlier one made.
            let made = self.makes_worlds.then(|| self.make(project, real))?;
            made.ok().or_else(|| self.find(project))
        })
    }

    /// Makes a world.
    ///
    /// # Errors
    /// [`WorldError`]
    pub fn make(&self, project: &str, real: Timestamp) -> Result<Arc<Place>, WorldError> {
        let plan = self.plan.as_ref().ok_or(WorldError::NoPlan)?;
        let plan = plan.read().unwrap_or_else(PoisonError::into_inner);
        let project: ProjectId = project.parse()?;
        if project == self.first.project {
            return Err(WorldError::Exists);
        }
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        if others.contains_key(project.as_str()) {
            return Err(WorldError::Exists);
        }
        if others.len() + 1 >= Self::LEN_MAX {
            return Err(WorldError::TooMany);
        }
        let place = Place::new(project.clone(), plan.make(&project, real));
        others.insert(project.to_string(), Arc::clone(&place));
        Ok(place)
    }

    /// Deletes a world. Calls that are on their way in it go on.
    ///
    /// # Errors
    /// [`WorldError::First`] or [`WorldError::Unknown`]
    pub fn delete(&self, project: &str) -> Result<(), WorldError> {
        if self.first.project.as_str() == project {
            return Err(WorldError::First);
        }
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        others.remove(project).map(drop).ok_or(WorldError::Unknown)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        1 + self.others.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Never: there is always the first.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Every world, the first one first.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Place>> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(&self.first).chain(others.values()).map(Arc::clone).collect()
    }
}
