//! Plans as files: written by `plan --save`, applied once by `run --plan`.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use reinstall_core::plan::Plan;
use reinstall_core::record::{PlanFile, PlanRecord};
use reinstall_core::text::CloudText;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::input::{self, InputError, TARGETS_BYTES_MAX};
use crate::setup::Account;

/// What tells a plan from any other JSON.
const KIND: &str = "reinstall-plan";

/// SHA-256 of all that a plan says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct PlanHash(String);

impl PlanHash {
    /// How many digits a person types.
    const SHORT_LEN: usize = 8;

    /// The hash of a plan as it stands in a file.
    fn of(said: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self(hex::encode(Sha256::digest(serde_json::to_vec(said)?))))
    }

    /// The hash of a plan that was drawn to be carried out at once: the same inputs give the same hash.
    pub(crate) fn of_drawn(plan: &Plan, account: &Account) -> Result<Self, Failure> {
        let said = (account.endpoint.to_string(), PlanRecord::from(plan));
        Self::of(&said).map_err(|error| Failure::Output(error.into()))
    }

    /// What a person types to confirm it.
    pub(crate) fn short(&self) -> &str {
        self.0.get(..Self::SHORT_LEN).unwrap_or(&self.0)
    }

    /// All of it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.short())
    }
}

/// The file: the plan, and the hash of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    kind: String,
    hash: PlanHash,
    plan: PlanFile,
}

/// Why a file is no plan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanFileError {
    /// It could not be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// It is not what `plan --save` writes.
    #[error("{name}: this is not a plan as `reinstall plan --save` writes it: {what}")]
    Malformed { name: String, what: CloudText },
    /// It does not say what it said when it was drawn.
    #[error("{name}: this plan was changed after it was drawn: it has hash {found}, and says {said}")]
    Changed { name: String, found: PlanHash, said: PlanHash },
}

/// Reads a plan.
pub(crate) fn read(path: &Path) -> Result<(PlanFile, PlanHash), PlanFileError> {
    let name = path.display().to_string();
    let text = input::read_file(path, TARGETS_BYTES_MAX)?;
    let malformed = |what: &str| PlanFileError::Malformed { name: name.clone(), what: what.into() };
    let Sealed { kind, hash, plan } =
        serde_json::from_str(&text).map_err(|error| malformed(&input::without_values(&error.to_string())))?;
    if kind != KIND {
        return Err(malformed("its kind is another"));
    }
    let found = PlanHash::of(&plan).map_err(|error| malformed(&error.to_string()))?;
    if found == hash { Ok((plan, found)) } else { Err(PlanFileError::Changed { name, found, said: hash }) }
}

/// Writes a plan to a new file; one that is there is never overwritten.
pub(crate) fn write(path: &Path, plan: PlanFile) -> io::Result<PlanHash> {
    let hash = PlanHash::of(&plan)?;
    let sealed = Sealed { kind: KIND.into(), hash: hash.clone(), plan };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    serde_json::to_writer_pretty(&mut file, &sealed)?;
    writeln!(file)?;
    file.sync_all()?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::render::sample;

    fn drawn() -> PlanFile {
        let at = sample::at(0);
        PlanFile::new(&sample::plan(3), "https://clouddc.example", None, at, at + Duration::from_secs(3_600))
    }

    #[test]
    fn a_plan_comes_back_from_its_file_and_no_file_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plan.json");
        let hash = write(&path, drawn()).unwrap();
        assert_eq!(read(&path).unwrap(), (drawn(), hash));
        assert_eq!(write(&path, drawn()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_plan_that_somebody_edited_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plan.json");
        let hash = write(&path, drawn()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let one = sample::id(1).to_string();
        for (edited, told) in [
            (text.replace(&one, &sample::id(9).to_string()), "was changed"),
            (text.replace("\"failures_max\": 0", "\"failures_max\": 3"), "was changed"),
            (text.replace("2026-11-23T12", "2026-11-24T12"), "was changed"),
            (text.replace("reinstall-plan", "else"), "not a plan"),
            (text.replace("\"project_id\"", "\"projekt_id\""), "not a plan"),
            (text[..text.len() / 2].to_owned(), "not a plan"),
        ] {
            assert_ne!(edited, text, "{told}");
            std::fs::write(&path, edited).unwrap();
            let refused = read(&path).unwrap_err().to_string();
            assert!(refused.contains(told), "{refused}");
        }
        std::fs::write(&path, text.replace('\n', "\r\n")).unwrap();
        assert_eq!(read(&path).unwrap().1, hash, "white space says nothing");
        assert_eq!(hash.short().len(), 8);
    }
}
