//! What speaks against a scenario that can be read: what can never come true, and what is not there.

use reinstall_core::id::InstanceId;

use super::objection::Objection;
use super::{Draft, FailingSpec, Scenario};
use crate::cloud::config::Failing;
use crate::cloud::prospect::Prospect;
use crate::iam::IamConfig;

/// Whether an instance is in the fleet.
type IsThere<'a> = Option<&'a dyn Fn(InstanceId) -> bool>;

/// Everything that speaks against it.
pub(super) fn check(draft: &Draft, is_there: IsThere<'_>) -> Vec<Objection> {
    let mut objections = Vec::new();
    lengths(draft, &mut objections);
    if objections.is_empty() {
        faults(draft, is_there, &mut objections);
        prospects(draft, is_there, &mut objections);
    }
    defaults(draft, &mut objections);
    allowed(draft, is_there, &mut objections);
    objections
}

/// Each list has a bound, since some of them are gone through at each call.
fn lengths(draft: &Draft, objections: &mut Vec<Objection>) {
    let Scenario { faults, prospects, limits, .. } = draft.scenario();
    for (field, len, len_max) in [
        ("faults", faults.len(), Scenario::FAULTS_MAX),
        ("prospects", prospects.len(), Scenario::PROSPECTS_MAX),
        ("limits", limits.as_ref().map_or(0, Vec::len), Scenario::LIMITS_MAX),
    ] {
        if len > len_max {
            let (at, path) = draft.place(field, None, &[]);
            objections.push(Objection::new(at, path, format!("there are {len} of them, at most {len_max} may be")));
        }
    }
}

fn faults(draft: &Draft, is_there: IsThere<'_>, objections: &mut Vec<Objection>) {
    let rules = &draft.scenario().faults;
    for (index, rule) in rules.iter().enumerate() {
        let mut object = |keys: &[&str], what: String| {
            let (at, path) = draft.place("faults", Some(index), keys);
            objections.push(Objection::new(at, path, what));
        };
        if let Some(objection) = rule.objection() {
            object(&[], objection.to_owned());
        } else if let Some(earlier) = rules[..index].iter().position(|earlier| rule.is_shadowed_by(earlier)) {
            let (at, path) = draft.place("faults", Some(earlier), &[]);
            object(&[], format!("it never has a call: {path} in line {} takes every one that it is for", at.line));
        }
        if let Some(id) = rule.instance
            && is_there.is_some_and(|is_there| !is_there(id))
        {
            object(&["instance"], ABSENT.to_owned());
        }
    }
}

/// What is said of an instance that is not there.
const ABSENT: &str = "there is no such instance in the fleet";

fn prospects(draft: &Draft, is_there: IsThere<'_>, objections: &mut Vec<Objection>) {
    let prospects = &draft.scenario().prospects;
    for (index, prospect) in prospects.iter().enumerate() {
        let mut object = |keys: &[&str], what: String| {
            let (at, path) = draft.place("prospects", Some(index), keys);
            objections.push(Objection::new(at, path, what));
        };
        if let Some(objection) = prospect.objection() {
            object(&[], objection.to_owned());
        } else if let Some(earlier) = prospects[..index].iter().position(|earlier| is_shadowed(prospect, earlier)) {
            let (at, path) = draft.place("prospects", Some(earlier), &[]);
            object(&[], format!("it never comes true: {path} in line {} is for all that it is for", at.line));
        }
        if let Some(id) = prospect.instance
            && is_there.is_some_and(|is_there| !is_there(id))
        {
            object(&["instance"], ABSENT.to_owned());
        }
    }
}

/// Whether the earlier of two prospects is for everything that the later one is for.
fn is_shadowed(later: &Prospect, earlier: &Prospect) -> bool {
    earlier.instance.is_none_or(|id| later.instance == Some(id))
        && earlier.image.is_none_or(|id| later.image == Some(id))
}

/// What is there for those that nothing else is said of.
fn defaults(draft: &Draft, objections: &mut Vec<Objection>) {
    let Scenario { takes, prospects, failing, iam, .. } = draft.scenario();
    let mut object = |field: &str, keys: &[&str], what: String| {
        let (at, path) = draft.place(field, None, keys);
        objections.push(Objection::new(at, path, what));
    };
    if let Some(objection) = takes.as_ref().and_then(|takes| takes.objection()) {
        object("takes", &[], objection.to_owned());
    }
    let is_for_all = |prospect: &Prospect| prospect.instance.is_none() && prospect.image.is_none();
    if let Some(index) = prospects.iter().position(is_for_all) {
        let (at, path) = draft.place("prospects", Some(index), &[]);
        let idle = format!("it never decides anything: {path} in line {} is for every reinstall", at.line);
        if takes.is_some() && prospects.iter().all(says_how_long) {
            object("takes", &[], idle.clone());
        }
        let says_how = prospects.iter().all(|prospect| !prospect.branches.is_empty());
        if failing.is_some_and(|failing: FailingSpec| failing.failing() != Failing::Nobody) && says_how {
            object("failing", &[], idle);
        }
    }
    if let Some(iam) = iam {
        let life = iam.token_life.unwrap_or(IamConfig::TOKEN_LIFE);
        if iam.token_dies_after.is_some_and(|dies_after| dies_after >= life) {
            object("iam", &["token_dies_after"], "by then they are dead anyway: see `token_life`".to_owned());
        }
    }
}

/// Whether a prospect leaves nothing open about how long a reinstall takes.
fn says_how_long(prospect: &Prospect) -> bool {
    let branches = &prospect.branches;
    prospect.takes.is_some() || !branches.is_empty() && branches.iter().all(|branch| branch.takes.is_some())
}

fn allowed(draft: &Draft, is_there: IsThere<'_>, objections: &mut Vec<Objection>) {
    let (Some(allowed), Some(is_there)) = (&draft.scenario().allowed, is_there) else { return };
    for (index, id) in allowed.iter().enumerate() {
        if !is_there(*id) {
            let (at, path) = draft.place("allowed", Some(index), &[]);
            objections.push(Objection::new(at, path, ABSENT));
        }
    }
}
