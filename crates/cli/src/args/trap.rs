//! Secrets that somebody types on the command line all the same. Everybody on the machine can read them there, and a shell
//! keeps them; so they are refused, and never echoed.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command};

/// Flags that exist only to be refused. clap echoes the words it does not know; it knows these.
#[derive(Debug, Args)]
pub(crate) struct TrapArgs {
    #[arg(long, global = true, hide = true, num_args = 0..=1, value_parser = parser(), allow_hyphen_values = true)]
    password: Option<Option<Dropped>>,
    #[arg(long, global = true, hide = true, num_args = 0..=1, value_parser = parser(), allow_hyphen_values = true)]
    token: Option<Option<Dropped>>,
}

/// Stands for a value that was not kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dropped;

/// Reads anything and keeps nothing.
pub(crate) fn parser() -> impl TypedValueParser<Value = Dropped> {
    #[derive(Clone)]
    struct Drop;
    impl TypedValueParser for Drop {
        type Value = Dropped;
        fn parse_ref(&self, _: &Command, _: Option<&Arg>, _: &OsStr) -> Result<Dropped, clap::Error> {
            Ok(Dropped)
        }
    }
    Drop
}

/// A secret was typed where everybody can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TypedSecret {
    /// `--password x`
    #[error("a password is not taken on the command line: every user of this machine could read it there")]
    Password,
    /// `--token x`
    #[error("a token is not taken on the command line: every user of this machine could read it there")]
    Token,
}

impl TrapArgs {
    /// Which secret was typed, if one was.
    pub(crate) fn sprung(&self) -> Option<TypedSecret> {
        match (&self.password, &self.token) {
            (Some(_), _) => Some(TypedSecret::Password),
            (None, Some(_)) => Some(TypedSecret::Token),
            (None, None) => None,
        }
    }
}

/// Replaces an error of clap that would echo what may be a secret, such as `--password-stdin=hunter2`.
pub(crate) fn without_values(error: clap::Error, command: &mut Command) -> clap::Error {
    let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else { return error };
    let about_secrets = arg.contains("password") || arg.contains("token");
    let echoes = error.get(ContextKind::InvalidValue).is_some() || error.kind() == ErrorKind::TooManyValues;
    let is_a_stray_word = error.kind() == ErrorKind::UnknownArgument && !arg.starts_with('-');
    if (about_secrets && echoes) || is_a_stray_word {
        return command.error(
            error.kind(),
            "a word too many was given; it is not shown here, for it may be a secret. Secrets come by --password-stdin, \
             --password-file FILE or --token-file FILE only",
        );
    }
    error
}

#[cfg(test)]
mod tests {
    use crate::args::parse;

    fn words(line: &str) -> Vec<std::ffi::OsString> {
        line.split_whitespace().map(Into::into).collect()
    }

    #[test]
    fn typed_secrets_are_caught_and_never_echoed() {
        for line in [
            "reinstall run --password canary",
            "reinstall run --password=canary",
            "reinstall --password canary run",
            "reinstall run --token canary",
            "reinstall status --token=canary x",
            "reinstall password check --password canary",
            "reinstall run --password -canary",
        ] {
            let cli = parse(words(line)).unwrap();
            assert!(cli.global.traps.sprung().is_some(), "{line}");
            assert!(!format!("{cli:?}").contains("canary"), "{line}");
        }
        for line in [
            "reinstall run --password-stdin=canary",
            "reinstall run --passwrd=canary",
            "reinstall password generate --password-stdin=canary",
            "reinstall --password=canary",
        ] {
            let error = parse(words(line)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(!error.to_string().contains("canary"), "{line}: {error}");
        }
    }

    #[test]
    fn honest_lines_pass() {
        for line in ["reinstall run x", "reinstall demo", "reinstall password check --password-stdin"] {
            assert_eq!(parse(words(line)).unwrap().global.traps.sprung(), None, "{line}");
        }
    }
}
