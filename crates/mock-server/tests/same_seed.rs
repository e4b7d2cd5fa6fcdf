//! The same seed and the same calls of each instance give the same answers, whatever else goes on at the same time.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use reinstall_core::id::InstanceId;
use reinstall_core::secret::SessionToken;
use reinstall_core::time::Timestamp;
use reinstall_mock_server::app::{AppState, app};
use reinstall_mock_server::clock::ClockMode;
use reinstall_mock_server::cloud::config::CloudConfig;
use reinstall_mock_server::cloud::prospect::{Branch, Prospect};
use reinstall_mock_server::cloud::spread::{Distribution, Spread};
use reinstall_mock_server::cloud::wipe::Ending;
use reinstall_mock_server::delivery::{Break, Delivery};
use reinstall_mock_server::fault::{At, Effect, FaultRule, Omit, When};
use reinstall_mock_server::operation::ApiOperation;
use reinstall_mock_server::worlds::{WorldPlan, Worlds};
use tokio::sync::Semaphore;
use tower::ServiceExt;

const TOKEN: &str = "t-1";
const INSTANCES: usize = 100;
/// 2027-01-15T08:00:00Z
const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A cloud in which nearly everything is left to chance.
fn plan(seed: u64) -> WorldPlan {
    let branch = |weight, ending| Branch { weight, ending, takes: None };
    let prospect = Prospect {
        takes: Some(Spread::Drawn(Distribution::Lognormal {
            median: Duration::from_secs(600),
            sigma: 0.5,
            max: Duration::from_secs(3_600),
        })),
        branches: vec![
            branch(6, Ending::Succeeds),
            branch(2, Ending::fails("iMetal.0099", "by chance")),
            branch(1, Ending::Never),
            branch(1, Ending::Dies),
            branch(1, Ending::GoesBack),
        ],
        ..Prospect::default()
    };
    let cloud = CloudConfig::generated("p1".parse().unwrap(), INSTANCES as u32);
    let often = |effect| FaultRule::any(effect).always();
    let reinstall = |effect| FaultRule::on(ApiOperation::ReinstallOs, effect);
    WorldPlan {
        clock: ClockMode::Manual,
        faults: vec![
            reinstall(Effect::lose_answer()).per_instance().skip(1).times(1),
            reinstall(Effect::Break { at: At::BeforeCommit, how: Break::Reset }).always().chance(0.2),
            reinstall(Effect::fail_after()).always().chance(0.2),
            reinstall(Effect::Partial { omit: Omit::Last(1), omitted_started: true }).always().chance(0.1),
            often(Effect::bad_gateway(When::Before)).chance(0.1),
            often(Effect::Stale { by: Duration::from_secs(300) }).chance(0.2),
        ],
        ..WorldPlan::new(CloudConfig { seed, prospects: vec![prospect], ..cloud })
    }
}

/// One answer, as its client sees it, without what names the request.
type Answer = (u16, String, Delivery);

/// The calls of every instance, each instance's one after the other, of so many instances at the same time.
async fn play(seed: u64, clients: usize) -> BTreeMap<InstanceId, Vec<Answer>> {
    let worlds = Worlds::planned(plan(seed), false, START);
    let state = Arc::new(AppState::of(worlds, SessionToken::parse(TOKEN).unwrap(), || START));
    let app = app(Arc::clone(&state));
    let ids: Vec<InstanceId> = state.with_world(|world| world.cloud.ids().collect());
    let mut answers: BTreeMap<InstanceId, Vec<Answer>> = BTreeMap::new();
    // Between two rounds everybody waits for everybody, and the clock moves.
    for round in 0..6 {
        let at_once = Arc::new(Semaphore::new(clients));
        let mut tasks = Vec::new();
        for &id in &ids {
            let (app, at_once) = (app.clone(), Arc::clone(&at_once));
            tasks.push(tokio::spawn(async move {
                let _place = at_once.acquire().await.unwrap();
                let mut seen = Vec::new();
                for request in calls(id, round) {
                    seen.push(ask(&app, request).await);
                    tokio::task::yield_now().await;
                }
                (id, seen)
            }));
        }
        for task in tasks {
            let (id, seen) = task.await.unwrap();
            answers.entry(id).or_default().extend(seen);
        }
        state.with_world(|world| world.clock.advance(START, Duration::from_secs(400)));
    }
    answers
}

fn calls(id: InstanceId, round: usize) -> Vec<Request<Body>> {
    let get = |path: &str| {
        let uri = format!("/v1/p1/{path}");
        Request::get(uri).header("X-Auth-Token", TOKEN).body(Body::empty()).unwrap()
    };
    let put = || {
        let body = format!(r#"{{"password":"Abcdef1!","instance_id_set":["{id}"]}}"#);
        let request = Request::put("/v1/p1/instances/reinstall").header("X-Auth-Token", TOKEN);
        request.body(Body::from(body)).unwrap()
    };
    let status = || get(&format!("instances/{id}/status"));
    let listed = get(&format!("instances?instance_id={id}"));
    match round % 3 {
        0 => vec![status(), put(), status(), put(), listed],
        1 => vec![status(), listed, status()],
        _ => vec![put(), status()],
    }
}

async fn ask(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let delivery = response.extensions().get::<Delivery>().copied().unwrap_or_default();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap(), delivery)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_client_and_sixty_four_are_answered_alike() {
    for seed in [1, 7] {
        let alone = play(seed, 1).await;
        assert_eq!(alone.len(), INSTANCES);
        for _ in 0..3 {
            let crowd = play(seed, 64).await;
            for (id, answers) in &alone {
                assert_eq!(&crowd[id], answers, "seed {seed}, instance {id}");
            }
        }
        // Were the answers all alike, it would be no test.
        let statuses: std::collections::BTreeSet<u16> = alone.values().flatten().map(|answer| answer.0).collect();
        assert!([200, 202, 400, 500, 502].iter().all(|status| statuses.contains(status)), "seed {seed}: {statuses:?}");
    }
}

#[tokio::test]
async fn another_seed_is_another_cloud() {
    let [one, other] = [play(1, 1).await, play(2, 1).await];
    assert!(one.keys().all(|id| !other.contains_key(id)));
}
