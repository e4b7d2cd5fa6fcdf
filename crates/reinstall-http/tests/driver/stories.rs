//! Whatever the network does, nobody is wiped twice and every verdict agrees with the cloud.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::rig::{mock, policy, reinstall, reinstall_all};
use futures_util::future::join_all;
use reinstall_core::id::InstanceId;
use reinstall_core::instance::{InstanceFault, InstanceState, OperationState};
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::policy::Policy;
use reinstall_core::summary::{Conclusion, Outcome};
use reinstall_http::operation::Operation;
use reinstall_mock_server::cloud::config::Start;
use reinstall_mock_server::cloud::wipe::Ending;
use reinstall_mock_server::fault::{Effect, FaultRule, Omit, When};
use reinstall_mock_server::operation::ApiOperation;

#[tokio::test]
async fn every_life_cycle_is_carried_to_its_end() {
    let cases = LifeCycle::ALL.into_iter().flat_map(|cycle| [(cycle, true), (cycle, false)]);
    let plays = cases.map(|(life_cycle, permits_list)| async move {
        let server = mock(60).life_cycle(life_cycle).config(|config| config.permits_list = permits_list);
        let server = server.start().await.expect("a socket");
        let failing = server.ids()[7];
        let ending = Ending::fails("iMetal.0099", "the boot disk does not answer");
        server.with_cloud(|cloud| cloud.set_ending(failing, ending));
        let after = reinstall_all(server, policy()).await;
        let shown = format!("{life_cycle}, list {permits_list}");
        assert_eq!(after.outcomes(), BTreeMap::from([(Outcome::Succeeded, 59), (Outcome::Failed, 1)]), "{shown}");
        let reason = after.summary.reports[7].reason.as_ref().expect("a reason");
        assert_eq!(reason.to_string(), "iMetal.0099: the boot disk does not answer", "{shown}");
        after.assert_agrees_with_the_cloud();
        assert_eq!(after.requests[&Operation::ReinstallOs], 2, "{shown}");
    });
    join_all(plays).await;
}

#[tokio::test]
async fn two_calls_and_a_state_are_enough() {
    for life_cycle in [LifeCycle::Prose, LifeCycle::Diagram2025] {
        let server = mock(20).life_cycle(life_cycle).config(|config| {
            config.permits_list = false;
            config.sends_operation_state = false;
        });
        let no_such_call = r#"{"error_code":"APIGW.0101","error_msg":"The API does not exist"}"#;
        let refusal = Effect::answer(When::Before, 404, no_such_call);
        let server = server.fault(FaultRule::on(ApiOperation::ListInstances, refusal).always());
        let after = reinstall_all(server.start().await.expect("a socket"), policy()).await;
        assert_eq!(after.outcomes(), BTreeMap::from([(Outcome::Succeeded, 20)]), "{life_cycle}");
        after.assert_agrees_with_the_cloud();
        assert_eq!(after.requests[&Operation::ListInstances], 1, "the list is asked for once");
    }
}

/// A service on which nothing ever shows: no verdict can be had, and none is made up.
#[tokio::test]
async fn where_nothing_shows_nothing_is_claimed() {
    let server = mock(3).life_cycle(LifeCycle::Diagram2026).config(|config| config.sends_operation_state = false);
    let after = reinstall_all(server.start().await.expect("a socket"), policy()).await;
    assert_eq!(after.outcomes(), BTreeMap::from([(Outcome::Unresolved, 3)]));
    after.assert_agrees_with_the_cloud();
}

#[tokio::test]
async fn doubtful_answers_lead_to_right_verdicts_and_never_to_a_second_wipe() {
    let cases = [
        ("the answer is lost", Effect::lose_answer(), 1),
        ("a 500 after it took hold", Effect::fail_after(), 1),
        ("an unreadable 202", Effect::garble(), 1),
        ("a truncated 202", Effect::truncate(10), 1),
        ("a 202 with a stranger", Effect::Stranger, 1),
        ("half are named, all are started", Effect::Partial { omit: Omit::EverySecond, omitted_started: true }, 1),
        ("half are named and started", Effect::Partial { omit: Omit::EverySecond, omitted_started: false }, 2),
        ("the request is lost", Effect::lose_request(), 2),
        ("a 500 before it took hold", Effect::refuse(500), 2),
        ("a 502 before it took hold", Effect::refuse(502), 2),
        ("throttled", Effect::throttle(Some(Duration::ZERO)), 1),
    ];
    let cases = cases.into_iter().flat_map(|case| [(case.clone(), true), (case, false)]);
    let plays = cases.map(|((name, effect, attempts), sends_operation_state)| async move {
        let rule = FaultRule::on(ApiOperation::ReinstallOs, effect).skip(1).times(1);
        let server = mock(10).config(|config| config.sends_operation_state = sends_operation_state).fault(rule);
        // The canary shows that this service shows movement; the fault meets the second request.
        let policy = Policy { waves: "1,100%".parse().expect("waves"), ..policy() };
        let after = reinstall_all(server.start().await.expect("a socket"), policy).await;
        let shown = format!("{name}, operation_state {sends_operation_state}");
        let whole = BTreeMap::from([(Outcome::Succeeded, 10)]);
        assert_eq!(after.outcomes(), whole, "{shown}: {:#?}", after.summary.reports);
        after.assert_agrees_with_the_cloud();
        let most = after.summary.reports.iter().map(|report| report.attempts).max();
        assert_eq!(most, Some(attempts), "{shown}");
    });
    join_all(plays).await;
}

#[tokio::test]
async fn what_is_left_over_is_no_verdict() {
    let server = mock(3).start().await.expect("a socket");
    let ids = server.ids();
    let left_over = |word: &str, code: Option<&str>| Start {
        operation_state: Some(OperationState::from_word(word)),
        error: code.map(|code| InstanceFault { code: code.into(), message: "old".into(), kind: "old".into() }),
        ..Start::default()
    };
    server.with_cloud(|cloud| {
        cloud.set_start(ids[0], left_over("reinstall-succeed", None));
        cloud.set_start(ids[1], left_over("reinstall-failed", Some("iMetal.0099")));
        cloud.set_start(ids[2], left_over("reinstall-succeed", None));
        cloud.set_ending(ids[2], Ending::fails("iMetal.0777", "new"));
    });
    let after = reinstall_all(server, policy()).await;
    let outcomes: Vec<Outcome> = after.summary.reports.iter().map(|report| report.outcome).collect();
    assert_eq!(outcomes, [Outcome::Succeeded, Outcome::Succeeded, Outcome::Failed]);
    after.assert_agrees_with_the_cloud();
}

/// The list and the status call may lag behind: the 202 is there, and they still show the old `running`.
#[tokio::test]
async fn a_stale_running_after_a_202_is_no_success() {
    let server = mock(3).config(|config| config.sends_operation_state = false);
    let server = server.start().await.expect("a socket");
    let stale = Effect::Stale { by: Duration::from_secs(3_600) };
    // Stale looks never end, so whatever is claimed beyond doubt is claimed on no evidence.
    server.arm(FaultRule::on(ApiOperation::ListInstances, stale).skip(1).always());
    let after = reinstall_all(server, policy()).await;
    assert_eq!(after.outcomes(), BTreeMap::from([(Outcome::Unresolved, 3)]));
    assert_eq!(after.summary.reports[0].reason.as_ref().expect("a reason").code.as_str(), "no_movement");
}

#[tokio::test]
async fn what_does_not_look_right_is_not_touched() {
    let server = mock(4).start().await.expect("a socket");
    let mut ids = server.ids();
    server.with_cloud(|cloud| {
        cloud.set_start(ids[1], Start { state: InstanceState::Stopped, ..Start::default() });
        cloud.set_start(ids[2], Start { state: InstanceState::from_word("hibernating"), ..Start::default() });
    });
    ids.push(InstanceId::from_bits(0xdead));
    let after = reinstall(server, &ids, policy()).await;
    let told: Vec<String> = after
        .summary
        .reports
        .iter()
        .map(|report| {
            format!("{} {}", report.outcome, report.reason.as_ref().map_or("", |reason| reason.code.as_str()))
        })
        .collect();
    let skipped = ["succeeded ", "skipped wrong_state", "skipped busy", "succeeded ", "skipped iMetal.0200"];
    assert_eq!(told, skipped);
    after.assert_agrees_with_the_cloud();
}

#[tokio::test]
async fn a_refusal_before_anything_was_started_says_so() {
    // A 400 may be about some of the instances: each is asked for alone. The others concern all of them.
    for (status, code, requests) in [(400, "iMetal.0001", 6), (401, "APIGW.0301", 1), (403, "iMetal.0004", 1)] {
        let words = format!(r#"{{"error_code":"{code}","error_msg":"no"}}"#);
        let refusal = Effect::answer(When::Before, status, &words);
        let rule = FaultRule::on(ApiOperation::ReinstallOs, refusal).always();
        let after = reinstall_all(mock(5).fault(rule).start().await.expect("a socket"), policy()).await;
        assert_eq!(after.summary.conclusion(), Conclusion::NothingStarted, "{status}");
        assert!(after.requests[&Operation::ReinstallOs] <= requests, "{status}: {:?}", after.requests);
        after.assert_agrees_with_the_cloud();
    }
}

/// The mock refuses a request as a whole and names those at fault, as the documents have it (api-facts 7).
#[tokio::test]
async fn one_bad_instance_does_not_keep_the_others_from_being_reinstalled() {
    for (body, names) in [
        ("{\"error_code\":\"iMetal.0201\",\"error_msg\":\"Instances state is wrong: [ID]\"}", true),
        ("{\"error_code\":\"iMetal.0201\",\"error_msg\":\"Instances state is wrong\"}", false),
    ] {
        let server = mock(10).start().await.expect("a socket");
        let bad = server.ids()[4];
        let refusal = Effect::answer(When::Before, 400, &body.replace("ID", &bad.to_string()));
        server.arm(FaultRule::on(ApiOperation::ReinstallOs, refusal).instance(bad).always());
        let policy = Policy { waves: "1,100%".parse().expect("waves"), ..policy() };
        let after = reinstall_all(server, policy).await;
        assert_eq!(after.outcomes(), BTreeMap::from([(Outcome::Succeeded, 9), (Outcome::Failed, 1)]));
        assert_eq!((after.wipes(bad), after.summary.reports[4].outcome), (0, Outcome::Failed));
        assert_eq!(after.requests[&Operation::ReinstallOs] == 3, names, "{:?}", after.requests);
        after.assert_agrees_with_the_cloud();
    }
}

#[tokio::test]
async fn a_thousand_instances_cost_few_requests() {
    let takes = Duration::from_secs(3);
    let server = mock(1_000).reinstall_takes(takes).start().await.expect("a socket");
    let policy = Policy {
        in_flight_max: 1_000,
        poll_every: Duration::from_millis(250),
        settle_after: Duration::from_secs(1),
        shortest: Duration::from_secs(2),
        ..Policy { waves: Policy::default().waves, ..policy() }
    };
    let after = reinstall_all(server, policy).await;
    assert_eq!(after.outcomes(), BTreeMap::from([(Outcome::Succeeded, 1_000)]));
    after.assert_agrees_with_the_cloud();
    let requests: u64 = after.requests.values().sum();
    // Twelve looks at each instance, a hundred at a time: the same shape as a minute with looks every five seconds.
    assert!(requests <= 300, "{requests} requests: {:?}", after.requests);
}

/// Looks that fail for a while are borne.
#[tokio::test]
async fn an_outage_of_the_looks_is_sat_out() {
    let body = "<html>upstream</html>".into();
    let outage = Effect::Answer { when: When::Before, status: 503, body, retry_after: None };
    let rule = FaultRule::on(ApiOperation::ListInstances, outage).skip(2).times(4);
    let after = reinstall_all(mock(2).fault(rule).start().await.expect("a socket"), policy()).await;
    assert_eq!(after.outcomes(), BTreeMap::from([(Outcome::Succeeded, 2)]));
    after.assert_agrees_with_the_cloud();
}
