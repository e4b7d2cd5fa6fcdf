//! One request that shows nothing and asks for nothing, to see what the way to an endpoint is like.

use http::{HeaderMap, StatusCode};
use reinstall_core::fault::{Fault, FaultKind};

use super::{Transport, tls_of};
use crate::endpoint::Endpoint;
use crate::network::Network;

/// What came back.
#[derive(Debug)]
pub(crate) struct Knocked {
    pub(crate) status: StatusCode,
    /// As in `HTTP/1.1`.
    pub(crate) protocol: String,
    pub(crate) headers: HeaderMap,
    /// The version of TLS; `None` over plain HTTP.
    pub(crate) tls: Option<&'static str>,
    /// The other side's certificate, as it came.
    pub(crate) certificate: Option<Vec<u8>>,
}

/// Asks for `/` without any credential, over a connection of its own.
pub(crate) async fn knock(endpoint: &Endpoint, network: &Network) -> Result<Knocked, Fault> {
    let transport = Transport::new(network).map_err(|error| Fault::new(FaultKind::Unreachable, &error.to_string()))?;
    let call_max = network.timeouts.look;
    let sent = transport.looks.get(endpoint.url("/", None)).timeout(call_max).send().await;
    let response = sent.map_err(|error| transport.fault(&error, endpoint, call_max))?;
    let (tls, certificate) = tls_of(response.extensions());
    Ok(Knocked {
        status: response.status(),
        protocol: format!("{:?}", response.version()),
        tls,
        certificate,
        headers: response.headers().clone(),
    })
}
