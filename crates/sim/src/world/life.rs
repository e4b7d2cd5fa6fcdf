//! How the program ends, and how it comes back.

use std::mem;
use std::time::Duration;

use reinstall_core::observation::CallKnowledge;
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::time::{Timestamp, back_at};

use super::{Happening, START, World};
use crate::disk::Disk;
use crate::scene::{Scene, Step};

impl World {
    /// The program ends, for a while.
    fn crash(&mut self) {
        self.note(|| "the program ends".into());
        self.crashes += 1;
        self.ended_at = self.now;
        self.is_down = true;
        // Where no other clock tells how long it was away, a clock that is set back is the hardest to come back to.
        let is_hard = !self.scene.steps.is_empty() && !self.scene.has_boot_clock && self.row.chance(60);
        let is_set_back = is_hard || (!self.scene.steps.is_empty() && self.row.chance(30));
        let is_short = !is_hard && self.row.chance(50);
        let away_max = if is_short { Duration::from_secs(30) } else { Scene::AWAY_MAX };
        let away = self.row.between(Duration::ZERO, away_max);
        self.enqueue(away, Happening::Resumes);
        if is_set_back {
            let by = self.row.between(Duration::ZERO, Scene::AWAY_MAX);
            self.enqueue(away / 2, Happening::Steps(Step::Back(by)));
        }
    }

    /// The program is started again, with what its journal kept.
    pub(super) fn resume(&mut self) {
        let wall = self.clock.wall(self.now);
        let last = self.rollout().told_at();
        let is_set_back = wall < last;
        let has_boot_clock = self.scene.has_boot_clock;
        let hides_time = !has_boot_clock && !is_set_back && self.hides_time(wall);
        if hides_time && wall.since(last) < self.rollout().plan().policy().shortest {
            // An assumption of the product: see `hides_time`.
            self.enqueue(Scene::STAY_AWAY, Happening::Resumes);
            return;
        }
        let loses_tail = (has_boot_clock || !is_set_back) && self.row.chance(50);
        let part = self.row.throw();
        let over = Recorded::new(Rollout::new(self.scene.plan.clone(), 0, START), Disk::default());
        let (before, mut disk, failure) = mem::replace(&mut self.recorded, over).into_parts();
        if loses_tail {
            disk.lose(part);
        }
        let back = match disk.replay(self.opening.clone()) {
            Ok(back) => back,
            Err(why) => {
                self.came_back_different = Some(why);
                return;
            }
        };
        let is_same = (back.tallies(), back.now()) == (before.tallies(), before.now());
        if !loses_tail && failure.is_none() && !is_same {
            self.came_back_different = Some(format!("{:?} instead of {:?}", back.tally(), before.tally()));
        }
        let away = disk.written_at().filter(|_| has_boot_clock).map(|at| self.now.since(at));
        disk.mount();
        self.true_time.set(Some(self.now));
        self.halted = back.halted().is_some();
        self.waiting_after_halt = None;
        self.is_down = false;
        self.life += 1;
        self.clock.restart(self.now, back_at(back.told_at(), wall, away));
        self.knowledge = CallKnowledge::default();
        self.observing.clear();
        let at = self.clock.read(self.now);
        self.recorded = Recorded::resume(back, disk, at);
        self.may_crash();
        self.drain();
    }

    /// The program may end here.
    pub(super) fn may_crash(&mut self) {
        let may = !self.is_down && !self.rollout().is_finished() && self.crashes < Scene::CRASHES_MAX;
        if may && self.row.chance(self.scene.crashes) {
            self.crash();
        }
    }

    /// Whether the wall clock tells of less time since the program ended than has passed.
    ///
    /// If it even tells of none, the rollout notices. If it tells of some, but of less than a whole reinstall, nothing can
    /// notice: that it was not set back by nearly as long as the program was away is an assumption, see `docs/rollout.md`.
    fn hides_time(&self, wall: Timestamp) -> bool {
        let passed = self.now.since(self.ended_at);
        wall.since(self.rollout().told_at()) + Scene::STEP_SMALL < passed
    }
}
