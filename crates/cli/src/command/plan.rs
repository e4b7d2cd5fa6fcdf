//! `reinstall plan`: what `run` would do. Sends nothing.

use reinstall_core::plan::Plan;

use super::Session;
use crate::args::{InputArgs, Output};
use crate::failure::{Ending, Failure};
use crate::password::{self, Source};
use crate::render;
use crate::setup::{self, Account};

pub(super) fn plan(args: &InputArgs, session: &Session) -> crate::Result {
    let account = setup::account(&args.connection, &session.environment)?;
    let plan = super::draw_plan(args, &account)?;
    match Source::from(&args.password) {
        // Nobody is asked for a password that is not used; one that is at hand is checked.
        Source::Prompt => {}
        source @ (Source::Stdin | Source::File(_)) => drop(password::admitted(source, false)?),
    }
    show(&plan, &account, args.output)?;
    Ok(Ending::Done)
}

/// Shows a plan on standard output.
fn show(plan: &Plan, account: &Account, output: Output) -> Result<(), Failure> {
    render::to_stdout(|out| match output {
        Output::Text => render::plan::text(out, plan, account),
        Output::Json => render::json_object(out, &render::plan::object(plan, account)),
        Output::Ndjson => render::json_line(out, &render::plan::object(plan, account)),
    })
}
