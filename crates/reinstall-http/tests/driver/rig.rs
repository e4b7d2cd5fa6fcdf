//! A rollout carried out by the driver and the client, over real sockets, against a mock cloud; and what it leaves behind.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_core::journal::MemoryJournal;
use reinstall_core::login::PasswordPolicy;
use reinstall_core::plan::Plan;
use reinstall_core::policy::Policy;
use reinstall_core::rate::{OwnPace, Rate};
use reinstall_core::record::{Opening, Replay};
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::secret::{AdminPassword, SessionToken};
use reinstall_core::spec::{ReinstallSpec, TargetSpec};
use reinstall_core::summary::{Outcome, Summary};
use reinstall_http::client::Client;
use reinstall_http::clock::Clock;
use reinstall_http::driver::Driver;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::network::Timeouts;
use reinstall_http::operation::Operation;
use reinstall_mock_server::cloud::config::CloudConfig;
use reinstall_mock_server::serve::{MockServer, MockServerBuilder};
use tokio::sync::mpsc::unbounded_channel;

/// How long a reinstall takes here, and how quickly one could go by unseen.
pub(crate) const TAKES: Duration = Duration::from_millis(1_500);

pub(crate) fn policy() -> Policy {
    Policy {
        waves: "100%".parse().expect("a list of waves"),
        poll_every: Duration::from_millis(60),
        settle_after: Duration::from_millis(500),
        read_lag: Duration::from_millis(60),
        call_timeout: Duration::from_millis(400),
        start_within: Duration::from_millis(2_500),
        finish_within: Duration::from_secs(30),
        submit_within: Duration::from_secs(10),
        shortest: TAKES,
        failures_max: "100%".parse().expect("a share"),
        ..Policy::default()
    }
}

pub(crate) fn mock(instances: u32) -> MockServerBuilder {
    MockServer::builder().instances(instances).reinstall_takes(TAKES)
}

pub(crate) fn password() -> AdminPassword {
    let text = String::from("Valid+Pass-77").into();
    PasswordPolicy::for_os(None).admit(text).expect("an allowed password")
}

/// What a carried-out rollout left behind.
pub(crate) struct Aftermath {
    pub(crate) server: MockServer,
    pub(crate) summary: Summary,
    pub(crate) requests: BTreeMap<Operation, u64>,
}

impl Aftermath {
    pub(crate) fn outcomes(&self) -> BTreeMap<Outcome, usize> {
        self.summary.counts().into_iter().filter(|(_, count)| *count > 0).collect()
    }

    pub(crate) fn wipes(&self, id: InstanceId) -> usize {
        self.server.with_cloud(|cloud| cloud.wipes(id).len())
    }

    /// Every target was wiped as often as its verdict says, and nobody else was.
    pub(crate) fn assert_agrees_with_the_cloud(&self) {
        for report in &self.summary.reports {
            let wipes = self.wipes(report.id);
            match report.outcome {
                Outcome::Succeeded => assert_eq!(wipes, 1, "{report:?}"),
                Outcome::Failed => assert_eq!(wipes, usize::from(report.was_started()), "{report:?}"),
                Outcome::Skipped | Outcome::NotStarted => assert_eq!(wipes, 0, "{report:?}"),
                Outcome::Unresolved => assert!(wipes <= 1, "{report:?}"),
            }
        }
        let truth = self.server.truth();
        assert_eq!(truth.violations_count, 0, "{truth:?}");
        assert!(truth.batch_len_max <= 50, "{truth:?}");
    }
}

/// Reinstalls every instance of the server, in the order of the ids.
pub(crate) async fn reinstall_all(server: MockServer, policy: Policy) -> Aftermath {
    let ids = server.ids();
    reinstall(server, &ids, policy).await
}

pub(crate) async fn reinstall(server: MockServer, ids: &[InstanceId], policy: Policy) -> Aftermath {
    reinstall_within(server, ids, policy, Timeouts::default()).await
}

/// The same, by a client that waits no longer than that.
pub(crate) async fn reinstall_within(
    server: MockServer,
    ids: &[InstanceId],
    policy: Policy,
    timeouts: Timeouts,
) -> Aftermath {
    let endpoint = Endpoint::parse(&server.base_url(), PlainHttp::Loopback).expect("a loopback address");
    let project = CloudConfig::PROJECT.parse().expect("a project id");
    let token = SessionToken::parse(MockServer::TOKEN).expect("a token");
    // Times are short here; how a limit is kept is tested elsewhere.
    let pacer = OwnPace::new(Rate::per_second(10_000).expect("a rate"));
    let client =
        Client::builder(endpoint, project, token).pacer(Arc::new(pacer)).timeouts(timeouts).build().expect("a client");
    let instances = ids.iter().copied().map(TargetSpec::of).collect();
    let spec = ReinstallSpec { instances, image_id: None, policy }.check().expect("a sound spec");
    let plan = Plan::draw(&spec, CloudConfig::PROJECT.parse().expect("a project id"));
    let clock = Clock::start();
    let opening = Opening::new(&plan, 7, clock.now());
    let mut recorded = Recorded::new(Rollout::new(plan, 7, opening.started_at), MemoryJournal::default());
    let (_orders, mut orders) = unbounded_channel();
    Driver::new(client.clone(), clock, password()).run(&mut recorded, &mut orders, |_, _| {}).await;
    let (rollout, journal, _) = recorded.into_parts();
    let summary = rollout.into_summary();
    let mut replay = Replay::new(opening).expect("an opening");
    journal.lines().iter().try_for_each(|line| replay.line(line.clone())).expect("lines that follow from each other");
    assert_eq!(replay.into_rollout().into_summary(), summary, "what is on record comes to the same end");
    Aftermath { server, summary, requests: client.requests() }
}
