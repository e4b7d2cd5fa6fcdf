//! What a recording tells of the questions that no document answers (api-facts 11), as far as it goes.

mod history;
mod report;

use std::collections::BTreeMap;

use reinstall_core::instance::{InstanceState, OperationState};
use reinstall_core::time::Timestamp;
use serde::Serialize;

use self::history::Histories;
pub use self::history::Reinstall;
use super::fleet::shown;
use super::kept::{Exchange, KeptAnswer, KeptBody};
use super::safe::{SafeJson, SafeText};

/// How often each thing was seen.
pub type Told = BTreeMap<String, usize>;

/// How much of the time before a 429 is looked at, in milliseconds.
const BEFORE_THROTTLE_MS: u64 = 60_000;

/// What was found. `Display` is a report for people; serialised, it is one for programs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Findings {
    /// How many exchanges there are.
    pub exchanges: usize,
    /// When the first was.
    pub began: Option<Timestamp>,
    /// When the last was.
    pub ended: Option<Timestamp>,
    /// Calls, each with its status.
    pub calls: Told,
    /// Fields with times, and how those are written: `0` stands for a digit.
    pub times: Told,
    /// `state`
    pub states: Told,
    /// Those that no document has.
    pub unknown_states: Told,
    /// `operation_state`; `(absent)` where a row or a look had none.
    pub operation_states: Told,
    /// Those that no document has.
    pub unknown_operation_states: Told,
    /// `error_type`
    pub error_types: Told,
    /// The order of `state/operation_state` of an instance, and how many went through it.
    pub histories: Told,
    /// Each request to reinstall.
    pub reinstalls: Vec<Reinstall>,
    /// How many rows came for which `limit`, and how the next page is named.
    pub pages: Told,
    /// Refusals.
    pub refusals: Vec<Refusal>,
}

/// A kind of refusal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The code in the body, if it has one.
    pub code: Option<SafeText>,
    /// What it says, with `{id}` for ids.
    pub message: String,
    /// `Retry-After`
    pub retry_after: Option<SafeText>,
    /// Which calls met it, by the provider's names.
    pub calls: Told,
    /// How many requests there were in the minute before the first of them, itself included: of a 429 the rate that was too
    /// much.
    pub requests_before: usize,
}

impl Findings {
    pub(super) fn of(exchanges: &[Exchange]) -> Self {
        let mut findings = Self {
            exchanges: exchanges.len(),
            began: exchanges.iter().map(|exchange| exchange.at).min(),
            ended: exchanges.iter().map(|exchange| exchange.at).max(),
            ..Self::default()
        };
        let mut histories = Histories::default();
        for (index, exchange) in exchanges.iter().enumerate() {
            let name = name(exchange);
            match (&exchange.answer, exchange.failed) {
                (Some(answer), _) => {
                    count(&mut findings.calls, format!("{name} {}", answer.status));
                    if answer.status >= 400 {
                        findings.refused(exchanges, index, answer);
                    }
                    if let KeptBody::Json(json) = &answer.body {
                        times(&mut findings.times, "", json);
                    }
                }
                (None, Some(fault)) => count(&mut findings.calls, format!("{name} no answer: {fault:?}")),
                (None, None) => count(&mut findings.calls, format!("{name} no answer")),
            }
            for (id, seen) in shown(exchange) {
                findings.seen(seen);
                histories.saw(id, exchange.at, seen);
            }
            histories.asked(exchange);
            findings.page(exchange);
        }
        findings.histories = histories.paths();
        findings.reinstalls = histories.into_reinstalls();
        findings
    }

    /// The words in a row or a look.
    fn seen(&mut self, seen: &SafeJson) {
        if let Some(state) = word(seen, "state") {
            if let InstanceState::Unknown(word) = InstanceState::from_word(state) {
                count(&mut self.unknown_states, word.to_string());
            }
            count(&mut self.states, state.to_owned());
        }
        let operation = word(seen, "operation_state");
        if let Some(OperationState::Unknown(word)) = operation.map(OperationState::from_word) {
            count(&mut self.unknown_operation_states, word.to_string());
        }
        count(&mut self.operation_states, operation.unwrap_or("(absent)").to_owned());
        if let Some(kind) = seen.field("error").and_then(|error| word(error, "error_type")) {
            count(&mut self.error_types, kind.to_owned());
        }
    }

    fn refused(&mut self, exchanges: &[Exchange], index: usize, answer: &KeptAnswer) {
        let exchange = &exchanges[index];
        let (code, message) = words(&answer.body);
        let retry_after = answer.headers.retry_after.clone();
        let known = self.refusals.iter_mut().find(|known| {
            known.status == answer.status
                && known.code == code
                && known.message == message
                && known.retry_after == retry_after
        });
        match known {
            Some(known) => count(&mut known.calls, name(exchange)),
            None => {
                let from = exchange.at.as_millis().saturating_sub(BEFORE_THROTTLE_MS);
                let before = exchanges[..=index].iter().filter(|before| before.at.as_millis() >= from);
                let requests_before = before.count();
                let calls = Told::from([(name(exchange), 1)]);
                self.refusals.push(Refusal {
                    status: answer.status,
                    code,
                    message,
                    retry_after,
                    calls,
                    requests_before,
                });
            }
        }
    }

    /// A page of a list: what was asked for, and what came.
    fn page(&mut self, exchange: &Exchange) {
        let Some(KeptBody::Json(json)) = exchange.answer.as_ref().map(|answer| &answer.body) else { return };
        let Some(rows) = json.field("instances").filter(|_| exchange.asked.is("ListInstances")) else { return };
        let rows = rows.entries();
        let limit = exchange.asked.query.iter().find(|(name, _)| name == "limit");
        let limit = limit.map_or("none", |(_, limit)| limit.as_str());
        let marker = json.field("page_info").and_then(|page| word(page, "next_marker"));
        let last = rows.last().and_then(|row| word(row, "id"));
        let next = match marker {
            None | Some("") => "no next page",
            Some(marker) if Some(marker) == last => "next_marker is the id of the last row",
            Some(marker) if marker.starts_with("marker-") => "next_marker is opaque",
            Some(marker) if marker.starts_with("address-") => "next_marker is an address",
            Some(marker) if marker.bytes().all(|byte| byte.is_ascii_digit()) => "next_marker is a number",
            Some(_) => "next_marker is another id",
        };
        count(&mut self.pages, format!("limit {limit}: {} rows, {next}", rows.len()));
    }
}

/// The provider's name for a call, or where it went.
fn name(exchange: &Exchange) -> String {
    let asked = &exchange.asked;
    asked.operation.as_ref().map_or_else(|| format!("{} {}", asked.method, asked.path), SafeText::to_string)
}

fn count(told: &mut Told, what: String) {
    *told.entry(what).or_default() += 1;
}

/// The text of a field.
fn word<'a>(json: &'a SafeJson, field: &str) -> Option<&'a str> {
    json.field(field)?.text().map(SafeText::as_str)
}

/// How the times in an answer are written, each beneath the name of its field.
fn times(told: &mut Told, name: &str, json: &SafeJson) {
    match json {
        SafeJson::Null | SafeJson::Boolean(_) => {}
        SafeJson::Number(number) => {
            if is_time(name) {
                count(told, format!("{name}: a number, {}", form(&number.to_string())));
            }
        }
        SafeJson::Text(text) => {
            if is_time(name) {
                count(told, format!("{name}: {}", form(text.as_str())));
            }
        }
        SafeJson::List(entries) => entries.iter().for_each(|entry| times(told, name, entry)),
        SafeJson::Fields(fields) => fields.iter().for_each(|(name, value)| times(told, name.as_str(), value)),
    }
}

fn is_time(name: &str) -> bool {
    name.ends_with("_at") || name.ends_with("_time")
}

/// With `0` for each digit.
fn form(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

/// Code and message of a refusal, wherever they stand in it; with `{id}` for ids, so that the same messages are the same.
fn words(body: &KeptBody) -> (Option<SafeText>, String) {
    match body {
        KeptBody::Empty => (None, "(empty)".to_owned()),
        KeptBody::Left { bytes, why } => (None, format!("({bytes} bytes, not kept: {why:?})")),
        KeptBody::Text(text) => (None, text.to_string()),
        KeptBody::Json(json) => match pair(json) {
            Some((code, message)) => (code, without_ids(&message)),
            None => (None, "(JSON without a code)".to_owned()),
        },
    }
}

fn pair(json: &SafeJson) -> Option<(Option<SafeText>, String)> {
    if let SafeJson::Text(text) = json {
        return Some((None, text.to_string()));
    }
    let SafeJson::Fields(fields) = json else { return None };
    for (code, message) in [("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message")] {
        let code = match json.field(code) {
            Some(SafeJson::Text(code)) => Some(code.clone()),
            Some(SafeJson::Number(number)) => Some(SafeText::code(&number.to_string())),
            Some(SafeJson::Null | SafeJson::Boolean(_) | SafeJson::List(_) | SafeJson::Fields(_)) | None => None,
        };
        if let (Some(code), Some(message)) = (code, word(json, message)) {
            return Some((Some(code), message.to_owned()));
        }
    }
    fields.values().filter(|value| matches!(value, SafeJson::Fields(_))).find_map(pair)
}

fn without_ids(message: &str) -> String {
    let ids = reinstall_core::id::InstanceId::all_in(message);
    let message = ids.iter().fold(message.to_owned(), |message, id| message.replace(&id.to_string(), "{id}"));
    let mut message = message;
    while message.contains("{id}, {id}") {
        message = message.replace("{id}, {id}", "{id}");
    }
    message
}
