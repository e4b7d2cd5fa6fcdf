//! The instances: how they stand, and setting them up for a test.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Uri;
use reinstall_core::id::InstanceId;
use reinstall_core::instance::{InstanceState, OperationState};
use reinstall_core::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::problem::Problem;
use super::{Told, ok, only_place, place, query, read};
use crate::app::AppState;
use crate::cloud::Cloud;
use crate::cloud::config::Start;
use crate::cloud::row::os_word;
use crate::cloud::wipe::{Ending, Wipe};
use crate::exchange::Exchange;
use crate::pipeline::list_row;
use crate::worlds::Place;

/// The most rows of one answer.
const LIMIT_MAX: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    world: Option<String>,
    state: Option<String>,
    after: Option<InstanceId>,
    limit: Option<usize>,
}

/// One instance, in few words.
#[derive(Serialize)]
struct Brief {
    id: InstanceId,
    name: String,
    image: String,
    os_type: &'static str,
    state: InstanceState,
    operation_state: Option<OperationState>,
    wipes: usize,
    attempt: Option<u32>,
    percent: Option<u8>,
}

impl Brief {
    fn of(cloud: &Cloud, now: Timestamp, id: InstanceId) -> Option<Self> {
        let row = cloud.row(now, id)?;
        let wipes = cloud.wipes(id);
        Some(Self {
            id,
            name: row.name,
            image: row.image.name,
            os_type: os_word(row.image.os),
            state: row.glimpse.state,
            operation_state: row.glimpse.operation_state,
            wipes: wipes.len(),
            attempt: wipes.last().map(|wipe| wipe.attempt),
            percent: wipes.last().map(|wipe| wipe.percent(now)),
        })
    }
}

pub(super) async fn list(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let question: Question = query(&uri)?;
    let place = place(&state, question.world.as_deref())?;
    let (limit, real) = (question.limit.unwrap_or(1_000).min(LIMIT_MAX), state.real_now());
    ok(&place.with(|world| {
        let (cloud, now) = (&world.cloud, world.clock.now(real));
        let is_asked_for =
            |brief: &Brief| question.state.as_ref().is_none_or(|word| brief.state.as_word() == word.as_str());
        let later = cloud.ids_after(question.after);
        let mut briefs: Vec<Brief> =
            later.filter_map(|id| Brief::of(cloud, now, id)).filter(is_asked_for).take(limit + 1).collect();
        let has_more = briefs.len() > limit;
        briefs.truncate(limit);
        let next = briefs.last().filter(|_| has_more).map(|brief| brief.id);
        json!({"count": cloud.instances_count(), "next": next, "instances": briefs})
    }))
}

/// The whole fleet in one small answer: a letter an instance, in the order of the ids.
pub(super) async fn grid(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    let real = state.real_now();
    ok(&place.with(|world| {
        let (cloud, now) = (&world.cloud, world.clock.now(real));
        let mut words: Vec<String> = Vec::new();
        let cells: Vec<u8> = cloud
            .ids()
            .map(|id| {
                let word = cloud
                    .glimpse(now, id)
                    .map_or_else(|| "gone".to_owned(), |glimpse| grid_word(cloud, now, id, &glimpse.state));
                let known = words.iter().position(|known| *known == word).unwrap_or_else(|| {
                    words.push(word);
                    words.len() - 1
                });
                u8::try_from(known).unwrap_or(u8::MAX)
            })
            .collect();
        let etag = format!("{}-{}", cloud.seed(), cloud.instances_count());
        json!({"now": now, "count": cells.len(), "words": words, "cells": base64(&cells), "ids_etag": etag})
    }))
}

/// What the grid says of an instance: its state, and where that does not tell, that it is being wiped.
fn grid_word(cloud: &Cloud, now: Timestamp, id: InstanceId, state: &InstanceState) -> String {
    let is_underway = cloud.wipes(id).last().is_some_and(|wipe| !wipe.has_ended(now));
    match is_underway && *state == InstanceState::Running {
        true => "running (being wiped)".to_owned(),
        false => state.to_string(),
    }
}

/// As `atob` of a page reads it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 0x3f) as usize];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// One wipe.
#[derive(Serialize)]
struct ShownWipe {
    accepted_at: Timestamp,
    ends_at: Option<Timestamp>,
    image: Option<reinstall_core::id::ImageId>,
    ending: Ending,
}

impl From<&Wipe> for ShownWipe {
    fn from(wipe: &Wipe) -> Self {
        let ending = wipe.ending.clone();
        Self { accepted_at: wipe.accepted_at, ends_at: wipe.ends_at(), image: wipe.image, ending }
    }
}

pub(super) async fn show(State(state): State<Arc<AppState>>, Path(id): Path<String>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    ok(&describe(&place, &state, parse(&id)?)?)
}

fn parse(id: &str) -> Result<InstanceId, Problem> {
    id.parse().map_err(|_| Problem::bad("an instance's id is a UUID"))
}

fn describe(place: &Place, state: &AppState, id: InstanceId) -> Result<Value, Problem> {
    let real = state.real_now();
    let told = place.with(|world| {
        let row = world.cloud.row(world.clock.now(real), id)?;
        let wipes: Vec<ShownWipe> = world.cloud.wipes(id).iter().map(ShownWipe::from).collect();
        let timeline: Vec<Exchange> = world.log.timeline(id).into_iter().cloned().collect();
        Some((row, wipes, timeline))
    });
    let (row, wipes, timeline) = told.ok_or_else(|| Problem::not_found("there is no such instance"))?;
    Ok(json!({"row": list_row(&row), "wipes": wipes, "timeline": timeline}))
}

/// What is to change; what is absent stays as it is, and `null` takes back what was set before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arrangement {
    #[serde(default, deserialize_with = "given")]
    ending: Option<Option<Ending>>,
    state: Option<InstanceState>,
    #[serde(default, deserialize_with = "given")]
    operation_state: Option<Option<OperationState>>,
    tags: Option<std::collections::BTreeMap<String, Option<String>>>,
}

/// Tells `null` from what is not there.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

pub(super) async fn change(State(state): State<Arc<AppState>>, Path(id): Path<String>, uri: Uri, body: Body) -> Told {
    let place = only_place(&state, &uri)?;
    let id = parse(&id)?;
    let wanted: Arrangement = read(body).await?;
    let is_known = place.change(|world| {
        let cloud = &mut world.cloud;
        if !cloud.has(id) {
            return false;
        }
        match wanted.ending {
            Some(Some(ending)) => cloud.set_ending(id, ending),
            Some(None) => cloud.unset_ending(id),
            None => {}
        }
        if wanted.state.is_some() || wanted.operation_state.is_some() {
            let now = cloud.start_of(id);
            let start = Start {
                state: wanted.state.unwrap_or(now.state),
                operation_state: wanted.operation_state.unwrap_or(now.operation_state),
                error: now.error,
            };
            cloud.set_start(id, start);
        }
        if let Some(tags) = wanted.tags {
            cloud.set_tags(id, tags.into_iter().collect());
        }
        true
    });
    match is_known {
        true => ok(&describe(&place, &state, id)?),
        false => Err(Problem::not_found("there is no such instance")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spelt_as_pages_read_them() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (b"\x00\xff\x10\x83", "AP8Qgw=="),
        ] {
            assert_eq!(base64(bytes), text);
        }
    }
}
