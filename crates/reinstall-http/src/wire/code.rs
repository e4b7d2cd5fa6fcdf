//! What the cloud's codes mean, and what to do about them (api-facts 7). Codes that are not listed here have no public
//! explanation.

/// A code in plain words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained {
    /// What it means, in a sentence without a full stop.
    pub means: &'static str,
    /// What to do about it, likewise.
    pub advice: &'static str,
}

/// CloudDC's own codes.
const SERVICE: [(&str, &str, &str); 12] = [
    ("iMetal.0001", "a value in the request is not allowed", "correct what the message names"),
    ("iMetal.0002", "the request lacks something", "correct what the message names; if all was given, report it to us"),
    ("iMetal.0003", "the service does not accept the credentials", "check which ones are used: reinstall doctor"),
    (
        "iMetal.0004",
        "the account lacks a permission",
        "have it granted: clouddc:instance:get and clouddc:instance:list to look, clouddc:instance:reinstallOS to reinstall",
    ),
    ("iMetal.0005", "too many requests", "lower --requests-per-second, and see who else uses the account"),
    ("iMetal.0099", "the service failed inside", "nothing on our side; give its support the request id if it goes on"),
    ("iMetal.0100", "the service knows no physical server of these ids", "check the ids; they are not instance ids"),
    ("iMetal.0101", "physical servers are not ready", "wait, and look at them on the console"),
    ("iMetal.0102", "physical servers of these ids are there already", "check the ids"),
    ("iMetal.0110", "physical servers did not pass inspection", "look at them on the console"),
    (
        "iMetal.0200",
        "the service knows no instance of these ids in this project",
        "check the ids, the project and the region: reinstall list shows those it knows",
    ),
    (
        "iMetal.0201",
        "instances are not in a state in which this can be done",
        "look at them: reinstall status; some services reinstall only what is stopped or failed",
    ),
];

/// The codes of the gateway before the service, by their number: prefixes differ from place to place.
const GATEWAY: [(&str, &str, &str); 18] = [
    (
        "0101",
        "the gateway knows no such call here",
        "check the endpoint, its region and the project id; CloudDC is not served in every region",
    ),
    ("0103", "the gateway knows no such call here", "check the endpoint and its region"),
    ("0104", "the gateway does not accept the request", "check the endpoint; a proxy in between may rewrite requests"),
    ("0105", "the gateway does not accept the request", "check the endpoint; a proxy in between may rewrite requests"),
    ("0106", "the gateway does not accept the request", "check the endpoint; a proxy in between may rewrite requests"),
    (
        "0201",
        "the gateway could not pass the request on",
        "check the endpoint; if it goes on, give its support the request id",
    ),
    ("0202", "the gateway does not reach the service", "nothing on our side; try again later"),
    ("0203", "the service did not answer the gateway in time", "nothing on our side; try again later"),
    (
        "0301",
        "the gateway does not accept the credentials",
        "the message tells more: a token that has run out, a key that is not known, a clock that is wrong, or another secret; \
         reinstall doctor checks them",
    ),
    ("0302", "the IAM user may not use this API", "have the permission granted to the user, or use another"),
    (
        "0303",
        "the gateway does not accept the application's credentials",
        "use an access key or a token of an IAM user",
    ),
    ("0304", "the application may not use this API", "use an access key or a token of an IAM user"),
    ("0305", "the gateway does not accept the credentials", "check which ones are used: reinstall doctor"),
    ("0306", "the gateway denies access", "check the account's permissions, and rules on addresses"),
    ("0307", "the token has to be replaced", "get a new one; with a user and password that happens by itself"),
    ("0308", "too many requests", "lower --requests-per-second, and see who else uses the account"),
    ("0401", "requests from this address are not accepted", "ask who set up access rules for the account"),
    ("0402", "requests from this address are not accepted", "ask who set up access rules for the account"),
];

/// Gateways in front of the service, and their twins elsewhere.
pub(super) const GATEWAY_PREFIXES: [&str; 3] = ["APIGW.", "APIG.", "APIC."];

/// What `code` means, if that is known.
#[must_use]
pub fn explain(code: &str) -> Option<Explained> {
    let found = |table: &[(&str, &'static str, &'static str)], code: &str| {
        let row = table.iter().find(|(known, ..)| *known == code);
        row.map(|&(_, means, advice)| Explained { means, advice })
    };
    let number = GATEWAY_PREFIXES.iter().find_map(|prefix| code.strip_prefix(prefix));
    number.map_or_else(|| found(&SERVICE, code), |number| found(&GATEWAY, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_explained_and_others_are_not() {
        for (code, word) in [
            ("iMetal.0200", Some("instance")),
            ("iMetal.0099", Some("inside")),
            ("APIGW.0301", Some("credentials")),
            ("APIG.0301", Some("credentials")),
            ("APIC.0308", Some("too many")),
            ("0308", None),
            ("iMetal.9999", None),
            ("APIGW.9999", None),
            ("401", None),
            ("", None),
        ] {
            let explained = explain(code);
            assert_eq!(explained.is_some(), word.is_some(), "{code}");
            assert!(explained.is_none_or(|it| it.means.contains(word.unwrap_or("-"))), "{code}: {explained:?}");
        }
    }

    #[test]
    fn sentences_are_sentences_and_no_code_stands_twice() {
        for table in [&SERVICE[..], &GATEWAY] {
            let mut codes: Vec<&str> = table.iter().map(|(code, ..)| *code).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), table.len());
            for (code, means, advice) in table {
                assert!(means.len() > 10 && advice.len() > 10, "{code}");
                assert!(!means.ends_with('.') && !advice.ends_with('.') && !advice.contains("  "), "{code}: {advice}");
            }
        }
    }
}
