//! One rollout for an instance, and one program for a rollout.

use std::collections::BTreeMap;
use std::sync::Barrier;

use reinstall_core::journal::{Journal as _, Keep};
use reinstall_core::record::Entry;

use super::*;
use crate::begin::DayLimit;
use crate::error::{BeginError, ResumeError};
use crate::lease::{LEASE_TTL, Standing};
use crate::node::Node;
use crate::row::RunState;
use crate::run_lock::Liveness;

fn tick(seconds: u64) -> Line {
    Line { at: at(seconds), entry: Entry::Tick }
}

#[test]
fn an_instance_is_in_one_unfinished_rollout() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let mut first = store.begin(&begun(1, 0..20), &alice(), START).unwrap();
    let refused = store.begin(&begun(2, 10..30), &bob(), at(1)).unwrap_err();
    let BeginError::Claimed { instances, count, holder } = &refused else { panic!("{refused}") };
    assert_eq!((instances.len(), *count, holder.id), (5, 10, begun(1, 0..1).id));
    assert!(instances.iter().all(|id| (10..20).any(|number| fleet::instance(number) == *id)));
    let told = refused.to_string();
    assert!(told.contains("10 of the instances") && told.ends_with(", …"), "{told}");
    assert_eq!(store.rollouts().unwrap().len(), 1, "nothing was written");

    store.begin(&begun(2, 20..30), &bob(), at(1)).expect("others are free");
    first.release().unwrap();
    assert!(matches!(store.begin(&begun(3, 0..1), &bob(), at(2)), Err(BeginError::Claimed { .. })), "it is not over");
    let (_, mut first) = store.resume(begun(1, 0..20).id, &alice(), at(3), false).unwrap();
    first.finish(at(4), "{}").unwrap();
    store.begin(&begun(3, 0..10), &bob(), at(5)).expect("it is over");
}

#[test]
fn of_two_that_begin_at_once_one_wins() {
    for round in 0..50 {
        let dir = state_dir();
        Store::open(dir.path()).unwrap();
        let barrier = Barrier::new(2);
        let begin = |number: u8| {
            let mut store = Store::open(dir.path()).unwrap();
            let begun = begun(number, u64::from(number)..u64::from(number) + 3);
            barrier.wait();
            store.begin(&begun, &alice(), START).map(|_| ())
        };
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(|| begin(2));
            (begin(1), other.join().unwrap())
        });
        let refused = match (one, other) {
            (Ok(()), Err(refused)) | (Err(refused), Ok(())) => refused,
            both => panic!("round {round}: {both:?}"),
        };
        assert!(matches!(refused, BeginError::Claimed { count: 2, .. }), "round {round}: {refused}");
        assert_eq!(Store::open(dir.path()).unwrap().rollouts().unwrap().len(), 1);
    }
}

/// What was taken on from a rollout is on record, whatever clocks say, and stays so when the rollout is removed that took it.
#[test]
fn what_a_later_rollout_took_on_is_not_taken_on_again() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    // The first clock runs hours ahead of the later ones.
    let parent = begun(1, 0..10);
    let finish = |store: &mut Store, begun: &Begun, now| {
        store.begin(begun, &alice(), now).map(|mut journal| journal.finish(now, "{}").unwrap())
    };
    let from = |number, instances| Begun { parent: Some(parent.id), ..begun(number, instances) };
    finish(&mut store, &parent, at(90_000)).unwrap();
    finish(&mut store, &from(2, 0..4), at(60)).unwrap();
    let taken = |first: u64, by: u8| BTreeMap::from([(fleet::instance(first), begun(by, 0..1).id)]);
    assert_eq!(store.taken_on(parent.id, &[fleet::instance(3), fleet::instance(4)]), Ok(taken(3, 2)));
    let told = BeginError::TakenOn { instances: vec![fleet::instance(3)], count: 1, by: begun(2, 0..1).id };
    assert_eq!(finish(&mut store, &from(3, 3..6), at(61)), Err(told.clone()));
    store.prune(&[begun(2, 0..1).id]).unwrap();
    assert_eq!(finish(&mut store, &from(3, 3..6), at(61)), Err(told));
    finish(&mut store, &from(3, 4..6), at(62)).unwrap();
    // One without a parent takes instances on as well; what it says of them is the latest then.
    finish(&mut store, &begun(4, 6..7), at(63)).unwrap();
    assert_eq!(store.taken_on(parent.id, &[fleet::instance(6)]), Ok(taken(6, 4)));
    finish(&mut store, &Begun { parent: Some(begun(4, 6..7).id), ..begun(5, 6..7) }, at(64)).unwrap();
}

/// Six programs that begin at once with five instances each, where ten a day are allowed: two of them do, whoever is first.
#[test]
fn the_limit_of_a_day_is_checked_and_claimed_at_once() {
    for round in 0..5 {
        let dir = state_dir();
        Store::open(dir.path()).unwrap();
        let barrier = Barrier::new(6);
        let begin = |number: u8| {
            let mut store = Store::open(dir.path()).unwrap();
            store.connection.busy_timeout(Duration::from_secs(60)).unwrap();
            let first = u64::from(number) * 5;
            let day_limit = Some(DayLimit { instances_max: 10, since: START });
            let begun = Begun { day_limit, ..begun(number, first..first + 5) };
            barrier.wait();
            store.begin(&begun, &alice(), START).map(|_| ())
        };
        let ends: Vec<_> = std::thread::scope(|scope| {
            let begin = &begin;
            let threads: Vec<_> = (0..6).map(|number| scope.spawn(move || begin(number))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let refused = BeginError::DayLimit { committed: 10, wanted: 5, instances_max: 10 };
        assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 2, "round {round}: {ends:?}");
        assert!(ends.iter().all(|end| end.is_ok() || *end == Err(refused.clone())), "round {round}: {ends:?}");
    }
}

#[test]
fn a_plan_is_applied_once() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let of = |number| Begun { plan_hash: Some("k7f2".into()), ..begun(number, 0..3) };
    store.begin(&of(1), &alice(), START).unwrap().finish(at(1), "{}").unwrap();
    let applied = Err(BeginError::Applied { rollout: of(1).id, at: START });
    assert_eq!(store.begin(&of(2), &alice(), at(2)).map(|_| ()), applied);
    store.prune(&[of(1).id]).unwrap();
    assert_eq!(store.begin(&of(2), &alice(), at(2)).map(|_| ()), applied, "not even when its rollout was removed");
    store.begin(&Begun { plan_hash: None, ..of(3) }, &alice(), at(2)).unwrap();
    let again = store.begin(&Begun { plan_hash: None, ..of(3) }, &alice(), at(2)).map(|_| ());
    assert_eq!(again, Err(BeginError::Repeated(of(3).id)));
}

/// Where the program runs that has the lease, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Former {
    Lives,
    /// It ended, under this kernel, or before the last boot of this machine.
    Ended,
    EndedBeforeABoot,
    /// It ran on another machine, or its lock was removed or copied: what became of it nobody can tell.
    Elsewhere,
    Unlocked,
    Copied,
}

impl Former {
    /// Makes it so that `journal` is what such a program holds. What it returns is to be kept.
    fn arrange(self, store: &Store, journal: RolloutJournal) -> Option<RolloutJournal> {
        let lock = store.path().with_file_name("locks").join(format!("{}-1.lock", begun(1, 0..1).id));
        match self {
            Self::Lives => return Some(journal),
            Self::Ended | Self::EndedBeforeABoot | Self::Elsewhere => drop(journal),
            Self::Unlocked => {
                fs::remove_file(lock).unwrap();
                return Some(journal);
            }
            Self::Copied => {
                let text = fs::read(&lock).unwrap();
                fs::rename(&lock, lock.with_extension("kept")).unwrap();
                fs::write(&lock, text).unwrap();
                return Some(journal);
            }
        }
        None
    }

    fn node(self) -> Node {
        let here = node("this machine", "this boot");
        match self {
            Self::EndedBeforeABoot => node("this machine", "the boot before"),
            Self::Elsewhere => node("another machine", "another boot"),
            Self::Lives | Self::Ended | Self::Unlocked | Self::Copied => here,
        }
    }
}

fn node(machine: &str, boot: &str) -> Node {
    Node { machine: Some(machine.into()), boot: Some(boot.into()) }
}

/// Whose lease it is, how old its heartbeat is, and what becomes of whoever wants it.
#[test]
fn a_lease_passes_on_by_its_rules() {
    let ttl = LEASE_TTL.as_secs();
    let mut cases = vec![];
    for take_over in [false, true] {
        for ended in [Former::Ended, Former::EndedBeforeABoot] {
            // Neither heartbeats nor clocks are asked where the kernel says so.
            cases.extend([0, ttl - 1, 100 * ttl].map(|age| (ended, age, take_over, "taken")));
        }
        for unsure in [Former::Lives, Former::Elsewhere, Former::Unlocked, Former::Copied] {
            cases.extend([0, ttl - 1].map(|age| (unsure, age, take_over, "held")));
        }
    }
    for age in [ttl, 100 * ttl] {
        cases.extend([(Former::Lives, age, false, "lives"), (Former::Lives, age, true, "taken")]);
        for unsure in [Former::Elsewhere, Former::Unlocked, Former::Copied] {
            cases.extend([(unsure, age, false, "expired"), (unsure, age, true, "taken")]);
        }
    }
    for (former, age, take_over, expected) in cases {
        let dir = state_dir();
        let mut store = Store::open(dir.path()).unwrap();
        let id = begun(1, 0..3).id;
        store.locks.node = former.node();
        let journal = store.begin(&begun(1, 0..3), &alice(), at(1_000)).unwrap();
        let _held = former.arrange(&store, journal);
        store.locks.node = node("this machine", "this boot");
        let carol = Owner { user: "carol".into(), ..alice() };
        let told = match store.resume(id, &carol, at(1_000 + age), take_over) {
            Ok(_) => "taken",
            Err(ResumeError::Held { owner: by, heartbeat_at }) if by == alice() && heartbeat_at == at(1_000) => "held",
            Err(ResumeError::Expired { owner: by, lives: true, .. }) if by == alice() => "lives",
            Err(ResumeError::Expired { owner: by, lives: false, .. }) if by == alice() => "expired",
            Err(other) => panic!("{other}"),
        };
        assert_eq!(told, expected, "{former:?}, {age} s, {take_over}");
        let holder = store.rollouts().unwrap().remove(0).holder.unwrap().0;
        assert_eq!(holder, if told == "taken" { carol } else { alice() });
    }
}

/// A program that takes over from one that hangs has a lock of its own, whatever becomes of the other's.
#[test]
fn each_program_has_a_lock_of_its_own() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let begun = begun(1, 0..3);
    let hangs = store.begin(&begun, &alice(), START).unwrap();
    let (_, second) = store.resume(begun.id, &bob(), at(100), true).unwrap();
    drop(hangs);
    let row = |store: &Store| store.rollouts().unwrap().remove(0);
    assert_eq!((row(&store).standing(at(500)), row(&store).liveness), (RunState::Running, Liveness::Lives));
    assert!(store.abandon(begun.id, &alice(), at(500), "{}", &[]).is_err(), "it lives");
    drop(second);
    assert_eq!((row(&store).standing(at(100)), row(&store).liveness), (RunState::Interrupted, Liveness::Ended));
    let (_, mut third) = store.resume(begun.id, &alice(), at(100), false).unwrap();
    third.finish(at(101), "{}").unwrap();
    let locks = || fs::read_dir(dir.path().join("locks")).unwrap().count();
    assert_eq!(locks(), 3);
    store.prune(&[begun.id]).unwrap();
    assert_eq!(locks(), 0, "they go with their rollout");
}

/// Another process has the lock, and is killed: the kernel gives it back.
#[test]
fn a_lock_ends_with_its_process() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let begun = begun(1, 0..3);
    drop(store.begin(&begun, &alice(), START).unwrap());
    let lock = dir.path().join("locks").join(format!("{}-1.lock", begun.id));
    // The child inherits the open file, and with it the lock.
    let file = fs::File::open(&lock).unwrap();
    file.try_lock().unwrap();
    let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).stdout(file).spawn().unwrap();
    signal(&child, "STOP");
    assert_eq!(store.rollouts().unwrap().remove(0).liveness, Liveness::Lives);
    assert!(store.resume(begun.id, &alice(), at(1), false).is_err());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(store.rollouts().unwrap().remove(0).liveness, Liveness::Ended);
    store.resume(begun.id, &alice(), at(1), false).expect("it has ended");
}

fn signal(child: &std::process::Child, name: &str) {
    let sent =
        std::process::Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_clock_that_was_set_back_makes_nobody_dead() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let mut journal = store.begin(&begun(1, 0..3), &bob(), at(10_000)).unwrap();
    journal.lease().unwrap().beat(at(10)).unwrap();
    journal.append(&tick(20), Keep::Lazily).unwrap();
    let refused = store.resume(begun(1, 0..3).id, &alice(), at(30), true).unwrap_err();
    assert_eq!(refused, ResumeError::Held { owner: bob(), heartbeat_at: at(10_000) });
}

#[test]
fn whoever_lost_the_lease_writes_nothing_more() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let begun = begun(1, 0..3);
    let mut first = store.begin(&begun, &bob(), START).unwrap();
    let mut lease = first.lease().unwrap();
    first.append(&tick(1), Keep::ForCertain).unwrap();
    let (_, mut second) = store.resume(begun.id, &alice(), at(100), true).unwrap();
    let taken_over = Err(JournalError::TakenOver { by: alice() });
    assert_eq!(lease.beat(at(101)).map(|_| ()), taken_over);
    for keep in [Keep::ForCertain, Keep::Lazily] {
        assert_eq!(first.append(&tick(102), keep), taken_over);
    }
    assert_eq!(first.finish(at(103), "{}"), taken_over);
    assert_eq!(first.release(), taken_over);
    assert_eq!(stored(&store, begun.id), [tick(1)]);
    second.append(&tick(104), Keep::Lazily).unwrap();
    assert_eq!(stored(&store, begun.id), [tick(1), tick(104)]);
    second.release().unwrap();
    assert_eq!(first.append(&tick(105), Keep::Lazily), taken_over, "it does not come back");
    assert_eq!(lease.beat(at(105)).map(|_| ()), taken_over);
}

#[test]
fn lines_and_beats_keep_a_lease_up_until_it_is_given_back() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let begun = begun(1, 0..3);
    let mut journal = store.begin(&begun, &alice(), START).unwrap();
    let mut lease = journal.lease().unwrap();
    let row = |store: &Store| store.rollouts().unwrap().remove(0);
    journal.append(&tick(20), Keep::Lazily).unwrap();
    assert_eq!(row(&store).holder, Some((alice(), at(20))));
    assert_eq!(lease.beat(at(40)), Ok(Standing { halt_ordered: false }));
    assert_eq!(row(&store).holder, Some((alice(), at(40))));
    assert_eq!(row(&store).standing(at(69)), RunState::Running);
    assert_eq!(row(&store).standing(at(70)), RunState::Running, "its process is there");
    assert_eq!(store.unfinished().unwrap().len(), 1);
    store.order_halt(begun.id, at(41)).unwrap();
    assert_eq!(lease.beat(at(42)), Ok(Standing { halt_ordered: true }));

    journal.release().unwrap();
    assert_eq!(row(&store).standing(at(42)), RunState::Left);
    assert_eq!(lease.beat(at(43)), Err(JournalError::Over));
    assert_eq!(journal.append(&tick(43), Keep::Lazily), Err(JournalError::Over));
    let (_, mut journal) = store.resume(begun.id, &bob(), at(44), false).unwrap();
    assert!(row(&store).halt_ordered, "an order stays");
    journal.finish(at(45), "{\"succeeded\":3}").unwrap();
    assert_eq!(row(&store).standing(at(45)), RunState::Finished);
    assert_eq!((row(&store).finished_at, row(&store).ending.as_deref()), (Some(at(45)), Some("{\"succeeded\":3}")));
    let refused = store.resume(begun.id, &bob(), at(46), true).unwrap_err();
    assert_eq!(refused, ResumeError::Finished { id: begun.id, at: at(45) });
    assert_eq!(store.unfinished().unwrap(), []);
}
