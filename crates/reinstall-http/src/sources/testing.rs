//! A made-up environment for the tests of each source, and one way to tell what came of it. Every secret in those tests
//! has `canary` in it.

use std::io;
use std::path::Path;

use super::miss::Miss;
use super::{Asked, Found, Given, Source, Surroundings, look};

/// The text of a file that is there and cannot be read.
pub(super) const UNREADABLE: &str = "\0unreadable";

/// Calls `body` with surroundings that consist of these variables and files, and the home folder `/h`.
pub(crate) fn with_surroundings<R>(
    variables: &[(&str, &str)],
    files: &[(&str, &str)],
    body: impl FnOnce(&Surroundings<'_>) -> R,
) -> R {
    let variable = |name: &str| {
        let value = variables.iter().find(|(known, _)| *known == name);
        value.map(|(_, value)| (*value).to_owned().into())
    };
    let file = |path: &Path| match files.iter().find(|(known, _)| Path::new(known) == path) {
        Some((_, text)) if *text == UNREADABLE => Err(io::Error::from(io::ErrorKind::PermissionDenied)),
        Some((_, text)) => Ok((*text).to_owned().into()),
        None => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    body(&Surroundings { variable: &variable, file: &file, home: Some(Path::new("/h")) })
}

/// Looks into one source, and compares what it tells. No error and no `Debug` may have a canary in it.
pub(super) fn check(source: Source, variables: &[(&str, &str)], files: &[(&str, &str)], told: &str) {
    check_asked(source, &Asked::default(), variables, files, told);
}

pub(super) fn check_asked(
    source: Source,
    asked: &Asked<'_>,
    variables: &[(&str, &str)],
    files: &[(&str, &str)],
    told: &str,
) {
    let looked = with_surroundings(variables, files, |surroundings| look(source, surroundings, asked));
    let debug = format!("{looked:?} {looked:#?}");
    assert!(!debug.contains("canary"), "{debug}");
    let tells = match looked {
        Ok(found) => {
            assert_eq!(found.source, source);
            tell(&found)
        }
        Err(Miss::Absent(why)) => safe(format!("absent: {why}")),
        Err(Miss::Broken(why)) => safe(format!("broken: {why}")),
    };
    assert_eq!(tells, told);
}

pub(super) fn safe(error: String) -> String {
    assert!(!error.contains("canary"), "{error}");
    error
}

/// What was found, secrets and all.
fn tell(found: &Found) -> String {
    let given = match &found.given {
        Given::Token(token) => format!("token {}", token.expose()),
        Given::Keys(key) => {
            let token = key.security_token().map(|token| format!(" {}", token.expose())).unwrap_or_default();
            format!("keys {} {}{token}", key.id(), key.secret().expose())
        }
        Given::User(user) => format!("user {} {} of {}", user.name(), user.password().expose(), user.domain()),
        Given::Metadata => "metadata".to_owned(),
    };
    let more = [
        ("project_id", found.project_id.as_ref().map(|id| id.as_str())),
        ("project_name", found.project_name.as_deref()),
        ("domain_id", found.domain_id.as_deref()),
        ("region", found.region.as_deref()),
        ("iam", found.iam_endpoint.as_deref()),
    ];
    let more = more.into_iter().filter_map(|(name, value)| Some(format!(" {name}={}", value?)));
    given + &more.collect::<String>()
}
