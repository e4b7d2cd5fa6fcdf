use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_042);
const HOUR: Duration = Duration::from_secs(3_600);

/// Two accounts: the project is in the first.
fn iam() -> Iam {
    configured(|_| ())
}

fn configured(change: impl FnOnce(&mut IamConfig)) -> Iam {
    let users = ["ann:canary-1@acme", "bob:canary-2@other"].map(|text| IamUser::parse(text).unwrap());
    let mut config = IamConfig { users: users.into(), ..IamConfig::default() };
    change(&mut config);
    Iam::new(config, &"p-1".parse().unwrap(), 7)
}

fn request(user: &Value, scope: &Value) -> ReceivedTokenRequest {
    let auth = json!({"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope});
    serde_json::from_value(json!({"auth": auth})).unwrap()
}

fn ann() -> Value {
    json!({"name": "ann", "password": "canary-1", "domain": {"name": "acme"}})
}

fn of_project() -> ReceivedTokenRequest {
    request(&ann(), &json!({"project": {"name": "cn-east-3"}}))
}

fn bytes(issued: &Issued) -> Vec<u8> {
    issued.token.expose().as_bytes().to_vec()
}

#[test]
fn who_is_known_gets_a_token_for_what_is_theirs() {
    let mut iam = iam();
    let (acme, other) = (iam.account("acme"), iam.account("other"));
    let ann_id = iam.user_id(&iam.config.users[0]);
    let bob = json!({"name": "bob", "password": "canary-2", "domain": {"name": "other"}});
    let project = Scope::Project(Name { id: "p-1".into(), name: "cn-east-3".into() });
    for (user, scope, granted) in [
        (ann(), json!({"project": {"name": "cn-east-3"}}), Ok((&acme, project.clone()))),
        (ann(), json!({"project": {"id": "p-1"}}), Ok((&acme, project.clone()))),
        (ann(), json!({"project": {"id": "p-1", "domain": {"name": "acme"}}}), Ok((&acme, project.clone()))),
        (ann(), json!({"project": {"id": "p-1", "domain": {"id": acme.id}}}), Ok((&acme, project.clone()))),
        (json!({"id": ann_id, "password": "canary-1"}), json!({"project": {"id": "p-1"}}), Ok((&acme, project))),
        (ann(), Value::Null, Ok((&acme, Scope::Nothing))),
        (ann(), json!("unscoped"), Ok((&acme, Scope::Nothing))),
        (ann(), json!({"domain": {"name": "acme"}}), Ok((&acme, Scope::Account))),
        (bob.clone(), Value::Null, Ok((&other, Scope::Nothing))),
        (bob.clone(), json!({"project": {"id": "p-1"}}), Err(IamRefusal::NotFound("project"))),
        (bob, json!({"domain": {"name": "acme"}}), Err(IamRefusal::NotFound("domain"))),
        (ann(), json!({"project": {"id": "p-2"}}), Err(IamRefusal::NotFound("project"))),
        (ann(), json!({"project": {"name": "cn-north-4"}}), Err(IamRefusal::NotFound("project"))),
        (ann(), json!({"project": {}}), Err(IamRefusal::NotFound("project"))),
        (ann(), json!({"project": {"id": "p-1", "domain": {"name": "other"}}}), Err(IamRefusal::NotFound("project"))),
    ] {
        let issued = iam.issue(NOW, &request(&user, &scope));
        let got = issued.map(|issued| (issued.grant.account, issued.grant.scope));
        assert_eq!(got, granted.map(|(account, scope)| (account.clone(), scope)), "{user} {scope}");
    }
}

#[test]
fn a_wrong_user_is_told_as_a_wrong_password_is() {
    let mut iam = iam();
    for (user, refusal) in [
        (json!({"name": "ann", "password": "canary-2", "domain": {"name": "acme"}}), IamRefusal::WrongCredentials),
        (json!({"name": "ann", "password": "", "domain": {"name": "acme"}}), IamRefusal::WrongCredentials),
        (json!({"name": "ann", "password": "canary-12", "domain": {"name": "acme"}}), IamRefusal::WrongCredentials),
        (json!({"name": "eve", "password": "canary-1", "domain": {"name": "acme"}}), IamRefusal::WrongCredentials),
        (json!({"name": "ann", "password": "canary-1", "domain": {"name": "other"}}), IamRefusal::WrongCredentials),
        (json!({"name": "ann", "password": "canary-1", "domain": {}}), IamRefusal::WrongCredentials),
        (json!({"id": "0", "password": "canary-1"}), IamRefusal::WrongCredentials),
    ] {
        assert_eq!(iam.issue(NOW, &request(&user, &Value::Null)).unwrap_err(), refusal, "{user}");
    }
    for user in [json!({"name": "ann", "password": "canary-1"}), json!({"password": "canary-1"})] {
        let refused = iam.issue(NOW, &request(&user, &Value::Null)).unwrap_err();
        assert!(matches!(refused, IamRefusal::Malformed(_)), "{user}: {refused:?}");
    }
    for scope in [json!({}), json!("all"), json!({"project": {"id": "p-1"}, "domain": {"name": "acme"}})] {
        let refused = iam.issue(NOW, &request(&ann(), &scope)).unwrap_err();
        assert!(matches!(refused, IamRefusal::Malformed(_)), "{scope}: {refused:?}");
    }
    for (methods, status) in
        [(json!(["token"]), 401), (json!([]), 401), (json!(["password", "totp"]), 401), (json!(["password"]), 400)]
    {
        let given = serde_json::from_value(json!({"auth": {"identity": {"methods": methods}}})).unwrap();
        assert_eq!(iam.issue(NOW, &given).unwrap_err().status(), status, "{methods}");
    }
}

#[test]
fn a_token_dies_when_it_says_or_when_it_is_revoked() {
    let expired = |hours| Err(TokenDenial::Expired { expires_at: NOW + HOUR * hours });
    for (life, dies_after, checks) in [
        (2, None, [(0, Ok(())), (119, Ok(())), (120, expired(2))]),
        (2, Some(1), [(0, Ok(())), (59, Ok(())), (60, Err(TokenDenial::Revoked))]),
        (2, Some(1), [(60, Err(TokenDenial::Revoked)), (119, Err(TokenDenial::Revoked)), (120, expired(2))]),
        (2, Some(3), [(119, Ok(())), (120, expired(2)), (180, expired(2))]),
    ] {
        let mut iam = configured(|config| {
            config.token_life = HOUR * life;
            config.token_dies_after = dies_after.map(|hours: u32| HOUR * hours);
        });
        let issued = iam.issue(NOW, &of_project()).unwrap();
        assert_eq!(issued.grant.expires_at, NOW + HOUR * life, "whenever it really dies");
        for (minutes, opens) in checks {
            let at = NOW + Duration::from_secs(minutes * 60);
            assert_eq!(iam.check(at, &bytes(&issued)).map(drop), opens, "{life} {dies_after:?} {minutes}");
            assert_eq!(iam.validate(at, &bytes(&issued)).is_ok(), opens.is_ok());
        }
    }
}

#[test]
fn only_what_was_handed_out_opens_anything() {
    let mut iam = iam();
    let token = bytes(&iam.issue(NOW, &of_project()).unwrap());
    let mut altered = token.clone();
    *altered.last_mut().unwrap() ^= 1;
    let longer = [token.as_slice(), b"A"].concat();
    for wrong in [&b""[..], b"MIIT", &token[..24], &token[..token.len() - 1], &longer, &altered] {
        assert_eq!(iam.check(NOW, wrong).unwrap_err(), TokenDenial::Unknown);
    }
    assert_eq!(iam.check(NOW, &token).and_then(Grant::for_project).map(|project| project.id.as_str()), Ok("p-1"));
    let unscoped = iam.issue(NOW, &request(&ann(), &Value::Null)).unwrap();
    assert_eq!(unscoped.grant.for_project(), Err(TokenDenial::NoProject));
}

#[test]
fn tokens_differ_look_like_the_providers_and_repeat_from_run_to_run() {
    let (mut one, mut again) = (iam(), iam());
    let mut tokens: Vec<_> = (0..50).map(|_| bytes(&one.issue(NOW, &of_project()).unwrap())).collect();
    assert_eq!(tokens[0], bytes(&again.issue(NOW, &of_project()).unwrap()));
    for token in &tokens {
        assert_eq!(token.len(), 1_004);
        assert!(token.starts_with(b"MIIT") && token.iter().all(u8::is_ascii_graphic));
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 50);
}

#[test]
fn the_dead_are_forgotten_first_and_then_the_oldest() {
    let mut iam = configured(|config| config.token_life = HOUR);
    let early: Vec<_> = (0..3).map(|_| bytes(&iam.issue(NOW, &of_project()).unwrap())).collect();
    let later = NOW + HOUR / 2;
    let first = bytes(&iam.issue(later, &of_project()).unwrap());
    for _ in early.len() + 1..Tokens::LEN_MAX {
        iam.issue(later, &of_project()).unwrap();
    }
    // Full, but nobody has to make room yet: the dead can still be told from the unknown.
    let full = NOW + HOUR;
    assert!(matches!(iam.check(full, &early[0]), Err(TokenDenial::Expired { .. })));
    iam.issue(full, &of_project()).unwrap();
    assert_eq!(iam.check(full, &early[0]), Err(TokenDenial::Unknown));
    assert!(iam.check(full, &first).is_ok());
    // Three had died and one came: two more fit before the living have to go.
    for is_kept in [true, true, false] {
        iam.issue(full, &of_project()).unwrap();
        assert_eq!(iam.check(full, &first).is_ok(), is_kept);
    }
}

#[test]
fn projects_are_found_by_what_is_asked() {
    let iam = iam();
    let (acme, other) = (iam.account("acme"), iam.account("other"));
    assert_eq!(iam.home(), acme);
    let named = |name: &str| ProjectQuery { name: Some(name.into()), ..ProjectQuery::default() };
    let of = |id: &str| ProjectQuery { domain_id: Some(id.into()), ..ProjectQuery::default() };
    let enabled = |enabled| ProjectQuery { enabled: Some(enabled), ..ProjectQuery::default() };
    for (account, query, count) in [
        (&acme, ProjectQuery::default(), 1),
        (&acme, named("cn-east-3"), 1),
        (&acme, named("cn-north-4"), 0),
        (&acme, named(""), 0),
        (&acme, of(&acme.id), 1),
        (&acme, of(&other.id), 0),
        (&acme, enabled(true), 1),
        (&acme, enabled(false), 0),
        (&other, ProjectQuery::default(), 0),
    ] {
        assert_eq!(iam.projects(account, &query).len(), count, "{} {query:?}", account.name);
    }
}

#[test]
fn denials_have_the_gateways_words() {
    for (denial, words) in [
        (TokenDenial::Unknown, "decrypt token fail"),
        (TokenDenial::Expired { expires_at: NOW }, "token expires, expires_at=2027-01-15T08:00:00.042000Z"),
        (TokenDenial::Revoked, "The token must be updated"),
        (TokenDenial::NoProject, "the token is not scoped to a project"),
    ] {
        assert_eq!(denial.to_string(), words);
    }
    assert_eq!(microseconds(Timestamp::from_millis(u64::MAX)), "18446744073709551615 ms after 1970");
}

#[test]
fn debug_has_no_password_and_no_token() {
    let mut iam = iam();
    let issued = iam.issue(NOW, &of_project()).unwrap();
    let shown = format!("{iam:?} {issued:?}");
    assert!(!shown.contains("canary") && !shown.contains(&issued.token.expose()[4..24]), "{shown}");
}
