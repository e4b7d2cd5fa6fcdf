//! How a rollout gets on record: all of it, or nothing.

use reinstall_core::id::{InstanceId, RolloutId};
use reinstall_core::record::Opening;
use reinstall_core::time::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::chain::Chain;
use crate::error::{BeginError, StoreError};
use crate::journal::RolloutJournal;
use crate::latest;
use crate::lease::Hold;
use crate::owner::Owner;
use crate::packed;
use crate::row::{self, number};
use crate::run_lock::Locks;
use crate::schema;
use crate::store::Store;
use crate::upkeep;

/// What is known of a rollout when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Its name.
    pub id: RolloutId,
    /// What it is brought back from.
    pub opening: Opening,
    /// Which cloud is meant.
    pub endpoint: String,
    /// The hash of the plan, if that may be applied only once.
    pub plan_hash: Option<String>,
    /// The rollout whose leftovers it takes on: no other one may have taken them on since.
    pub parent: Option<RolloutId>,
    /// How many instances the site allows in a day, if it limits them.
    pub day_limit: Option<DayLimit>,
    /// The rules of the site that it was admitted by, if there were any.
    pub site: Option<SiteRecord>,
}

/// The rules of a site as a file had them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRecord {
    /// Which file that was, as people are told.
    pub path: String,
    /// What was in it.
    pub text: String,
}

/// How many instances may be submitted from some moment on, by all rollouts of a state directory together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayLimit {
    /// The most instances.
    pub instances_max: u64,
    /// From when on they are counted: 24 hours ago.
    pub since: Timestamp,
}

impl Store {
    /// Puts a rollout on record, claims its instances, and holds its lease for `owner` from `now` on. When this returns, it is
    /// on disk.
    ///
    /// # Errors
    /// [`BeginError`]: an instance is in another unfinished rollout, or in one that began after its parent; the plan was applied already, or it is more than the day
    /// allows. Of programs that begin at the same moment each counts what the others claimed.
    pub fn begin(&mut self, begun: &Begun, owner: &Owner, now: Timestamp) -> Result<RolloutJournal, BeginError> {
        schema::check(&self.connection, &self.path)?;
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| BeginError::Store(StoreError::of(&path, &error));
        let other = schema::connect(&path)?;
        let work = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        refuse_repeated(&work, begun, &path)?;
        let mut instances: Vec<InstanceId> =
            begun.opening.plan.waves.iter().flatten().flat_map(|batch| batch.as_slice()).copied().collect();
        instances.sort_unstable();
        refuse_taken_on(&work, begun.parent, &instances, &path)?;
        refuse_too_many(&work, begun.day_limit, instances.len(), &path)?;
        refuse_claimed(&work, &self.locks, &instances, &path)?;
        let lock = self.locks.hold(begun.id, Hold::FIRST_EPOCH)?;
        let (hold, chain) = insert(&work, begun, owner, now, &instances).map_err(failed)?;
        work.commit().map_err(failed)?;
        Ok(RolloutJournal::new(path, other, (hold, lock), 0, chain))
    }
}

/// Each plan is applied once, and each id used once.
fn refuse_repeated(work: &Transaction<'_>, begun: &Begun, path: &std::path::Path) -> Result<(), BeginError> {
    let failed = |error: rusqlite::Error| BeginError::Store(StoreError::of(path, &error));
    let applied = "SELECT rollout, at FROM applied WHERE plan_hash = ?1";
    let applied = work.query_row(applied, [&begun.plan_hash], |row| Ok((row::id(row, 0)?, row::moment(row, 1)?)));
    if let Some((rollout, at)) = applied.optional().map_err(failed)? {
        return Err(BeginError::Applied { rollout, at });
    }
    let taken = work.query_row("SELECT 1 FROM rollout WHERE id = ?1", [begun.id.to_string()], |_| Ok(()));
    match taken.optional().map_err(failed)? {
        Some(()) => Err(BeginError::Repeated(begun.id)),
        None => Ok(()),
    }
}

/// What the parent says of an instance is old once another rollout has claimed it.
fn refuse_taken_on(
    work: &Transaction<'_>,
    parent: Option<RolloutId>,
    instances: &[InstanceId],
    path: &std::path::Path,
) -> Result<(), BeginError> {
    let Some(parent) = parent else { return Ok(()) };
    let taken = latest::others(work, parent, instances);
    let taken = taken.map_err(|error| BeginError::Store(StoreError::of(path, &error)))?;
    let Some(by) = taken.values().next().copied() else { return Ok(()) };
    let instances = taken.keys().copied().take(BeginError::NAMED_MAX).collect();
    Err(BeginError::TakenOn { instances, count: taken.len(), by })
}

/// The limit is checked and the instances are claimed in one transaction.
fn refuse_too_many(
    work: &Transaction<'_>,
    limit: Option<DayLimit>,
    wanted: usize,
    path: &std::path::Path,
) -> Result<(), BeginError> {
    let Some(DayLimit { instances_max, since }) = limit else { return Ok(()) };
    let committed = upkeep::committed_since(work, since, None);
    let committed = committed.map_err(|error| BeginError::Store(StoreError::of(path, &error)))?;
    let wanted = wanted as u64;
    if committed.saturating_add(wanted) > instances_max {
        return Err(BeginError::DayLimit { committed, wanted, instances_max });
    }
    Ok(())
}

/// The ids of instances are unique in the world, so whoever claims one claims it whatever endpoint or project it named.
fn refuse_claimed(
    work: &Transaction<'_>,
    locks: &Locks,
    instances: &[InstanceId],
    path: &std::path::Path,
) -> Result<(), BeginError> {
    let failed = |error: rusqlite::Error| BeginError::Store(StoreError::of(path, &error));
    let mut claimed = Vec::new();
    let mut holder: Option<i64> = None;
    let mut query = work.prepare("SELECT rollout FROM claim WHERE instance = ?1").map_err(failed)?;
    for id in instances {
        let found = query.query_row([bytes(*id)], |row| row.get(0)).optional().map_err(failed)?;
        if let Some(key) = found {
            claimed.push(*id);
            holder.get_or_insert(key);
        }
    }
    let Some(key) = holder else { return Ok(()) };
    let holder = Box::new(row::by_key(work, locks, key).map_err(failed)?);
    let count = claimed.len();
    claimed.truncate(BeginError::NAMED_MAX);
    Err(BeginError::Claimed { instances: claimed, count, holder })
}

fn insert(
    work: &Transaction<'_>,
    begun: &Begun,
    owner: &Owner,
    now: Timestamp,
    instances: &[InstanceId],
) -> rusqlite::Result<(Hold, Chain)> {
    let Begun { id, opening, endpoint, plan_hash, parent, day_limit: _, site } = begun;
    let text = serde_json::to_string(opening).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let (id, parent) = (id.to_string(), parent.map(|parent| parent.to_string()));
    let project_id = opening.plan.project_id.as_str();
    let (started_at, targets) = (number(opening.started_at.as_millis()), number(instances.len() as u64));
    let facts = Facts {
        id: &id,
        endpoint,
        project_id,
        started_at,
        targets,
        program: &opening.program,
        parent: parent.as_deref(),
        plan_hash: plan_hash.as_deref(),
        site: site.as_ref(),
    };
    let chain = facts.chain(&text);
    work.execute(
        "INSERT INTO rollout (id, endpoint, project_id, started_at, targets, program, parent, plan_hash, chain, opening,
                              site_path, site)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            id,
            endpoint,
            project_id,
            started_at,
            targets,
            opening.program,
            parent,
            plan_hash,
            chain.0,
            packed::pack(&text)?,
            site.as_ref().map(|site| &site.path),
            site.as_ref().map(|site| packed::pack(&site.text)).transpose()?
        ],
    )?;
    let hold = Hold { key: work.last_insert_rowid(), epoch: Hold::FIRST_EPOCH };
    work.execute(
        "INSERT INTO state (rollout, epoch, user, host, pid, heartbeat_at, lines, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)",
        params![hold.key, hold.epoch, owner.user, owner.host, owner.pid, number(now.as_millis()), chain.0],
    )?;
    let mut claim = work.prepare("INSERT INTO claim (instance, rollout) VALUES (?1, ?2)")?;
    for instance in instances {
        claim.execute(params![bytes(*instance), hold.key])?;
    }
    latest::note(work, &id, instances)?;
    if let Some(hash) = plan_hash {
        work.execute("INSERT INTO applied VALUES (?1, ?2, ?3)", params![hash, id, started_at])?;
    }
    Ok((hold, chain))
}

/// An instance as it is in a column.
pub(crate) fn bytes(id: InstanceId) -> [u8; 16] {
    id.to_bits().to_be_bytes()
}

/// The instance that is in a column.
pub(crate) fn instance(bytes: [u8; 16]) -> InstanceId {
    InstanceId::from_bits(u128::from_be_bytes(bytes))
}

/// What stands beside the opening and never changes, as the chain of a rollout takes it in.
pub(crate) struct Facts<'a> {
    pub(crate) id: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) project_id: &'a str,
    pub(crate) started_at: i64,
    pub(crate) targets: i64,
    pub(crate) program: &'a str,
    pub(crate) parent: Option<&'a str>,
    pub(crate) plan_hash: Option<&'a str>,
    pub(crate) site: Option<&'a SiteRecord>,
}

impl Facts<'_> {
    /// The chain that the lines go on from.
    pub(crate) fn chain(&self, opening: &str) -> Chain {
        let (started_at, targets) = (self.started_at.to_string(), self.targets.to_string());
        // One hash each, so that nothing can move from the end of one to the beginning of the next.
        let (parent, plan_hash) = (self.parent.unwrap_or_default(), self.plan_hash.unwrap_or_default());
        let site = self.site.map_or(("", ""), |site| (&site.path, &site.text));
        Chain::of([
            self.id,
            self.endpoint,
            self.project_id,
            &started_at,
            &targets,
            self.program,
            parent,
            plan_hash,
            site.0,
            site.1,
            opening,
        ])
    }
}
