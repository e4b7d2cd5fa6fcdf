use reinstall_core::id::ImageId;
use reinstall_core::time::Timestamp;

use super::*;
use crate::delivery::{Break, Delivery, Sent};
use crate::exchange::{Caller, Ids, RequestName, Unread, UnreadPlace};
use crate::fault::RuleId;

fn id(bits: u128) -> InstanceId {
    InstanceId::from_bits(bits)
}

/// A status read of instance 1, answered with 200.
fn read() -> Exchange {
    Exchange {
        nth: 0,
        name: RequestName(7),
        at: Timestamp::from_millis(1_000),
        real_at: Timestamp::from_millis(1_000),
        operation: Some(ApiOperation::ShowInstanceStatus),
        caller: Caller::FixedToken,
        peer: None,
        ids: Ids::One(id(1)),
        image: None,
        password: None,
        answered: Some(200),
        code: None,
        took_hold: false,
        delivery: Delivery::Whole,
        rules: vec![],
        repeats: None,
        unread: vec![],
        diagnosis: None,
    }
}

fn reinstall(status: u16) -> Exchange {
    Exchange {
        operation: Some(ApiOperation::ReinstallOs),
        ids: Ids::of(&[id(1), id(2)]),
        image: Some(ImageId::from_bits(9)),
        answered: Some(status),
        code: (status == 400).then_some("iMetal.0201"),
        took_hold: status == 202,
        ..read()
    }
}

fn small(entries_max: usize) -> Log {
    Log::new(LogBounds { entries_max, ..LogBounds::default() })
}

fn query(text: &str) -> Result<Filter, FilterError> {
    Filter::from_query(text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap()))
}

/// Six requests, and for each question the numbers of those it is about.
#[test]
fn a_filter_finds_what_it_says() {
    let unread = Unread { place: UnreadPlace::Query, name: "limti".into(), nearest: Some("limit") };
    let mut log = Log::default();
    for exchange in [
        read(),
        reinstall(202),
        Exchange { delivery: Delivery::CLOSED, rules: vec![RuleId(2), RuleId(3)], ..reinstall(202) },
        Exchange { caller: Caller::IamUser(3), ..reinstall(400) },
        Exchange { repeats: Some(1), answered: None, caller: Caller::Unknown, ..reinstall(202) },
        Exchange { operation: None, ids: Ids::None, answered: Some(404), unread: vec![unread], ..read() },
    ] {
        log.push(exchange);
    }
    let (one, two, image) = (id(1), id(2), ImageId::from_bits(9));
    for (text, json, found) in [
        ("", "{}".to_owned(), vec![0, 1, 2, 3, 4, 5]),
        ("operation=ReinstallOS", r#"{"operation":"ReinstallOS"}"#.into(), vec![1, 2, 3, 4]),
        (&format!("instance={one}"), format!(r#"{{"instance":"{one}"}}"#), vec![0, 1, 2, 3, 4]),
        (&format!("instance={two}"), format!(r#"{{"instance":"{two}"}}"#), vec![1, 2, 3, 4]),
        (&format!("image={image}"), format!(r#"{{"image":"{image}"}}"#), vec![1, 2, 3, 4]),
        ("status=202", r#"{"status":202}"#.into(), vec![1, 2]),
        ("status=202", r#"{"status":"202"}"#.into(), vec![1, 2]),
        ("status=4xx", r#"{"status":"4xx"}"#.into(), vec![3, 5]),
        ("status=none", r#"{"status":"none"}"#.into(), vec![4]),
        ("seen=2xx", r#"{"seen":"2xx"}"#.into(), vec![0, 1]),
        ("seen=none", r#"{"seen":"none"}"#.into(), vec![2, 4]),
        ("code=iMetal.0201", r#"{"code":"iMetal.0201"}"#.into(), vec![3]),
        ("took_hold=true", r#"{"took_hold":true}"#.into(), vec![1, 2, 4]),
        ("caller=fixed_token", r#"{"caller":"fixed_token"}"#.into(), vec![0, 1, 2, 5]),
        ("caller=iam_user", r#"{"caller":"iam_user"}"#.into(), vec![3]),
        ("caller=iam_user:3", r#"{"caller":"iam_user:3"}"#.into(), vec![3]),
        ("caller=iam_user:4", r#"{"caller":"iam_user:4"}"#.into(), vec![]),
        ("caller=unknown", r#"{"caller":"unknown"}"#.into(), vec![4]),
        ("caller=access_key", r#"{"caller":"access_key"}"#.into(), vec![]),
        ("rule=3", r#"{"rule":3}"#.into(), vec![2]),
        ("since=4", r#"{"since":4}"#.into(), vec![4, 5]),
        ("until=2", r#"{"until":2}"#.into(), vec![0, 1]),
        ("since=2&until=4", r#"{"since":2,"until":4}"#.into(), vec![2, 3]),
        ("since=4&until=2", r#"{"since":4,"until":2}"#.into(), vec![]),
        ("since=99", r#"{"since":99}"#.into(), vec![]),
        ("delivery=broken", r#"{"delivery":"broken"}"#.into(), vec![2]),
        ("has_unread=true", r#"{"has_unread":true}"#.into(), vec![5]),
        ("repeats=true", r#"{"repeats":true}"#.into(), vec![4]),
        ("operation=ReinstallOS&seen=none", r#"{"operation":"ReinstallOS","seen":"none"}"#.into(), vec![2, 4]),
    ] {
        let filter = query(text).unwrap();
        let parsed: Filter = serde_json::from_str(&json).unwrap();
        assert_eq!(filter, parsed, "{text}");
        for filter in [filter, parsed] {
            let nths: Vec<u64> = log.select(&filter, 100).map(|exchange| exchange.nth).collect();
            assert_eq!(nths, found, "{text}");
            let mut newest: Vec<u64> = log.select_newest(&filter, 100).map(|exchange| exchange.nth).collect();
            newest.reverse();
            assert_eq!(newest, found, "{text}");
            assert_eq!(log.count(&filter), Counted { found: found.len() as u64, forgotten: 0 }, "{text}");
            let never = log.never(&filter);
            match found.first() {
                Some(&first) => {
                    assert_eq!(never, Err(NotNever::Happened { found: found.len() as u64, first }), "{text}");
                }
                None => assert_eq!(never, Ok(()), "{text}"),
            }
        }
    }
    let newest: Vec<u64> = log.select_newest(&Filter::default(), 2).map(|exchange| exchange.nth).collect();
    assert_eq!(newest, [5, 4]);
    let oldest: Vec<u64> = log.select(&Filter::default(), 2).map(|exchange| exchange.nth).collect();
    assert_eq!(oldest, [0, 1]);
}

#[test]
fn what_is_no_filter_is_refused_in_plain_words() {
    for (text, words) in [
        ("operaton=ReinstallOS", "unknown field `operaton`"),
        ("operation=Reinstall", "unknown variant `Reinstall`"),
        ("status=9xx", "a class such as `4xx`"),
        ("status=600", "a class such as `4xx`"),
        ("status=", "a class such as `4xx`"),
        ("seen=abc", "a class such as `4xx`"),
        ("took_hold=maybe", "expected a boolean"),
        ("since=-1", "expected u64"),
        ("rule=x", "expected usize"),
        ("caller=me", "a caller is `unknown`"),
        ("caller=iam_user:x", "a caller is `unknown`"),
        ("caller=unknown:1", "a caller is `unknown`"),
        ("instance=1", "is not an instance id"),
        ("delivery=late", "unknown variant `late`"),
        ("since=1&since=2", "given twice"),
    ] {
        let refused = query(text).unwrap_err().to_string();
        assert!(refused.contains(words), "{text}: {refused}");
    }
    for json in [r#"{"status":true}"#, r#"{"status":4.5}"#, r#"{"limit":1}"#, r#"{"status":70000}"#, "1"] {
        assert!(serde_json::from_str::<Filter>(json).is_err(), "{json}");
    }
}

#[test]
fn the_oldest_are_forgotten_and_counted() {
    let mut log = small(3);
    for nth in 0..5 {
        assert_eq!(log.next_nth(), nth);
        assert_eq!(log.push(read()), nth);
    }
    assert_eq!((log.len(), log.forgotten(), log.kept_from(), log.next_nth()), (3, 2, 2, 5));
    assert_eq!(
        (log.get(1).map(|e| e.nth), log.get(2).map(|e| e.nth), log.get(5).map(|e| e.nth)),
        (None, Some(2), None)
    );
    assert_eq!(log.last().map(|exchange| exchange.nth), Some(4));
    assert_eq!(log.size_bytes(), 3 * read().size_bytes());
    assert!(!log.is_empty() && small(0).is_empty());
}

#[test]
fn the_memory_is_bounded_by_bytes_as_well() {
    let heavy = || Exchange { diagnosis: Some("x".repeat(2_000).into()), ..read() };
    let bytes_max = 10_000;
    let mut log = Log::new(LogBounds { entries_max: 1_000, bytes_max });
    let capacity = log.ring.capacity();
    for _ in 0..100 {
        log.push(heavy());
        assert!(log.size_bytes() <= bytes_max);
    }
    assert_eq!(log.len(), bytes_max / heavy().size_bytes());
    for _ in 0..100 {
        log.push(read());
    }
    assert_eq!(log.len(), bytes_max / read().size_bytes());
    assert_eq!(log.ring.capacity(), capacity, "no memory but what was set aside");
    // One that is longer than all may be is kept alone.
    let huge = Exchange { diagnosis: Some("x".repeat(20_000).into()), ..read() };
    log.push(huge);
    assert_eq!((log.len(), log.last().map(|exchange| exchange.nth)), (1, Some(200)));
    log.push(read());
    assert_eq!((log.len(), log.size_bytes()), (1, read().size_bytes()));
    let mut log = small(0);
    log.push(read());
    log.push(read());
    assert_eq!((log.len(), log.forgotten()), (1, 1));
}

/// 0 is a read, 1 a refused reinstall, 2 to 6 reads; the last two are still there.
#[test]
fn a_full_log_proves_no_more_than_it_can() {
    let mut log = small(2);
    log.push(read());
    log.push(reinstall(400));
    for _ in 2..7 {
        log.push(read());
    }
    for (text, forgotten) in [
        ("", 5),
        ("operation=ReinstallOS", 1),
        ("operation=ReinstallOS&status=400", 1),
        ("operation=ReinstallOS&status=4xx", 1),
        // None of those forgotten was so answered.
        ("operation=ReinstallOS&status=2xx", 0),
        ("operation=ReinstallOS&status=none", 0),
        ("operation=ReinstallOS&seen=2xx", 0),
        // What was answered need not have been seen.
        ("operation=ReinstallOS&seen=none", 1),
        ("operation=ListInstances", 0),
        ("status=5xx", 0),
        // Asked about what came after it.
        ("operation=ReinstallOS&since=1", 1),
        ("operation=ReinstallOS&since=2", 0),
        ("operation=ReinstallOS&until=1", 0),
        ("operation=ReinstallOS&until=2", 1),
        ("since=5", 0),
        ("since=4", 1),
        ("since=2&until=4", 2),
        ("until=0", 0),
        ("since=9&until=3", 0),
        // An entry that is forgotten does not tell whom it named.
        ("operation=ReinstallOS&code=iMetal.0001", 1),
    ] {
        let filter = query(text).unwrap();
        assert_eq!(log.count(&filter).forgotten, forgotten, "{text}");
        let never = log.never(&filter);
        let found = log.count(&filter).found;
        assert_eq!(never.is_ok(), forgotten == 0 && found == 0, "{text}");
        if found == 0 && forgotten > 0 {
            assert_eq!(never, Err(NotNever::Forgotten { forgotten, kept_from: 5 }), "{text}");
        }
    }
    let told = log.never(&query("operation=ReinstallOS").unwrap()).unwrap_err().to_string();
    assert!(told.contains("nobody can tell: 1 request") && told.contains("`since` 5"), "{told}");
}

#[test]
fn counts_outlive_the_entries() {
    let mut log = small(1);
    for exchange in
        [read(), read(), reinstall(202), reinstall(400), Exchange { operation: None, answered: None, ..read() }]
    {
        log.push(exchange);
    }
    let counts: Vec<_> = log.counts().map(|(operation, class, count)| (operation, class.name(), count)).collect();
    assert_eq!(
        counts,
        [
            (Some(ApiOperation::ReinstallOs), "2xx", 1),
            (Some(ApiOperation::ReinstallOs), "4xx", 1),
            (Some(ApiOperation::ShowInstanceStatus), "2xx", 2),
            (None, "none", 1),
        ]
    );
    for (place, operation) in ApiOperation::ALL.into_iter().enumerate() {
        assert_eq!(super::place(Some(operation)), place, "{operation}");
    }
    for (place, class) in StatusClass::ALL.into_iter().enumerate() {
        assert_eq!(class as usize, place, "{}", class.name());
    }
}

#[test]
fn a_timeline_is_what_named_an_instance() {
    let mut log = Log::default();
    let list = Exchange { operation: Some(ApiOperation::ListInstances), ids: Ids::None, ..read() };
    let head = Delivery::Broken { after: Sent::Head, how: Break::Reset };
    for exchange in [read(), reinstall(202), list, Exchange { delivery: head, ..reinstall(500) }] {
        log.push(exchange);
    }
    let nths = |bits| log.timeline(id(bits)).iter().map(|exchange| exchange.nth).collect::<Vec<_>>();
    assert_eq!((nths(1), nths(2), nths(3)), (vec![0, 1, 3], vec![1, 3], vec![]));
}
