//! wiremock with one mock, as a test would embed it. `wiremock-peer STATUS PATH`.

use mock_bench_peers::{Failure, announce, body};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let answer = ResponseTemplate::new(200).set_body_raw(body(1)?, "application/json");
    let asked = std::env::args().nth(2).ok_or("the second argument is the path that is asked for")?;
    let server = MockServer::start().await;
    Mock::given(method("GET")).and(path(asked)).respond_with(answer).mount(&server).await;
    announce(&server.uri())?;
    // Until somebody ends the process.
    std::future::pending::<()>().await;
    Ok(())
}
