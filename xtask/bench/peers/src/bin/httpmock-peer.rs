//! httpmock with one mock, as a test would embed it. `httpmock-peer STATUS PATH`.

use httpmock::{Method, MockServer};
use mock_bench_peers::{Failure, announce, body};

fn main() -> Result<(), Failure> {
    let body = body(1)?;
    let path = std::env::args().nth(2).ok_or("the second argument is the path that is asked for")?;
    let server = MockServer::start();
    server.mock(|when, then| {
        when.method(Method::GET).path(path);
        then.status(200).header("content-type", "application/json").body(body);
    });
    announce(&server.base_url())?;
    // Until somebody ends the process; a parked thread may wake for no reason.
    loop {
        std::thread::park();
    }
}
