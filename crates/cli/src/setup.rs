//! From what was typed and what the environment says to whom to talk to. Whatever is missing is told at once.

use reinstall_core::id::ProjectId;
use reinstall_core::secret::SessionToken;
use reinstall_http::endpoint::{Endpoint, PlainHttp};

use crate::args::connection::ConnectionArgs;
use crate::env::{Environment, REINSTALL_ENDPOINT, REINSTALL_PROJECT_ID, REINSTALL_TOKEN};
use crate::failure::Failure;
use crate::input;

/// Whose instances are meant, and where.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) endpoint: Endpoint,
    pub(crate) project: ProjectId,
}

/// An [`Account`] and what opens it.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) account: Account,
    pub(crate) token: SessionToken,
}

/// A setting without which nothing can be done, and how it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Endpoint,
    ProjectId,
    Token,
}

impl Missing {
    /// What it is, and how it is given.
    pub(crate) fn how(self) -> String {
        match self {
            Self::Endpoint => format!("the address of the API: --endpoint URL or {REINSTALL_ENDPOINT}"),
            Self::ProjectId => format!("the project: --project-id ID or {REINSTALL_PROJECT_ID}"),
            Self::Token => format!("an IAM token: --token-file FILE or {REINSTALL_TOKEN}"),
        }
    }
}

/// The account that is on record, and the token for it. Whoever names another one means something else.
pub(crate) fn access_to(
    endpoint: &str,
    project: &ProjectId,
    args: &ConnectionArgs,
    environment: &Environment,
) -> Result<Access, Failure> {
    let recorded = ConnectionArgs {
        endpoint: Some(endpoint.to_owned()),
        project_id: Some(project.to_string()),
        token_file: args.token_file.clone(),
    };
    let access = access(&recorded, environment)?;
    let given = ConnectionArgs {
        endpoint: args.endpoint.clone().or_else(|| environment.endpoint.clone()).or(recorded.endpoint),
        project_id: args.project_id.clone().or_else(|| environment.project_id.clone()).or(recorded.project_id),
        token_file: None,
    };
    let given = parse_account(&given, environment)?;
    if given.endpoint != access.account.endpoint {
        return Err(Failure::Elsewhere { given: given.endpoint.to_string(), recorded: endpoint.to_owned() });
    }
    if given.project != access.account.project {
        return Err(Failure::Elsewhere { given: given.project.to_string(), recorded: project.to_string() });
    }
    Ok(access)
}

/// Whose instances are meant; no token is asked for.
pub(crate) fn account(args: &ConnectionArgs, environment: &Environment) -> Result<Account, Failure> {
    none_missing(args, environment, false)?;
    parse_account(args, environment)
}

/// Whose instances are meant, and the token for them.
pub(crate) fn access(args: &ConnectionArgs, environment: &Environment) -> Result<Access, Failure> {
    none_missing(args, environment, true)?;
    let account = parse_account(args, environment)?;
    let text = match (&args.token_file, &environment.token) {
        (Some(path), _) => input::read_secret_file(path)?,
        (None, Some(token)) => token.clone(),
        (None, None) => return Err(Failure::Unset(vec![Missing::Token])),
    };
    let token = SessionToken::parse(&text).map_err(Failure::Token)?;
    Ok(Access { account, token })
}

fn none_missing(args: &ConnectionArgs, environment: &Environment, with_token: bool) -> Result<(), Failure> {
    let missing: Vec<Missing> = [
        (Missing::Endpoint, args.endpoint.is_none() && environment.endpoint.is_none()),
        (Missing::ProjectId, args.project_id.is_none() && environment.project_id.is_none()),
        (Missing::Token, with_token && args.token_file.is_none() && environment.token.is_none()),
    ]
    .into_iter()
    .filter_map(|(setting, is_missing)| is_missing.then_some(setting))
    .collect();
    if missing.is_empty() { Ok(()) } else { Err(Failure::Unset(missing)) }
}

fn parse_account(args: &ConnectionArgs, environment: &Environment) -> Result<Account, Failure> {
    let given = |flag: &Option<String>, variable: &Option<String>| flag.as_ref().or(variable.as_ref()).cloned();
    let endpoint = given(&args.endpoint, &environment.endpoint).unwrap_or_default();
    let project = given(&args.project_id, &environment.project_id).unwrap_or_default();
    Ok(Account {
        endpoint: Endpoint::parse(&endpoint, PlainHttp::Loopback).map_err(Failure::Endpoint)?,
        project: project.parse().map_err(Failure::Project)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn environment(endpoint: Option<&str>, project: Option<&str>, token: Option<&str>) -> Environment {
        Environment {
            endpoint: endpoint.map(Into::into),
            project_id: project.map(Into::into),
            token: token.map(|token| Zeroizing::new(token.into())),
            ..Environment::default()
        }
    }

    #[test]
    fn everything_missing_is_told_at_once() {
        let nothing = environment(None, None, None);
        let refused = access(&ConnectionArgs::default(), &nothing).unwrap_err();
        let all = vec![Missing::Endpoint, Missing::ProjectId, Missing::Token];
        assert!(matches!(&refused, Failure::Unset(missing) if *missing == all), "{refused:?}");
        let refused = account(&ConnectionArgs::default(), &nothing).unwrap_err();
        assert!(matches!(&refused, Failure::Unset(missing) if missing.len() == 2), "a plan needs no token");
    }

    #[test]
    fn flags_win_over_the_environment() {
        let args = ConnectionArgs { endpoint: Some("flag.example".into()), ..ConnectionArgs::default() };
        let access = access(&args, &environment(Some("env.example"), Some("p1"), Some("tok\n"))).unwrap();
        assert_eq!(access.account.endpoint.to_string(), "https://flag.example");
        assert_eq!((access.account.project.as_str(), access.token.expose()), ("p1", "tok"));
    }
}
