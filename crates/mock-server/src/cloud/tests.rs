use std::collections::BTreeMap;
use std::time::Duration;

use reinstall_core::id::ImageId;
use reinstall_core::instance::{InstanceFault, InstanceState, OperationState, OsFamily};
use reinstall_core::lifecycle::LifeCycle;

use super::config::FleetConfig;
use super::*;

const PASSWORD: &str = "Abcdef1!";

fn config(count: u32) -> CloudConfig {
    CloudConfig { seed: 7, ..CloudConfig::generated("p1".parse().unwrap(), count) }
}

fn at(seconds: u64) -> Timestamp {
    // Far enough from the beginning of time that a stale look does not fall off it.
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1_000)
}

fn ids(cloud: &Cloud) -> Vec<InstanceId> {
    cloud.ids().collect()
}

fn start(word: &str) -> Start {
    Start { state: InstanceState::from_word(word), ..Start::default() }
}

/// `state/operation_state/error code`, `-` for what is not shown.
fn shown(cloud: &Cloud, now: Timestamp, id: InstanceId) -> String {
    let seen = cloud.glimpse(now, id).unwrap();
    let operation = seen.operation_state.as_ref().map_or("-", OperationState::as_word);
    let error = seen.error.as_ref().map_or("-", |error| error.code.as_str());
    format!("{}/{operation}/{error}", seen.state)
}

#[test]
fn every_refusal_has_its_code_and_starts_nothing() {
    let mut cloud = Cloud::new(config(60));
    let all = ids(&cloud);
    for (id, word) in all.iter().zip(["stopped", "terminated", "error", "pending", "levitating"]) {
        cloud.set_start(*id, start(word));
    }
    cloud.reinstall(at(0), &ReinstallRequest::of(&[all[9]], None, PASSWORD)).unwrap();
    let stranger = InstanceId::from_bits(1);
    let good = [all[20], all[21]];
    let of = |ids: &[InstanceId]| ReinstallRequest::of(ids, None, PASSWORD);
    let named =
        |text: &str| ReinstallRequest { instance_ids: Some(vec![good[0].to_string(), text.to_owned()]), ..of(&good) };
    let with_password = |text: &str| ReinstallRequest::of(&good, None, text);
    for (request, status, code, says) in [
        (ReinstallRequest { instance_ids: None, ..of(&good) }, 400, "iMetal.0002", "instance_id_set"),
        (ReinstallRequest { password: None, ..of(&good) }, 400, "iMetal.0002", "password"),
        (of(&[]), 400, "iMetal.0001", "instance_id_set is empty"),
        (of(&all[9..60]), 400, "iMetal.0001", "has 51 ids, at most 50"),
        (named("i-17"), 400, "iMetal.0001", "instance_id_set[1] must be a UUID"),
        (named(&good[0].to_string().to_uppercase()), 400, "iMetal.0001", "instance_id_set[1] is a repeat"),
        (ReinstallRequest { image_id: Some("ubuntu".into()), ..of(&good) }, 400, "iMetal.0001", "image_id"),
        (with_password("short1!"), 400, "iMetal.0001", "password: it has 7 characters"),
        (with_password("alllowercase"), 400, "iMetal.0001", "kinds of characters"),
        (with_password("Abcdef1!~"), 400, "iMetal.0001", "position 9"),
        (with_password("Toor-1234"), 400, "iMetal.0001", "backwards"),
        (of(&[good[0], stranger]), 404, "iMetal.0200", "Instances not found: [00000000-0000-0000-0000-000000000001]"),
        (of(&[good[0], all[0]]), 400, "iMetal.0201", &all[0].to_string()),
        (of(&[all[1], all[2]]), 400, "iMetal.0201", &format!("[{}, {}]", all[1], all[2])),
        (of(&[all[3]]), 400, "iMetal.0201", &all[3].to_string()),
        (of(&[all[4]]), 400, "iMetal.0201", &all[4].to_string()),
        (of(&[good[0], all[9]]), 400, "iMetal.0201", &format!("[{}]", all[9])),
    ] {
        let refusal = cloud.reinstall(at(1), &request).unwrap_err();
        assert_eq!((refusal.status(), refusal.code()), (status, code), "{refusal}");
        assert!(refusal.to_string().contains(says), "{refusal} / {says}");
        for secret in [PASSWORD, "short1!", "alllowercase", "Toor-1234"] {
            assert!(!refusal.to_string().contains(secret));
        }
    }
    assert_eq!(cloud.wiped().count(), 1, "only the first was ever accepted");
    assert_eq!(cloud.ledger().accepted(), 1);
    assert_eq!(cloud.ledger().requests_of(ApiOperation::ReinstallOs), 18);
    let kinds: Vec<String> = cloud.ledger().violations().iter().map(|v| format!("{v:?}")).collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    for (kind, times) in [("NobodyNamed", 2), ("OverCap { len: 51", 1), ("AskedWhileUnderway", 1), ("Wiped", 0)] {
        assert_eq!(kinds.iter().filter(|text| text.starts_with(kind)).count(), times, "{kind}: {kinds:?}");
    }
}

#[test]
fn the_password_rule_is_that_of_the_system_to_be_installed() {
    let mut cloud = Cloud::new(config(200));
    let windows = images().find(|image| image.os == OsFamily::Windows).unwrap();
    let all = ids(&cloud);
    let of_family = |os| *all.iter().find(|id| cloud.row(at(0), **id).unwrap().image.os == os).unwrap();
    let (on_linux, on_windows) = (of_family(OsFamily::Linux), of_family(OsFamily::Windows));
    for (id, image, password, taken) in [
        (on_linux, None, "Administrator-1", true),
        (on_windows, None, "Administrator-1", false),
        (on_windows, None, "My-root-1234", true),
        (on_linux, Some(windows.id), "Administrator-1", false),
        (on_linux, Some(windows.id), "My-root-1234", true),
    ] {
        let mut cloud = cloud.clone();
        let result = cloud.reinstall(at(0), &ReinstallRequest::of(&[id], image, password));
        assert_eq!(result.is_ok(), taken, "{id} {image:?}");
    }
    let both = ReinstallRequest::of(&[on_linux, on_windows], None, "My-root-1234");
    assert!(cloud.reinstall(at(0), &both).is_err(), "one of the two is a Linux");
}

#[test]
fn each_life_cycle_is_shown_with_and_without_operation_state() {
    use LifeCycle::{Diagram2025, Diagram2026, Prose};
    for (life_cycle, sends, fails, stories) in [
        (
            Prose,
            true,
            false,
            ["running/install-succeed/-", "pending/reinstall-processing/-", "running/reinstall-succeed/-"],
        ),
        (Prose, false, false, ["running/-/-", "pending/-/-", "running/-/-"]),
        (
            Prose,
            true,
            true,
            ["running/install-succeed/-", "pending/reinstall-processing/-", "error/reinstall-failed/X.1"],
        ),
        (Prose, false, true, ["running/-/-", "pending/-/-", "error/-/X.1"]),
        (
            Diagram2025,
            true,
            false,
            ["running/install-succeed/-", "reinstalling/reinstall-processing/-", "running/reinstall-succeed/-"],
        ),
        (Diagram2025, false, true, ["running/-/-", "reinstalling/-/-", "failed/-/X.1"]),
        (
            Diagram2026,
            true,
            false,
            ["running/install-succeed/-", "running/reinstall-processing/-", "running/reinstall-succeed/-"],
        ),
        (
            Diagram2026,
            true,
            true,
            ["running/install-succeed/-", "running/reinstall-processing/-", "running/reinstall-failed/X.1"],
        ),
        (Diagram2026, false, true, ["running/-/-", "running/-/-", "running/-/X.1"]),
    ] {
        let mut cloud = Cloud::new(CloudConfig { life_cycle, sends_operation_state: sends, ..config(1) });
        let id = ids(&cloud)[0];
        if fails {
            cloud.set_ending(id, Ending::fails("X.1", "why"));
        }
        cloud.reinstall(at(10), &ReinstallRequest::of(&[id], None, PASSWORD)).unwrap();
        let seen = [at(9), at(40), at(70)].map(|now| shown(&cloud, now, id));
        assert_eq!(seen, stories, "{life_cycle} {sends} {fails}");
    }
}

#[test]
fn a_failed_reinstall_may_be_tried_again_in_every_life_cycle() {
    for life_cycle in LifeCycle::ALL {
        let mut cloud = Cloud::new(CloudConfig { life_cycle, ..config(1) });
        let id = ids(&cloud)[0];
        let request = ReinstallRequest::of(&[id], None, PASSWORD);
        cloud.set_ending(id, Ending::fails("X.1", "why"));
        cloud.reinstall(at(0), &request).unwrap();
        assert!(cloud.reinstall(at(59), &request).is_err(), "still underway");
        cloud.set_ending(id, Ending::Succeeds);
        cloud.reinstall(at(60), &request).unwrap();
        assert_eq!(shown(&cloud, at(120), id), "running/reinstall-succeed/-", "{life_cycle}");
        let attempts: Vec<u32> = cloud.wipes(id).iter().map(|wipe| wipe.attempt).collect();
        assert_eq!(attempts, [1, 2]);
    }
}

#[test]
fn leftovers_stay_until_a_reinstall_is_accepted() {
    let mut cloud = Cloud::new(config(1));
    let id = ids(&cloud)[0];
    let left = Start {
        operation_state: Some(OperationState::REINSTALLED),
        error: Some(InstanceFault {
            code: "old".into(),
            message: "long repaired".into(),
            kind: "modify_ip_error".into(),
        }),
        ..Start::default()
    };
    cloud.set_start(id, left);
    assert_eq!(shown(&cloud, at(0), id), "running/reinstall-succeed/old");
    cloud.reinstall(at(0), &ReinstallRequest::of(&[id], None, PASSWORD)).unwrap();
    assert_eq!(shown(&cloud, at(0), id), "pending/reinstall-processing/-");
}

#[test]
fn tags_are_those_that_were_set() {
    let mut cloud = Cloud::new(config(2));
    let [plain, labelled] = ids(&cloud)[..] else { panic!("two") };
    let keys = |cloud: &Cloud, id| -> Vec<String> {
        cloud.row(at(0), id).unwrap().tags.into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(keys(&cloud, labelled), ["env", "rack"]);
    cloud.set_tags(labelled, vec![("reinstall".into(), Some("deny".into())), ("keep".into(), None)]);
    assert_eq!(
        (keys(&cloud, plain), keys(&cloud, labelled)),
        (vec!["env".into(), "rack".into()], vec!["reinstall".into(), "keep".into()])
    );
    cloud.set_tags(labelled, vec![]);
    assert_eq!(keys(&cloud, labelled), [""; 0]);
}

#[test]
fn looking_changes_nothing_and_order_does_not_matter() {
    let build = || {
        let mut cloud =
            Cloud::new(CloudConfig { spread_percent: (50, 150), failing: Failing::Percent(30), ..config(40) });
        let all = ids(&cloud);
        cloud.reinstall(at(5), &ReinstallRequest::of(&all, None, PASSWORD)).unwrap();
        cloud
    };
    let (mut one, mut other) = (build(), build());
    let mut moments: Vec<(u64, InstanceId)> = Vec::new();
    for seconds in 0..120 {
        moments.extend(ids(&one).into_iter().map(|id| (seconds, id)));
    }
    let forwards: BTreeMap<_, _> = moments.iter().map(|&(s, id)| ((s, id), one.status(at(s), id).unwrap())).collect();
    let backwards: BTreeMap<_, _> =
        moments.iter().rev().map(|&(s, id)| ((s, id), other.status(at(s), id).unwrap())).collect();
    assert_eq!(forwards, backwards);
    let all = ids(&one);
    let page = one.list(at(60), &ListQuery::of(&all)).unwrap();
    assert_eq!(page, other.list(at(60), &ListQuery::of(&all)).unwrap());
}

#[test]
fn chance_does_not_depend_on_the_company() {
    let build = || Cloud::new(CloudConfig { spread_percent: (50, 150), failing: Failing::Percent(30), ..config(40) });
    let (mut together, mut apart) = (build(), build());
    let all = ids(&together);
    together.reinstall(at(0), &ReinstallRequest::of(&all, None, PASSWORD)).unwrap();
    for id in all.iter().rev() {
        apart.reinstall(at(0), &ReinstallRequest::of(&[*id], None, PASSWORD)).unwrap();
    }
    for id in &all {
        assert_eq!(together.wipes(*id), apart.wipes(*id));
    }
    let wipes: Vec<&Wipe> = all.iter().flat_map(|id| together.wipes(*id)).collect();
    let failing = wipes.iter().filter(|wipe| wipe.fails().is_some()).count();
    assert!((4..=20).contains(&failing), "{failing} of 40 at 30 percent");
    assert!(wipes.iter().all(|wipe| (30..=90).contains(&wipe.takes.as_secs())));
    let longest = wipes.iter().map(|wipe| wipe.takes).max();
    let shortest = wipes.iter().map(|wipe| wipe.takes).min();
    assert!(longest.zip(shortest).is_some_and(|(long, short)| long - short > Duration::from_secs(20)));
}

#[test]
fn so_many_fail_and_no_more() {
    let mut cloud = Cloud::new(CloudConfig { failing: Failing::Count(3), ..config(50) });
    let all = ids(&cloud);
    cloud.reinstall(at(0), &ReinstallRequest::of(&all, None, PASSWORD)).unwrap();
    let failing: Vec<InstanceId> = all.iter().copied().filter(|id| cloud.wipes(*id)[0].fails().is_some()).collect();
    assert_eq!(failing.len(), 3);
    cloud.reinstall(at(60), &ReinstallRequest::of(&failing, None, PASSWORD)).unwrap();
    assert!(failing.iter().all(|id| cloud.wipes(*id)[1].fails().is_some()), "they fail again");
}

#[test]
fn one_that_never_ends_stays_underway() {
    let mut cloud = Cloud::new(config(1));
    let id = ids(&cloud)[0];
    cloud.set_ending(id, Ending::Never);
    cloud.reinstall(at(0), &ReinstallRequest::of(&[id], None, PASSWORD)).unwrap();
    assert_eq!(shown(&cloud, at(1_000_000), id), "pending/reinstall-processing/-");
}

#[test]
fn the_image_changes_when_the_reinstall_has_worked() {
    let mut cloud = Cloud::new(config(1));
    let id = ids(&cloud)[0];
    let before = cloud.row(at(0), id).unwrap();
    let wanted = ImageId::from_bits(0xabc);
    cloud.reinstall(at(0), &ReinstallRequest::of(&[id], Some(wanted), PASSWORD)).unwrap();
    let during = cloud.row(at(30), id).unwrap();
    let after = cloud.row(at(60), id).unwrap();
    assert_eq!(during.image, before.image);
    assert_eq!((after.image.id, after.image.os), (wanted, before.image.os));
    assert_eq!((during.updated_at, during.launched_at), (at(0), before.launched_at));
    assert_eq!((after.updated_at, after.launched_at), (at(60), at(60)));
}

#[test]
fn pages_cover_the_fleet_once() {
    for (limit, pages) in [("10", 4), ("17", 3), ("35", 1), ("36", 1), ("5", 4), ("2000", 1)] {
        let mut cloud = Cloud::new(config(35));
        let (mut seen, mut marker, mut count) = (Vec::new(), None, 0);
        loop {
            let query = ListQuery { limit: Some(limit.into()), marker, ..ListQuery::default() };
            let page = cloud.list(at(0), &query).unwrap();
            assert_eq!(page.count, 35);
            seen.extend(&page.ids);
            count += 1;
            marker = page.next_marker;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!((count, seen), (pages, ids(&cloud)), "limit {limit}");
    }
}

#[test]
fn lists_are_filtered() {
    let mut cloud = Cloud::new(config(40));
    let all = ids(&cloud);
    cloud.reinstall(at(0), &ReinstallRequest::of(&all[..15], None, PASSWORD)).unwrap();
    let query = |state: &str, marker| ListQuery { instance_state: Some(state.into()), marker, ..ListQuery::default() };
    let first = cloud.list(at(1), &query("pending", None)).unwrap();
    assert_eq!((first.ids.len(), first.count), (10, 15));
    let second = cloud.list(at(1), &query("pending", first.next_marker)).unwrap();
    assert_eq!((second.ids.len(), second.count, second.next_marker), (5, 15, None));
    assert_eq!(cloud.list(at(60), &query("pending", None)).unwrap().count, 0);
    assert_eq!(cloud.list(at(60), &query("levitating", None)).unwrap().count, 0);

    let some = [all[3], InstanceId::from_bits(1), all[1], all[3]];
    let page = cloud.list(at(1), &ListQuery::of(&some)).unwrap();
    assert_eq!((page.ids.clone(), page.count), (vec![all[1], all[3]], 2), "absent ones are simply absent");
    let by_server = ListQuery {
        server_id: Some(cloud.row(at(1), page.ids[0]).unwrap().server_id.to_string()),
        ..ListQuery::default()
    };
    assert_eq!(cloud.list(at(1), &by_server).unwrap().ids, page.ids[..1]);
}

#[test]
fn a_list_may_be_forbidden() {
    let mut cloud = Cloud::new(CloudConfig { permits_list: false, ..config(1) });
    let refusal = cloud.list(at(0), &ListQuery::default()).unwrap_err();
    assert_eq!((refusal.status(), refusal.code()), (403, "iMetal.0004"));
    assert_eq!(cloud.ledger().requests_of(ApiOperation::ListInstances), 1);
}

#[test]
fn the_truth_is_told() {
    let mut cloud = Cloud::new(config(10));
    let all = ids(&cloud);
    cloud.set_ending(all[1], Ending::fails("X.1", "why"));
    cloud.reinstall(at(0), &ReinstallRequest::of(&all[..3], None, PASSWORD)).unwrap();
    cloud.reinstall(at(50), &ReinstallRequest::of(&all[3..4], None, PASSWORD)).unwrap();
    let truth = serde_json::to_value(cloud.truth(at(60))).unwrap();
    for (pointer, value) in [
        ("/instances_count", serde_json::json!(10)),
        ("/accepted_requests", serde_json::json!(2)),
        ("/batches", serde_json::json!({"1": 1, "3": 1})),
        ("/batch_len_max", serde_json::json!(3)),
        ("/wipes_count", serde_json::json!(4)),
        ("/requests", serde_json::json!({"ReinstallOS": 2})),
        ("/violations", serde_json::json!([])),
        (&format!("/wiped/{}/wipes", all[0]), serde_json::json!(1)),
        (&format!("/wiped/{}/outcome", all[0]), serde_json::json!("succeeded")),
        (&format!("/wiped/{}/outcome", all[1]), serde_json::json!("failed")),
        (&format!("/wiped/{}/attempts/0/fails/code", all[1]), serde_json::json!("X.1")),
        (&format!("/wiped/{}/outcome", all[3]), serde_json::json!("underway")),
    ] {
        assert_eq!(truth.pointer(pointer), Some(&value), "{pointer}");
    }
    assert_eq!(truth.pointer(&format!("/wiped/{}", all[4])), None);
}

#[test]
fn an_unknown_instance_is_named() {
    let mut cloud = Cloud::new(CloudConfig { fleet: FleetConfig::Listed(vec![InstanceId::from_bits(5)]), ..config(0) });
    assert!(cloud.status(at(0), InstanceId::from_bits(5)).is_ok());
    let refusal = cloud.status(at(0), InstanceId::from_bits(6)).unwrap_err();
    assert_eq!(refusal, Refusal::NotFound(vec![InstanceId::from_bits(6)]));
}
