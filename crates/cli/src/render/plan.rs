//! A plan, before anything happens.

use std::io::{self, Write};

use reinstall_core::id::InstanceId;
use reinstall_core::instance_set::InstanceSet;
use reinstall_core::plan::{Plan, Wave};
use reinstall_core::preflight::Preflight;
use reinstall_core::survey::Survey;
use reinstall_core::time::Plain;
use serde::Serialize;

use super::{preflight, table};
use crate::plan_file::PlanHash;
use crate::setup::Account;

/// The most instances that are named one by one.
const NAMED_MAX: usize = 20;

/// A plan, and all that is shown with it.
#[derive(Clone, Copy)]
pub(crate) struct PlanView<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) hash: &'a PlanHash,
    pub(crate) account: &'a Account,
    /// What reading its targets showed; `None` if they were not read.
    pub(crate) preflight: Option<&'a Preflight>,
}

/// The plan for people.
pub(crate) fn text(out: &mut dyn Write, view: &PlanView<'_>) -> io::Result<()> {
    let PlanView { plan, hash, account, preflight } = *view;
    writeln!(out, "Plan       {hash}")?;
    writeln!(out, "Endpoint   {}", account.endpoint)?;
    if let Some(region) = account.endpoint.region() {
        writeln!(out, "Region     {region}")?;
    }
    writeln!(out, "Project    {}", account.project)?;
    let os = preflight.and_then(|found| found.image_os).map_or_else(String::new, |os| format!(" ({os})"));
    let image = plan.image_id().map_or_else(|| "each instance keeps its own".to_owned(), |id| format!("{id}{os}"));
    writeln!(out, "Image      {image}")?;
    if let Some(found) = preflight {
        preflight::groups(out, found, plan.image_id())?;
    }
    let requests = counted(plan.request_count(), "request");
    let in_short = preflight.map_or_else(|| "; they were not read".to_owned(), preflight::in_short);
    writeln!(out, "Instances  {} in {requests}{in_short}", plan.target_count())?;
    writeln!(out)?;
    waves(out, plan)?;
    limits(out, plan)?;
    writeln!(out)?;
    if let Some(found) = preflight {
        let mut exceptions = Vec::new();
        preflight::exceptions(&mut exceptions, found)?;
        if !exceptions.is_empty() {
            out.write_all(&exceptions)?;
            writeln!(out)?;
        }
    }
    name_everybody(out, plan)?;
    writeln!(out, "This wipes the system disk of every instance named.")?;
    writeln!(out, "Data disks are said to be kept; nobody has verified it.")
}

fn waves(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let mut waves = table::new(["WAVE", "INSTANCES", "REQUESTS", "FIRST INSTANCE"]);
    for (index, wave) in plan.waves().iter().enumerate() {
        let name = if index == 0 { "1 (canary)".into() } else { (index + 1).to_string() };
        let first = wave.batches().first().and_then(|batch| batch.as_slice().first());
        waves.add_row([name, wave.targets().to_string(), batches(wave), table::or_dash(first)]);
    }
    table::write(out, &waves)
}

fn limits(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let policy = plan.policy();
    let states: Vec<&str> = policy.start_states.iter().map(|state| state.as_word()).collect();
    writeln!(out)?;
    writeln!(
        out,
        "Failures   at most {} ({} of {}); one more halts, and so does any in the canary",
        plan.failures_max(),
        policy.failures_max,
        plan.target_count()
    )?;
    writeln!(out, "In flight  at most {}; attempts: at most {}", policy.in_flight_max, policy.attempts_max)?;
    if let (Some(unavailable_max), Some(share)) = (plan.unavailable_max(), policy.max_unavailable) {
        writeln!(
            out,
            "Available  all but {unavailable_max} at any time ({share} of {}), those down already counted",
            plan.target_count()
        )?;
    }
    if let Some(closes_at) = policy.closes_at {
        writeln!(out, "Closes     {closes_at}; nothing new is started from then on")?;
    }
    writeln!(out, "Start from {}; an instance in any other state is skipped", states.join(", "))?;
    writeln!(
        out,
        "Clocks     look every {}; settle after {}; start within {};",
        Plain(policy.poll_every),
        Plain(policy.settle_after),
        Plain(policy.start_within),
    )?;
    writeln!(
        out,
        "           finish within {}; submit within {}; none is quicker than {}",
        Plain(policy.finish_within),
        Plain(policy.submit_within),
        Plain(policy.shortest)
    )?;
    writeln!(
        out,
        "Assumed    a request is carried out within {} or not at all; a read is at most {} behind",
        Plain(policy.settle_after.saturating_sub(policy.read_lag())),
        Plain(policy.read_lag()),
    )
}

/// Every instance by name, request by request, where that fits on a screen; else where to read it.
fn name_everybody(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    if plan.target_count() > NAMED_MAX {
        return writeln!(out, "`reinstall plan --output json` names every instance of every request.\n");
    }
    let waves = plan.waves().iter().enumerate();
    let batches = waves.flat_map(|(wave, planned)| planned.batches().iter().map(move |batch| (wave, batch)));
    for (index, (wave, batch)) in batches.enumerate() {
        writeln!(out, "Wave {}, request {}", wave + 1, index + 1)?;
        for id in batch.as_slice() {
            writeln!(out, "           {}", surveyed(plan, *id))?;
        }
    }
    writeln!(out)
}

/// What the plan says of an instance: `web-7 (0b29…)`, and below it `running, image 1f3a…` where that is on record.
fn surveyed(plan: &Plan, id: InstanceId) -> String {
    let Some(was) = plan.survey().get(&id) else { return id.to_string() };
    let named = was.name.as_ref().map_or_else(|| id.to_string(), |name| format!("{name} ({id})"));
    let state = was.state.as_ref().map(ToString::to_string);
    let image = was.image.map(|image| format!("image {image}"));
    let parts: Vec<String> = state.into_iter().chain(image).collect();
    if parts.is_empty() { named } else { format!("{named}\n             {}", parts.join(", ")) }
}

/// How many requests of which size a wave has, as `2 of 50, 1 of 7`.
fn batches(wave: &Wave) -> String {
    let sizes: Vec<usize> = wave.batches().iter().map(InstanceSet::len).collect();
    let runs: Vec<String> =
        sizes.chunk_by(|one, next| one == next).map(|run| format!("{} of {}", run.len(), run[0])).collect();
    runs.join(", ")
}

/// `1 request`, `2 requests`
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// The plan for programs.
#[derive(Serialize)]
pub(crate) struct PlanObject<'a> {
    event: &'static str,
    hash: &'a str,
    endpoint: String,
    region: Option<&'a str>,
    requests: usize,
    #[serde(flatten)]
    plan: &'a Plan,
    /// What the instances have to be right before their request.
    #[serde(skip_serializing_if = "Survey::is_empty")]
    survey: &'a Survey,
    /// What reading the instances showed; absent if they were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    preflight: Option<&'a Preflight>,
}

/// The plan for programs: what core's plan says, the endpoint, and how many requests there are.
pub(crate) fn object<'a>(view: &PlanView<'a>) -> PlanObject<'a> {
    let PlanView { plan, hash, account, preflight } = *view;
    PlanObject {
        event: "plan",
        hash: hash.as_str(),
        endpoint: account.endpoint.to_string(),
        region: account.endpoint.region(),
        requests: plan.request_count(),
        survey: plan.survey(),
        preflight,
        plan,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_plan_tells_what_will_be_wiped() {
        let mut shown = Vec::new();
        let (plan, account) = (sample::plan(120), sample::account());
        let hash = PlanHash::of_drawn(&plan, &account).unwrap();
        text(&mut shown, &PlanView { plan: &plan, hash: &hash, account: &account, preflight: None }).unwrap();
        insta::assert_snapshot!(String::from_utf8(shown).unwrap());
    }

    #[test]
    fn a_plan_is_an_object_for_programs() {
        let (plan, account) = (sample::plan(3), sample::account());
        let hash = PlanHash::of_drawn(&plan, &account).unwrap();
        let view = PlanView { plan: &plan, hash: &hash, account: &account, preflight: None };
        let value = serde_json::to_value(object(&view)).unwrap();
        assert_eq!(value["hash"], hash.as_str());
        assert_eq!(value["endpoint"], "https://clouddc.example");
        assert_eq!(value["project_id"], "0a1b2c3d");
        assert_eq!(value["waves"][0]["batches"][0][0], sample::id(1).to_string());
        assert_eq!(value["policy"]["poll_every"], "15s");
        assert_eq!(value["failures_max"], 0);
    }
}
