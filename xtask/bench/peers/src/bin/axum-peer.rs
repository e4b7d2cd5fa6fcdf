//! The practical limit: an axum handler that sends the same bytes each time. `axum-peer STATUS LIST`.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{MethodRouter, get};
use mock_bench_peers::{Failure, announce, body};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let app = Router::new()
        .route("/v1/{project_id}/instances/{id}/status", always(body(1)?))
        .route("/v1/{project_id}/instances", always(body(2)?));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(&format!("http://{}", listener.local_addr()?))?;
    Ok(axum::serve(listener, app).await?)
}

fn always(body: Vec<u8>) -> MethodRouter {
    let body = Bytes::from(body);
    get(move || {
        let answer = ([(CONTENT_TYPE, "application/json")], body.clone());
        async move { answer }
    })
}
