use std::fs;

use reinstall_http::clock::Clock;

use super::super::watch::{Look, Watched, watch};
use super::super::{Draft, Renewal, Scenario};
use crate::cloud::config::FleetConfig;
use crate::worlds::Worlds;

/// What a look at each version of a file shows, one after the other.
#[test]
fn a_file_is_taken_over_when_it_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    fs::write(&path, "seed: 1\n").unwrap();
    let flags = Scenario { rate_max: Some("5/s".parse().unwrap()), ..Scenario::default() };
    let current = Draft::read(&path).unwrap().scenario().clone().overruled_by(flags.clone());
    let mut watched = Watched::new(&path, flags, current);
    let one = "faults: [{effect: {kind: stranger}}]\n";
    // Each version has a length of its own: file systems tell the time in steps.
    for (text, shown) in [
        (Some("seed: 1\n".to_owned()), "same"),
        (None, "same"),
        (Some(format!("seed: 1\n{one}")), "renewed: faults, restart: "),
        (None, "same"),
        (Some(format!("seed: 1\n{one}faluts: []\n")), "refused: s.yaml:3:1: faluts: there is no key"),
        (None, "same"),
        (Some(format!("seed: 1\n# mended\n{one}")), "same"),
        (Some(format!("seed: 22\n# restart\n{one}")), "renewed: , restart: seed"),
        (Some("seed: 22\nrate_max: 100/s # the flag wins\n".to_owned()), "renewed: faults, restart: "),
        (Some("allowed: [00000000-0000-4000-8000-000000000001]\n".to_owned()), "refused: s.yaml:1:11: allowed[0]"),
    ] {
        if let Some(text) = &text {
            fs::write(&path, text).unwrap();
        }
        if text.is_some() {
            assert_eq!(watched.look(&|_| false), Look::Same, "somebody may be in the middle of writing");
        }
        let said = match watched.look(&|_| false) {
            Look::Same => "same".to_owned(),
            Look::Renewed(Renewal { faults, limits, allowed, rate_max, for_restart }) => {
                assert!(limits.is_none() && allowed.is_none() && rate_max.is_none());
                format!("renewed: {}, restart: {}", if faults.is_some() { "faults" } else { "" }, for_restart.join(" "))
            }
            Look::Refused(why) => format!("refused: {}", why.replace(&format!("{}/", folder.path().display()), "")),
        };
        assert!(said.starts_with(shown), "{text:?}: {said}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(watched.look(&|_| false), Look::Same, "an editor may be about to put it back");
}

#[tokio::test]
async fn every_world_that_runs_takes_a_changed_file_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    let clock = Clock::start();
    let plan = Scenario::default().plan(&|_| Ok(FleetConfig::Generated(1))).unwrap();
    let worlds = Worlds::planned(plan, false, clock.now());
    let other = worlds.make("p2", clock.now()).unwrap();
    fs::write(&path, "limits: [{rate: 1/s}]\nfaults: [{effect: {kind: stranger}}]\n").unwrap();
    let watched = Watched::new(&path, Scenario::default(), Scenario::default());
    let told = other.changed().notified();
    tokio::select! {
        () = watch(watched, &worlds, &clock) => {}
        () = told => {}
    }
    for place in worlds.all() {
        let armed = place.with(|world| (world.faults.as_slice().len(), world.limiter.limits().len()));
        assert_eq!(armed, (1, 1), "{place:?}");
    }
}
