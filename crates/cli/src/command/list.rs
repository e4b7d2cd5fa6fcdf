//! `reinstall list`: the instances of the project.

use reinstall_core::action::Look;
use reinstall_core::id::InstanceId;
use reinstall_core::instance::InstanceState;
use reinstall_http::clock::Clock;

use super::{Session, status};
use crate::args::ListArgs;
use crate::args::rollouts::StateArgs;
use crate::failure::Ending;
use crate::render;

pub(super) fn list(args: &ListArgs, session: &Session) -> crate::Result {
    let client = session.setup(&args.connection, &StateArgs::default()).access()?.client(&Clock::start())?;
    let wanted = args.state.as_deref().map(InstanceState::from_word);
    super::block_on(async {
        let listing = client.list().await?;
        let found: Vec<(InstanceId, Look)> = listing
            .instances
            .into_iter()
            .filter(|(_, seen)| wanted.is_none() || seen.state == wanted)
            .map(|(id, seen)| (id, Look::Seen(seen)))
            .collect();
        status::show(&found, listing.complete, args.output)?;
        if !listing.complete {
            render::to_stderr(|err| {
                writeln!(err, "warning: the list may not be complete: the cloud speaks of rows that it did not show")
            });
        }
        Ok(if listing.complete { Ending::Done } else { Ending::SomeUnread })
    })
}
