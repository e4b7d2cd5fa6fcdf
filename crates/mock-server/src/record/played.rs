//! A recording as a service: what was asked is answered as it was.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use reinstall_http::wire::error::ErrorBody;

use super::Recording;

/// Answers each request as the real endpoint answered the same, in the order of the recording; the last answer repeats. What was
/// never asked is answered with 404 `Recorder.0404`.
pub fn played(recording: Recording) -> Router {
    Router::new().fallback(play).with_state(Arc::new(Mutex::new(recording)))
}

async fn play(State(recording): State<Arc<Mutex<Recording>>>, request: Request) -> Response {
    let uri = request.uri();
    let mut recording = recording.lock().unwrap_or_else(PoisonError::into_inner);
    match recording.replay(request.method(), uri.path(), uri.query()) {
        Some(answer) => answer.to_response(),
        None => {
            let body = ErrorBody::new("Recorder.0404", "the recording has no answer to this request");
            (StatusCode::NOT_FOUND, axum::Json(body)).into_response()
        }
    }
}
