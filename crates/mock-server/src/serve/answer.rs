//! One request and its answer: the router is asked, and the connection told how the answer is delivered.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::body::{Frame, Incoming};

use super::body::{LateBody, timed};
use super::course::{Course, Cut, Drip};
use super::front::Front;
use super::link::{Link, Phase};
use crate::delivery::{Break, Delivery, Sent};

/// The longest body that is delivered in another way than as it is. Ours are far shorter.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What stands in a malformed answer where the length of a chunk should be.
const NO_LENGTH: &[u8] = b"zz\r\n";

/// Asks the router, and sees to it that the answer is delivered the way it should be.
pub(super) async fn answer(
    front: &Front,
    request: Request<Incoming>,
    link: Arc<Link>,
) -> Result<Response<Body>, Infallible> {
    // The answer before may still be on its way, or never leave. Then this request never takes hold.
    if link.is_armed() {
        link.flush().await;
    }
    link.begin();
    let asked = Asked::of(&request);
    let mut response = front.answer(link.peer, request.map(|body| timed(body, &link))).await;
    if link.was_late() {
        time_out(&mut response);
    }
    let response = match response.extensions().get().copied().unwrap_or_default() {
        Delivery::Whole => response,
        delivery @ (Delivery::Broken { .. } | Delivery::Dripped { .. } | Delivery::Malformed { .. }) => {
            deliver(response, delivery, asked, &link).await
        }
    };
    link.answered();
    Ok(response)
}

/// What of a request decides about the form of its answer.
#[derive(Debug, Clone, Copy)]
struct Asked {
    is_head: bool,
    knows_chunks: bool,
}

impl Asked {
    fn of<B>(request: &Request<B>) -> Self {
        Self { is_head: request.method() == Method::HEAD, knows_chunks: request.version() >= Version::HTTP_11 }
    }

    /// Whether the answer has a body.
    fn gets_body(self, status: StatusCode) -> bool {
        let is_bare = status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        !self.is_head && !is_bare
    }
}

/// Whatever was to be said, the request has not come whole.
fn time_out(response: &mut Response<Body>) {
    response.extensions_mut().remove::<Delivery>();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if response.status() == StatusCode::REQUEST_TIMEOUT {
        return;
    }
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    *response.body_mut() = Body::from(LateBody.to_string());
}

/// Tells the connection what becomes of the answer, once those before have left.
async fn deliver(response: Response<Body>, delivery: Delivery, asked: Asked, link: &Link) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let (delivery, body) = match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => (delivery, body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be had whole");
            (Delivery::CLOSED, Bytes::new())
        }
    };
    let body_len = if asked.gets_body(parts.status) { body.len() } else { 0 };
    let after_head = |bytes: usize, how| Course::Cut(Cut::after_head(bytes.min(body_len), how));
    let mut is_chunked = false;
    let course = match delivery {
        Delivery::Whole => return Response::from_parts(parts, Body::from(body)),
        Delivery::Broken { after: Sent::Nothing, how } => Course::Cut(Cut::at_once(how)),
        Delivery::Broken { after: Sent::Head, how } => after_head(0, how),
        Delivery::Broken { after: Sent::Body(bytes), how } => after_head(bytes, how),
        Delivery::Dripped { piece_bytes, every } => Course::Drip(Drip::new(piece_bytes, every, link.clock.clone())),
        Delivery::Malformed { body_bytes } if asked.gets_body(parts.status) && asked.knows_chunks => {
            is_chunked = true;
            let good = chunk_len(body_bytes.min(body_len));
            Course::Cut(Cut::after_head(good, Break::Close).with_tail(NO_LENGTH))
        }
        // Without chunks, none can be malformed.
        Delivery::Malformed { body_bytes } => after_head(body_bytes, Break::Close),
    };
    let body = match (is_chunked, delivery) {
        (true, Delivery::Malformed { body_bytes }) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Body::new(OneChunk(Some(body.slice(..body_bytes.min(body_len)))))
        }
        (_, _) => Body::from(body),
    };
    // A client that does not take them is not waited for.
    link.answered();
    link.flush().await;
    if matches!(course, Course::Cut(Cut { how: Break::Hang, .. })) {
        link.enter(Phase::Held);
    }
    link.arm(course);
    Response::from_parts(parts, body)
}

/// How many bytes a chunk of so many bytes has on the wire; none is sent of 0, which would be the last.
fn chunk_len(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        _ => format!("{bytes:X}\r\n").len() + bytes + "\r\n".len(),
    }
}

/// A body whose length nobody knows beforehand, so that it is sent in chunks: one, to be exact.
struct OneChunk(Option<Bytes>);

impl HttpBody for OneChunk {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}
