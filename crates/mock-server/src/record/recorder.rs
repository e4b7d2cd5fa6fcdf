//! Passes requests on, and keeps what may be kept.

mod secrets;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use reinstall_core::fault::Fault;
use reinstall_core::time::Timestamp;
use reinstall_http::clock::Clock;
use reinstall_http::operation::{Cut, Reply};
use reinstall_http::transport::{Relay, TransportError};
use reinstall_http::wire::error::ErrorBody;

use self::secrets::Secrets;
use super::file::RecordingFile;
use super::kept::{Asked, Exchange, Head, KeptAnswer, KeptBody, KeptHeaders, KeptRequest, SCHEMA, Why};
use super::naming::{Naming, Salt};
use super::permit;
use super::request::Names;
use super::route::is_of_iam;
use super::safe::SafeText;
use super::upstream::{Upstream, ask_for_plain, hint};

/// The longest body of a request. The longest that any call needs has about 50 KiB of user data in it.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// Says on each answer what became of its record, and why a signature may have been refused.
const RECORDER: HeaderName = HeaderName::from_static("x-mock-recorder");

/// Why a recording cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The way to the real service cannot be set up.
    #[error("the way to the real service cannot be set up")]
    Transport(#[from] TransportError),
    /// The file cannot be written.
    #[error("no recording can be written to {dir}: {error}")]
    File {
        /// Where to.
        dir: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
}

/// A recording that is going on. Clones share it.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    upstream: Upstream,
    relay: Relay,
    clock: Clock,
    /// One lock for both: what a name stands for must be known before a message that has it in it is written.
    pen: Mutex<Pen>,
    path: PathBuf,
}

#[derive(Debug)]
struct Pen {
    naming: Naming,
    file: RecordingFile,
}

impl Recorder {
    /// Begins a recording in a new file in `dir`, which is made if it is not there.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn begin(upstream: Upstream, dir: &Path, salt: Salt, clock: Clock) -> Result<Self, RecordError> {
        let relay = Relay::new(&upstream.network)?;
        let head = Head {
            recording: SCHEMA,
            began: clock.wall(),
            region: upstream.cloud.region().map(SafeText::word),
            writes: upstream.writes == permit::Writes::Allowed,
        };
        let file =
            RecordingFile::create(dir, &head).map_err(|error| RecordError::File { dir: dir.to_owned(), error })?;
        let path = file.path().to_owned();
        let pen = Mutex::new(Pen { naming: Naming::new(salt), file });
        Ok(Self(Arc::new(Desk { upstream, relay, clock, pen, path })))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// A service without a socket that passes on whatever it is asked.
    pub fn router(&self) -> Router {
        Router::new().fallback(serve).with_state(self.clone())
    }

    /// Passes a request on, keeps the exchange, and hands the answer back: the real one, but for `X-Mock-Recorder` and what
    /// speaks of a connection; a 403 where it must not be passed on; a 502 where there is no answer.
    ///
    /// Whoever stops waiting does not stop the request: what came of a write must be on record.
    pub async fn pass_on(&self, parts: Parts, body: Bytes) -> Response {
        if let Some(objection) =
            permit::objection(&parts.method, parts.uri.path(), &parts.headers, self.0.upstream.writes)
        {
            return refused(StatusCode::FORBIDDEN, "Recorder.0403", objection);
        }
        let desk = Arc::clone(&self.0);
        match tokio::spawn(desk.carry(parts, body)).await {
            Ok(response) => response,
            Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "Recorder.0500", "the recorder broke; see its log"),
        }
    }
}

async fn serve(State(recorder): State<Recorder>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match to_bytes(body, REQUEST_BYTES_MAX).await {
        Ok(body) => recorder.pass_on(parts, body).await,
        Err(_) => {
            let words = "the request's body is longer than 1 MiB, or did not come whole";
            refused(StatusCode::PAYLOAD_TOO_LARGE, "Recorder.0413", words)
        }
    }
}

fn refused(status: StatusCode, code: &str, words: &str) -> Response {
    let body = serde_json::to_vec(&ErrorBody::new(code, words)).unwrap_or_default();
    let content_type = HeaderValue::from_static("application/json");
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response.headers_mut().insert(RECORDER, HeaderValue::from_static("not passed on"));
    response
}

impl Desk {
    async fn carry(self: Arc<Self>, parts: Parts, body: Bytes) -> Response {
        let at = self.clock.wall();
        let started = self.clock.now();
        let endpoint = self.upstream.endpoint(parts.uri.path());
        let mut request = http::Request::from_parts(parts.clone(), body.clone());
        ask_for_plain(request.headers_mut());
        let outcome = self.relay.pass_on(endpoint, request).await;
        let took_ms = u64::try_from(self.clock.now().since(started).as_millis()).unwrap_or(u64::MAX);
        let hint = match &outcome {
            Ok(reply) if reply.status == StatusCode::UNAUTHORIZED => hint(&parts.headers, endpoint),
            Ok(_) | Err(_) => None,
        };
        let outcome = Arc::new(outcome);
        let (desk, told) = (Arc::clone(&self), Arc::clone(&outcome));
        let written = tokio::task::spawn_blocking(move || desk.keep(at, took_ms, &parts, &body, &told)).await;
        let said = match written {
            Ok(Ok(())) => hint.unwrap_or_else(|| "kept".to_owned()),
            Ok(Err(error)) => {
                tracing::error!(%error, "an exchange could not be kept");
                format!("not kept: {error}")
            }
            Err(_) => "not kept: the recorder broke".to_owned(),
        };
        let mut response = match &*outcome {
            Ok(reply) => handed_back(reply),
            Err(fault) => refused(StatusCode::BAD_GATEWAY, "Recorder.0502", &fault.message.to_string()),
        };
        if let Ok(value) = HeaderValue::from_str(&said) {
            response.headers_mut().insert(RECORDER, value);
        }
        response
    }

    /// Writes down what may be kept.
    fn keep(
        &self,
        at: Timestamp,
        took_ms: u64,
        parts: &Parts,
        body: &[u8],
        outcome: &Result<Reply, Fault>,
    ) -> io::Result<()> {
        let (path, query) = (parts.uri.path(), parts.uri.query());
        let mut pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        let naming = &mut pen.naming;
        let mut exchange = Exchange {
            at,
            took_ms,
            asked: Asked::of(Names::MadeUp(&mut *naming), &parts.method, path, query),
            request: KeptRequest::of(naming, body),
            answer: outcome.as_ref().ok().map(|reply| KeptAnswer::of(naming, reply, is_of_iam(path))),
            failed: outcome.as_ref().err().map(|fault| fault.kind),
        };
        // Nothing above lets a secret through that is known to do so. Should it, it goes no further.
        let secrets = Secrets::of(&parts.headers, body, outcome.as_ref().ok().map(|reply| &reply.headers));
        if secrets.are_in(&exchange)
            && let Some(answer) = &mut exchange.answer
        {
            let bytes = outcome.as_ref().map_or(0, |reply| reply.body.len());
            answer.body = KeptBody::Left { bytes, why: Why::Secret };
            answer.headers = KeptHeaders::default();
        }
        if secrets.are_in(&exchange) {
            return Err(io::Error::other("a secret of the request is in what would be kept"));
        }
        pen.file.append(&exchange)
    }
}

/// The answer as it came. What was cut is a 502: half an answer with a right length would be a lie.
fn handed_back(reply: &Reply) -> Response {
    match reply.cut {
        None => {}
        Some(Cut::TooLong) => {
            return refused(StatusCode::BAD_GATEWAY, "Recorder.0502", "the answer is longer than 12 MiB");
        }
        Some(Cut::TimedOut | Cut::Broken) => {
            return refused(StatusCode::BAD_GATEWAY, "Recorder.0502", "the answer did not come whole");
        }
    }
    let mut response = Response::new(Body::from(reply.body.clone()));
    *response.status_mut() = reply.status;
    response.headers_mut().clone_from(&reply.headers);
    response
}
