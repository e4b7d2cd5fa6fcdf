//! The last question before machines are wiped.

use std::io::{self, BufRead, Write};

use reinstall_core::plan::Plan;

use crate::failure::Failure;
use crate::render;
use crate::setup::Account;

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
    /// Refuses early where nobody can say yes later.
    pub(crate) fn possible(self, instances: usize) -> Result<(), Failure> {
        match self {
            Self::Nobody => Err(Failure::Unconfirmed { instances }),
            Self::Yes | Self::Person => Ok(()),
        }
    }
}

/// Shows the plan and waits until the number of instances was typed.
pub(crate) fn ask(
    plan: &Plan,
    account: &Account,
    answers: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let instances = plan.target_count();
    let mut answer = String::new();
    let mut converse = || -> io::Result<()> {
        render::plan::text(out, plan, account)?;
        write!(out, "\nType the number of instances to wipe them, anything else to leave: ")?;
        out.flush()?;
        answers.read_line(&mut answer).map(drop)
    };
    converse().map_err(Failure::Prompt)?;
    if answer.trim() == instances.to_string() { Ok(()) } else { Err(Failure::Declined { instances }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn only_the_number_will_do() {
        let (plan, account) = (sample::plan(120), sample::account());
        for (typed, starts) in
            [("120\n", true), (" 120 \n", true), ("yes\n", false), ("12\n", false), ("", false), ("0120\n", false)]
        {
            let mut shown = Vec::new();
            let asked = ask(&plan, &account, &mut typed.as_bytes(), &mut shown);
            assert_eq!(asked.is_ok(), starts, "{typed:?}");
            assert!(String::from_utf8(shown).unwrap().contains("wipes the system disk"), "the plan was shown");
        }
    }
}
