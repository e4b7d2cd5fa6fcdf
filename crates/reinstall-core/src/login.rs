//! What will open the new system: the administrator's account and the rule for its password (api-facts 9).

use std::fmt;

use rand::{CryptoRng, RngExt};
use zeroize::Zeroizing;

use crate::instance::OsFamily;
use crate::secret::AdminPassword;

/// The account whose password a reinstall sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdminAccount {
    /// Linux.
    Root,
    /// Windows.
    Administrator,
}

impl AdminAccount {
    /// The user name as the system spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Administrator => "Administrator",
        }
    }
}

impl fmt::Display for AdminAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The four kinds of characters a password may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CharClass {
    /// `A` to `Z`
    Upper,
    /// `a` to `z`
    Lower,
    /// `0` to `9`
    Digit,
    /// One of [`PasswordPolicy::SPECIALS`]
    Special,
}

impl CharClass {
    const ALL: [Self; 4] = [Self::Upper, Self::Lower, Self::Digit, Self::Special];

    fn of(c: char) -> Option<Self> {
        match c {
            'A'..='Z' => Some(Self::Upper),
            'a'..='z' => Some(Self::Lower),
            '0'..='9' => Some(Self::Digit),
            _ if PasswordPolicy::SPECIALS.contains(c) => Some(Self::Special),
            _ => None,
        }
    }
}

impl fmt::Display for CharClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Upper => "upper-case letters",
            Self::Lower => "lower-case letters",
            Self::Digit => "digits",
            Self::Special => "special characters",
        })
    }
}

/// One way in which a password breaks the rule. Tells what and where, never the password or a character of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// Fewer than [`PasswordPolicy::LEN_MIN`] characters.
    TooShort {
        /// How many it has.
        len: usize,
    },
    /// More than [`PasswordPolicy::LEN_MAX`] characters.
    TooLong {
        /// How many it has.
        len: usize,
    },
    /// Fewer than three of the four classes.
    TooFewClasses {
        /// The classes it lacks.
        missing: Vec<CharClass>,
    },
    /// Characters that are in none of the four classes.
    Outside {
        /// Which characters, counted from 1.
        positions: Vec<usize>,
    },
    /// The user name is in it, in whatever case.
    UserName(AdminAccount),
    /// The user name spelled backwards is in it, in whatever case.
    UserNameReversed(AdminAccount),
}

impl Violation {
    /// A stable name for the rule, for reports.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "length_min",
            Self::TooLong { .. } => "length_max",
            Self::TooFewClasses { .. } => "classes_min",
            Self::Outside { .. } => "characters",
            Self::UserName(_) => "user_name",
            Self::UserNameReversed(_) => "user_name_reversed",
        }
    }
}

fn listed<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { len } => {
                write!(f, "it has {len} characters; at least {} are needed", PasswordPolicy::LEN_MIN)
            }
            Self::TooLong { len } => {
                write!(f, "it has {len} characters; at most {} are allowed", PasswordPolicy::LEN_MAX)
            }
            Self::TooFewClasses { missing } => write!(
                f,
                "it has {} of the four kinds of characters; at least {} are needed (missing: {})",
                CharClass::ALL.len() - missing.len(),
                PasswordPolicy::CLASSES_MIN,
                listed(missing)
            ),
            Self::Outside { positions } => write!(
                f,
                "characters are not allowed at position {}; use letters, digits and {}",
                listed(positions),
                PasswordPolicy::SPECIALS
            ),
            Self::UserName(account) => write!(f, "it contains the user name `{account}` (in whatever case)"),
            Self::UserNameReversed(account) => {
                write!(f, "it contains the user name `{account}` spelled backwards (in whatever case)")
            }
        }
    }
}

/// Every way in which a password breaks the rule; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// The violations, in the order of the rule.
    #[must_use]
    pub fn as_slice(&self) -> &[Violation] {
        &self.0
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(Violation::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl std::error::Error for Violations {}

/// Why no password could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// No password of such a length is allowed.
    #[error("a password has {min} to {max} characters, not {0}", min = PasswordPolicy::LEN_MIN, max = PasswordPolicy::LEN_MAX)]
    Length(usize),
    /// The source of randomness keeps repeating itself.
    #[error("no allowed password in {max} draws: the source of randomness is broken", max = PasswordPolicy::DRAWS_MAX)]
    NotRandom,
}

/// The rule for the password, for the accounts it may have to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    accounts: &'static [AdminAccount],
}

impl PasswordPolicy {
    /// The fewest characters.
    pub const LEN_MIN: usize = 8;
    /// The most characters.
    pub const LEN_MAX: usize = 26;
    /// The fewest classes of characters, of four.
    pub const CLASSES_MIN: usize = 3;
    /// The special characters: eighteen.
    pub const SPECIALS: &'static str = "!@$%^-_=+[{}]:,./?";
    /// The length of a generated password where none is asked for: about 150 bits.
    pub const LEN_GENERATED: usize = 24;
    /// The most draws before the source of randomness is called broken; two are enough on average even at length 8.
    const DRAWS_MAX: usize = 1_000;

    /// The rule for a system of this family; where the family is unknown, for both user names.
    #[must_use]
    pub const fn for_os(os: Option<OsFamily>) -> Self {
        Self {
            accounts: match os {
                Some(OsFamily::Linux) => &[AdminAccount::Root],
                Some(OsFamily::Windows) => &[AdminAccount::Administrator],
                None => &[AdminAccount::Root, AdminAccount::Administrator],
            },
        }
    }

    /// Every violation at once; empty if the password is allowed.
    #[must_use]
    pub fn check(&self, password: &str) -> Vec<Violation> {
        let mut violations = Vec::new();
        let len = password.chars().count();
        if len < Self::LEN_MIN {
            violations.push(Violation::TooShort { len });
        }
        if len > Self::LEN_MAX {
            violations.push(Violation::TooLong { len });
        }
        let mut missing = CharClass::ALL.to_vec();
        missing.retain(|class| !password.chars().any(|c| CharClass::of(c) == Some(*class)));
        if CharClass::ALL.len() - missing.len() < Self::CLASSES_MIN {
            violations.push(Violation::TooFewClasses { missing });
        }
        let outside = password.chars().enumerate().filter(|(_, c)| CharClass::of(*c).is_none());
        let positions: Vec<usize> = outside.map(|(index, _)| index + 1).collect();
        if !positions.is_empty() {
            violations.push(Violation::Outside { positions });
        }
        let lower = Zeroizing::new(password.to_ascii_lowercase());
        for &account in self.accounts {
            let name = account.name().to_ascii_lowercase();
            if lower.contains(&name) {
                violations.push(Violation::UserName(account));
            }
            let reversed: String = name.chars().rev().collect();
            if lower.contains(&reversed) {
                violations.push(Violation::UserNameReversed(account));
            }
        }
        violations
    }

    /// Lets a password through if nothing speaks against it.
    ///
    /// # Errors
    /// Every violation at once.
    pub fn admit(&self, password: Zeroizing<String>) -> Result<AdminPassword, Violations> {
        let violations = self.check(&password);
        if violations.is_empty() { Ok(AdminPassword::admitted(password)) } else { Err(Violations(violations)) }
    }

    /// Makes a password of `len` characters, each allowed one exactly as likely as any other.
    ///
    /// Characters are drawn independently, and the whole is thrown away until nothing speaks against it. The common way,
    /// one of each class and then a shuffle, favours some passwords over others.
    ///
    /// # Errors
    /// [`GenerateError`] for a length that is not allowed, or a source that is not random.
    pub fn generate(&self, rng: &mut impl CryptoRng, len: usize) -> Result<AdminPassword, GenerateError> {
        if !(Self::LEN_MIN..=Self::LEN_MAX).contains(&len) {
            return Err(GenerateError::Length(len));
        }
        let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(Self::SPECIALS.chars()).collect();
        for _ in 0..Self::DRAWS_MAX {
            let mut draw = Zeroizing::new(String::with_capacity(len));
            for _ in 0..len {
                draw.push(alphabet[rng.random_range(..alphabet.len())]);
            }
            if let Ok(password) = self.admit(draw) {
                return Ok(password);
            }
        }
        Err(GenerateError::NotRandom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: PasswordPolicy = PasswordPolicy::for_os(None);

    fn rules(policy: PasswordPolicy, password: &str) -> String {
        policy.check(password).iter().map(Violation::rule).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_rule() {
        for (password, broken) in [
            ("Abcdef1!", ""),
            ("Abcdefg1", ""),
            ("abcdefg1!", ""),
            ("ABCDEFG1!", ""),
            ("Abcdefghijklmnopqrstuvwx1!", ""),
            ("!@$%^-_=+[{}]:,./?Aa", ""),
            ("Abcde1!", "length_min"),
            ("Abcdefghijklmnopqrstuvwxy1!", "length_max"),
            ("abcdefgh", "classes_min"),
            ("abcdefgh1", "classes_min"),
            ("12345678!", "classes_min"),
            ("Abcdef1 ", "characters"),
            ("Abcdef1#", "characters"),
            ("Äbcdef1!A", "characters"),
            ("Abcdef1\n", "characters"),
            ("xrootX1!", "user_name"),
            ("xRoOtX1!", "user_name"),
            ("xtoorX1!", "user_name_reversed"),
            ("xTOORX1!", "user_name_reversed"),
            ("ADMINISTRATOR1!", "user_name"),
            ("1!rotartsinimdA", "user_name_reversed"),
            ("toorroot1!A", "user_name user_name_reversed"),
            ("", "length_min classes_min"),
            ("ro~t", "length_min classes_min characters"),
        ] {
            assert_eq!(rules(ANY, password), broken, "{password:?}");
        }
    }

    #[test]
    fn a_known_system_has_one_user_name() {
        assert_eq!(rules(PasswordPolicy::for_os(Some(OsFamily::Windows)), "xrootX1!"), "");
        assert_eq!(rules(PasswordPolicy::for_os(Some(OsFamily::Linux)), "xrootX1!"), "user_name");
        assert_eq!(rules(PasswordPolicy::for_os(Some(OsFamily::Linux)), "Administrator1!"), "");
        assert_eq!(rules(PasswordPolicy::for_os(Some(OsFamily::Windows)), "Administrator1!"), "user_name");
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(ANY.check("é1!A567")[0], Violation::TooShort { len: 7 });
    }

    #[test]
    fn a_refusal_never_shows_the_password() {
        let refused = ANY.admit(Zeroizing::new("canary root ~".into())).unwrap_err();
        let shown = format!("{refused} {refused:?}");
        assert!(!shown.contains("canary") && !shown.contains('~'), "{shown}");
        assert!(shown.contains("position 7, 12, 13"), "{shown}");
    }

    #[test]
    fn generated_passwords_are_allowed_at_every_length() {
        let mut rng = crate::testing::rng(7);
        for len in PasswordPolicy::LEN_MIN..=PasswordPolicy::LEN_MAX {
            let password = ANY.generate(&mut rng, len).unwrap();
            assert_eq!(password.expose().len(), len);
            assert_eq!(ANY.check(password.expose()), []);
        }
        assert_eq!(ANY.generate(&mut rng, 7).unwrap_err(), GenerateError::Length(7));
        assert_eq!(ANY.generate(&mut rng, 27).unwrap_err(), GenerateError::Length(27));
    }

    /// Chi-square over the characters: with 79 degrees of freedom, 130 is passed by chance once in 5,000 sequences, and
    /// the sequence is fixed by the seed.
    #[test]
    fn every_character_is_about_as_likely_as_any_other() {
        let mut rng = crate::testing::rng(1);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..4_000 {
            // At full length nearly every draw is allowed, so rejection hardly tilts the counts.
            for c in ANY.generate(&mut rng, 26).unwrap().expose().chars() {
                *counts.entry(c).or_insert(0_u32) += 1;
            }
        }
        assert_eq!(counts.len(), 80);
        let expected = 4_000.0 * 26.0 / 80.0;
        let chi: f64 = counts.values().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
        assert!(chi < 130.0, "chi-square {chi}");
    }
}
