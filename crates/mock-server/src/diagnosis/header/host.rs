//! The header `host`.

use std::borrow::Cow;

use super::super::trial::Trial;
use super::super::{Diagnosis, Slip, quoted};

/// The ports that go without saying.
const DEFAULT_PORTS: [&str; 2] = ["443", "80"];

/// Three names of one machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Where the real services are (api-facts 8): a client may have signed for them and been led here.
const REAL_REGIONS: [&str; 4] = ["cn-east-3", "cn-southwest-2", "cn-south-1", "ap-southeast-3"];

pub(super) fn explain(trial: &Trial<'_>) -> Option<Diagnosis> {
    let (_, host) = trial.right.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"host"))?;
    let right = String::from_utf8_lossy(host).into_owned();
    let (name, port) = right.rsplit_once(':').filter(|(_, port)| is_port(port)).unwrap_or((&right, ""));
    let with_ports = DEFAULT_PORTS.iter().map(|default| format!("{name}:{default}"));
    if let Some(signed) = std::iter::once(name.to_owned()).chain(with_ports).find(|host| signs(trial, host)) {
        let advice = "sign what is sent as Host, with the port if it is in there and only then";
        return Some(told(Slip::HostPort, &signed, &right, advice));
    }
    let colon = if port.is_empty() { "" } else { ":" };
    let twins = LOOPBACK.iter().flat_map(|twin| [format!("{twin}{colon}{port}"), (*twin).to_owned()]);
    let real = REAL_REGIONS
        .iter()
        .flat_map(|region| ["clouddc", "iam"].map(|service| format!("{service}.{region}.myhuaweicloud.com")));
    let forwarded = trial.message.headers.get("x-forwarded-host").and_then(|host| host.to_str().ok());
    let spelled = [right.to_ascii_uppercase(), right.to_ascii_lowercase(), String::new()];
    let schemes = ["http", "https"].map(|scheme| format!("{scheme}://{right}"));
    let mut others = twins
        .chain(real)
        .chain(["iam.myhuaweicloud.com".to_owned()])
        .chain(forwarded.map(str::to_owned))
        .chain(spelled)
        .chain(schemes);
    let signed = others.find(|host| signs(trial, host))?;
    let advice = "sign the host that is sent as Host; who signs for another one must send that one, too";
    Some(told(Slip::Host, &signed, &right, advice))
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn signs(trial: &Trial<'_>, host: &str) -> bool {
    trial.fits(|pieces| {
        for (name, value) in &mut pieces.headers {
            if name.eq_ignore_ascii_case(b"host") {
                *value = Cow::Owned(host.as_bytes().to_vec());
            }
        }
    })
}

fn told(slip: Slip, signed: &str, right: &str, advice: &str) -> Diagnosis {
    let [signed, right] = [signed, right].map(|host| quoted(host.as_bytes()));
    Diagnosis::new(slip, format!("the host was signed as {signed}, and the request came with {right}; {advice}"))
}
