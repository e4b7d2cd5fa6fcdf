//! Why a source has no credential to give: there is none, or there is one that cannot be used.
//!
//! Nothing here holds a value that a source has: only names of variables, files, lines, fields, clouds and profiles.

use std::fmt;
use std::io;
use std::path::PathBuf;

use reinstall_core::id::ProjectId;
use reinstall_core::secret::TokenError;
use reinstall_core::text::CloudText;

use super::Source;
use crate::sign::key::AccessKeyError;

/// Why a source gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum Miss {
    /// There is nothing: the next source is asked.
    #[error(transparent)]
    Absent(#[from] Absent),
    /// There is something, and it cannot be used: nothing else is asked.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// What it means that a source has nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Absent {
    /// Variables, all of them unset or empty.
    #[error("not set: {}", .0.join(", "))]
    NotSet(&'static [&'static str]),
    /// None of these files is there.
    #[error("not there: {}", listed(.0.iter().map(|path| path.display())))]
    NoFile(Vec<PathBuf>),
    /// The file is looked for in the home folder, and which one that is is not known.
    #[error("~/{usual} was not looked for, since the home folder is not known")]
    NoHome {
        /// Its path beneath the home folder.
        usual: &'static str,
    },
    /// The file has other things in it.
    #[error("{} has no {what}", path.display())]
    NotInFile {
        /// Which file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// A profile of `hcloud` that says: ask the metadata.
    #[error("{}: profile `{profile}` takes its keys from the ECS metadata", path.display())]
    ElsewhereMetadata {
        /// Which file.
        path: PathBuf,
        /// Which profile.
        profile: CloudText,
    },
    /// The metadata is asked only by whoever allows it.
    #[error("not asked, since nobody allowed it")]
    NotAllowed,
}

/// Something that cannot be used: where it stands, and what is the matter.
#[derive(Debug)]
pub struct Broken {
    file: Option<PathBuf>,
    line: Option<u64>,
    defect: Defect,
}

impl Broken {
    pub(crate) fn in_file(file: PathBuf, line: Option<u64>, defect: Defect) -> Self {
        Self { file: Some(file), line, defect }
    }

    pub(super) fn at(file: Option<PathBuf>, line: Option<u64>, defect: Defect) -> Self {
        Self { file, line, defect }
    }

    /// What is the matter.
    #[must_use]
    pub fn defect(&self) -> &Defect {
        &self.defect
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{}:{line}: {}", file.display(), self.defect),
            (Some(file), None) => write!(f, "{}: {}", file.display(), self.defect),
            (None, _) => write!(f, "{}", self.defect),
        }
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.defect.source()
    }
}

/// What is the matter with a source, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Defect {
    /// Of what belongs together only a part is there.
    #[error("{set} is set, and {missing} is not; they go together")]
    Half {
        /// What is there.
        set: String,
        /// What is not.
        missing: String,
    },
    /// Two that exclude each other.
    #[error("{one} and {other} are both set, and each names somebody; unset one")]
    Both {
        /// The first.
        one: &'static str,
        /// The second.
        other: &'static str,
    },
    /// A value that cannot be one of its kind.
    #[error("{field}: {rule}")]
    Value {
        /// Which variable or field.
        field: String,
        /// What it would have to be.
        rule: ValueRule,
    },
    /// A file that is there and cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// A file that a variable names and that is not there.
    #[error("not there, though {by} names it")]
    NotThere {
        /// The variable.
        by: &'static str,
    },
    /// A cloud is named, and there is no file that could have it.
    #[error("cloud `{cloud}` is asked for, and there is no clouds.yaml; looked for: {}", listed(looked.iter().map(|path| path.display())))]
    NoClouds {
        /// The cloud.
        cloud: CloudText,
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// A profile is named, and there is no file that could have it.
    #[error("profile `{profile}` is asked for: {why}")]
    NoProfiles {
        /// The profile.
        profile: CloudText,
        /// Why there is none.
        why: Absent,
    },
    /// The file is not of its format. The format's own words are left out, since they quote the file.
    #[error("{0}")]
    Malformed(&'static str),
    /// There is nothing of the name that was asked for.
    #[error("has no {kind} `{name}`{}", offered(.nearest.as_ref(), *.known))]
    Unknown {
        /// What it would be.
        kind: &'static str,
        /// What was asked for.
        name: CloudText,
        /// What it most likely meant.
        nearest: Option<CloudText>,
        /// How many there are. Their names are left out: where a line break is missing, one may end in a password.
        known: usize,
    },
    /// Something that this program cannot do.
    #[error("{field}: {what}")]
    Unsupported {
        /// Which variable or field asks for it.
        field: String,
        /// What it is, and what to do instead.
        what: &'static str,
    },
    /// `hcloud` keeps its keys so that only itself can read them.
    #[error(
        "profile `{profile}` is encrypted, and only hcloud itself can read it; run `hcloud configure set \
         --cli-auth-encrypt=false`, or give the keys in another way"
    )]
    Encrypted {
        /// The profile.
        profile: CloudText,
    },
}

/// What a value would have to be. Never says what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueRule {
    /// An access key.
    #[error(transparent)]
    Key(#[from] AccessKeyError),
    /// A token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A project id.
    #[error("a project id is 1 to {} letters, digits, hyphens or underscores", ProjectId::LEN_MAX)]
    Project,
    /// An IAM of the second version.
    #[error("version 2 of the identity API is not spoken; give the address of version 3, ending in /v3")]
    OldIdentity,
    /// Quotes, where they are no quotes.
    #[error("quotes are a part of the value in this file; write it without them")]
    Quoted,
}

/// A source that was asked and had nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Which one.
    pub source: Source,
    /// What it means.
    pub why: Absent,
}

/// No credential: the source that is broken, if one is, and those that were asked before.
#[derive(Debug)]
pub struct NoCredential {
    passed: Vec<Passed>,
    broken: Option<Box<(Source, Broken)>>,
}

impl NoCredential {
    pub(super) fn nothing(passed: Vec<Passed>) -> Self {
        Self { passed, broken: None }
    }

    pub(super) fn broken(passed: Vec<Passed>, source: Source, why: Broken) -> Self {
        Self { passed, broken: Some(Box::new((source, why))) }
    }

    /// What was asked and had nothing, in order.
    #[must_use]
    pub fn passed(&self) -> &[Passed] {
        &self.passed
    }

    /// The source that stopped the search, and what is the matter with it.
    #[must_use]
    pub fn stopped_at(&self) -> Option<(Source, &Broken)> {
        self.broken.as_deref().map(|(source, why)| (*source, why))
    }
}

impl fmt::Display for NoCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stopped_at() {
            Some((source, why)) => write!(f, "the credential in {source} cannot be used: {why}")?,
            None => write!(f, "no credential was found")?,
        }
        if !self.passed.is_empty() {
            let before = if self.broken.is_some() { "; before it, these had none:" } else { "; these were asked:" };
            f.write_str(before)?;
        }
        self.passed.iter().try_for_each(|Passed { source, why }| {
            // The source's name says which variables.
            let why = if let Absent::NotSet(_) = why { "not set".to_owned() } else { why.to_string() };
            write!(f, "\n  {source}: {why}")
        })
    }
}

impl std::error::Error for NoCredential {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.stopped_at().and_then(|(_, why)| std::error::Error::source(why))
    }
}

fn listed(items: impl Iterator<Item = impl fmt::Display>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// What there is instead, as the end of a sentence.
fn offered(nearest: Option<&CloudText>, known: usize) -> String {
    match (nearest, known) {
        (Some(nearest), _) => format!("; did you mean `{nearest}`?"),
        (None, 0) => "; it has none at all".to_owned(),
        (None, _) => format!("; it has {known} of other names"),
    }
}
