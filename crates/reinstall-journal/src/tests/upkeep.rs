//! What is listed, found, exported, counted and removed.

use super::*;
use reinstall_core::id::{InstanceId, Ticket};
use reinstall_core::instance_set::InstanceSet;
use reinstall_core::record::Entry;
use reinstall_core::time::BootMark;

use crate::begin::SiteRecord;
use crate::error::{AbandonError, BeginError, ChangeError, FindError, ReadError, ResumeError};

/// Three rollouts, each begun a second after the other; the second is finished.
fn three(dir: &Path) -> (Store, Vec<RolloutId>) {
    let mut store = Store::open(dir).unwrap();
    let mut ids = vec![];
    for number in 0..3_u8 {
        let now = at(u64::from(number));
        let first = u64::from(number) * 10;
        let mut begun = begun(number, first..first + 10);
        begun.id = RolloutId::new(now, [0x10 * number; 10]);
        begun.opening.started_at = now;
        begun.parent = ids.last().copied();
        let mut journal = store.begin(&begun, &alice(), now).unwrap();
        if number == 1 {
            journal.finish(now, "{}").unwrap();
        }
        ids.push(begun.id);
    }
    (store, ids)
}

#[test]
fn rollouts_are_listed_newest_first_and_found_by_what_they_begin_with() {
    let dir = state_dir();
    let (store, ids) = three(dir.path());
    let rows = store.rollouts().unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[2], ids[1], ids[0]]);
    assert_eq!(
        (rows[0].parent, rows[0].targets, rows[0].endpoint.as_str()),
        (Some(ids[1]), 10, "https://cloud.example")
    );
    assert_eq!(store.unfinished().unwrap().iter().map(|row| row.id).collect::<Vec<_>>(), [ids[2], ids[0]]);
    for id in &ids {
        assert_eq!(store.find(&id.to_string().to_uppercase()).unwrap().id, *id);
    }
    let shared = &ids[0].to_string()[..6];
    assert_eq!(store.find(shared), Err(FindError::Several(vec![ids[2], ids[1], ids[0]])));
    for nothing in ["zz", "%", "_", "0' OR 1"] {
        assert_eq!(store.find(nothing), Err(FindError::None(nothing.into())));
    }
}

#[test]
fn an_export_tells_what_began_what_happened_and_how_it_stands() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let (mut recorded, mut fleet) = started(&mut store, 10, 0);
    assert!(fleet.drive(&mut recorded, 10_000));
    let (_, mut witnessed, _) = recorded.into_parts();
    witnessed.journal.finish(at(9_000), "{\"succeeded\":10}").unwrap();
    let id = begun(1, 0..1).id;
    let mut out = vec![];
    store.export(id, &mut out).unwrap();
    let values: Vec<serde_json::Value> =
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, last) = (&values[0], &values[values.len() - 1]);
    assert_eq!(first["rollout"]["id"], id.to_string());
    assert_eq!(serde_json::from_value::<Opening>(first["opening"].clone()).unwrap(), begun(1, 0..10).opening);
    assert_eq!(values.len(), witnessed.lines.len() + 2);
    assert_eq!(
        (&last["end"]["lines"], &last["end"]["ending"]),
        (&witnessed.lines.len().into(), &"{\"succeeded\":10}".into())
    );
    let unknown = RolloutId::new(START, [99; 10]);
    assert_eq!(store.export(unknown, &mut vec![]), Err(ReadError::Unknown(unknown)));
    assert_eq!(store.replay(unknown).map(|_| ()), Err(ReadError::Unknown(unknown)));
}

#[test]
fn submissions_are_counted_by_the_instance_and_outlive_their_rollout() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let (mut recorded, mut fleet) = started(&mut store, 120, 0);
    let id = begun(1, 0..1).id;
    let submitted = |store: &Store, since| store.committed_since(since, Some(id)).unwrap();
    assert_eq!(store.committed_since(START, None), Ok(120), "it may yet submit all of them");
    assert_eq!(submitted(&store, START), 0);
    assert!(fleet.drive(&mut recorded, 100_000));
    assert_eq!(submitted(&store, START), 120);
    let end = recorded.rollout().now();
    assert_eq!(submitted(&store, end), 0);
    let canary_is_over = at(10 * 60);
    let later = submitted(&store, canary_is_over);
    assert!(later > 0 && later < 120, "{later}");
    recorded.into_parts().1.journal.finish(end, "{}").unwrap();
    store.prune(&[id]).unwrap();
    assert_eq!(submitted(&store, START), 120);
}

#[test]
fn what_is_finished_can_be_removed_and_gives_its_space_back() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let empty = fs::metadata(store.path()).unwrap().len();
    let (mut recorded, mut fleet) = started(&mut store, 300, 0);
    let id = begun(1, 0..1).id;
    assert!(fleet.drive(&mut recorded, 100_000));
    assert_eq!(store.prune(&[id]), Err(ChangeError::Unfinished(id)));
    recorded.into_parts().1.journal.finish(at(9_000), "{}").unwrap();
    let unknown = RolloutId::new(START, [99; 10]);
    assert_eq!(store.prune(&[id, unknown]), Err(ChangeError::Unknown(unknown)));
    assert_eq!(store.rollouts().unwrap().len(), 1, "all or none");
    assert_eq!(store.order_halt(id, at(9_001)), Err(ChangeError::Finished(id)));
    store.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let full = fs::metadata(store.path()).unwrap().len();
    store.prune(&[id]).unwrap();
    assert_eq!(store.rollouts().unwrap(), []);
    let left = fs::metadata(store.path()).unwrap().len();
    // What stays is which rollout had each of the 300 instances last.
    assert!(full > 2 * empty && left <= empty + 4096 + 300 * 100, "{empty}, {full}, {left}");
}

#[test]
fn a_rollout_that_is_given_up_frees_its_instances() {
    let dir = state_dir();
    let (mut store, ids) = three(dir.path());
    let taken = || Begun { id: RolloutId::new(at(50), [9; 10]), ..begun(9, 0..5) };
    assert!(matches!(store.begin(&taken(), &bob(), at(5)), Err(BeginError::Claimed { count: 5, .. })));
    let (_, lives) = store.resume(ids[0], &alice(), at(5), false).unwrap();
    for now in [at(5), at(500)] {
        let held = store.abandon(ids[0], &bob(), now, "{}", &[]).unwrap_err();
        assert!(matches!(held, AbandonError::Resume(ResumeError::Held { .. })), "{held}");
    }
    drop(lives);
    store.abandon(ids[0], &bob(), at(90), "{}", &[]).unwrap();
    assert_eq!(store.find(&ids[0].to_string()).unwrap().finished_at, Some(at(90)));
    store.begin(&taken(), &bob(), at(91)).unwrap();
    assert!(matches!(
        store.abandon(ids[0], &bob(), at(99), "{}", &[]),
        Err(AbandonError::Resume(ResumeError::Finished { .. }))
    ));
}

#[test]
fn the_rules_of_the_site_are_on_record_with_a_rollout() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    // As long as it takes to be packed.
    let text = "[[protected]]\nnames = [\"db-*\"]\nreason = \"a database\"\n".repeat(100);
    let site = Some(SiteRecord { path: "/etc/reinstall/policy.toml".into(), text });
    store.begin(&Begun { site: site.clone(), ..begun(1, 0..3) }, &alice(), START).unwrap();
    store.begin(&begun(2, 3..6), &alice(), START).unwrap();
    assert_eq!(store.site(begun(1, 0..1).id), Ok(site));
    assert_eq!(store.site(begun(2, 0..1).id), Ok(None));
    store.replay(begun(1, 0..1).id).unwrap();
}

/// A rollout of 30 that was left while requests for some of its instances were in flight; whom these name.
fn left_in_flight(store: &mut Store) -> Vec<InstanceId> {
    let (mut recorded, mut fleet) = started(store, 30, 0);
    while recorded.rollout().tally().installing < 2 {
        assert!(!fleet.drive(&mut recorded, 1));
    }
    let reports = recorded.into_parts().0.into_summary().reports.into_iter();
    let open = reports.filter(|one| one.finished_at.is_none() && one.may_have_been_submitted());
    let mut ids: Vec<InstanceId> = open.map(|one| one.id).collect();
    ids.sort_unstable();
    assert!((2..30).contains(&ids.len()), "{ids:?}");
    ids
}

#[test]
fn what_has_a_request_in_flight_is_freed_by_its_name_only() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let open = left_in_flight(&mut store);
    let (id, before) = (begun(1, 0..1).id, store.rollouts().unwrap());
    let mut abandon = |freed: &[InstanceId]| store.abandon(id, &alice(), at(9), "{}", freed);
    let stranger = fleet::instance(99);
    assert_eq!(abandon(&[stranger]), Err(AbandonError::NotClaimed { id, instance: stranger }));
    assert_eq!(abandon(&[]), Err(AbandonError::InFlight { id, instances: open.clone() }));
    assert_eq!(abandon(&open[1..]), Err(AbandonError::InFlight { id, instances: vec![open[0]] }));
    assert_eq!(store.rollouts().unwrap(), before, "nothing was changed");
    assert_eq!(store.abandon(id, &alice(), at(9), "{}", &open), Ok(vec![]));
    store.begin(&begun(2, 0..30), &bob(), at(12)).expect("all are free");
}

/// Where the lines cannot be read, nobody can tell of any instance; where they only make no sense, of those that they name.
#[test]
fn a_rollout_that_cannot_be_brought_back_keeps_what_may_have_a_request_in_flight() {
    let intent = |ids: &[u64]| Entry::Intent {
        ticket: Ticket(7),
        ids: InstanceSet::new(ids.iter().map(|number| fleet::instance(*number)).collect()).unwrap(),
        image: None,
        attempt: 1,
    };
    for (spoil, count) in [("UPDATE line SET said = zeroblob(9) WHERE seq = 1", 30), ("SELECT 1", 2)] {
        let dir = state_dir();
        let mut store = Store::open(dir.path()).unwrap();
        let id = begun(1, 0..1).id;
        let mut journal = store.begin(&begun(1, 0..30), &alice(), START).unwrap();
        journal.append(&Line { at: START, entry: intent(&[3, 5]) }, Keep::ForCertain).unwrap();
        drop(journal);
        store.connection.execute_batch(spoil).unwrap();
        assert!(store.replay(id).is_err());
        let kept = store.abandon(id, &alice(), at(9), "{}", &[]).unwrap();
        assert_eq!(kept.len(), count, "{spoil}: {kept:?}");
        assert!([3, 5].iter().all(|number| kept.contains(&fleet::instance(*number))));
        assert_eq!(store.prune(&[id]), Err(ChangeError::Claims { id, count: count as u64 }));
        let claimed = store.begin(&begun(2, 0..30), &bob(), at(10)).unwrap_err().to_string();
        assert!(claimed.contains("was abandoned while"), "{claimed}");
        assert_eq!(store.abandon(id, &alice(), at(11), "{}", &kept[1..]), Ok(vec![kept[0]]));
        assert_eq!(store.abandon(id, &alice(), at(11), "{}", &kept[..1]), Ok(vec![]));
        store.prune(&[id]).unwrap();
        store.begin(&begun(3, 0..30), &bob(), at(12)).expect("all are free");
    }
}

#[test]
fn the_machines_own_clock_is_kept_with_each_line() {
    let mark = || Some(BootMark { boot: "boot-1".into(), up: Duration::from_millis(77_012) });
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let begun = begun(1, 0..3);
    let mut journal = store.begin(&begun, &alice(), START).unwrap().marking(mark);
    journal.append(&Line { at: START, entry: Entry::Tick }, Keep::Lazily).unwrap();
    journal.release().unwrap();
    let (_, journal) = store.resume(begun.id, &alice(), at(1), false).unwrap();
    assert_eq!(journal.marked(), mark().as_ref());
}
