//! The last question before machines are wiped.

use std::io::{self, BufRead, Write};

use reinstall_core::rollout::Rollout;

use crate::failure::Failure;
use crate::render;
use crate::render::plan::{PlanView, counted};
use crate::setup::Who;

/// Who can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `--yes` was given: nobody needs to be.
    Yes,
    /// Somebody at a terminal.
    Person,
    /// Nobody is there.
    Nobody,
}

impl Asked {
    /// Who can be asked, unless `yes` was said beforehand.
    pub(crate) fn who(yes: bool, somebody_is_there: bool) -> Self {
        match (yes, somebody_is_there) {
            (true, _) => Self::Yes,
            (false, true) => Self::Person,
            (false, false) => Self::Nobody,
        }
    }

    /// Refuses early where nobody can say yes later.
    pub(crate) fn possible(self, instances: usize) -> Result<(), Failure> {
        match self {
            Self::Nobody => Err(Failure::Unconfirmed { instances }),
            Self::Yes | Self::Person => Ok(()),
        }
    }
}

/// Shows the plan and waits until its short hash was typed: who types it means this plan and no other.
pub(crate) fn ask(
    view: &PlanView<'_>,
    who: &Who,
    answers: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let (instances, hash) = (view.plan.target_count(), view.hash);
    let mut answer = String::new();
    let mut converse = || -> io::Result<()> {
        render::plan::text(out, view)?;
        write!(
            out,
            "The cloud is asked by {who}.\n\nType {hash} to wipe {}, anything else to leave: ",
            counted(instances, "instance")
        )?;
        out.flush()?;
        answers.read_line(&mut answer).map(drop)
    };
    converse().map_err(Failure::Prompt)?;
    if answer.trim() == hash.short() { Ok(()) } else { Err(Failure::Declined { wanted: hash.short().into() }) }
}

/// Shows where a rollout stands, and waits until `resume` was typed.
pub(crate) fn go_on(rollout: &Rollout, answers: &mut dyn BufRead, out: &mut dyn Write) -> Result<(), Failure> {
    let tally = rollout.tally();
    let mut answer = String::new();
    let mut converse = || -> io::Result<()> {
        let done = format!("{} of {}", tally.done(), counted(tally.targets(), "instance"));
        writeln!(out, "{done} have their verdict; {} have not been touched.", tally.waiting)?;
        match rollout.halted() {
            Some(cause) => writeln!(out, "Nothing new will be started: {cause}")?,
            None => writeln!(out, "What was under way is looked into first; then the others are wiped as planned.")?,
        }
        write!(out, "\nType {RESUME} to go on, anything else to leave: ")?;
        out.flush()?;
        answers.read_line(&mut answer).map(drop)
    };
    converse().map_err(Failure::Prompt)?;
    if answer.trim() == RESUME { Ok(()) } else { Err(Failure::Declined { wanted: RESUME.into() }) }
}

/// What a person types to go on with a rollout that was confirmed before.
const RESUME: &str = "resume";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan_file::PlanHash;
    use crate::render::sample;

    #[test]
    fn only_the_hash_will_do() {
        let (plan, account) = (sample::plan(120), sample::account());
        let hash = PlanHash::of_drawn(&plan, &account).unwrap();
        let short = hash.short();
        for (typed, starts) in [
            (format!("{short}\n"), true),
            (format!(" {short} \n"), true),
            ("yes\n".into(), false),
            ("120\n".into(), false),
            (String::new(), false),
            (format!("{short}0\n"), false),
        ] {
            let mut shown = Vec::new();
            let view = PlanView { plan: &plan, hash: &hash, account: &account, preflight: None };
            let asked = ask(&view, &sample::who(), &mut typed.as_bytes(), &mut shown);
            assert_eq!(asked.is_ok(), starts, "{typed:?}");
            let shown = String::from_utf8(shown).unwrap();
            assert!(shown.contains("wipes the system disk"), "the plan was shown");
            assert!(shown.contains("asked by access key AK1 (variables HUAWEICLOUD_SDK_AK"), "{shown}");
        }
    }
}
