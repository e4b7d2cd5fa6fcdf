use std::collections::BTreeSet;
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, Method};
use reinstall_core::secret::{SecretKey, SecurityToken};
use reinstall_http::sign::{date, hmac, sha256, sign};

use super::*;
use crate::cloud::draw_nth;

const DATE: &str = "20261123T071500Z";
const SECRET: &str = "Canary-secret-1";
const TOKEN: &str = "canary-token-1";
const BODY: &str = "{\"note\": \"canary-body\", \"of\":[1,2]}\r\n";

fn now() -> Timestamp {
    date::read(DATE).unwrap()
}

fn key(id: &str, secret: &str, token: Option<&str>) -> AccessKey {
    let key = AccessKey::new(id, SecretKey::parse(secret).unwrap()).unwrap();
    match token {
        Some(token) => key.with_security_token(SecurityToken::parse(token).unwrap()),
        None => key,
    }
}

/// The keys that the server knows.
fn keys() -> Vec<AccessKey> {
    vec![key("AK1", SECRET, None), key("AK2", "Canary-secret-2", None), key("AK3", "Canary-secret-3", Some(TOKEN))]
}

/// A request as it came, without `Authorization`.
#[derive(Clone)]
struct Came {
    method: Method,
    path: &'static str,
    query: Option<&'static str>,
    headers: HeaderMap,
    body: &'static str,
}

impl Came {
    fn new(method: Method, path: &'static str, query: Option<&'static str>, body: &'static str) -> Self {
        Self { method, path, query, headers: HeaderMap::new(), body }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    fn message(&self) -> Message<'_> {
        let Self { method, path, query, headers, body } = self;
        Message { method, path, query: *query, headers, body: body.as_bytes() }
    }

    fn told(&self) -> Option<Diagnosis> {
        explain(&self.message(), now(), &keys())
    }

    /// With a signature of the string `to_sign` by `secret`.
    fn signed(self, id: &str, names: &str, to_sign: &str, secret: &str) -> Self {
        let signature = hmac(secret.as_bytes(), to_sign.as_bytes());
        self.with(
            "authorization",
            &format!("SDK-HMAC-SHA256 Access={id}, SignedHeaders={names}, Signature={signature}"),
        )
    }

    /// With a signature of what `canonical` has, by the right key.
    fn signing(self, names: &str, canonical: &str) -> Self {
        self.signed("AK1", names, &to_sign(canonical), SECRET)
    }
}

fn to_sign(canonical: &str) -> String {
    format!("SDK-HMAC-SHA256\n{DATE}\n{}", sha256(canonical.as_bytes()))
}

/// A request that has a bit of everything, and what its sender should sign.
fn put() -> (Came, &'static str, String) {
    let query = "note=x%20y%2Fz&limit=10&b=2&b=1&%7Ea=%2B!&flag";
    let came = Came::new(Method::PUT, "/v1/p%2c1/instances", Some(query), BODY)
        .with("host", "a.example:8443")
        .with("content-type", "application/json; charset=utf-8")
        .with("x-note", "Two  words")
        .with("x-other", "more")
        .with("x-sdk-date", DATE);
    let canonical = format!(
        "PUT\n/v1/p%2C1/instances/\nb=1&b=2&flag=&limit=10&note=x%20y%2Fz&~a=%2B%21\n\
         content-type:application/json; charset=utf-8\nhost:a.example:8443\nx-note:Two  words\nx-sdk-date:{DATE}\n\n\
         content-type;host;x-note;x-sdk-date\n{}",
        sha256(BODY.as_bytes())
    );
    (came, "content-type;host;x-note;x-sdk-date", canonical)
}

/// One without query and body.
fn get() -> (Came, &'static str, String) {
    let came = Came::new(Method::GET, "/", None, "").with("host", "127.0.0.1:80").with("x-sdk-date", DATE);
    let hash = sha256(b"");
    let canonical = format!("GET\n/\n\nhost:127.0.0.1:80\nx-sdk-date:{DATE}\n\nhost;x-sdk-date\n{hash}");
    (came, "host;x-sdk-date", canonical)
}

/// What is told of a client that signs one thing in place of another.
fn check_signed(
    slips: &mut BTreeSet<Slip>,
    (came, names, canonical): &(Came, &str, String),
    table: &[(&str, &str, Slip)],
) {
    for (right, wrong, slip) in table {
        let signed = canonical.replacen(right, wrong, 1);
        assert_ne!(&signed, canonical, "{right:?} is not in {canonical:?}");
        let told = came.clone().signing(names, &signed).told().unwrap();
        assert_eq!(told.slip(), *slip, "{right:?} -> {wrong:?}: {told}");
        assert!(!told.to_string().to_ascii_lowercase().contains("canary"), "{told}");
        slips.insert(told.slip());
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn one_slip_in_what_was_signed() -> BTreeSet<Slip> {
    use Slip as S;
    let mut slips = BTreeSet::new();
    let hash = &sha256(BODY.as_bytes());
    let body = |text: &str| sha256(text.as_bytes());
    let put = put();
    check_signed(
        &mut slips,
        &put,
        &[
            ("PUT", "put", S::Method),
            ("PUT", "Put", S::Method),
            ("PUT", "POST", S::Method),
            ("instances/\n", "instances\n", S::PathSlash),
            ("p%2C1", "p%2c1", S::PathSpelling),
            ("p%2C1/instances/", "p%2c1/instances", S::PathSpelling),
            ("p%2C1", "p,1", S::PathSpelling),
            ("p%2C1", "p%252c1", S::PathSpelling),
            ("/v1/p%2C1/instances/", "https://a.example:8443/v1/p%2C1/instances", S::PathSpelling),
            ("/v1/p%2C1/instances/", "", S::PathSpelling),
            ("b=1&b=2&flag=&limit=10&note=x%20y%2Fz&~a=%2B%21", "", S::QueryMissing),
            (
                "b=1&b=2&flag=&limit=10&note=x%20y%2Fz&~a=%2B%21",
                "note=x%20y%2Fz&limit=10&b=2&b=1&~a=%2B%21&flag=",
                S::QueryOrder,
            ),
            ("b=1&b=2", "b=2&b=1", S::QueryOrder),
            (
                "b=1&b=2&flag=&limit=10&note=x%20y%2Fz&~a=%2B%21",
                "note=x%20y%2Fz&limit=10&b=2&b=1&%7Ea=%2B!&flag",
                S::QuerySpelling,
            ),
            ("x%20y%2Fz&~a=%2B%21", "x+y%2Fz&~a=+%21", S::QueryPlus),
            ("x%20y%2Fz&~a=%2B%21", "x y/z&~a=+!", S::QuerySpelling),
            ("%2Fz", "/z", S::QuerySpelling),
            ("%21", "!", S::QuerySpelling),
            ("x%20y%2Fz&~a=%2B%21", "x%2520y%252Fz&%257Ea=%252B%21", S::QuerySpelling),
            ("%2Fz&~a=%2B%21", "%2fz&~a=%2b%21", S::QuerySpelling),
            ("flag=&", "flag&", S::QuerySpelling),
            ("\nb=1", "\n?b=1", S::QuerySpelling),
            ("a.example:8443", "a.example", S::HostPort),
            ("a.example:8443", "a.example:443", S::HostPort),
            ("a.example:8443", "localhost:8443", S::Host),
            ("a.example:8443", "clouddc.cn-east-3.myhuaweicloud.com", S::Host),
            ("a.example:8443", "A.EXAMPLE:8443", S::Host),
            ("a.example:8443", "", S::Host),
            ("application/json; charset=utf-8", "application/json", S::ContentType),
            ("application/json; charset=utf-8", "application/json;charset=UTF-8", S::ContentType),
            ("application/json; charset=utf-8", "text/plain", S::ContentType),
            ("Two  words", "Two words", S::HeaderSpace),
            ("Two  words", "", S::HeaderEmpty),
            ("content-type;host;x-note;x-sdk-date", "host;content-type;x-note;x-sdk-date", S::HeaderOrder),
            ("content-type;host;x-note;x-sdk-date", "content-type,host,x-note,x-sdk-date", S::HeaderNames),
            ("content-type;host;x-note;x-sdk-date", "Content-Type;Host;X-Note;X-Sdk-Date", S::HeaderCase),
            ("x-note:Two  words\n", "", S::HeaderNames),
            ("host;x-note;", "host;", S::HeaderNames),
            ("\nx-sdk-date:", "\nx-other:more\nx-sdk-date:", S::HeaderNames),
            (hash, &body(""), S::BodyMissing),
            (hash, &body("{}"), S::BodyHash),
            (hash, &body(BODY.trim()), S::BodyHash),
            (hash, &body(&BODY.replace('\r', "")), S::BodyHash),
            (hash, &body(r#"{"note":"canary-body","of":[1,2]}"#), S::BodyHash),
            (hash, &body(r#"{"note": "canary-body", "of": [1, 2]}"#), S::BodyHash),
            (hash, &hash.to_ascii_uppercase(), S::BodyHash),
            (hash, BODY, S::BodyHash),
            (hash, "", S::BodyHash),
            (hash, "UNSIGNED-PAYLOAD", S::BodyUnsigned),
            ("\n\ncontent-type;", "\ncontent-type;", S::Layout),
            (hash, &format!("{hash}\n"), S::Layout),
        ],
    );
    let (came, _, canonical) = &put;
    // Named in an order of its own, and signed so in one or both places.
    let listed = "x-sdk-date;content-type;x-note;host";
    let named = canonical.replace("content-type;host;x-note;x-sdk-date", listed);
    let lines = "x-sdk-date:20261123T071500Z\ncontent-type:application/json; charset=utf-8\nx-note:Two  words\nhost:a.example:8443\n";
    let start = canonical.find("content-type:").unwrap();
    let both = format!("{}{lines}\n{listed}\n{hash}", &canonical[..start]);
    for signed in [&named, &both] {
        let told = came.clone().signing(listed, signed).told().unwrap();
        assert_eq!(told.slip(), S::HeaderOrder, "{told}");
    }
    let told = came.clone().signing("Content-Type;Host;X-Note;x-sdk-date", canonical).told().unwrap();
    assert_eq!(told.slip(), S::HeaderCase, "{told}");
    for spelled in [
        canonical
            .replace("content-type:", "content-type: ")
            .replace("host:", "host: ")
            .replace("x-note:", "x-note: ")
            .replace("x-sdk-date:", "x-sdk-date: "),
        canonical
            .replace("content-type:", "Content-Type:")
            .replace("host:", "Host:")
            .replace("x-note:", "X-Note:")
            .replace("x-sdk-date:", "X-Sdk-Date:"),
        canonical.replace('\n', "\r\n"),
    ] {
        let told = came.clone().signing("content-type;host;x-note;x-sdk-date", &spelled).told().unwrap();
        assert!(matches!(told.slip(), S::HeaderSpace | S::HeaderCase | S::Layout), "{told}");
    }
    let nothing = &sha256(b"");
    check_signed(
        &mut slips,
        &get(),
        &[
            ("\n/\n", "\n\n", S::PathSlash),
            ("\n/\n\n", "\n/\n?\n", S::QuerySpelling),
            ("\n/\n\n", "\n/\n", S::Layout),
            ("127.0.0.1:80", "127.0.0.1", S::HostPort),
            ("127.0.0.1:80", "localhost:80", S::Host),
            (nothing, &body("{}"), S::BodyHash),
            (nothing, "", S::BodyHash),
            (nothing, "UNSIGNED-PAYLOAD", S::BodyUnsigned),
        ],
    );
    slips
}

/// Clients that put together the right canonical request, and then go wrong.
fn one_slip_after_that() -> BTreeSet<Slip> {
    use Slip as S;
    let (came, names, canonical) = put();
    let right = to_sign(&canonical);
    let hash = sha256(canonical.as_bytes());
    let mut slips = BTreeSet::new();
    for (id, string, secret, slip) in [
        ("AK1", right.as_str(), "Canary-secret-2", S::OtherKey),
        ("AK9", &right, SECRET, S::OtherKey),
        ("AK9", &right, "nobody's", S::UnknownKey),
        ("ak1", &right, SECRET, S::UnknownKey),
        ("\"AK1\"", &right, SECRET, S::UnknownKey),
        (SECRET, &right, "AK1", S::SwappedKey),
        ("AK1", &right, "AK1", S::SwappedKey),
        ("AK1", &right, "Canary-secret-1\n", S::SecretSpelling),
        ("AK1", &right, "canary-secret-1", S::SecretSpelling),
        ("AK1", &right, "\"Canary-secret-1\"", S::SecretSpelling),
        ("AK1", &right, "Canary-secret-9", S::OtherSecret),
        ("AK3", &right, "Canary-secret-3", S::SecurityToken),
        ("AK1", &right.replace(DATE, "20261123T151500Z"), SECRET, S::OtherDate),
        ("AK1", &right.replace(DATE, "20261123T021500Z"), SECRET, S::OtherDate),
        ("AK1", &right.replace(DATE, "20261123T071501Z"), SECRET, S::OtherDate),
        ("AK1", &right.replace(DATE, "20261123"), SECRET, S::Layout),
        ("AK1", &right.replace(&hash, &canonical), SECRET, S::Layout),
        ("AK1", &right.replace(&hash, &hash.to_ascii_uppercase()), SECRET, S::Layout),
        ("AK1", &right.replace("SDK-", "V11-"), SECRET, S::Layout),
        ("AK1", &hash, SECRET, S::Layout),
        ("AK1", &canonical, SECRET, S::Layout),
        ("AK1", &format!("{right}\n"), SECRET, S::Layout),
    ] {
        let told = came.clone().signed(id, names, string, secret).told().unwrap();
        assert_eq!(told.slip(), slip, "{id} {string:?} {secret:?}: {told}");
        assert!(!told.to_string().to_ascii_lowercase().contains("canary"), "{told}");
        slips.insert(told.slip());
    }
    slips
}

/// Clients that write it down wrong. `{}` stands for the right signature.
#[expect(clippy::too_many_lines, reason = "a table")]
fn one_slip_in_authorization() -> BTreeSet<Slip> {
    use Slip as S;
    let (came, _, canonical) = put();
    let signature = hmac(SECRET.as_bytes(), to_sign(&canonical).as_bytes());
    let names = "SignedHeaders=content-type;host;x-note;x-sdk-date";
    let mut slips = BTreeSet::new();
    for (text, slip, part) in [
        (
            format!("V11-HMAC-SHA256 Credential=AK1/20261123/globe/clouddc, {names}, Signature={{}}"),
            S::Algorithm,
            "V11",
        ),
        (format!("AWS4-HMAC-SHA256 Credential=AK1/x, {names}, Signature={{}}"), S::Algorithm, "another provider's"),
        (format!("sdk-hmac-sha256 Access=AK1, {names}, Signature={{}}"), S::Algorithm, "letter case"),
        ("Bearer canary-token".to_owned(), S::Algorithm, "X-Auth-Token"),
        ("canary-token".to_owned(), S::Algorithm, "does not begin"),
        (String::new(), S::Algorithm, "does not begin"),
        (
            format!("SDK-HMAC-SHA256, Access=AK1, {names}, Signature={{}}"),
            S::AuthorizationForm,
            "a comma after the algorithm",
        ),
        (format!("SDK-HMAC-SHA256\tAccess=AK1, {names}, Signature={{}}"), S::AuthorizationForm, "no space"),
        ("SDK-HMAC-SHA256".to_owned(), S::AuthorizationForm, "no space"),
        (format!("SDK-HMAC-SHA256 Credential=AK1, {names}, Signature={{}}"), S::AuthorizationForm, "`Access=` belongs"),
        (format!("SDK-HMAC-SHA256 Access=AK1, {names}"), S::AuthorizationForm, "no `Signature=`"),
        ("SDK-HMAC-SHA256 Access=AK1, Signature={}".to_owned(), S::AuthorizationForm, "no `SignedHeaders=`"),
        (format!("SDK-HMAC-SHA256 access=AK1, {names}, Signature={{}}"), S::AuthorizationForm, "letter case"),
        (
            format!("SDK-HMAC-SHA256 Access =AK1, {names}, Signature={{}}"),
            S::AuthorizationForm,
            "a space before the `=`",
        ),
        (format!("SDK-HMAC-SHA256 {names}, Access=AK1, Signature={{}}"), S::AuthorizationForm, "another order"),
        (format!("SDK-HMAC-SHA256 Access=AK1 {names} Signature={{}}"), S::AuthorizationForm, "no commas"),
        (format!("SDK-HMAC-SHA256 Access=AK1, {names}, Signature={{}},"), S::AuthorizationForm, "a comma too much"),
        (
            "SDK-HMAC-SHA256 Access=AK1, SignedHeaders=host,x-sdk-date, Signature={}".to_owned(),
            S::AuthorizationForm,
            "semicolons",
        ),
        (format!("SDK-HMAC-SHA256 Access=AK1, {names}, Signature={{}}, More=1"), S::AuthorizationForm, "beside"),
        ("SDK-HMAC-SHA256 Access=AK1, SignedHeaders=host, Signature={}".to_owned(), S::DateUnsigned, "must be signed"),
        (
            "SDK-HMAC-SHA256 Access=AK1, SignedHeaders=Host;X-Sdk-Date, Signature={}".to_owned(),
            S::DateUnsigned,
            "lower case",
        ),
        (
            "SDK-HMAC-SHA256 Access=AK1, SignedHeaders=host x-sdk-date, Signature={}".to_owned(),
            S::DateUnsigned,
            "spaces",
        ),
        (
            "SDK-HMAC-SHA256 Access=AK1, SignedHeaders=x-lost;x-sdk-date, Signature={}".to_owned(),
            S::HeaderMissing,
            "`x-lost`",
        ),
        (format!("SDK-HMAC-SHA256 Access=AK1, {names}, Signature="), S::SignatureForm, "empty"),
        (
            format!("SDK-HMAC-SHA256 Access=AK1, {names}, Signature=/z/YbdQ+QtpnBqOK3zCVXXmqi8VF0KVUEtZw7vcSxpM="),
            S::SignatureForm,
            "Base64",
        ),
        (
            format!("SDK-HMAC-SHA256 Access=AK1, {names}, Signature={}", signature.to_ascii_uppercase()),
            S::SignatureForm,
            "upper case",
        ),
    ] {
        let text = text.replace("{}", &signature);
        let told = came.clone().with("authorization", &text).told().unwrap();
        assert_eq!(told.slip(), slip, "{text}: {told}");
        assert!(told.to_string().contains(part), "{text}: {told}");
        assert!(!told.to_string().to_ascii_lowercase().contains("canary"), "{told}");
        slips.insert(slip);
    }
    let told = came.told().unwrap();
    assert_eq!(told.slip(), S::NoAuthorization, "{told}");
    slips.insert(told.slip());
    slips
}

/// Clients that cannot write a time.
fn one_slip_in_the_date() {
    for (date, part) in [
        (None, "missing, though date came"),
        (Some(""), "empty"),
        (Some("Mon, 23 Nov 2026 07:15:00 GMT"), "HTTP"),
        (Some("1795418100"), "a number of seconds"),
        (Some("2026-11-23T07:15:00Z"), "hyphens"),
        (Some("20261123T151500+0800"), "an offset"),
        (Some("20261123T071500.000Z"), "fractions"),
        (Some("20261123T071500"), "lacks the Z"),
        (Some("20261323T071500Z"), "no time"),
    ] {
        let came = Came::new(Method::GET, "/", None, "").with("date", "now");
        let came = date.map_or(came.clone(), |date| came.with("x-sdk-date", date));
        let told = came.signing("x-sdk-date", "").told().unwrap();
        assert_eq!(told.slip(), Slip::DateForm, "{date:?}: {told}");
        assert!(told.to_string().contains(part), "{date:?}: {told}");
    }
}

/// Clients whose only mistake is the time, and some whose time hides another one.
fn one_wrong_clock() -> BTreeSet<Slip> {
    use Slip as S;
    let headers = put().0.headers;
    let mut slips = BTreeSet::new();
    for (hours, minutes, secret, slip, next) in [
        (8, 0, SECRET, S::LocalTime, None),
        (-5, 0, SECRET, S::LocalTime, None),
        (5, 45, SECRET, S::LocalTime, None),
        (0, 20, SECRET, S::Clock, None),
        (0, -30, SECRET, S::Clock, None),
        (20, 0, SECRET, S::Clock, None),
        (8, 0, "Canary-secret-9", S::LocalTime, Some(S::OtherSecret)),
        (0, 20, "Canary-secret-9", S::Clock, Some(S::OtherSecret)),
    ] {
        let message = Message { method: &Method::GET, path: "/v1", query: None, headers: &headers, body: b"" };
        let millis: i64 = (hours * 60 + minutes) * 60_000;
        let at = Timestamp::from_millis(now().as_millis().checked_add_signed(millis).unwrap());
        let headers = sign(&message, &key("AK1", secret, None), at).unwrap().headers;
        let told = explain(&Message { headers: &headers, ..message }, now(), &keys()).unwrap();
        assert_eq!((told.slip(), told.next().map(Diagnosis::slip)), (slip, next), "{hours}h {minutes}m: {told}");
        slips.insert(slip);
    }
    slips
}

/// Every kind of mistake is told of by a client that makes it.
#[test]
fn each_client_is_told_its_own_mistake() {
    let mut slips = one_slip_in_what_was_signed();
    slips.extend(one_slip_after_that());
    slips.extend(one_slip_in_authorization());
    slips.extend(one_wrong_clock());
    one_slip_in_the_date();
    slips.insert(Slip::DateForm);
    let untold: Vec<_> = Slip::ALL.into_iter().filter(|slip| !slips.contains(slip)).collect();
    assert_eq!(untold, []);
    let words: BTreeSet<_> = Slip::ALL.map(Slip::word).into();
    assert_eq!(words.len(), Slip::ALL.len(), "no two have one word");
}

#[test]
fn the_right_ones_are_told_nothing() {
    for (came, names, canonical) in [put(), get()] {
        assert_eq!(came.clone().signing(names, &canonical).told(), None);
        let alone = canonical.replace(names, "x-sdk-date");
        let lines: Vec<_> = alone
            .split('\n')
            .filter(|line| !names.split(';').any(|name| line.starts_with(&format!("{name}:")) && name != "x-sdk-date"))
            .collect();
        assert_eq!(came.signing("x-sdk-date", &lines.join("\n")).told(), None);
    }
}

#[test]
fn a_sentence_says_what_was_signed_what_should_be_and_how_to_mend_it() {
    let (came, names, canonical) = put();
    for (right, wrong, words) in [
        (
            "instances/\n",
            "instances\n",
            "the path was signed as `/v1/p%2C1/instances` without a slash at its end; sign `/v1/p%2C1/instances/`: the slash at \
             the end belongs to what is signed, not to the request line",
        ),
        (
            "a.example:8443",
            "a.example",
            "the host was signed as `a.example`, and the request came with `a.example:8443`; sign what is sent as Host, with the \
             port if it is in there and only then",
        ),
    ] {
        let told = came.clone().signing(names, &canonical.replacen(right, wrong, 1)).told().unwrap();
        assert_eq!(told.to_string(), words);
    }
}

/// Whatever is quoted may have been put there by mistake.
#[test]
fn what_is_quoted_is_quoted_without_secrets() {
    let came = Came::new(Method::GET, "/v1/Canary-secret-2/canary-token-9", None, "")
        .with("x-auth-token", "canary-token-9")
        .with("x-sdk-date", DATE);
    let canonical =
        format!("GET\n/v1/Canary-secret-2/canary-token-9\n\nx-sdk-date:{DATE}\n\nx-sdk-date\n{}", sha256(b""));
    let told = came.signing("x-sdk-date", &canonical).told().unwrap();
    assert_eq!(told.slip(), Slip::PathSlash);
    assert!(told.to_string().contains("`/v1/(hidden)/(hidden)`"), "{told}");
    assert!(!format!("{told:?}").contains("anary"), "{told:?}");
}

#[test]
fn a_security_token_of_another_key_is_told_apart() {
    let mut keys = keys();
    keys.push(key("AK4", "Canary-secret-4", Some("canary-token-4")));
    for (token, part) in
        [(None, "is missing"), (Some("canary-token-4"), "the token of AK4"), (Some("canary-x"), "another token")]
    {
        let headers = HeaderMap::new();
        let message = Message { method: &Method::GET, path: "/", query: None, headers: &headers, body: b"" };
        let headers = sign(&message, &key("AK3", "Canary-secret-3", token), now()).unwrap().headers;
        let told = explain(&Message { headers: &headers, ..message }, now(), &keys).unwrap();
        assert_eq!(told.slip(), Slip::SecurityToken, "{told}");
        assert!(told.to_string().contains(part) && !told.to_string().contains("canary"), "{told}");
    }
}

/// Where several headers of a name came, or none is signed but the date, nothing breaks.
#[test]
fn a_server_without_keys_says_so() {
    let (came, names, canonical) = put();
    let came = came.signing(names, &canonical);
    let told = explain(&came.message(), now(), &[]).unwrap();
    assert!(told.to_string().starts_with("no access key is known here"), "{told}");
}

/// Dice for one request.
struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.thrown += 1;
        usize::try_from(draw_nth(self.seed, self.thrown, "request") % end as u64).unwrap()
    }

    fn one_of<'a>(&mut self, things: &[&'a str]) -> &'a str {
        things[self.below(things.len())]
    }

    fn text(&mut self) -> String {
        let pieces = ["a", "b", "Z", "9", "-", "~", "%20", "%2F", "+", "%7e", "*", "%E5%AE%9E", "!", ",", ""];
        (0..self.below(6)).map(|_| self.one_of(&pieces)).collect()
    }
}

/// A request with all its headers, before it is signed.
fn drawn(seed: u64) -> (Method, String, Option<String>, HeaderMap, Vec<u8>) {
    let mut dice = Dice { seed, thrown: 0 };
    let method = Method::from_bytes(dice.one_of(&["GET", "PUT", "POST", "DELETE", "PATCH"]).as_bytes()).unwrap();
    let path: String = (0..dice.below(5)).map(|_| format!("/{}", dice.text())).collect();
    let query: Vec<_> = (0..dice.below(5)).map(|_| format!("{}={}", dice.text(), dice.text())).collect();
    let query = (dice.below(3) > 0).then(|| query.join("&"));
    let mut headers = HeaderMap::new();
    let host = dice.one_of(&["localhost:8080", "127.0.0.1", "clouddc.cn-east-3.myhuaweicloud.com", "a.example:443"]);
    headers.insert(http::header::HOST, HeaderValue::from_str(host).unwrap());
    for name in ["content-type", "user-agent", "x-project-id", "accept", "x-empty"] {
        if dice.below(2) > 0 {
            let value =
                dice.one_of(&["application/json", "application/json; charset=utf-8", "two  words", " padded ", ""]);
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
    }
    let body = dice.one_of(&["", "", "{}", "{ }", "null", "{\"a\": [1, 2]}\n", " ", "not JSON"]).as_bytes().to_vec();
    (method, path, query, headers, body)
}

#[test]
fn random_requests_are_never_told_a_false_cause() {
    for seed in 0..1_000 {
        let (method, path, query, headers, body) = drawn(seed);
        let message = Message { method: &method, path: &path, query: query.as_deref(), headers: &headers, body: &body };
        for (secret, minutes, slip) in
            [(SECRET, 0, None), (SECRET, 14, None), ("nobody-s-secret", 0, Some(Slip::OtherSecret))]
        {
            let headers = sign(&message, &key("AK1", secret, None), now()).unwrap().headers;
            let sent = Message { headers: &headers, ..message };
            let told = explain(&sent, now() + Duration::from_secs(60 * minutes), &keys());
            assert_eq!(told.as_ref().map(Diagnosis::slip), slip, "seed {seed}: {message:?}: {told:?}");
        }
    }
}

/// Whatever is done to `Authorization`, there is a word for it, and it is about the part that cannot be read.
#[test]
fn what_cannot_be_read_is_said_to_be_so() {
    let (came, names, canonical) = put();
    let right = came.clone().signing(names, &canonical).headers[AUTHORIZATION].to_str().unwrap().to_owned();
    for seed in 0..1_000 {
        let mut dice = Dice { seed, thrown: 0 };
        let mut text = right.clone().into_bytes();
        for _ in 0..=dice.below(3) {
            let place = dice.below(text.len());
            match dice.below(3) {
                0 => drop(text.remove(place)),
                1 => text.insert(place, b" ,;=Az-"[dice.below(7)]),
                _ => text[place] = b" ,;=Az-"[dice.below(7)],
            }
        }
        let text = String::from_utf8(text).unwrap();
        let mut came = came.clone();
        came.headers.insert(AUTHORIZATION, HeaderValue::from_str(&text).unwrap());
        let denial = verify(&came.message(), now(), &keys()).err();
        let told = came.told();
        assert_eq!(denial.is_some(), told.is_some(), "seed {seed}: {text}");
        let unreadable = matches!(denial, Some(Denial::Malformed("header Authorization cannot be read")));
        let said = told.as_ref().is_some_and(|told| matches!(told.slip(), Slip::Algorithm | Slip::AuthorizationForm));
        assert_eq!(unreadable, said, "seed {seed}: {text}: {told:?}");
    }
}
