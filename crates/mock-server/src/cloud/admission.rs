//! Whether a reinstall request may take hold, and what becomes of it if it does.

use std::collections::BTreeSet;
use std::time::Duration;

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::instance::{InstanceState, OsFamily};
use reinstall_core::login::PasswordPolicy;
use reinstall_core::time::Timestamp;

use super::Cloud;
use super::config::Failing;
use super::draw::{between, draw};
use super::fleet::Fleet;
use super::ledger::Violation;
use super::refusal::Refusal;
use super::request::ReinstallRequest;
use super::wipe::{Ending, Wipe};

impl Cloud {
    /// What a request may start, if all of it may be started.
    pub(super) fn admit(
        &mut self,
        now: Timestamp,
        request: &ReinstallRequest,
    ) -> Result<(Vec<InstanceId>, Option<ImageId>), Refusal> {
        match request.instance_ids.as_deref().map_or(0, <[String]>::len) {
            0 => self.ledger.note_violation(Violation::NobodyNamed { at: now }),
            len if len > self.config.batch_len_max => self.ledger.note_violation(Violation::OverCap { len, at: now }),
            _ => {}
        }
        let ids = request.ids(self.config.batch_len_max)?;
        let image = request.image()?;
        let password = request.password()?;
        if self.config.is_strict {
            self.check_password(now, password, &ids, image)?;
        }
        let absent: Vec<InstanceId> = ids.iter().copied().filter(|id| !self.fleet.has(*id)).collect();
        if !absent.is_empty() {
            return Err(Refusal::NotFound(absent));
        }
        for &id in &ids {
            if self.is_underway(now, id) {
                self.ledger.note_violation(Violation::AskedWhileUnderway { id, at: now });
            }
        }
        let is_unready = |id: &InstanceId| self.config.is_strict && !self.is_ready(now, *id);
        let unready: Vec<InstanceId> = ids.iter().copied().filter(is_unready).collect();
        if !unready.is_empty() {
            return Err(Refusal::WrongState(unready));
        }
        Ok((ids, image))
    }

    fn check_password(
        &self,
        now: Timestamp,
        password: &str,
        ids: &[InstanceId],
        image: Option<ImageId>,
    ) -> Result<(), Refusal> {
        let wanted = image.and_then(|wanted| self.fleet.image(wanted));
        let families: BTreeSet<Option<OsFamily>> = match wanted {
            Some(image) => BTreeSet::from([Some(image.os)]),
            None => ids.iter().map(|id| Some(self.image(now, *id)?.os)).collect(),
        };
        let violations = families.into_iter().map(|os| PasswordPolicy::for_os(os).check(password));
        match violations.max_by_key(Vec::len) {
            Some(found) if !found.is_empty() => {
                let rules: Vec<String> = found.iter().map(ToString::to_string).collect();
                Err(Refusal::Invalid(format!("password: {}", rules.join("; "))))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// One instance is wiped from now on.
    pub(super) fn accept(&mut self, now: Timestamp, id: InstanceId, image: Option<ImageId>, ending: Option<&Ending>) {
        if self.is_underway(now, id) {
            self.ledger.note_violation(Violation::WipedWhileUnderway { id, at: now });
        }
        let attempt = u32::try_from(self.wipes(id).len() + 1).unwrap_or(u32::MAX);
        let (takes, foreseen) = self.prospect(now, id, attempt, image);
        let ending = ending.cloned().unwrap_or(foreseen);
        let wipe = Wipe { accepted_at: now, attempt, image, takes, ending };
        self.accepted += 1;
        self.busy_until = self.busy_until.max(wipe.ends_at().unwrap_or(Timestamp::from_millis(u64::MAX)));
        self.wipes.entry(id).or_default().push(wipe);
    }

    /// How long an attempt takes, and how it ends.
    fn prospect(&self, now: Timestamp, id: InstanceId, attempt: u32, image: Option<ImageId>) -> (Duration, Ending) {
        let installs = || image.or_else(|| self.image(now, id).map(|image| image.id));
        let mut prospects = self.config.prospects.iter();
        let prospect = prospects.find(|prospect| prospect.is_for(id, installs()));
        let branch = prospect.and_then(|prospect| prospect.branch(self.config.seed, id, attempt));
        let spread = branch.and_then(|branch| branch.takes).or(prospect.and_then(|prospect| prospect.takes));
        let takes = match spread {
            Some(spread) => spread.draw(draw(self.config.seed, id, attempt, "takes")),
            None => self.takes(id, attempt),
        };
        let overruled = self.config.endings.get(&id).cloned();
        let ending = overruled.or_else(|| branch.map(|branch| branch.ending.clone()));
        (takes, ending.unwrap_or_else(|| self.ending(id, attempt)))
    }

    fn takes(&self, id: InstanceId, attempt: u32) -> Duration {
        let (low, high) = self.config.spread_percent;
        // In thousandths of a percent, so that a fleet does not end in lockstep.
        let draw = draw(self.config.seed, id, attempt, "takes");
        let share = between(draw, u64::from(low) * 1_000, u64::from(high) * 1_000);
        let millis = self.config.reinstall_takes.as_millis() * u128::from(share) / 100_000;
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    fn ending(&self, id: InstanceId, attempt: u32) -> Ending {
        let by_chance = match self.config.failing {
            Failing::Nobody => false,
            Failing::Count(_) => self.doomed.contains(&id),
            Failing::Percent(percent) => draw(self.config.seed, id, attempt, "fails") % 100 < u64::from(percent),
        };
        if !by_chance {
            return Ending::Succeeds;
        }
        let which = between(draw(self.config.seed, id, attempt, "why"), 0, MISHAPS.len() as u64 - 1);
        Ending::fails("iMetal.0099", MISHAPS[which as usize % MISHAPS.len()])
    }

    fn is_ready(&self, now: Timestamp, id: InstanceId) -> bool {
        match self.shown_wipe(now, id) {
            Some(wipe) if wipe.ending == Ending::Dies => false,
            Some(wipe) => wipe.has_ended(now),
            None => matches!(self.start(id).state, InstanceState::Running | InstanceState::Failed),
        }
    }

    pub(crate) fn is_underway(&self, now: Timestamp, id: InstanceId) -> bool {
        self.latest(now, id).is_some_and(|wipe| !wipe.has_ended(now))
    }
}

/// Why reinstalls fail by chance. The documents name no codes for these (api-facts 2), so the code is the general one.
const MISHAPS: [&str; 4] = [
    "The server did not boot from the network in time.",
    "No system disk was found.",
    "The checksum of the image does not match.",
    "The installed system did not report back.",
];

/// So many instances of the fleet, the same for the same seed.
pub(super) fn pick(fleet: &Fleet, seed: u64, count: u32) -> BTreeSet<InstanceId> {
    let mut ranked: Vec<_> = fleet.ids().map(|id| (draw(seed, id, 0, "doomed"), id)).collect();
    ranked.sort_unstable();
    ranked.into_iter().take(count as usize).map(|(_, id)| id).collect()
}
