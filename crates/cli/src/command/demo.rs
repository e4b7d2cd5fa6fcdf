//! `reinstall demo`: the true `run` over real HTTP, against a cloud inside this process.

use std::io;
use std::time::Duration;

use reinstall_core::id::{InstanceId, RolloutId};
use reinstall_core::journal::MemoryJournal;
use reinstall_core::login::PasswordPolicy;
use reinstall_core::plan::Plan;
use reinstall_core::policy::Policy;
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::secret::SessionToken;
use reinstall_core::spec::{ReinstallSpec, TargetSpec};
use reinstall_http::client::Client;
use reinstall_http::clock::Clock;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_mock_server::cloud::config::CloudConfig;
use reinstall_mock_server::cloud::wipe::Ending as WipeEnding;
use reinstall_mock_server::fault::{Effect, FaultRule};
use reinstall_mock_server::operation::ApiOperation;
use reinstall_mock_server::serve::MockServer;

use super::Session;
use super::carry::{Job, carry_unkept};
use crate::args::DemoArgs;
use crate::command::password;
use crate::failure::Failure;
use crate::setup::Account;
use crate::{random, render};

/// How many instances the made-up cloud has.
const INSTANCES: u32 = 120;
/// How long a reinstall takes there: seconds for the quarters of an hour of a real one.
const REINSTALL_TAKES: Duration = Duration::from_secs(3);
/// The share of that which one reinstall really takes, in percent.
const SPREAD_PERCENT: (u32, u32) = (70, 130);
/// Which instances fail, counted in the order of the plan. Not the first: a failed canary halts.
const FAILING: [usize; 3] = [40, 77, 101];
/// What the cloud says of them.
const FAILING_WORDS: (&str, &str) = ("iMetal.0307", "Failed to install the OS: the disk did not answer");
/// An instance whose batch gets no answer although its reinstall took hold.
const LOST_ANSWER: usize = 20;
/// An instance whose batch is throttled at first.
const THROTTLED: usize = 70;
/// For how long it is.
const THROTTLED_FOR: Duration = Duration::from_secs(1);

/// The policy of a true run, sped up as much as the reinstalls are.
fn policy() -> Policy {
    Policy {
        poll_every: Duration::from_millis(200),
        settle_after: Duration::from_secs(2),
        read_lag: Duration::from_millis(200),
        call_timeout: Duration::from_secs(1),
        start_within: Duration::from_secs(5),
        finish_within: Duration::from_secs(15),
        submit_within: Duration::from_secs(10),
        shortest: Duration::from_secs(2),
        ..Policy::default()
    }
}

pub(super) fn demo(args: &DemoArgs, session: &Session) -> crate::Result {
    let output = args.output;
    let shows_bars = session.shows_bars;
    super::block_on(async {
        let server = server().await.map_err(Failure::Runtime)?;
        let ids = server.ids();
        plant_faults(&server, &ids);
        let account = Account {
            endpoint: Endpoint::parse(&server.base_url(), PlainHttp::Loopback).map_err(Failure::Endpoint)?,
            project: CloudConfig::PROJECT.parse().map_err(Failure::Project)?,
        };
        let plan = plan(&ids, &account)?;
        render::to_stderr(|err| {
            writeln!(
                err,
                "A cloud of {INSTANCES} made-up instances is at {}. One answer will be lost, one batch throttled, and {} \
                 instances will fail.",
                account.endpoint,
                FAILING.len()
            )
        });
        let token = SessionToken::parse(MockServer::TOKEN).map_err(Failure::Token)?;
        let clock = Clock::start();
        let client =
            Client::builder(account.endpoint.clone(), account.project.clone(), token).clock(clock.clone()).build()?;
        let password = password::generate(PasswordPolicy::LEN_GENERATED)?;
        let (id, seed) = (RolloutId::new(clock.now(), random::bytes()?), u64::from_le_bytes(random::bytes()?));
        let recorded = Recorded::new(Rollout::new(plan, seed, clock.now()), MemoryJournal::default());
        let password = Some(password);
        let job = Job { id, account, client, clock, password, output, shows_bars, halt_at: None, commands: None };
        let ended = carry_unkept(job, recorded).await;
        server.shutdown().await;
        ended
    })
}

async fn server() -> io::Result<MockServer> {
    MockServer::builder()
        .instances(INSTANCES)
        .reinstall_takes(REINSTALL_TAKES)
        .config(|cloud| cloud.spread_percent = SPREAD_PERCENT)
        .start()
        .await
}

/// Lets go wrong what is to go wrong. By instance and not by count, since requests of one wave leave in any order.
fn plant_faults(server: &MockServer, ids: &[InstanceId]) {
    for id in FAILING.iter().filter_map(|index| ids.get(*index)) {
        let ending = WipeEnding::fails(FAILING_WORDS.0, FAILING_WORDS.1);
        server.with_cloud(|cloud| cloud.set_ending(*id, ending));
    }
    let faults = [(LOST_ANSWER, Effect::lose_answer()), (THROTTLED, Effect::throttle(Some(THROTTLED_FOR)))];
    for (index, effect) in faults {
        if let Some(id) = ids.get(index) {
            server.arm(FaultRule::on(ApiOperation::ReinstallOs, effect).instance(*id));
        }
    }
}

fn plan(ids: &[InstanceId], account: &Account) -> Result<Plan, Failure> {
    let instances = ids.iter().copied().map(TargetSpec::of).collect();
    let spec = ReinstallSpec { instances, image_id: None, policy: policy() };
    Ok(Plan::draw(&spec.check().map_err(Failure::Objections)?, account.project.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_of_the_demo_is_sound() {
        assert_eq!(policy().objections(), []);
    }
}
