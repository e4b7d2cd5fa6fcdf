//! What the program does but serve.

use std::io::{self, Write};
use std::path::Path;

use super::settings::sound;
use super::{RecordingCommand, ScenarioCommand, SettingsError};
use crate::cloud::config::FleetConfig;
use crate::record::Recording;
use crate::scenario::{Draft, Scenario, json_schema};

impl RecordingCommand {
    /// Does it.
    ///
    /// # Errors
    /// If the recording cannot be read, or nothing written.
    pub fn run(&self, out: &mut dyn Write) -> io::Result<()> {
        let (Self::Findings { file } | Self::Fleet { file }) = self;
        let recording =
            Recording::open(file).map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
        match self {
            Self::Findings { .. } => writeln!(out, "{}", recording.findings()),
            Self::Fleet { .. } => {
                recording.fleet_rows().iter().try_for_each(|row| writeln!(out, "{}", row.to_line().trim_end()))
            }
        }
    }
}

impl ScenarioCommand {
    /// Does it; whether all is well. `load` reads the file of a fleet.
    ///
    /// # Errors
    /// If nothing can be written.
    pub fn run(
        &self,
        load: &dyn Fn(&Path) -> Result<FleetConfig, String>,
        out: &mut dyn Write,
        objections: &mut dyn Write,
    ) -> io::Result<bool> {
        let files = match self {
            Self::Schema => {
                out.write_all(json_schema().as_bytes())?;
                return Ok(true);
            }
            Self::Check { files } => files,
        };
        let mut all_is_well = true;
        for file in files {
            match check(file, load) {
                Ok(summary) => writeln!(out, "{}: {summary}", file.display())?,
                Err(error) => {
                    all_is_well = false;
                    writeln!(objections, "{error}")?;
                }
            }
        }
        Ok(all_is_well)
    }
}

/// What is in a sound file, in a line.
fn check(file: &Path, load: &dyn Fn(&Path) -> Result<FleetConfig, String>) -> Result<String, SettingsError> {
    let (scenario, plan) = sound(Some(Draft::read(file)?), Scenario::default(), load)?;
    let count = |len: usize, one: &str| format!("{len} {one}{}", if len == 1 { "" } else { "s" });
    let [rules, prospects, limits] = [
        count(plan.faults.len(), "fault rule"),
        count(scenario.prospects.len(), "prospect"),
        count(plan.limits.len(), "limit"),
    ];
    Ok(format!("sound: {rules}, {prospects}, {limits}, seed {}", plan.cloud.seed))
}
