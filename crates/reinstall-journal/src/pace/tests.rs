use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tempfile::TempDir;

use super::*;
use crate::store::Store;

const START: Timestamp = Timestamp::from_millis(1_795_433_416_042);
const KEY: &str = "https://cloud.example alice";
const NO_HINT: Hint = Hint { retry_after: None, limit: None };

fn at(millis: u64) -> Timestamp {
    START + Duration::from_millis(millis)
}

fn rate() -> Rate {
    Rate::per_second(10).unwrap()
}

fn state_dir() -> TempDir {
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir().unwrap()
}

/// A handle as another process would have it: what it locks, it locks against all others.
fn open(dir: &TempDir) -> SharedPace {
    SharedPace::open(dir.path(), KEY, rate()).unwrap()
}

/// How many submissions leave at once, at this moment.
fn leave(pace: &SharedPace, now: Timestamp) -> usize {
    (0..1_000).take_while(|_| pace.ask(now, Urgency::Submit) == Turn::Now).count()
}

fn assert_within(rate: Rate, mut left: Vec<Timestamp>) {
    left.sort_unstable();
    for (first, from) in left.iter().enumerate() {
        for (more, to) in left[first..].iter().enumerate() {
            let worth = to.since(*from).as_nanos() / rate.interval().as_nanos();
            assert!((more as u128) < u128::from(rate.burst()) + worth, "{more} more from {from} to {to}");
        }
    }
}

#[test]
fn what_one_takes_the_other_has_not() {
    let dir = state_dir();
    let (one, other) = (open(&dir), open(&dir));
    assert_eq!([leave(&one, at(0)), leave(&other, at(0))], [10, 0]);
    let turns = [&other, &one, &other].map(|pace| pace.ask(at(100), Urgency::Submit));
    assert_eq!(turns, [Turn::Now, Turn::At(at(200)), Turn::At(at(200))]);
    assert_eq!([leave(&other, at(5_000)), leave(&one, at(5_000))], [10, 0]);
    let stranger = SharedPace::open(dir.path(), "https://cloud.example bob", rate()).unwrap();
    assert_eq!(leave(&stranger, at(5_000)), 10, "another account");
}

#[test]
fn a_refusal_of_one_cools_all_down() {
    let dir = state_dir();
    let (one, other) = (open(&dir), open(&dir));
    let limit = Rate::of(30, Duration::from_secs(60)).unwrap();
    let wait = one.throttled(at(0), Hint { limit: Some(limit), ..NO_HINT }, 0.0);
    assert_eq!(wait, Duration::from_secs(2));
    assert_eq!(other.ask(at(1_999), Urgency::Look), Turn::At(at(2_000)));
    assert_eq!([leave(&other, at(2_000)), leave(&one, at(2_000))], [1, 0], "and both keep to the limit");
    assert_eq!(other.throttled(at(4_000), NO_HINT, 1.0), Duration::from_secs(2), "the second in a row");
    one.ask(at(7_000), Urgency::Look);
    one.answered(at(7_100));
    assert_eq!(other.throttled(at(9_000), NO_HINT, 1.0), Duration::from_secs(1), "the first again");
}

#[test]
fn each_keeps_its_own_rate_and_together_they_keep_the_faster_one() {
    let dir = state_dir();
    let (quick, slow) = (open(&dir), SharedPace::open(dir.path(), KEY, Rate::per_second(1).unwrap()).unwrap());
    let (mut of_both, mut of_slow) = (vec![], vec![]);
    for step in 0..400 {
        let now = at(step * 37);
        if slow.ask(now, Urgency::Submit) == Turn::Now {
            of_slow.push(now);
            of_both.push(now);
        }
        if step % 4 == 0 && quick.ask(now, Urgency::Submit) == Turn::Now {
            of_both.push(now);
        }
    }
    assert!(of_slow.len() > 2 && of_both.len() > 50, "{} and {}", of_slow.len(), of_both.len());
    assert_within(rate(), of_both);
    assert_within(Rate::per_second(1).unwrap(), of_slow);
}

/// Threads with a handle each, and a clock that goes on when somebody has to wait. What is locked belongs to a handle, so
/// that they are to each other as processes are.
#[test]
fn many_at_once_stay_within_the_rate() {
    let dir = state_dir();
    let clock = AtomicU64::new(0);
    // All of it takes 400 ms: whoever read the clock first and asks last is not taken for one whose clock was set back.
    let rate = Rate::per_second(1_000).unwrap();
    let worker = || {
        let pace = SharedPace::open(dir.path(), KEY, rate).unwrap();
        // The machine may be busy, and this is no test of how patient anybody is.
        pace.lock().tries_max = u32::MAX;
        let mut left = vec![];
        while left.len() < 350 {
            let now = clock.load(Ordering::SeqCst);
            match pace.ask(at(now), Urgency::Submit) {
                Turn::Now => left.push(at(now)),
                Turn::At(next) => {
                    clock.fetch_max(u64::try_from(next.since(START).as_millis()).unwrap(), Ordering::SeqCst);
                }
            }
        }
        assert_eq!(pace.trouble(), None);
        left
    };
    let left = thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(left.len(), 1_400);
    assert_within(rate, left);
    // The 400 after the burst have come as early as they could, one each millisecond.
    assert_eq!(clock.load(Ordering::SeqCst), 400, "no turn was lost");
}

#[test]
fn what_is_no_pace_is_replaced() {
    let sound = {
        let dir = state_dir();
        leave(&open(&dir), START);
        fs::read(open(&dir).path()).unwrap()
    };
    let mut cases = vec![vec![], b"hello".to_vec(), vec![0; sound.len()], vec![0xff; 4_096], sound[..20].to_vec()];
    for index in 0..sound.len() {
        let mut flipped = sound.clone();
        flipped[index] ^= 0x10;
        cases.push(flipped);
    }
    for bytes in cases {
        let dir = state_dir();
        let path = open(&dir).path().to_owned();
        fs::write(&path, &bytes).unwrap();
        let (one, other) = (open(&dir), open(&dir));
        assert_eq!([leave(&one, START), leave(&other, START)], [10, 0], "{bytes:x?}");
        fs::write(&path, &bytes).unwrap();
        assert_eq!(leave(&one, START), 0, "whoever was there knows what left: {bytes:x?}");
        assert_eq!((one.trouble(), other.trouble()), (None, None));
    }
    let dir = state_dir();
    fs::write(open(&dir).path(), [&sound[..], b"and more"].concat()).unwrap();
    assert_eq!(leave(&open(&dir), START), 0, "what follows a record is nobody's");
}

#[test]
fn while_another_keeps_it_locked_requests_are_put_off_and_then_go_on_alone() {
    let dir = state_dir();
    let (one, other) = (open(&dir), open(&dir));
    assert_eq!(one.ask(at(0), Urgency::Submit), Turn::Now);
    let stopped = OpenOptions::new().read(true).write(true).open(one.path()).unwrap();
    stopped.lock().unwrap();
    for millis in [0, 300, 499] {
        assert_eq!((one.ask(at(millis), Urgency::Submit), one.trouble()), (Turn::At(at(millis + 10)), None));
    }
    assert_eq!(leave(&one, at(500)), 10);
    let told = one.trouble().unwrap().to_string();
    assert!(told.contains("pace-") && told.contains("locked"), "{told}");
    assert_eq!(one.ask(at(0), Urgency::Submit), Turn::At(at(10)), "the clock was set back: patient again");
    let asked_for = Hint { retry_after: Some(Duration::from_secs(4)), ..NO_HINT };
    assert_eq!(one.throttled(at(510), asked_for, 0.0), Duration::from_secs(4));
    stopped.unlock().unwrap();
    assert_eq!(other.ask(at(520), Urgency::Submit), Turn::Now, "nobody told it of the refusal");
    assert_eq!(one.ask(at(530), Urgency::Submit), Turn::At(at(4_510)));
    assert_eq!(one.trouble(), None);
    assert_eq!(other.ask(at(540), Urgency::Submit), Turn::At(at(4_510)), "now somebody did");
}

#[test]
fn without_the_directory_it_goes_on_alone() {
    let dir = state_dir();
    let one = open(&dir);
    assert_eq!(leave(&one, START), 10);
    let path = one.path().to_owned();
    fs::remove_dir_all(dir.path()).unwrap();
    assert_eq!(one.ask(START, Urgency::Submit), Turn::At(at(100)));
    assert!(one.trouble().unwrap().to_string().contains(path.to_str().unwrap()));
    fs::create_dir(dir.path()).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(one.ask(at(100), Urgency::Submit), Turn::Now);
    assert_eq!((leave(&open(&dir), at(100)), one.trouble()), (0, None), "it brought with it what it knew");
}

#[test]
fn a_file_that_was_put_in_its_place_is_the_one_that_counts() {
    let dir = state_dir();
    let one = open(&dir);
    fs::remove_file(one.path()).unwrap();
    let other = open(&dir);
    assert_eq!([leave(&other, START), leave(&one, START)], [10, 0]);
}

#[test]
fn what_cannot_be_opened_is_refused() {
    let dir = state_dir();
    let path = dir.path().join(file_name(KEY));
    fs::create_dir(&path).unwrap();
    let told = SharedPace::open(dir.path(), KEY, rate()).unwrap_err().to_string();
    assert!(told.contains(&file_name(KEY)) && told.contains("regular file"), "{told}");
    fs::remove_dir(&path).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(SharedPace::open(dir.path(), KEY, rate()), Err(StoreError::Exposed { mode: 0o755, .. })));
}

#[test]
fn it_is_the_owners_alone_and_holds_no_key() {
    let parent = state_dir();
    let dir = parent.path().join("state");
    let pace = SharedPace::open(&dir, "endpoint and AKIDSECRET", rate()).unwrap();
    leave(&pace, START);
    let mode = fs::metadata(pace.path()).unwrap().permissions().mode() & 0o7777;
    let name = pace.path().file_name().unwrap().to_str().unwrap();
    assert_eq!((mode, name), (0o600, "pace-35caf49bb3521d4ca28d5f4a848033ea"));
    let bytes = fs::read(pace.path()).unwrap();
    assert!(bytes.len() == 64 && !String::from_utf8_lossy(&bytes).contains("AKID"), "{bytes:x?}");
    // The database is made beside it, opened again, and pruned, and it stays where it is.
    Store::open(&dir).unwrap();
    Store::open(&dir).unwrap().prune(&[]).unwrap();
    assert_eq!(leave(&SharedPace::open(&dir, "endpoint and AKIDSECRET", rate()).unwrap(), START), 0);
}
