//! What became of each instance, and what each reinstall did to it.

use std::collections::BTreeMap;

use reinstall_core::instance::{InstanceState, OperationState, Progress};
use reinstall_core::time::Timestamp;
use serde::Serialize;

use super::super::kept::{Exchange, KeptBody, KeptRequest, PasswordShape};
use super::super::safe::{SafeJson, SafeText};
use super::{Told, count, word, words};

/// How many changes of one instance are told in a row.
const PATH_LEN_MAX: usize = 24;

/// A request to reinstall, and what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reinstall {
    /// When it was sent.
    pub at: Timestamp,
    /// How many ids it named; `None` if it had no list of ids.
    pub named: Option<usize>,
    /// Whether it named an image.
    pub names_image: bool,
    /// Its password.
    pub password: Option<PasswordShape>,
    /// The status of the answer; `None` if there was none.
    pub status: Option<u16>,
    /// The code of a refusal.
    pub code: Option<SafeText>,
    /// How many ids the answer named.
    pub accepted: usize,
    /// What its instances were last seen in before: `state/operation_state`.
    pub before: Told,
    /// What they were first seen in afterwards.
    pub first_after: Told,
    /// Of those that had an old operation behind them: how many still showed its outcome at the first look afterwards.
    pub still_old: usize,
    /// What they were seen to end in.
    pub ended: Told,
    /// How many milliseconds after the request the first and the last of them were seen to have ended.
    pub ended_after_ms: Option<(u64, u64)>,
}

/// `state` and `operation_state` at once.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    state: Option<String>,
    operation: Option<String>,
}

impl Seen {
    fn of(json: &SafeJson) -> Self {
        let [state, operation] = ["state", "operation_state"].map(|field| word(json, field).map(str::to_owned));
        Self { state, operation }
    }

    fn words(&self) -> String {
        let [state, operation] = [&self.state, &self.operation].map(|word| word.as_deref().unwrap_or("-"));
        format!("{state}/{operation}")
    }

    /// Whether an operation has ended, as far as its words tell.
    fn is_at_rest(&self) -> bool {
        let operation = self.operation.as_deref().map(OperationState::from_word);
        match operation {
            Some(OperationState::Known(_, progress)) => progress != Progress::Processing,
            Some(OperationState::Unknown(_)) => false,
            None => {
                let state = self.state.as_deref().map(InstanceState::from_word);
                matches!(
                    state,
                    Some(
                        InstanceState::Running | InstanceState::Stopped | InstanceState::Failed | InstanceState::Error
                    )
                )
            }
        }
    }
}

/// What was seen of one instance so far.
#[derive(Debug, Default)]
struct History {
    last: Option<Seen>,
    path: Vec<String>,
    /// The reinstall that is watched: where it is, what was seen before it, and whether anything has changed since.
    watched: Option<Watch>,
}

#[derive(Debug)]
struct Watch {
    reinstall: usize,
    before: Option<Seen>,
    looked: bool,
    moved: bool,
}

/// All instances, and all reinstalls.
#[derive(Debug, Default)]
pub(super) struct Histories {
    instances: BTreeMap<SafeText, History>,
    reinstalls: Vec<Reinstall>,
}

impl Histories {
    /// An instance was seen.
    pub(super) fn saw(&mut self, id: &SafeText, at: Timestamp, seen: &SafeJson) {
        let seen = Seen::of(seen);
        let history = self.instances.entry(id.clone()).or_default();
        if history.last.as_ref() != Some(&seen) && history.path.len() < PATH_LEN_MAX {
            history.path.push(seen.words());
        }
        history.last = Some(seen.clone());
        let Some(watch) = &mut history.watched else { return };
        let Some(reinstall) = self.reinstalls.get_mut(watch.reinstall) else { return };
        if !watch.looked {
            watch.looked = true;
            count(&mut reinstall.first_after, seen.words());
            let old = watch.before.as_ref().filter(|before| before.operation.is_some() && before.is_at_rest());
            if old.is_some_and(|old| old.operation == seen.operation) {
                reinstall.still_old += 1;
            }
        }
        watch.moved |= watch.before.as_ref() != Some(&seen);
        if watch.moved && seen.is_at_rest() {
            count(&mut reinstall.ended, seen.words());
            let after = u64::try_from(at.since(reinstall.at).as_millis()).unwrap_or(u64::MAX);
            let (first, last) = reinstall.ended_after_ms.unwrap_or((after, after));
            reinstall.ended_after_ms = Some((first.min(after), last.max(after)));
            history.watched = None;
        }
    }

    /// A request was made; those to reinstall are looked into.
    pub(super) fn asked(&mut self, exchange: &Exchange) {
        if !exchange.asked.is("ReinstallOS") {
            return;
        }
        let request = exchange.request.as_ref();
        let ids = request.and_then(|request| request.instance_id_set.as_deref());
        let answer = exchange.answer.as_ref();
        let accepted =
            answer.filter(|answer| answer.status == 202).map(|answer| accepted(&answer.body)).unwrap_or_default();
        let mut before = Told::new();
        for id in ids.unwrap_or_default() {
            let last = self.instances.get(id).and_then(|history| history.last.as_ref());
            count(&mut before, last.map_or_else(|| "(not seen)".to_owned(), Seen::words));
        }
        for id in &accepted {
            let history = self.instances.entry((*id).clone()).or_default();
            let before = history.last.clone();
            history.watched = Some(Watch { reinstall: self.reinstalls.len(), before, looked: false, moved: false });
        }
        self.reinstalls.push(Reinstall {
            at: exchange.at,
            named: ids.map(<[_]>::len),
            names_image: request
                .and_then(|request| request.image_id.as_ref())
                .is_some_and(|id| !id.as_str().is_empty()),
            password: request.and_then(|request: &KeptRequest| request.password),
            status: answer.map(|answer| answer.status),
            code: answer.and_then(|answer| words(&answer.body).0),
            accepted: accepted.len(),
            before,
            first_after: Told::new(),
            still_old: 0,
            ended: Told::new(),
            ended_after_ms: None,
        });
    }

    /// Each order of words, and how many instances went through it.
    pub(super) fn paths(&self) -> Told {
        let mut paths = Told::new();
        for history in self.instances.values().filter(|history| !history.path.is_empty()) {
            count(&mut paths, history.path.join(" -> "));
        }
        paths
    }

    pub(super) fn into_reinstalls(self) -> Vec<Reinstall> {
        self.reinstalls
    }
}

/// The ids in a 202.
fn accepted(body: &KeptBody) -> Vec<&SafeText> {
    let KeptBody::Json(json) = body else { return Vec::new() };
    let rows = json.field("instances").map(SafeJson::entries).unwrap_or_default();
    rows.iter().filter_map(|row| row.field("id")?.text()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::recording::Recording;
    use super::*;

    const HEAD: &str = r#"{"recording":1,"began":"2026-11-23T07:00:00.000Z","region":null,"writes":true}"#;

    /// A look at the instance `id`, so many minutes past seven.
    fn look(minute: u32, id: &str, body: &str) -> String {
        format!(
            r#"{{"at":"2026-11-23T07:{minute:02}:00.000Z","took_ms":1,"asked":{{"method":"GET","operation":"ShowInstanceStatus","path":"/v1/{{project_id}}/instances/{{id}}/status","places":["p","{id}"]}},"answer":{{"status":200,"headers":{{}},"body":{{"json":{body}}}}}}}"#
        )
    }

    fn reinstall(minute: u32, named: &str, accepted: &str) -> String {
        format!(
            r#"{{"at":"2026-11-23T07:{minute:02}:00.000Z","took_ms":1,"asked":{{"method":"PUT","operation":"ReinstallOS","path":"/v1/{{project_id}}/instances/reinstall","places":["p"]}},"request":{{"bytes":1,"instance_id_set":{named},"rest":"null"}},"answer":{{"status":202,"headers":{{}},"body":{{"json":{{"instances":{accepted}}}}}}}}}"#
        )
    }

    /// What is told of one reinstall of `a` and `b`, of which `accepted` were, before and after which `a` was looked at.
    fn told(before: &[&str], accepted: &str, after: &[&str]) -> Reinstall {
        let mut lines = vec![HEAD.to_owned()];
        lines.extend(before.iter().map(|body| look(0, "a", body)));
        lines.push(reinstall(1, r#"["a","b"]"#, accepted));
        lines.extend((2..).zip(after).map(|(minute, body)| look(minute, "a", body)));
        let text = format!("{}\n", lines.join("\n"));
        Recording::load(text.as_bytes()).unwrap().findings().reinstalls.remove(0)
    }

    #[test]
    fn a_reinstall_is_watched_until_its_instances_are_at_rest() {
        const OLD: &str = r#"{"state":"running","operation_state":"reinstall-succeed"}"#;
        const WORK: &str = r#"{"state":"running","operation_state":"reinstall-processing"}"#;
        const FAILED: &str = r#"{"state":"error","operation_state":"reinstall-failed"}"#;
        const UNKNOWN: &str = r#"{"state":"running","operation_state":"re-imaged"}"#;
        const RUNNING: &str = r#"{"state":"running"}"#;
        const PENDING: &str = r#"{"state":"pending"}"#;
        let all = r#"[{"id":"a"},{"id":"b"}]"#;
        for (before, accepted, after, count, still_old, ended_after_minutes, ended) in [
            // The old outcome shows for a while.
            (&[OLD][..], all, &[OLD, OLD, WORK, OLD][..], 2, 1, Some(4), "running/reinstall-succeed"),
            (&[OLD], all, &[WORK, FAILED, OLD], 2, 0, Some(2), "error/reinstall-failed"),
            // Without operation_state, and without having been seen before.
            (&[RUNNING], all, &[RUNNING, PENDING, PENDING, RUNNING], 2, 0, Some(4), "running/-"),
            (&[], all, &[WORK, OLD], 2, 0, Some(2), "running/reinstall-succeed"),
            // A word that nobody knows may be anything; and some never end.
            (&[OLD], all, &[UNKNOWN, UNKNOWN], 2, 0, None, ""),
            (&[OLD], all, &[OLD, OLD], 2, 1, None, ""),
            // Who was not accepted is not watched.
            (&[OLD], r#"[{"id":"b"}]"#, &[WORK, OLD], 1, 0, None, ""),
            (&[OLD], "[]", &[WORK, OLD], 0, 0, None, ""),
        ] {
            let told = told(before, accepted, after);
            assert_eq!(
                (told.named, told.accepted, told.still_old),
                (Some(2), count, still_old),
                "{before:?} {after:?}"
            );
            let after_ms = ended_after_minutes.map(|minutes: u64| (minutes * 60_000, minutes * 60_000));
            assert_eq!(told.ended_after_ms, after_ms, "{before:?} {after:?}");
            assert_eq!(told.ended.keys().next().map_or("", String::as_str), ended, "{before:?} {after:?}");
        }
    }
}
