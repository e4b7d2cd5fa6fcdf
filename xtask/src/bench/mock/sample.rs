//! What is asked for and what is answered, taken from our own server once, so that every server gets the same requests and
//! sends the same bytes.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::running::Running;
use crate::task::Failure;

/// The project whose instances are asked for.
pub(super) const PROJECT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
/// How many instances our server has.
pub(super) const INSTANCES: usize = 100_000;
/// Only every tenth is asked for: those lie far from one another, so no cache makes it easy.
const STRIDE: usize = 10;
/// How many instances a list read names; the most that one may.
pub(super) const IDS: usize = 100;
/// The longest page.
const PAGE: usize = 1_000;

/// The files with it.
#[derive(Debug)]
pub(super) struct Sample {
    /// Status targets, of many instances.
    pub(super) statuses: PathBuf,
    /// One status target, for servers that know only one.
    pub(super) one: PathBuf,
    /// What stands in it.
    pub(super) one_target: String,
    /// List targets of [`IDS`] ids.
    pub(super) lists: PathBuf,
    /// Both kinds: a list for each hundred statuses.
    pub(super) mixed: PathBuf,
    /// The bytes of a status answer, and where they are.
    pub(super) status_answer: String,
    pub(super) status_file: PathBuf,
    /// The bytes of a list answer, and where they are.
    pub(super) list_answer: String,
    pub(super) list_file: PathBuf,
}

#[derive(Deserialize)]
struct Page {
    instances: Vec<Instance>,
    page_info: Option<PageEnd>,
}

#[derive(Deserialize)]
struct Instance {
    id: String,
}

#[derive(Deserialize)]
struct PageEnd {
    next_marker: Option<String>,
}

impl Sample {
    /// Asks our server, and leaves the files in `folder`.
    pub(super) fn take(ours: &Running, folder: &Path) -> Result<Self, Failure> {
        let ids = ids(ours)?;
        let far_apart: Vec<&String> = ids.iter().step_by(STRIDE).collect();
        let statuses: Vec<String> = far_apart.iter().map(|id| status(id)).collect();
        let lists: Vec<String> = far_apart.chunks(IDS).map(list).collect();
        let answer = |targets: &[String], expected| {
            let answer = targets.first().and_then(|target| ours.get(target));
            answer.ok_or_else(|| Failure::Output { command: "reinstall-mock-server".to_owned(), expected })
        };
        let status_answer = answer(&statuses, "a status")?;
        let list_answer = answer(&lists, "a page of 100 instances")?;
        let one_target = statuses.first().cloned().unwrap_or_default();
        let mixed: Vec<String> = statuses.iter().chain(&lists).cloned().collect();
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|source| Failure::Write { path: path.clone(), source })?;
            Ok(path)
        };
        Ok(Self {
            statuses: file("statuses.txt", &statuses.join("\n"))?,
            one: file("one.txt", &one_target)?,
            lists: file("lists.txt", &lists.join("\n"))?,
            mixed: file("mixed.txt", &mixed.join("\n"))?,
            status_file: file("status.json", &status_answer)?,
            list_file: file("list.json", &list_answer)?,
            one_target,
            status_answer,
            list_answer,
        })
    }
}

/// The first that our server is asked for: it costs no more than a status, and needs no id.
pub(super) fn first_page() -> String {
    page(10, None)
}

/// Every id, page by page.
fn ids(ours: &Running) -> Result<Vec<String>, Failure> {
    let (mut ids, mut marker) = (Vec::new(), None);
    for _ in 0..=INSTANCES / PAGE {
        let text = ours.get(&page(PAGE, marker.as_deref())).unwrap_or_default();
        let page: Page = serde_json::from_str(&text).map_err(|_| Failure::Output {
            command: "reinstall-mock-server".to_owned(),
            expected: "a page of instances with their ids",
        })?;
        ids.extend(page.instances.into_iter().map(|instance| instance.id));
        marker = page.page_info.and_then(|end| end.next_marker);
        if marker.is_none() {
            break;
        }
    }
    match ids.len() {
        INSTANCES => Ok(ids),
        _ => Err(Failure::Output { command: "reinstall-mock-server".to_owned(), expected: "all its instances" }),
    }
}

fn page(limit: usize, marker: Option<&str>) -> String {
    let marker = marker.map(|marker| format!("&marker={marker}")).unwrap_or_default();
    format!("/v1/{PROJECT}/instances?limit={limit}{marker}")
}

fn status(id: &str) -> String {
    format!("/v1/{PROJECT}/instances/{id}/status")
}

fn list(ids: &[&String]) -> String {
    let ids = ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join("%2C");
    format!("/v1/{PROJECT}/instances?limit={IDS}&instance_id={ids}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_those_of_the_api() {
        let ids = ["a".to_owned(), "b".to_owned()];
        let base = format!("/v1/{PROJECT}/instances");
        assert_eq!(status("a"), format!("{base}/a/status"));
        assert_eq!(list(&[&ids[0], &ids[1]]), format!("{base}?limit=100&instance_id=a%2Cb"));
        assert_eq!(page(1_000, Some("m")), format!("{base}?limit=1000&marker=m"));
    }
}
