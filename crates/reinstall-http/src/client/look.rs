//! Carries out observations, call by call. Which calls to make and what their answers say is decided in core's
//! [`observation`](reinstall_core::observation).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{MutexGuard, PoisonError};

use futures_util::future::Either;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use reinstall_core::action::Look;
use reinstall_core::id::InstanceId;
use reinstall_core::instance::Tag;
use reinstall_core::observation::{Call, CallKnowledge, Observation, Reply};
use reinstall_core::sighting::Sighting;

use super::Client;
use crate::error::CallError;
use crate::operation::Operation;
use crate::ops::list_instances;
use crate::wire::list::ListedInstance;

impl Client {
    /// Looks at `ids`: by the list call a hundred at a time, and by the status call at those that the list does not show.
    ///
    /// Where the service says that there is no list call here, or that it is not permitted, this client does not ask it again.
    /// The result has one look for each different id, in the order given; an instance that could not be read is
    /// [`Look::Unread`].
    ///
    /// # Errors
    /// [`CallError`] if nothing at all could be read, because a list call failed or every status call was denied.
    pub async fn look(&self, ids: &[InstanceId]) -> Result<Vec<(InstanceId, Look)>, CallError> {
        self.observe(ids, |_| {}).await
    }

    /// Looks at `ids` in the same way, and tells what else the list shows of them: who they are.
    ///
    /// What the list call showed of an instance is kept where the status call had to be asked as well. Where an earlier look
    /// found that there is no list call here, or one that tells too little, it is not asked, and the tags are not known.
    ///
    /// # Errors
    /// Those of [`look`](Self::look).
    pub async fn survey(&self, ids: &[InstanceId]) -> Result<Vec<Inspection>, CallError> {
        let mut listed: BTreeMap<InstanceId, ListedInstance> = BTreeMap::new();
        let looks = self
            .observe(ids, |rows| {
                for (id, row) in rows {
                    listed.entry(*id).and_modify(|kept| kept.keep_what_agrees(row)).or_insert_with(|| row.clone());
                }
            })
            .await?;
        Ok(looks.into_iter().map(|(id, look)| Inspection::of(id, look, listed.get(&id))).collect())
    }

    /// Carries out an observation; `keep` is shown the rows of each list call.
    async fn observe(
        &self,
        ids: &[InstanceId],
        mut keep: impl FnMut(&[(InstanceId, ListedInstance)]),
    ) -> Result<Vec<(InstanceId, Look)>, CallError> {
        let mut observation = Observation::new(ids, &self.knowledge());
        let mut under_way = FuturesUnordered::new();
        let mut errors: Vec<CallError> = Vec::new();
        loop {
            while let Some((call_id, call)) = observation.poll_call() {
                under_way.push(async move {
                    match call {
                        Call::List(ids) => Either::Left((call_id, self.list_some(&ids).await)),
                        Call::Status(id) => Either::Right((call_id, self.show_status(id).await)),
                    }
                });
            }
            let Some(answered) = under_way.next().await else { break };
            let (call_id, reply) = match answered {
                Either::Left((call_id, rows)) => (
                    call_id,
                    rows.map(|rows| {
                        keep(&rows);
                        Reply::Rows(rows.iter().map(|(id, row)| (*id, Sighting::from(row))).collect())
                    }),
                ),
                Either::Right((call_id, seen)) => (call_id, seen.map(Reply::Status)),
            };
            let reply = reply.map_err(|error| {
                let fault = error.fault().clone();
                errors.push(error);
                fault
            });
            let was_available = !self.knowledge().list_unavailable;
            observation.completed(call_id, reply, &mut self.knowledge());
            if was_available && self.knowledge().list_unavailable {
                tracing::warn!(
                    "the list call is not available or tells too little: instances are read one by one from now on"
                );
            }
        }
        observation.into_looks().map_err(|fault| {
            let is_it = |error: &CallError| *error.fault() == fault;
            let at = errors.iter().rposition(is_it);
            at.map_or_else(|| CallError::unsent(Operation::ListInstances, fault.clone()), |at| errors.swap_remove(at))
        })
    }

    /// The rows that the list call shows.
    async fn list_some(&self, ids: &[InstanceId]) -> Result<Vec<(InstanceId, ListedInstance)>, CallError> {
        let request = list_instances::by_ids(&self.0.project, ids);
        Ok(self.look_up(&request, list_instances::reply).await?.into_rows().collect())
    }

    fn knowledge(&self) -> MutexGuard<'_, CallKnowledge> {
        self.0.knowledge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What looking at one instance told, and who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Which instance.
    pub id: InstanceId,
    /// What the look told. Name and image are there if the list call showed them, whichever call showed the state.
    pub look: Look,
    /// Its tags, which only the list call shows; `None` if they are not known, which is not the same as there being none.
    pub tags: Option<Vec<Tag>>,
    /// The addresses of its network interfaces, which only the list call shows; `None` if they are not known.
    pub addresses: Option<Vec<Ipv4Addr>>,
}

impl Inspection {
    fn of(id: InstanceId, look: Look, row: Option<&ListedInstance>) -> Self {
        let tags = row.and_then(ListedInstance::tags);
        let addresses = row.and_then(ListedInstance::addresses);
        let look = match (look, row.map(Sighting::from)) {
            (Look::Seen(seen), Some(listed)) => {
                Look::Seen(Sighting { name: listed.name, image: listed.image, os: listed.os, ..seen })
            }
            (look, _) => look,
        };
        Self { id, look, tags, addresses }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Play, Server, answer, ids};
    use reinstall_core::instance::InstanceState;

    const GATEWAY_404: &str = r#"{"error_code":"APIGW.0101","error_msg":"The API does not exist"}"#;
    const SERVICE_404: &str = r#"{"error_code":"iMetal.0200","error_msg":"Instances not found"}"#;
    const DENIED: &str = r#"{"error_code":"iMetal.0004","error_msg":"Insufficient permissions"}"#;

    /// A list reply with rows for those of the ids asked for that `shows` lets through.
    fn list_reply(request: &str, shows: impl Fn(u128) -> bool) -> Play {
        let target = request.split_whitespace().nth(1).unwrap();
        let asked = target.split_once("instance_id=").unwrap().1.split("%2C");
        let rows: Vec<String> = asked
            .filter(|id| shows(id.parse::<InstanceId>().unwrap().to_bits()))
            .map(|id| {
                format!(r#"{{"id":"{id}","state":"running","operation_state":"install-succeed","name":"listed"}}"#)
            })
            .collect();
        answer(200, &format!(r#"{{"instances":[{}]}}"#, rows.join(",")))
    }

    /// What a status request asks for; `None` if it is a list request.
    fn status_asked(request: &str) -> Option<u128> {
        let path = request.split_whitespace().nth(1).unwrap();
        let id = path.strip_suffix("/status")?.rsplit('/').next()?;
        Some(id.parse::<InstanceId>().unwrap().to_bits())
    }

    /// One letter a look, in order: `l`isted, status `s`een, `g`one, `u`nread.
    fn letters(looks: &[(InstanceId, Look)]) -> String {
        let letter = |look: &Look| match look {
            Look::Seen(seen) if seen.name.is_some() => 'l',
            Look::Seen(_) => 's',
            Look::Gone(_) => 'g',
            Look::Unread(_) => 'u',
        };
        looks.iter().map(|(_, look)| letter(look)).collect()
    }

    fn requests(client: &Client) -> (u64, u64) {
        let sent = client.requests();
        (sent[&Operation::ListInstances], sent[&Operation::ShowInstanceStatus])
    }

    /// In one life cycle nothing but `operation_state` tells of a reinstall; a list that leaves it out shows nothing then.
    #[tokio::test]
    async fn a_list_that_tells_less_than_the_status_call_is_left() {
        for (operation, calls) in [(r#","operation_state":"reinstall-processing""#, (1, 4)), ("", (2, 2))] {
            let server = Server::start(move |request| match status_asked(request) {
                Some(_) => answer(200, &format!(r#"{{"state":"running"{operation}}}"#)),
                None => {
                    let rows =
                        ids(1..3).iter().map(|id| format!(r#"{{"id":"{id}","state":"running"}}"#)).collect::<Vec<_>>();
                    answer(200, &format!(r#"{{"instances":[{}]}}"#, rows.join(",")))
                }
            })
            .await;
            let client = testing::builder(&server.base).build().unwrap();
            for _ in 0..2 {
                assert_eq!(letters(&client.look(&ids(1..3)).await.unwrap()), "ss");
            }
            assert_eq!(requests(&client), calls, "{operation}");
        }
    }

    #[tokio::test]
    async fn a_hundred_instances_cost_one_request() {
        let server = Server::start(|request| list_reply(request, |_| true)).await;
        let client = testing::builder(&server.base).build().unwrap();
        let looks = client.look(&ids(0..250)).await.unwrap();
        assert_eq!(looks.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids(0..250));
        assert_eq!((letters(&looks), requests(&client)), ("l".repeat(250), (3, 0)));
        assert_eq!(letters(&client.look(&ids(7..8)).await.unwrap()), "l");
        assert_eq!(requests(&client), (4, 0), "one instance, one list call");
        assert_eq!(client.look(&[]).await.unwrap(), []);
        assert_eq!(requests(&client), (4, 0), "nobody asked for, nothing sent");
    }

    #[tokio::test]
    async fn instances_that_the_list_leaves_out_are_asked_for_one_by_one() {
        let server = Server::start(|request| match status_asked(request) {
            None => list_reply(request, |bits| bits < 2),
            Some(2) => answer(200, r#"{"state":"pending"}"#),
            Some(3) => answer(404, SERVICE_404),
            Some(4) => answer(404, "<html>not here</html>"),
            Some(5) => answer(500, ""),
            Some(_) => answer(403, DENIED),
        })
        .await;
        let client = testing::builder(&server.base).build().unwrap();
        let asked = [0, 6, 1, 5, 2, 4, 3, 0, 6].map(InstanceId::from_bits);
        let looks = client.look(&asked).await.unwrap();
        assert_eq!(letters(&looks), "lulusug");
        assert_eq!(requests(&client), (1, 5 + 2), "the 500 was tried three times, a repeated id not at all");
        assert!(!client.knowledge().list_unavailable);
    }

    #[tokio::test]
    async fn only_rows_that_were_asked_for_and_tell_something_count() {
        let server = Server::start(|request| match status_asked(request) {
            Some(_) => answer(500, ""),
            None => {
                let shown = [
                    r#""state":"running""#,
                    r#""operation_state":"reinstall-processing""#,
                    r#""state":null"#,
                    r#""state":"running""#,
                ];
                let row = |(id, shown): (InstanceId, &str)| format!(r#"{{"id":"{id}","name":"n",{shown}}}"#);
                let rows: Vec<String> = ids(0..4).into_iter().zip(shown).map(row).collect();
                answer(200, &format!(r#"{{"instances":[{}]}}"#, rows.join(",")))
            }
        })
        .await;
        let client = testing::builder(&server.base).build().unwrap();
        let looks = client.look(&ids(0..3)).await.unwrap();
        assert_eq!((letters(&looks), looks.len()), ("llu".into(), 3));
    }

    /// Whoever protects instances by their tags must be able to tell no tags from tags that nobody could see.
    #[tokio::test]
    async fn a_survey_tells_who_they_are_as_far_as_the_list_does() {
        let row = |id: InstanceId| {
            let rest = match id.to_bits() {
                0 => r#""state":"running","operation_state":"install-succeed","name":"db-1","tags":[{"key":"keep"}]"#,
                1 => r#""state":"running","name":"web-1","tags":[]"#,
                2 => r#""state":"running","name":"web-2","tags":[{"keys":"keep"}]"#,
                // No look by itself; the status call is asked as well.
                _ => r#""name":"odd-1","tags":[{"key":"a","value":"b"}]"#,
            };
            format!(r#"{{"id":"{id}",{rest}}}"#)
        };
        let server = Server::start(move |request| match status_asked(request) {
            None => {
                let rows: Vec<String> = ids(0..4).into_iter().map(row).collect();
                answer(200, &format!(r#"{{"instances":[{}]}}"#, rows.join(",")))
            }
            Some(_) => answer(200, r#"{"state":"stopped"}"#),
        })
        .await;
        let client = testing::builder(&server.base).build().unwrap();
        let told: Vec<String> = client.survey(&ids(0..5)).await.unwrap().iter().map(in_a_word).collect();
        assert_eq!(told, ["db-1 running keep", "web-1 running", "web-2 running ?", "odd-1 stopped a=b", "? stopped ?"]);
        assert_eq!(requests(&client), (1, 2));
    }

    /// Two rows under one id, as while a replica is behind: who it is cannot be told where they differ.
    #[tokio::test]
    async fn what_two_rows_say_of_one_instance_counts_where_they_agree() {
        let server = Server::start(|request| match status_asked(request) {
            Some(_) => answer(500, ""),
            None => {
                let row = |name: &str, address: &str| {
                    let interfaces = format!(r#"[{{"ipv4_address":"{address}"}}]"#);
                    let id = ids(1..2)[0];
                    format!(
                        r#"{{"id":"{id}","state":"running","operation_state":"install-succeed","name":"{name}","tags":[],"network_interfaces":{interfaces}}}"#
                    )
                };
                answer(200, &format!(r#"{{"instances":[{},{}]}}"#, row("web-1", "10.0.0.1"), row("db-1", "10.0.0.1")))
            }
        })
        .await;
        let client = testing::builder(&server.base).build().unwrap();
        let told = client.survey(&ids(1..2)).await.unwrap();
        assert_eq!(in_a_word(&told[0]), "? running");
        assert_eq!(told[0].addresses, Some(vec![[10, 0, 0, 1].into()]));
    }

    /// In one life cycle the status call has to be asked for the state; the list knows the names all the same.
    #[tokio::test]
    async fn a_survey_keeps_what_the_list_showed_where_the_status_call_tells_more() {
        let server = Server::start(|request| match status_asked(request) {
            Some(_) => answer(200, r#"{"state":"running","operation_state":"install-succeed"}"#),
            None => answer(
                200,
                &format!(r#"{{"instances":[{{"id":"{}","state":"running","name":"db-1","tags":[]}}]}}"#, ids(1..2)[0]),
            ),
        })
        .await;
        let client = testing::builder(&server.base).build().unwrap();
        for known in ["db-1 running", "? running ?"] {
            let told: Vec<String> = client.survey(&ids(1..2)).await.unwrap().iter().map(in_a_word).collect();
            assert_eq!(told, [known], "the second one no longer asks the list");
        }
    }

    /// `name state tag tag=value`, `?` for what is not known.
    fn in_a_word(inspected: &Inspection) -> String {
        let Look::Seen(seen) = &inspected.look else { panic!("{inspected:?}") };
        let name = seen.name.as_ref().map_or("?", |name| name.as_str());
        let state = seen.state.as_ref().map_or("?", InstanceState::as_word);
        let tag = |tag: &Tag| tag.value.as_ref().map_or(tag.key.to_string(), |value| format!("{}={value}", tag.key));
        let tags = inspected.tags.as_ref().map_or(vec!["?".into()], |tags| tags.iter().map(tag).collect());
        [vec![name.into(), state.into()], tags].concat().join(" ")
    }

    #[tokio::test]
    async fn a_list_call_that_is_not_to_be_had_is_not_asked_again() {
        for (status, body) in [(403, DENIED), (403, ""), (404, GATEWAY_404), (404, SERVICE_404), (404, ""), (405, "")] {
            let server = Server::start(move |request| match status_asked(request) {
                None => answer(status, body),
                Some(_) => answer(200, r#"{"state":"running"}"#),
            })
            .await;
            let client = testing::builder(&server.base).build().unwrap();
            for _ in 0..2 {
                assert_eq!(letters(&client.look(&ids(0..20)).await.unwrap()), "s".repeat(20));
            }
            // Without a code of the cloud it may be any proxy's words, so the list is asked again.
            let lists = if body.is_empty() { 2 } else { 1 };
            assert_eq!(requests(&client), (lists, 40), "{status} {body}");
        }
    }

    #[tokio::test]
    async fn a_list_call_that_fails_otherwise_fails_the_look() {
        for (status, tries) in [(400, 1), (401, 1), (429, 3), (500, 3), (302, 1)] {
            let server = Server::start(move |_| answer(status, "")).await;
            let client = testing::builder(&server.base).build().unwrap();
            let error = client.look(&ids(0..3)).await.unwrap_err();
            assert_eq!(error.operation(), Operation::ListInstances);
            assert_eq!((error.status(), error.tries()), (Some(status), tries));
            assert_eq!(requests(&client), (u64::from(tries), 0));
        }
    }

    #[tokio::test]
    async fn a_look_that_nobody_may_take_fails_as_a_whole() {
        for (status, body) in [(401, ""), (403, DENIED), (404, GATEWAY_404)] {
            let server = Server::start(move |request| match status_asked(request) {
                None => answer(403, DENIED),
                Some(_) => answer(status, body),
            })
            .await;
            let client = testing::builder(&server.base).build().unwrap();
            let error = client.look(&ids(0..3)).await.unwrap_err();
            assert_eq!(error.operation(), Operation::ShowInstanceStatus);
            assert_eq!(error.status(), Some(status));
        }
        // One that could be read, or failed in another way, and it is a look.
        let server = Server::start(|request| match status_asked(request) {
            None => answer(403, DENIED),
            Some(0) => answer(404, SERVICE_404),
            Some(_) => answer(403, DENIED),
        })
        .await;
        let client = testing::builder(&server.base).build().unwrap();
        assert_eq!(letters(&client.look(&ids(0..3)).await.unwrap()), "guu");
        // Likewise one that the list shows.
        let server = Server::start(|request| match status_asked(request) {
            None => list_reply(request, |bits| bits == 0),
            Some(_) => answer(403, DENIED),
        })
        .await;
        let client = testing::builder(&server.base).build().unwrap();
        assert_eq!(letters(&client.look(&ids(0..3)).await.unwrap()), "luu");
    }
}
