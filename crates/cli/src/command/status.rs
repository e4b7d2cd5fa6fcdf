//! `reinstall status`: how the instances named stand now.

use reinstall_core::action::Look;
use reinstall_core::fault::{Repeat, Verdict, verdict};
use reinstall_core::id::InstanceId;
use reinstall_http::clock::Clock;

use super::Session;
use crate::args::rollouts::StateArgs;
use crate::args::{Output, StatusArgs};
use crate::failure::{Ending, Failure};
use crate::render::{self, looks};

pub(super) fn status(args: &StatusArgs, session: &Session) -> crate::Result {
    let ids = super::parse_ids(&args.ids)?;
    let client = session.setup(&args.connection, &StateArgs::default()).access()?.client(&Clock::start())?;
    super::block_on(async {
        let looks = match client.look(&ids).await {
            Ok(looks) => looks,
            // Nobody was read for a reason that may pass; where the cloud does not let us at all, that is the answer.
            Err(error) if verdict(error.fault(), Repeat::Safe) == Verdict::Again => {
                let fault = error.into_fault();
                ids.iter().map(|&id| (id, Look::Unread(fault.clone()))).collect()
            }
            Err(error) => return Err(error.into()),
        };
        let all_seen = looks.iter().all(|(_, look)| matches!(look, Look::Seen(_)));
        show(&looks, all_seen, args.output)?;
        Ok(if all_seen { Ending::Done } else { Ending::SomeUnread })
    })
}

/// Shows looks on standard output.
pub(super) fn show(found: &[(InstanceId, Look)], complete: bool, output: Output) -> Result<(), Failure> {
    render::to_stdout(|out| match output {
        Output::Text => looks::text(out, found),
        Output::Json => render::json_object(out, &looks::object(found, complete)),
        Output::Ndjson => found.iter().try_for_each(|(id, look)| render::json_line(out, &looks::LookObject(*id, look))),
    })
}
