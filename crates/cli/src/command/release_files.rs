//! `reinstall release-files`: what a release has besides the binaries.

use std::fs;
use std::io;
use std::path::Path;

use clap_complete::Shell;

use crate::args;
use crate::failure::{Ending, Failure};

/// The shells that completions are written for.
const SHELLS: [Shell; 5] = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish];

pub(super) fn release_files(dir: &Path) -> crate::Result {
    write(dir).map_err(|source| Failure::Files { dir: dir.to_owned(), source })?;
    Ok(Ending::Done)
}

/// Completions and manual pages of both binaries, subcommands included, in a folder each.
fn write(dir: &Path) -> io::Result<()> {
    let (completions, man) = (dir.join("completions"), dir.join("man"));
    fs::create_dir_all(&completions)?;
    fs::create_dir_all(&man)?;
    for command in [args::command(), reinstall_mock_server::args::command()] {
        let name = command.get_name().to_owned();
        for shell in SHELLS {
            clap_complete::generate_to(shell, &mut command.clone(), &name, &completions)?;
        }
        clap_mangen::generate_to(command, &man)?;
    }
    Ok(())
}
