//! Signs the requests that it reads, for other signers to compare with, and tells how fast it does.
//!
//! `cargo run -p reinstall-http --example sign` takes a JSON array of requests on standard input, in the shape of
//! `tests/data/signing.json`, and prints an array of `{"authorization": ..}` in the same order. With `-- --rounds 9` it
//! then measures, and adds `"per_second"`. `cargo xtask interop` and `cargo xtask bench signing` drive it.

mod pace;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};

use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use reinstall_core::secret::{SecretKey, SecurityToken};
use reinstall_core::time::Timestamp;
use reinstall_http::sign::key::AccessKey;
use reinstall_http::sign::{Message, Signed, date, sign};
use serde::{Deserialize, Serialize};

/// A request to sign, with a made-up key.
#[derive(Deserialize)]
struct Given {
    ak: String,
    sk: String,
    security_token: Option<String>,
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
    /// As in `X-Sdk-Date`.
    date: String,
}

/// What became of it.
#[derive(Serialize)]
struct Told {
    authorization: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_second: Option<u64>,
}

/// A request as the signer takes it.
struct Ready {
    key: AccessKey,
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: String,
    at: Timestamp,
}

impl TryFrom<Given> for Ready {
    type Error = Box<dyn Error>;

    fn try_from(given: Given) -> Result<Self, Self::Error> {
        let key = AccessKey::new(&given.ak, SecretKey::parse(&given.sk)?)?;
        let key = match &given.security_token {
            Some(token) => key.with_security_token(SecurityToken::parse(token)?),
            None => key,
        };
        let (_, rest) = given.url.split_once("://").ok_or("a URL without a scheme")?;
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query.to_owned())));
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut headers = HeaderMap::new();
        for (name, value) in &given.headers {
            headers.insert(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_bytes(value.as_bytes())?);
        }
        headers.entry(HOST).or_insert(HeaderValue::from_str(host)?);
        Ok(Self {
            key,
            method: given.method.parse()?,
            path: path.to_owned(),
            query,
            headers,
            body: given.body,
            at: date::read(&given.date).ok_or("a date that is none")?,
        })
    }
}

impl Ready {
    fn sign(&self) -> Result<Signed, Box<dyn Error>> {
        let message = Message {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            body: self.body.as_bytes(),
        };
        Ok(sign(&message, &self.key, self.at)?)
    }

    fn tell(&self, rounds: Option<usize>) -> Result<Told, Box<dyn Error>> {
        let signed = self.sign()?;
        let authorization = String::from_utf8(signed.headers[AUTHORIZATION].as_bytes().to_vec())?;
        let per_second = rounds.map(|rounds| pace::per_second(rounds, || self.sign().map(drop))).transpose()?;
        Ok(Told { authorization, per_second })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["--rounds", count] => Some(count.parse()?),
        _ => return Err("usage: sign [--rounds N] < requests.json".into()),
    };
    let given: Vec<Given> = serde_json::from_reader(io::stdin().lock())?;
    let told = given.into_iter().map(|given| Ready::try_from(given)?.tell(rounds)).collect::<Result<Vec<_>, _>>()?;
    writeln!(io::stdout(), "{}", serde_json::to_string(&told)?)?;
    Ok(())
}
