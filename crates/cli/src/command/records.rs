//! The commands about what is on record: none of them sends anything.

use reinstall_journal::row::RunState;

use super::Session;
use crate::args::Output;
use crate::args::rollouts::{OneRolloutArgs, PruneArgs, RolloutsArgs, ShowArgs};
use crate::failure::Ending;
use crate::render::report::Ended;
use crate::render::rollouts as rows;
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
    let rollout = state.store.replay(row.id)?;
    let image_id = rollout.plan().image_id();
    let tally = rollout.tally();
    let shown = Ended {
        rollout: row.id,
        project_id: row.project_id.clone(),
        endpoint: row.endpoint.clone(),
        image_id,
        requests: None,
        state: row.standing(state.now),
        summary: rollout.into_summary(),
    };
    render::to_stdout(|out| match args.output {
        Output::Text if shown.state == RunState::Finished => shown.text(out),
        Output::Text => {
            rows::under_way(out, &row, &tally, state.now)?;
            shown.unwell(out)
        }
        Output::Json => render::json_object(out, &shown.object()),
        Output::Ndjson => render::json_line(out, &shown.line()),
    })?;
    Ok(Ending::Done)
}

/// `reinstall halt`
pub(super) fn halt(args: &OneRolloutArgs, session: &Session) -> crate::Result {
    let mut state = state::open(&args.state, &session.environment)?;
    let row = state.which(Some(&args.rollout))?;
    state.store.order_halt(row.id, state.now)?;
    let told = match (row.standing(state.now), &row.holder) {
        (RunState::Running, Some((owner, _))) => {
            format!("{owner} is told to start nothing new; what is on its way is watched to its end there")
        }
        _ => format!(
            "nobody carries it on right now; when it is resumed it starts nothing new: reinstall resume {}",
            row.id
        ),
    };
    render::to_stderr(|err| writeln!(err, "rollout {}: {told}", row.id));
    Ok(Ending::Done)
}

/// `reinstall export`
pub(super) fn export(args: &OneRolloutArgs, session: &Session) -> crate::Result {
    let state = state::open(&args.state, &session.environment)?;
    let row = state.which(Some(&args.rollout))?;
    let mut exported = Ok(());
    render::to_stdout(|out| {
        exported = state.store.export(row.id, out);
        Ok(())
    })?;
    exported?;
    Ok(Ending::Done)
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
