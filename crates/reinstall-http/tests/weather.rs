//! A whole rollout in bad weather: tokens that die every two seconds, announced or not, and a tenth of all calls throttled.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reinstall_core::instance_set::InstanceSet;
use reinstall_core::journal::MemoryJournal;
use reinstall_core::login::PasswordPolicy;
use reinstall_core::plan::Plan;
use reinstall_core::policy::Policy;
use reinstall_core::rate::{OwnPace, Rate};
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::secret::UserPassword;
use reinstall_core::spec::{ReinstallSpec, TargetSpec};
use reinstall_core::summary::{Outcome, Summary};
use reinstall_http::client::Client;
use reinstall_http::clock::Clock;
use reinstall_http::credential::Credential;
use reinstall_http::driver::Driver;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::iam_user::IamUser;
use reinstall_http::operation::Operation;
use reinstall_mock_server::cloud::config::CloudConfig;
use reinstall_mock_server::fault::{Effect, FaultRule};
use reinstall_mock_server::log::{Filter, StatusMatch};
use reinstall_mock_server::operation::ApiOperation;
use reinstall_mock_server::serve::{MockServer, MockServerBuilder};
use tokio::sync::mpsc::unbounded_channel;

const INSTANCES: u32 = 500;
/// How long a reinstall takes, and how quickly one could go by unseen. Pauses after refusals are well below.
const TAKES: Duration = Duration::from_secs(15);
const SHORTEST: Duration = Duration::from_secs(12);
const TOKEN_LIFE: Duration = Duration::from_secs(2);
/// The share of calls that are answered with 429.
const THROTTLED: f64 = 0.1;

fn policy() -> Policy {
    Policy {
        waves: "100%".parse().expect("a list of waves"),
        poll_every: Duration::from_millis(500),
        settle_after: Duration::from_secs(13),
        read_lag: Duration::from_millis(500),
        call_timeout: Duration::from_secs(10),
        in_flight_max: INSTANCES as usize,
        shortest: SHORTEST,
        // A machine that stalls fails this; it is not to hang for the half hours of a real cloud.
        start_within: Duration::from_secs(60),
        finish_within: Duration::from_secs(90),
        ..Policy::default()
    }
}

fn throttled(operation: Option<ApiOperation>) -> FaultRule {
    let effect = Effect::throttle(None);
    let rule = operation.map_or_else(|| FaultRule::any(effect.clone()), |on| FaultRule::on(on, effect.clone()));
    rule.always().chance(THROTTLED)
}

fn mock() -> MockServerBuilder {
    let server = MockServer::builder().instances(INSTANCES).reinstall_takes(TAKES).seed(4);
    // Of ten requests chance might spare all.
    let reinstalls = FaultRule::on(ApiOperation::ReinstallOs, Effect::throttle(None)).skip(1).times(2);
    let server = server.fault(reinstalls).fault(throttled(None));
    server.fault(throttled(Some(ApiOperation::KeystoneCreateUserTokenByPassword)))
}

async fn reinstall_all(server: &MockServer) -> (Summary, BTreeMap<Operation, u64>) {
    let endpoint = Endpoint::parse(&server.base_url(), PlainHttp::Loopback).expect("a loopback address");
    let password = UserPassword::new("demo".to_owned().into()).expect("a password");
    let credential = Credential::User { iam: endpoint.clone(), user: IamUser::new("demo", password, "demo") };
    let project: reinstall_core::id::ProjectId = CloudConfig::PROJECT.parse().expect("a project id");
    let pacer = OwnPace::new(Rate::per_second(200).expect("a rate"));
    let client = Client::builder(endpoint, project.clone(), credential).seed(4).pacer(Arc::new(pacer));
    let client = client.build().expect("a client");
    let instances = server.ids().into_iter().map(TargetSpec::of).collect();
    let spec = ReinstallSpec { instances, image_id: None, policy: policy() }.check().expect("a sound spec");
    let plan = Plan::draw(&spec, project);
    let clock = Clock::start();
    let mut recorded = Recorded::new(Rollout::new(plan, 4, clock.now()), MemoryJournal::default());
    let (_orders, mut orders) = unbounded_channel();
    let admin = PasswordPolicy::for_os(None).admit(String::from("Valid+Pass-77").into()).expect("an allowed password");
    Driver::new(client.clone(), clock, admin).run(&mut recorded, &mut orders, |_, _| {}).await;
    (recorded.into_parts().0.into_summary(), client.requests())
}

async fn everybody_is_wiped_once(server: MockServerBuilder, shown: &str) {
    let server = server.start().await.expect("a socket");
    let (summary, requests) = reinstall_all(&server).await;
    let outcomes: BTreeMap<Outcome, usize> = summary.counts().into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(outcomes, BTreeMap::from([(Outcome::Succeeded, INSTANCES as usize)]), "{shown}: {requests:?}");
    for id in server.ids() {
        assert_eq!(server.with_cloud(|cloud| cloud.wipes(id).len()), 1, "{shown}: {id}");
    }
    let truth = server.truth();
    assert_eq!((truth.violations_count, truth.batch_len_max), (0, InstanceSet::LEN_MAX), "{shown}");
    // It is bad weather only if it was met.
    let throttled = Filter { status: Some(StatusMatch::Exactly(429)), ..Filter::default() };
    let refused = server.state().with_world(|world| world.log.count(&throttled)).found;
    assert!(refused >= 5, "{shown}: {refused} throttled of {requests:?}");
    assert!(requests[&Operation::CreateToken] >= 6, "{shown}: {requests:?}");
    assert!(requests[&Operation::ReinstallOs] >= 12, "{shown}: {requests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_are_wiped_once_while_tokens_die_and_calls_are_throttled() {
    let announced = everybody_is_wiped_once(mock().token_life(TOKEN_LIFE), "tokens that say when they die");
    let unannounced = everybody_is_wiped_once(mock().token_dies_after(TOKEN_LIFE), "tokens that do not");
    tokio::join!(announced, unannounced);
}
