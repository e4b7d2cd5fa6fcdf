//! The commands about what is on record: none of them sends anything.

use std::io::ErrorKind;

use reinstall_journal::error::ReadError;
use reinstall_journal::row::RunState;

use super::Session;
use crate::args::Output;
use crate::args::rollouts::{AbandonArgs, OneRolloutArgs, PruneArgs, RolloutsArgs, ShowArgs};
use crate::failure::{Ending, Failure};
use crate::next_step::{Situation, next_steps};
use crate::render::output::Escaping;
use crate::render::report::RolloutReport;
use crate::render::rollouts::{self as rows, EndingRecord};
use crate::{render, state};

/// `reinstall rollouts`
pub(super) fn rollouts(args: &RolloutsArgs, session: &Session) -> crate::Result {
    let state = state::open(&args.state, &session.environment)?;
    let on_record = state.store.rollouts()?;
    render::to_stdout(|out| match args.output {
        Output::Text => rows::text(out, &on_record, state.now),
        Output::Json => render::json_object(out, &rows::objects(&on_record, state.now)),
        Output::Ndjson => rows::objects(&on_record, state.now).iter().try_for_each(|row| render::json_line(out, row)),
    })?;
    Ok(Ending::Done)
}

/// `reinstall show`
pub(super) fn show(args: &ShowArgs, session: &Session) -> crate::Result {
    let state = state::open(&args.state, &session.environment)?;
    let row = state.which(Some(&args.rollout))?;
    let standing = row.standing(state.now);
    let rollout = state.store.replay(row.id)?;
    let image_id = rollout.plan().image_id();
    let snapshot = rollout.into_snapshot();
    let snapshot = match row.finished_at {
        Some(at) => snapshot.given_up(at),
        None => snapshot,
    };
    let shown = RolloutReport {
        rollout: row.id,
        project_id: row.project_id.clone(),
        endpoint: row.endpoint.clone(),
        image_id,
        requests: None,
        state: standing,
        snapshot,
    };
    render::to_stdout(|out| match args.output {
        Output::Text if shown.snapshot.is_over() => shown.text(out),
        Output::Text => rows::under_way(out, &row, &shown, state.now),
        Output::Json => render::json_object(out, &shown.object()),
        Output::Ndjson => render::json_line(out, &shown.line()),
    })?;
    let situation = Situation::of(&row, &state.store.rollouts()?, state.now);
    render::hints(&next_steps(row.id, situation, &shown.snapshot, &session.commands));
    Ok(Ending::Done)
}

/// `reinstall halt`
pub(super) fn halt(args: &OneRolloutArgs, session: &Session) -> crate::Result {
    let mut state = state::open(&args.state, &session.environment)?;
    let row = state.which(Some(&args.rollout))?;
    state.store.order_halt(row.id, state.now)?;
    let told = match (row.standing(state.now), &row.holder) {
        (RunState::Running, Some((owner, _))) => {
            format!("{owner} is told to start nothing new; what is in progress is watched to its end there")
        }
        _ => format!(
            "no program carries it on now; when it is resumed it starts nothing new: {}",
            session.commands.resume(row.id)
        ),
    };
    render::to_stderr(|err| writeln!(err, "rollout {}: {told}", row.id));
    Ok(Ending::Done)
}

/// `reinstall abandon`
pub(super) fn abandon(args: &AbandonArgs, session: &Session) -> crate::Result {
    let mut state = state::open(&args.state, &session.environment)?;
    let row = state.which(Some(&args.rollout))?;
    if !args.yes {
        return Err(Failure::NotAbandoned(row.id));
    }
    let freed = super::parse_ids(&args.free)?;
    let ending = EndingRecord::abandoned().to_text();
    let kept = state.store.abandon(row.id, &state.owner, state.now, &ending, &freed)?;
    render::to_stderr(|err| {
        if kept.is_empty() {
            return writeln!(err, "rollout {} is abandoned; its instances are free for other rollouts", row.id);
        }
        let count = render::plan::counted(kept.len(), "instance");
        writeln!(err, "rollout {} is abandoned; a request may be in flight for {count}, which stay claimed:", row.id)?;
        kept.iter().try_for_each(|id| writeln!(err, "  {id}"))?;
        writeln!(err, "hint: look at each yourself; then: reinstall abandon {} --yes --free INSTANCE", row.id)
    });
    Ok(Ending::Done)
}

/// `reinstall export`
pub(super) fn export(args: &OneRolloutArgs, session: &Session) -> crate::Result {
    let state = state::open(&args.state, &session.environment)?;
    let row = state.which(Some(&args.rollout))?;
    let mut exported = Ok(());
    render::to_stdout(|out| {
        exported = state.store.export(row.id, &mut Escaping::json(out));
        Ok(())
    })?;
    match exported {
        // A reader that went away had enough.
        Err(ReadError::Out(ErrorKind::BrokenPipe)) | Ok(()) => Ok(Ending::Done),
        Err(ReadError::Out(kind)) => Err(Failure::Output(kind.into())),
        Err(error) => Err(error.into()),
    }
}

/// `reinstall prune`
pub(super) fn prune(args: &PruneArgs, session: &Session) -> crate::Result {
    let mut state = state::open(&args.state, &session.environment)?;
    let mut ids = Vec::new();
    for typed in &args.rollouts {
        ids.push(state.which(Some(typed))?.id);
    }
    if let Some(age) = args.older_than {
        let is_old = |at| state.now.since(at) > age;
        let old = state.store.rollouts()?.into_iter().filter(|row| row.finished_at.is_some_and(is_old));
        ids.extend(old.map(|row| row.id));
    }
    ids.sort_unstable();
    ids.dedup();
    state.store.prune(&ids)?;
    render::to_stderr(|err| writeln!(err, "forgotten: {}", render::plan::counted(ids.len(), "rollout")));
    Ok(Ending::Done)
}
