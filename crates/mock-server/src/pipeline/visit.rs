//! One call in one world, from its head to its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::response::Response;
use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;
use reinstall_http::clock::pause;
use reinstall_http::wire::iam::served::Name;

use super::BODY_BYTES_MAX;
use super::admission::{Gate, NotAdmitted, token};
use super::body::Letter;
use super::open::OpenSubmission;
use super::reply::{Gateway, Replies, gateway};
use super::stamp::Stamp;
use crate::app::AppState;
use crate::delivery::Delivery;
use crate::exchange::{Caller, RequestName};
use crate::operation::ApiOperation;
use crate::serve::LateBody;
use crate::world::{Arrival, Said, Served, Turn, TurnedAway, Wish};
use crate::worlds::Place;

/// The header that tells why a signature was refused.
const DIAGNOSIS: &str = "x-mock-diagnosis";
/// The header that asks for it.
const EXPLAIN: &str = "x-mock-explain";

/// One call in one world.
pub(super) struct Visit<'a> {
    state: &'a Arc<AppState>,
    place: Arc<Place>,
    name: RequestName,
    real: Timestamp,
    peer: Option<IpAddr>,
    now: Timestamp,
    turn: Turn,
}

/// An answer, and what has to be noted of it, to a call that does not reach the cloud.
type Away = (Response, TurnedAway);

impl<'a> Visit<'a> {
    pub(super) fn new(
        state: &'a Arc<AppState>,
        place: Arc<Place>,
        name: RequestName,
        real: Timestamp,
        peer: Option<IpAddr>,
    ) -> Self {
        Self { state, place, name, real, peer, now: real, turn: Turn::UNHARMED }
    }

    /// There is no such API, or no such project: the documents have no word for another's (api-facts 7).
    pub(super) fn nowhere(mut self, operation: Option<ApiOperation>) -> Response {
        self.now = self.place.with(|world| world.clock.now(self.real));
        self.refuse(&Gateway::NoSuchApi, operation, None)
    }

    /// A call for a project that there is no world of: one may be made. Who is not admitted is told that first.
    pub(super) async fn elsewhere(
        mut self,
        project: &str,
        operation: ApiOperation,
        resource: (&str, &str),
        parts: &Parts,
        body: Body,
    ) -> Response {
        self.now = self.place.with(|world| world.clock.now(self.real));
        let body = match read(body).await {
            Ok(body) => body,
            Err(refusal) => return self.refuse(&refusal, Some(operation), None),
        };
        if let Err(refused) = self.gate(parts, &body).cloud() {
            return self.not_admitted(refused, operation, parts);
        }
        match self.state.worlds().find_or_make(project, self.real) {
            Some(place) => {
                let visit = Visit::new(self.state, place, self.name, self.real, self.peer);
                visit.cloud(operation, resource, parts, Body::from(body)).await
            }
            None => self.refuse(&Gateway::NoSuchApi, Some(operation), None),
        }
    }

    /// A call of CloudDC.
    pub(super) async fn cloud(
        mut self,
        operation: ApiOperation,
        resource: (&str, &str),
        parts: &Parts,
        body: Body,
    ) -> Response {
        let id: Option<InstanceId> = resource.1.parse().ok();
        self.meet_head(operation, id.as_slice(), parts);
        if self.turn.ends_early() {
            return self.broken_off(operation, id.into_iter().collect());
        }
        let body = match read(body).await {
            Ok(body) => body,
            Err(refusal) => return self.refuse(&refusal, Some(operation), None),
        };
        let caller = match self.gate(parts, &body).cloud() {
            Ok(caller) => caller,
            Err(refused) => return self.not_admitted(refused, operation, parts),
        };
        let letter = Letter { operation, resource, account: None, parts, body: &body };
        self.deliver(&letter, caller).await
    }

    /// A call of IAM.
    pub(super) async fn iam(mut self, operation: ApiOperation, parts: &Parts, body: Body) -> Response {
        let body = match read(body).await {
            Ok(body) => body,
            Err(refusal) => return self.refuse(&refusal, Some(operation), None),
        };
        // Nobody has to be known to get a token, or to ask which versions there are.
        let is_open = match operation {
            ApiOperation::KeystoneCreateUserTokenByPassword => {
                self.place = self.scoped(parts, &body);
                true
            }
            ApiOperation::KeystoneListVersions | ApiOperation::KeystoneShowVersion => true,
            ApiOperation::KeystoneValidateToken
            | ApiOperation::KeystoneListProjects
            | ApiOperation::KeystoneListAuthDomains
            | ApiOperation::ReinstallOs
            | ApiOperation::ShowInstanceStatus
            | ApiOperation::ListInstances
            | ApiOperation::ChangeInstancePassword
            | ApiOperation::BatchCreateTags
            | ApiOperation::BatchDeleteTags => false,
        };
        self.meet_head(operation, &[], parts);
        if self.turn.ends_early() {
            return self.broken_off(operation, Vec::new());
        }
        let (caller, account) = match is_open {
            true => (Caller::Unknown, None),
            false => match self.gate(parts, &body).iam() {
                Ok(Ok((caller, account))) => (caller, Some::<Name>(account)),
                Ok(Err(refusal)) => {
                    let said = Said::IamRefused(refusal);
                    return self.say(said, operation, parts, Caller::Unknown);
                }
                Err(refused) => return self.not_admitted(refused, operation, parts),
            },
        };
        let letter = Letter { operation, resource: ("", ""), account, parts, body: &body };
        self.deliver(&letter, caller).await
    }

    /// The world that a request for a token is for: that of the project it is to be good for.
    fn scoped(&self, parts: &Parts, body: &[u8]) -> Arc<Place> {
        #[derive(serde::Deserialize)]
        struct Scoped {
            auth: Auth,
        }
        #[derive(serde::Deserialize)]
        struct Auth {
            scope: Scope,
        }
        #[derive(serde::Deserialize)]
        struct Scope {
            project: Project,
        }
        #[derive(serde::Deserialize)]
        struct Project {
            id: Option<String>,
            name: Option<String>,
        }
        let worlds = self.state.worlds();
        let is_told = parts.headers.contains_key(super::WORLD);
        let project =
            serde_json::from_slice::<Scoped>(body).ok().filter(|_| !is_told).map(|asked| asked.auth.scope.project);
        let place = project.and_then(|project| match (project.id, project.name) {
            // Worlds beside the first are named as their projects are.
            (Some(id), _) => worlds.find_or_make(&id, self.real),
            (None, Some(name)) => worlds.find(&name),
            (None, None) => None,
        });
        place.unwrap_or_else(|| Arc::clone(&self.place))
    }

    /// What happens to the call as soon as its head is there.
    fn meet_head(&mut self, operation: ApiOperation, ids: &[InstanceId], parts: &Parts) {
        let (now, turn) = self.place.with(|world| {
            let is_status = operation == ApiOperation::ShowInstanceStatus;
            let now = if is_status { world.clock.at_look(self.real) } else { world.clock.now(self.real) };
            let turn = world.meet_head(now, operation, ids);
            if turn.kills_token
                && let Some(token) = token(&parts.headers)
            {
                world.iam.revoke(now, token);
            }
            (now, turn)
        });
        (self.now, self.turn) = (now, turn);
    }

    fn gate<'b>(&'b self, parts: &'b Parts, body: &'b [u8]) -> Gate<'b> {
        let (keyring, now, skew) = (self.state.keyring(), self.now, self.turn.skew);
        Gate { place: &self.place, keyring, now, skew, parts, body }
    }

    /// A call that was admitted: counted against the limits, read, and carried out.
    async fn deliver(mut self, letter: &Letter<'_>, caller: Caller) -> Response {
        let operation = letter.operation;
        let (now, peer) = (self.now, self.peer);
        let (unread, read) = (letter.unread(), letter.read());
        let turn = &mut self.turn;
        let throttled = self.place.with(|world| {
            if let Some(throttled) = world.limiter.ask(now, operation, caller, peer) {
                return Some((throttled, world.clock.real_wait(throttled.wait)));
            }
            if let Ok(wish) = &read {
                *turn = world.meet(now, wish, std::mem::replace(turn, Turn::UNHARMED));
            }
            None
        });
        if let Some((throttled, wait)) = throttled {
            let (response, code) = super::reply::throttled(&throttled, wait, self.name);
            let why = TurnedAway { status: Some(429), code, throttled: Some(throttled), ..self.away(operation) };
            return self.leave((response, why), caller);
        }
        for stranger in &unread {
            tracing::warn!(%operation, name = %stranger.name, nearest = stranger.nearest, "nothing reads this");
        }
        let wish = match read {
            Ok(wish) => wish,
            Err(why) => return self.say(why.into(), operation, letter.parts, caller),
        };
        let turn = std::mem::replace(&mut self.turn, Turn::UNHARMED);
        let (skew, waits_before) = (turn.skew, !turn.wait_before.is_zero());
        let (name, real) = (self.name, self.real);
        let arrival = Arrival { now, real, name, caller, peer, unread, repeats: None, held_back: false };
        let (served, guard) = self.act(arrival, wish, turn).await;
        let has_waited = waits_before || !served.wait.is_zero();
        if !served.wait.is_zero() {
            pause(served.wait).await;
        }
        let real_wait = |wait: Duration| self.place.with(|world| world.clock.real_wait(wait));
        let replies = Replies {
            place: &self.place,
            headers: &letter.parts.headers,
            query: letter.parts.uri.query(),
            wait: &real_wait,
        };
        let mut response = replies.of(served.said);
        if served.delivery != Delivery::Whole {
            response.extensions_mut().insert(served.delivery);
        }
        if let Some(guard) = guard {
            if !served.delivery.hangs() {
                guard.leaves();
            }
            response.extensions_mut().insert(guard);
        }
        // Dated when it leaves, which is mostly when it came.
        let leaves_at = match has_waited {
            true => self.place.with(|world| world.clock.now(self.state.real_now())),
            false => now,
        };
        Stamp { name, is_iam: operation.is_iam() }.on(response, skew.of(leaves_at))
    }

    /// Carries it out, now or after a wait; a call that has reached the gateway goes on, even if its client leaves meanwhile.
    async fn act(&self, arrival: Arrival, wish: Wish, turn: Turn) -> (Served, Option<OpenSubmission>) {
        let is_look = wish.operation().is_look();
        let turn = if is_look { turn.of_look() } else { turn };
        if turn.wait_before.is_zero() {
            return act(&self.place, self.state, arrival, wish, turn);
        }
        let (place, state, wait) = (Arc::clone(&self.place), Arc::clone(self.state), turn.wait_before);
        place.with(|world| world.hold_back(&wish, arrival.real));
        let (sender, receiver) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            pause(wait).await;
            let now = place.with(|world| world.clock.now(state.real_now()));
            let turn = if is_look { turn.aged(now.since(arrival.now)) } else { turn };
            let turn = if sender.is_closed() { turn.unheard() } else { turn };
            let served = act(&place, &state, Arrival { now, held_back: true, ..arrival }, wish, turn);
            // Nobody waits for it any more: that was taken into account.
            drop(sender.send(served));
        });
        match receiver.await {
            Ok(served) => served,
            Err(_) => (Served::lost(), None),
        }
    }

    /// A fault rule broke the connection off before anything was read.
    fn broken_off(self, operation: ApiOperation, ids: Vec<InstanceId>) -> Response {
        let delivery = self.turn.delivery();
        let why = TurnedAway { ids, delivery, rules: self.turn.rules().to_vec(), ..self.away(operation) };
        let mut response = super::reply::nothing();
        response.extensions_mut().insert(delivery);
        self.leave((response, why), Caller::Unknown)
    }

    /// Says something that is settled before the cloud is asked.
    fn say(self, said: Said, operation: ApiOperation, parts: &Parts, caller: Caller) -> Response {
        let (status, code) = (said.status(), said.code());
        let no_wait = |wait: Duration| wait;
        let response = Replies { place: &self.place, headers: &parts.headers, query: None, wait: &no_wait }.of(said);
        let why = TurnedAway { status, code, ..self.away(operation) };
        self.place.with(|world| world.count(operation));
        self.leave((response, why), caller)
    }

    fn not_admitted(self, refused: NotAdmitted, operation: ApiOperation, parts: &Parts) -> Response {
        let NotAdmitted { gateway, diagnosis } = refused;
        let explains = self.state.explains_signatures() || parts.headers.contains_key(EXPLAIN);
        let told = diagnosis.clone().filter(|_| explains);
        let mut response = self.refuse(&gateway, Some(operation), diagnosis);
        if let Some(told) = told
            // Whatever is quoted may have any character in it.
            && let Ok(value) = HeaderValue::from_bytes(told.replace(['\r', '\n'], " ").as_bytes())
        {
            response.headers_mut().insert(DIAGNOSIS, value);
        }
        response
    }

    fn refuse(self, refusal: &Gateway, operation: Option<ApiOperation>, diagnosis: Option<Box<str>>) -> Response {
        let response = gateway(refusal, self.name);
        let (status, code) = (Some(response.status().as_u16()), Some(refusal.code()));
        let rules = self.turn.rules().to_vec();
        let why = TurnedAway { operation, status, code, diagnosis, rules, ..TurnedAway::default() };
        self.leave((response, why), Caller::Unknown)
    }

    fn away(&self, operation: ApiOperation) -> TurnedAway {
        let rules = self.turn.rules().to_vec();
        TurnedAway { operation: Some(operation), rules, delivery: Delivery::Whole, ..TurnedAway::default() }
    }

    /// Notes a call that does not reach the cloud, and answers it.
    fn leave(self, (response, why): Away, caller: Caller) -> Response {
        let is_iam = why.operation.is_some_and(ApiOperation::is_iam);
        let (now, real, name, peer) = (self.now, self.real, self.name, self.peer);
        let arrival = Arrival { now, real, name, caller, peer, unread: Vec::new(), repeats: None, held_back: false };
        self.place.change(|world| world.turn_away(arrival, why));
        Stamp { name, is_iam }.on(response, self.turn.skew.of(now))
    }
}

/// Carries a call out, and sees to it that it arrives again if it is to.
fn act(
    place: &Arc<Place>,
    state: &Arc<AppState>,
    arrival: Arrival,
    wish: Wish,
    turn: Turn,
) -> (Served, Option<OpenSubmission>) {
    let is_submission = wish.operation() == ApiOperation::ReinstallOs;
    let again = arrival.clone();
    let served = place.change(|world| world.act(arrival, &wish, turn));
    let guard = is_submission.then(|| OpenSubmission::new(Arc::clone(state), Arc::clone(place), served.nth));
    if let Some(gap) = served.again_after {
        let (place, state, nth) = (Arc::clone(place), Arc::clone(state), served.nth);
        tokio::spawn(async move {
            pause(gap).await;
            let real = state.real_now();
            let now = place.with(|world| world.clock.now(real));
            let arrival = Arrival { now, real, unread: Vec::new(), repeats: Some(nth), held_back: false, ..again };
            // Its answer meets nobody.
            place.change(|world| world.act(arrival, &wish, Turn::UNHARMED.unheard()));
        });
    }
    (served, guard)
}

/// The body, if it is no longer than it may be, and comes in time.
async fn read(body: Body) -> Result<Bytes, Gateway> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let read = to_bytes(body, BODY_BYTES_MAX).await;
    read.map_err(|error| if LateBody::is_behind(&error) { Gateway::TooSlow } else { Gateway::TooLarge })
}
