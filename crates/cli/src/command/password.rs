//! `reinstall password`: check one, make one.

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use reinstall_core::login::PasswordPolicy;

use super::Session;
use crate::args::PasswordCommand;
use crate::args::trap::TypedSecret;
use crate::failure::{Ending, Failure};
use crate::password::{self, Source};
use crate::{random, render};

pub(super) fn password(command: &PasswordCommand, session: &Session) -> crate::Result {
    match command {
        PasswordCommand::Check { typed, .. } if !typed.is_empty() => Err(TypedSecret::Password.into()),
        PasswordCommand::Check { source, .. } => {
            let password = password::obtain(Source::from(source), session.somebody_is_there())?;
            check(&password)
        }
        PasswordCommand::Generate { length } => {
            let password = generate(*length)?;
            // Printing it is what this command is for.
            render::to_stdout(|out| writeln!(out, "{}", password.expose()))?;
            Ok(Ending::Done)
        }
    }
}

fn check(password: &str) -> crate::Result {
    let violations = PasswordPolicy::for_os(None).check(password);
    render::to_stdout(|out| {
        if violations.is_empty() {
            writeln!(out, "The password is allowed.")?;
        }
        violations.iter().try_for_each(|violation| writeln!(out, "{}: {violation}", violation.rule()))
    })?;
    Ok(if violations.is_empty() { Ending::Done } else { Ending::NotAllowed })
}

/// A password from the operating system's dice.
pub(super) fn generate(length: usize) -> Result<reinstall_core::secret::AdminPassword, Failure> {
    // A system without randomness is told of here, and does not run into the panic behind `UnwrapErr`.
    random::bytes::<8>()?;
    Ok(PasswordPolicy::for_os(None).generate(&mut UnwrapErr(SysRng), length)?)
}
