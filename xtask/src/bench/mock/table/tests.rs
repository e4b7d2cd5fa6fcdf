use std::time::Duration;

use super::super::load::{Flood, Paced};
use super::super::running::Memory;
use super::*;

fn visit(per_second: f64, p99_ms: Option<f64>, list: Option<f64>) -> Visit {
    let rush = |per_second: f64| Rush {
        flood: Flood { reads: per_second * 5.0, per_second, p99_ms: 0.66, failed: 0 },
        processor_time: Duration::from_secs(5),
    };
    Visit {
        first_answer: Duration::from_millis(7),
        memory_before: 4_000_000,
        memory_after: Memory { now: 5_000_000, peak: 6_000_000 },
        status: rush(per_second),
        paced: Paced { p99_ms, failed: 0 },
        list: list.map(rush),
    }
}

fn row(contender: Contender, visits: Vec<Visit>) -> Row {
    Row { contender, name: contender.plain_name().to_owned(), visits, left_out: None }
}

fn report(rows: Vec<Row>, soak: Option<Soak>) -> String {
    let plan = Plan { rounds: 3, warm_seconds: 2, load_seconds: 5, soak_reads: 0 };
    Report { plan, rows, soak, list_bytes: 40_000, facts: vec!["a machine".to_owned()] }.to_string()
}

#[test]
fn a_spread_is_the_middle_and_the_ends() {
    for (values, spread) in [
        (vec![], None),
        (vec![2.0], Some((2.0, 2.0, 2.0))),
        (vec![3.0, 1.0], Some((2.0, 1.0, 3.0))),
        (vec![9.0, 1.0, 2.0], Some((2.0, 1.0, 9.0))),
    ] {
        assert_eq!(Spread::of(values), spread.map(|(median, min, max)| Spread { median, min, max }));
    }
}

#[test]
fn goals_are_held_against_the_bare_handler() {
    let axum = || row(Contender::Axum, vec![visit(100_000.0, Some(0.4), Some(10_000.0))]);
    let soak = |resident: &[u64]| Some(Soak { reads: 1_000, before: 1, resident: resident.to_vec(), failed: 0 });
    for (ours, looks, kept) in [
        (visit(85_000.0, Some(0.6), Some(5_000.0)), [100, 105], "0.850 | yes, 1.500 | yes, 0.500 | yes, 1.050 | yes"),
        (
            visit(84_000.0, Some(0.61), Some(4_900.0)),
            [100, 106],
            "0.840 | **no**, 1.525 | **no**, 0.490 | **no**, 1.060 | **no**",
        ),
    ] {
        let text = report(vec![row(Contender::Ours, vec![ours]), axum()], soak(&looks));
        let lines = text.lines().skip(2).take(4).map(|line| line.split_once(" | ").unwrap().1.trim_end_matches(" |"));
        assert_eq!(lines.collect::<Vec<_>>().join(", "), kept, "{text}");
    }
    let text = report(vec![axum()], None);
    assert_eq!(text.matches("| not measured | |").count(), 4, "{text}");
}

#[test]
fn a_row_tells_what_was_seen_or_why_nothing_was() {
    let mut left_out = row(Contender::Prism, vec![]);
    left_out.left_out = Some("this needs node".to_owned());
    let slow = row(Contender::Moto, vec![visit(200.0, Some(9.0), None), visit(300.0, None, None)]);
    let axum = row(Contender::Axum, vec![visit(100_000.0, Some(0.4), Some(10_000.0))]);
    let text = report(vec![axum, left_out, slow], None);
    for line in [
        "| bare axum | 100,000 (100,000..100,000) | 1.000 | 10.0 | 0.66 (0.66..0.66) | 0.40 (0.40..0.40) | 7 | 4.0 / 5.0 / 6.0 |",
        "| Prism | not measured: this needs node | | | | | | |",
        "| moto | 250 (200..300) | 0.003 | 4166.7 | 0.66 (0.66..0.66) | cannot keep up | 7 | 4.0 / 5.0 / 6.0 |",
        "| bare axum | 10,000 (10,000..10,000) | 1.000 | 100.0 | 0.66 (0.66..0.66) |",
        "- a machine",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
}

#[test]
fn failures_are_not_hidden() {
    let mut failing = visit(1_000.0, Some(1.0), None);
    failing.status.flood.failed = 1_200;
    failing.paced.failed = 34;
    let bare = row(Contender::Axum, vec![visit(500.0, Some(1.0), Some(1.0))]);
    let text = report(vec![row(Contender::Ours, vec![failing]), bare], None);
    assert_eq!(text.matches("| not measured | |").count(), 4, "{text}");
    assert!(text.contains("| 1,000 (1,000..1,000), **1,234 failed** |"), "{text}");
}
