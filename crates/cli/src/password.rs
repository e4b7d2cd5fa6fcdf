//! Where the administrator's password comes from: standard input, a file, or a person at the keyboard.

#[cfg(unix)]
mod prompt;

use std::io;
use std::path::Path;

use reinstall_core::login::PasswordPolicy;
use reinstall_core::secret::AdminPassword;
use zeroize::Zeroizing;

use crate::args::PasswordArgs;
use crate::failure::Failure;
use crate::input::{self, SECRET_BYTES_MAX, STDIN};

/// How the password is to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    /// `--password-stdin`
    Stdin,
    /// `--password-file`
    File(&'a Path),
    /// Nothing was said: ask, where there is somebody to ask.
    Prompt,
}

impl<'a> From<&'a PasswordArgs> for Source<'a> {
    fn from(args: &'a PasswordArgs) -> Self {
        match &args.password_file {
            Some(path) => Self::File(path),
            None if args.password_stdin => Self::Stdin,
            None => Self::Prompt,
        }
    }
}

/// Gets the password and lets it through if the rule allows it. The systems of the instances are not known before they are
/// looked at, so both administrators' names are checked.
///
/// # Errors
/// Every violation at once; or why there is no password. Never the password.
pub(crate) fn admitted(source: Source<'_>, somebody_is_there: bool) -> Result<AdminPassword, Failure> {
    let typed = obtain(source, somebody_is_there)?;
    PasswordPolicy::for_os(None).admit(typed).map_err(Failure::WeakPassword)
}

/// Gets the password, as it was given but for one line break at its end.
pub(crate) fn obtain(source: Source<'_>, somebody_is_there: bool) -> Result<Zeroizing<String>, Failure> {
    match source {
        Source::Stdin => Ok(one_line(input::read_text(io::stdin().lock(), STDIN, SECRET_BYTES_MAX)?)),
        Source::File(path) => Ok(one_line(input::read_secret_file(path)?)),
        Source::Prompt if somebody_is_there => ask(),
        Source::Prompt => Err(Failure::NoPassword),
    }
}

fn ask() -> Result<Zeroizing<String>, Failure> {
    #[cfg(unix)]
    let ask = |question: &str| prompt::ask(question).map_err(Failure::Prompt);
    #[cfg(not(unix))]
    let ask = |question: &str| rpassword::prompt_password(question).map(Zeroizing::new).map_err(Failure::Prompt);
    let typed = ask("New administrator password for all instances: ")?;
    let again = ask("The same again: ")?;
    if *typed == *again { Ok(typed) } else { Err(Failure::PasswordsDiffer) }
}

/// Takes one line break from the end, as an editor or `echo` leaves it. Everything else belongs to the password.
fn one_line(mut text: Zeroizing<String>) -> Zeroizing<String> {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_line_break_is_taken() {
        for (given, taken) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            (" a \n", " a "),
            ("a\r", "a\r"),
            ("\n", ""),
            ("", ""),
        ] {
            assert_eq!(*one_line(Zeroizing::new(given.into())), taken, "{given:?}");
        }
    }
}
