//! What a port serves.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use tower::Service;

use super::Peer;
use crate::app::AppState;
use crate::pipeline;

/// What a port serves.
#[derive(Clone)]
pub(super) enum Front {
    /// One service.
    Whole(Router),
    /// The mock cloud, and beside it what is for testers. The cloud is asked without a router in between: it has an address of
    /// its own for everything, and nearly every call is its.
    Beside(Arc<AppState>, Router),
}

impl Front {
    /// Answers a request from there.
    pub(super) async fn answer(&self, peer: SocketAddr, mut request: Request<Body>) -> Response<Body> {
        let router = match self {
            Self::Beside(state, _) if !request.uri().path().starts_with("/_mock") => {
                return pipeline::answer_from(state, Some(peer.ip()), request).await;
            }
            Self::Whole(router) | Self::Beside(_, router) => router,
        };
        request.extensions_mut().insert(Peer(peer));
        let Ok(response) = router.clone().call(request).await;
        response
    }
}
