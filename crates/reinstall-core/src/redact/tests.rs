use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn redactor(secret: &str) -> Redactor {
    Redactor::new().with(Role::AdminPassword, secret)
}

fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for index in 0..4 {
            let letter = alphabet[(word >> (18 - 6 * index) & 63) as usize];
            out.push(if index > three.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_ADDRESSES: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn each_byte(text: &str, spell: impl Fn(u8) -> String) -> String {
    text.bytes().map(spell).collect()
}

fn hex(text: &str) -> String {
    each_byte(text, |byte| format!("{byte:02x}"))
}

fn percent(text: &str) -> String {
    each_byte(text, |byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") })
}

fn json(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            _ = write!(out, "\\u{unit:04x}");
        }
        out
    })
}

fn html(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        _ = write!(out, "&#x{:X};", u32::from(c));
        out
    })
}

/// The secret in every spelling that a service is likely to use, and some in each other.
fn spellings(secret: &str) -> Vec<String> {
    let mut all = vec![
        secret.to_owned(),
        secret.to_ascii_uppercase(),
        secret.replace('/', "\\/").replace('"', "\\\""),
        json(secret),
        percent(secret),
        percent(secret).to_lowercase(),
        each_byte(secret, |byte| format!("%{byte:02x}")),
        percent(&percent(secret)),
        percent(secret).replace("%20", "+"),
        json(&percent(secret)),
        html(secret),
        html(&json(secret)),
        secret.chars().fold(String::new(), |out, c| out + &format!("&#{};", u32::from(c))),
        hex(secret),
        hex(secret).to_uppercase(),
        each_byte(secret, |byte| format!("{byte:02X}:")),
        each_byte(secret, |byte| format!("\\x{byte:02x}")),
        percent(&base64(secret.as_bytes(), STANDARD)),
        base64(json(secret).as_bytes(), STANDARD),
        base64(base64(secret.as_bytes(), STANDARD).as_bytes(), STANDARD),
        hex(&base64(secret.as_bytes(), STANDARD)),
    ];
    for around in ["", "u", "us"] {
        let text = format!("{around}:{secret}!{around}");
        for alphabet in [STANDARD, FOR_ADDRESSES] {
            let encoded = base64(text.as_bytes(), alphabet);
            all.push(
                encoded
                    .split_inclusive(|_| true)
                    .collect::<Vec<_>>()
                    .chunks(19)
                    .map(|line| line.concat() + "\r\n")
                    .collect(),
            );
            all.push(encoded.trim_end_matches('=').to_owned());
            all.push(encoded);
        }
    }
    all
}

#[test]
fn a_secret_is_found_in_every_spelling() {
    for secret in [
        "Canary-9931-x",
        "s/k+1=&\"<>",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "käse 100%25!",
        "%41bc\\u0041",
        "1234",
        "a b",
    ] {
        for spelled in spellings(secret) {
            for text in [spelled.clone(), format!("refused: `{spelled}` is weak"), format!("{{\"pw\":\"{spelled}\"}}")]
            {
                let shown = redactor(secret).redact(&text).into_owned();
                assert!(shown.contains("[redacted: ") || shown == "***", "{secret:?} in {text:?}: {shown:?}");
                assert!(!shown.contains(&spelled), "{shown}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the secret and wherever it stands: no decoder gets it out of what is shown.
    #[test]
    fn no_decoder_gets_a_secret_out_of_what_is_shown(secret in "[!-~]{4,40}", before in "[ -~]{0,9}", after in "[ -~]{0,9}") {
        let redactor = redactor(&secret);
        for spelled in spellings(&secret) {
            for text in [spelled.clone(), format!("{before} {spelled} {after}")] {
                let shown = redactor.redact(&text);
                let body = format!("{{\"text\":\"{}\"}}", json(&text));
                prop_assert!(redactor.may_be_in(body.as_bytes()), "{text:?}");
                prop_assert!(*shown != *text || is_documented(&text), "{text:?}");
                let again = redactor.redact(&shown);
                prop_assert_eq!(&*again, &*shown);
            }
        }
    }

    #[test]
    fn any_text_is_searched(secret in "\\PC{1,12}", text in "\\PC{0,80}") {
        let shown = redactor(&secret).redact(&text).into_owned();
        prop_assert!(secret.len() < WITHIN_WORDS_BYTES_MIN || is_documented(&text) || !shown.contains(&secret));
    }
}

#[test]
fn innocent_text_is_left_alone() {
    let redactor = redactor("Valid+Pass-77").with(Role::UserPassword, "run").with(Role::UserPassword, "beef");
    for text in [
        "running",
        "reinstall-processing",
        "the instance is not in a state in which this can be done",
        "00000000-beef-4000-8000-000000000001",
        "x-request-id: 7d5cf8a0d4e24c0fb9bd0a5d9c5d4d52",
        "100% sure & certain + more",
        "",
    ] {
        assert_eq!(redactor.redact(text), text);
        assert_eq!(Redactor::new().redact(text), text);
    }
}

#[test]
fn what_is_left_says_what_was_there() {
    let redactor = Redactor::new()
        .with(Role::AdminPassword, "Canary-9931-x")
        .with(Role::SessionToken, "MIIT-token")
        .with(Role::UserPassword, "pw")
        .with(Role::SecretKey, "");
    for (text, shown) in [
        ("weak: Canary-9931-x", "weak: [redacted: the admin password]"),
        ("MIIT-token Canary-9931-x", "[redacted: a session token] [redacted: the admin password]"),
        ("weak: Canary%2D9931-x", "[redacted: contains the admin password]"),
        ("password pw is short", "[redacted: contains the IAM password]"),
        ("pwd and spw are none", "pwd and spw are none"),
        ("cut off: Canary-99", "[redacted: contains the admin password]"),
        ("cut off: Canary-99…", "[redacted: contains the admin password]"),
        ("Canary-9930", "Canary-9930"),
    ] {
        assert_eq!(redactor.redact(text), shown);
    }
    assert_eq!(format!("{redactor:?}"), "Redactor[AdminPassword, SessionToken, UserPassword]");
    let unlucky = Redactor::new().with(Role::AdminPassword, "admin password");
    assert_eq!(unlucky.redact("the admin password"), "the ***", "a mark that is itself a secret is not used");
}
