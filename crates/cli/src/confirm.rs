//! The last question before machines are wiped.

use std::io::{self, BufRead, Write};

use reinstall_core::rollout::Rollout;
use reinstall_core::rollout::snapshot::Remaining;
use reinstall_journal::row::RolloutRow;

use crate::failure::Failure;
use crate::render;
use crate::render::plan::{PlanView, counted};
use crate::render::progress::phases;
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
            "Credentials: {who}\n\nType {hash} to wipe {}, anything else to leave: ",
            counted(instances, "instance")
        )?;
        out.flush()?;
        answers.read_line(&mut answer).map(drop)
    };
    converse().map_err(Failure::Prompt)?;
    if answer.trim() == hash.short() { Ok(()) } else { Err(Failure::Declined { wanted: hash.short().into() }) }
}

/// What a person reads before a rollout is resumed.
pub(crate) struct Resumption<'a> {
    pub(crate) row: &'a RolloutRow,
    pub(crate) rollout: &'a Rollout,
    pub(crate) remaining: Remaining,
    pub(crate) who: &'a Who,
}

impl Resumption<'_> {
    /// Which rollout it is, what was sent of it so far, and what may be sent from now on.
    pub(crate) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let (row, plan, tally) = (self.row, self.rollout.plan(), self.rollout.tally());
        let Remaining { ended, watched, to_submit, may_be_submitted_again, requested } = self.remaining;
        writeln!(out, "Rollout      {}", row.id)?;
        writeln!(out, "Endpoint     {}", row.endpoint)?;
        writeln!(out, "Project      {}", row.project_id)?;
        match plan.image_id() {
            Some(image) => writeln!(out, "Image        {image}")?,
            None => writeln!(out, "Image        each instance keeps its own")?,
        }
        writeln!(out, "Began        {}", row.started_at)?;
        writeln!(out, "Credentials  {}", self.who)?;
        writeln!(out, "Instances    {}: {}", plan.target_count(), phases(&tally))?;
        writeln!(out, "  requested    {requested}: a request that names them was sent, or may have been")?;
        writeln!(out, "  finished     {ended}")?;
        writeln!(out, "  in progress  {watched}, watched to their end")?;
        match (self.rollout.halted(), to_submit) {
            (Some(cause), _) => writeln!(out, "  to be sent   none: {cause}")?,
            (None, 0) if row.halt_ordered => writeln!(out, "  to be sent   none: halted by operator")?,
            (None, 0) => writeln!(out, "  to be sent   none")?,
            (None, count) => writeln!(out, "  to be sent   {count}, as planned: their system disks are wiped")?,
        }
        if may_be_submitted_again > 0 {
            writeln!(
                out,
                "  in doubt     {may_be_submitted_again} of those in progress are sent again if they did not start"
            )?;
        }
        self.password(out)
    }

    /// That nothing here can tell whether the same password is given again: see decision 0015.
    fn password(&self, out: &mut dyn Write) -> io::Result<()> {
        let Remaining { requested, to_submit, may_be_submitted_again, .. } = self.remaining;
        let later = to_submit + may_be_submitted_again;
        match (requested, later) {
            (_, 0) => writeln!(out, "Password     not needed: no reinstall can be sent any more"),
            (0, _) => writeln!(out, "Password     the one given now is set on every instance"),
            (_, _) => writeln!(
                out,
                "Password     the former one was sent for {requested}; no form of it is on record to compare with, so \
                 give the same one.\n             Up to {later} get the one given now."
            ),
        }
    }
}

/// Waits until `resume` was typed.
pub(crate) fn go_on(answers: &mut dyn BufRead, out: &mut dyn Write) -> Result<(), Failure> {
    let mut answer = String::new();
    let mut converse = || -> io::Result<()> {
        write!(out, "\nType {RESUME} to continue, anything else to leave: ")?;
        out.flush()?;
        answers.read_line(&mut answer).map(drop)
    };
    converse().map_err(Failure::Prompt)?;
    if answer.trim() == RESUME { Ok(()) } else { Err(Failure::Declined { wanted: RESUME.into() }) }
}

/// What a person types to continue a rollout that was confirmed before.
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
            assert!(shown.contains("Credentials: access key AK1 (variables HUAWEICLOUD_SDK_AK"), "{shown}");
        }
    }

    /// Every number is told, and whether a password is needed.
    #[test]
    fn a_resumption_names_the_rollout_and_what_is_still_sent() {
        let row = sample::row(3);
        let rollout = Rollout::new(sample::plan(3), 7, sample::at(0));
        let text = |remaining| {
            let mut shown = Vec::new();
            Resumption { row: &row, rollout: &rollout, remaining, who: &sample::who() }.text(&mut shown).unwrap();
            String::from_utf8(shown).unwrap()
        };
        let open = Remaining { ended: 1, watched: 5, to_submit: 10, may_be_submitted_again: 2, requested: 6 };
        let shown = text(open);
        for told in [
            &row.id.to_string(),
            &row.endpoint,
            "each instance keeps its own",
            "requested    6",
            "finished     1",
            "in progress  5",
            "to be sent   10",
            "in doubt     2",
            "Up to 12 get the one given now",
        ] {
            assert!(shown.contains(told), "{told}: {shown}");
        }
        let watching = Remaining { to_submit: 0, may_be_submitted_again: 0, ..open };
        assert!(text(watching).contains("Password     not needed"), "{}", text(watching));
    }
}
