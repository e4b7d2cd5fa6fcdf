//! The mock judges its clients; ours is acquitted under every fault rule there is.

use std::time::Duration;

use crate::rig::{mock, policy, reinstall_within};
use futures_util::stream::{self, StreamExt};
use reinstall_core::policy::Policy;
use reinstall_core::summary::Outcome;
use reinstall_http::network::Timeouts;
use reinstall_mock_server::clock::Skew;
use reinstall_mock_server::cloud::spread::Spread;
use reinstall_mock_server::cloud::wipe::Ending;
use reinstall_mock_server::delivery::Break;
use reinstall_mock_server::fault::{At, Effect, FaultRule, Omit, When};
use reinstall_mock_server::limit::{Limit, Limiter};
use reinstall_mock_server::operation::ApiOperation;

const INSTANCES: usize = 6;
/// How many plays go on at the same time.
const AT_ONCE: usize = 24;

/// Shorter than a reinstall, so that a call that hangs is given up in time.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(2),
    read: Duration::from_millis(400),
    look: Duration::from_millis(500),
    reinstall: Duration::from_millis(400),
};

/// Every kind of effect at every place, with whether it may be asked of the client that all reinstalls succeed.
fn effects() -> Vec<(Effect, bool)> {
    let ms = Duration::from_millis;
    let mut effects = Vec::new();
    for how in [Break::Close, Break::Reset, Break::Hang] {
        for at in [At::BeforeRead, At::BeforeCommit, At::AfterCommit, At::AfterHead, At::AfterBody(10)] {
            effects.push((Effect::Break { at, how }, true));
        }
    }
    for when in [When::Before, When::After] {
        for status in [500, 502, 503, 504] {
            effects.push((Effect::answer(when, status, "<html>trouble</html>"), true));
        }
        for status in [401, 403, 429] {
            effects.push((Effect::answer(when, status, "no"), false));
        }
        effects.push((Effect::Delay { when, by: Spread::Fixed(ms(150)) }, true));
        effects.push((Effect::Delay { when, by: Spread::Fixed(ms(700)) }, false));
    }
    effects.extend([
        (Effect::garble(), true),
        (Effect::bad_gateway(When::After), true),
        (Effect::throttle(Some(Duration::from_secs(1))), true),
        (Effect::Drip { piece_bytes: 16, every: ms(5) }, true),
        (Effect::Drip { piece_bytes: 4, every: ms(100) }, false),
        (Effect::MalformedChunk { body_bytes: 10 }, true),
        (Effect::Partial { omit: Omit::EverySecond, omitted_started: true }, true),
        (Effect::Partial { omit: Omit::Last(2), omitted_started: false }, true),
        (Effect::Stranger, true),
        (Effect::Stale { by: ms(300) }, false),
        (Effect::Ending { ending: Ending::fails("iMetal.0099", "the disk") }, false),
        (Effect::Ending { ending: Ending::Never }, false),
        (Effect::Ending { ending: Ending::Dies }, false),
        (Effect::Ending { ending: Ending::GoesBack }, false),
        (Effect::TokenDeath, true),
        (Effect::Skew { by: Skew::Ahead(Duration::from_secs(1_200)) }, true),
        (Effect::Repeat { gap: ms(50) }, false),
        (Effect::Repeat { gap: ms(1_500) }, false),
        (Effect::Late { by: ms(200), how: Break::Reset }, false),
        (Effect::Late { by: ms(600), how: Break::Hang }, false),
    ]);
    effects
}

/// Where the effects strike: the second reinstall, so that the canary has shown what this service shows; looks for a while.
fn rules(effect: &Effect) -> Vec<FaultRule> {
    let on = |operation| FaultRule::on(operation, effect.clone());
    let rules = [
        on(ApiOperation::ReinstallOs).skip(1).times(1),
        on(ApiOperation::ReinstallOs).times(1),
        on(ApiOperation::ListInstances).skip(3).times(3),
        on(ApiOperation::ShowInstanceStatus).skip(1).times(3),
        FaultRule::any(effect.clone()).always().chance(0.15),
    ];
    rules.into_iter().filter(|rule| rule.objection().is_none()).collect()
}

/// Carries a rollout out under one rule; what speaks against the client, if anything does.
async fn convicted(rule: FaultRule, sends_operation_state: bool, all_succeed: bool) -> Option<String> {
    let instances = u32::try_from(INSTANCES).expect("a few");
    let server =
        mock(instances).config(|config| config.sends_operation_state = sends_operation_state).fault(rule.clone());
    let server = server.start().await.expect("a socket");
    let ids = server.ids();
    let policy = Policy {
        waves: "1,100%".parse().expect("waves"),
        finish_within: Duration::from_secs(4),
        submit_within: Duration::from_secs(4),
        ..policy()
    };
    let after = reinstall_within(server, &ids, policy, TIMEOUTS).await;
    let state = after.server.state();
    let verdict = state.with_world(|world| world.verdict(state.real_now(), true));
    let shown = format!("{rule:?}, operation_state {sends_operation_state}");
    if !verdict.acquitted {
        let told = serde_json::to_string_pretty(&verdict.violations).expect("a verdict");
        return Some(format!("{shown}: {:?}\n{told}\n{:#?}", verdict.counts, after.summary.reports));
    }
    let succeeded = after.outcomes().get(&Outcome::Succeeded).copied().unwrap_or_default();
    // Hit at the canary, a service without `operation_state` has not shown yet that it shows anything (decision 0003).
    if all_succeed && rule.on == Some(ApiOperation::ReinstallOs) && rule.skip == 1 && succeeded < INSTANCES {
        return Some(format!("{shown}: {succeeded} of {INSTANCES} succeeded\n{:#?}", after.summary.reports));
    }
    None
}

#[tokio::test]
async fn ours_is_acquitted_under_every_fault_rule() {
    let effects = effects().into_iter().flat_map(|(effect, all_succeed)| {
        let rules = rules(&effect);
        assert!(!rules.is_empty(), "{effect:?} strikes nowhere");
        rules.into_iter().map(move |rule| (rule, all_succeed))
    });
    let plays = effects.flat_map(|(rule, succeeds)| [(rule.clone(), true, succeeds), (rule, false, succeeds)]);
    let plays: Vec<_> = plays.map(|(rule, words, succeeds)| convicted(rule, words, succeeds)).collect();
    assert!(plays.len() > 300, "{} plays", plays.len());
    let convicted: Vec<_> = stream::iter(plays).buffer_unordered(AT_ONCE).filter_map(async |told| told).collect().await;
    assert!(convicted.is_empty(), "{} of the plays:\n{}", convicted.len(), convicted.join("\n\n"));
}

#[tokio::test]
async fn ours_is_acquitted_under_limits() {
    for limit in [
        r#"{"rate":"20/s","retry_after":true}"#,
        r#"{"rate":"10/s"}"#,
        r#"{"rate":"1/s","on":"ReinstallOS","of":"everybody","retry_after":true}"#,
        r#"{"rate":"5/s","of":"address","words":"plain"}"#,
    ] {
        let server = mock(6).start().await.expect("a socket");
        let limit: Limit = serde_json::from_str(limit).expect("a limit");
        server.state().with_world(|world| world.limiter = Limiter::new(vec![limit.clone()]));
        let ids = server.ids();
        let policy = Policy { waves: "1,100%".parse().expect("waves"), ..policy() };
        let after = reinstall_within(server, &ids, policy, TIMEOUTS).await;
        let state = after.server.state();
        let verdict = state.with_world(|world| world.verdict(state.real_now(), true));
        let told = serde_json::to_string_pretty(&verdict.violations).expect("a verdict");
        assert!(verdict.acquitted, "{limit:?}: {:?}\n{told}", verdict.counts);
    }
}
