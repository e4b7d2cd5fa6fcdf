//! The tokens that were handed out.

use std::collections::VecDeque;

use reinstall_core::secret::SessionToken;
use reinstall_core::time::Timestamp;
use reinstall_http::wire::iam::served::Name;
use subtle::ConstantTimeEq;

use super::refusal::TokenDenial;
use crate::cloud::draw_nth;

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose it is.
    pub user: Name,
    /// The account the user is in.
    pub account: Name,
    /// For what.
    pub scope: Scope,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it dies, as its answer says.
    pub expires_at: Timestamp,
}

/// For what a token is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// To ask IAM with.
    Nothing,
    /// The account as a whole; no regional service takes it.
    Account,
    /// A project.
    Project(Name),
}

impl Grant {
    /// Whether the calls of a regional service are open to it.
    ///
    /// # Errors
    /// [`TokenDenial::NoProject`]
    pub const fn for_project(&self) -> Result<&Name, TokenDenial> {
        match &self.scope {
            Scope::Project(project) => Ok(project),
            Scope::Nothing | Scope::Account => Err(TokenDenial::NoProject),
        }
    }
}

/// What is remembered of a token.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) grant: Grant,
    /// When it dies before its time.
    pub(super) revoked_at: Option<Timestamp>,
}

impl Kept {
    fn is_dead(&self, now: Timestamp) -> bool {
        now >= self.grant.expires_at || self.revoked_at.is_some_and(|at| now >= at)
    }
}

/// Every token that is remembered, the oldest first.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    seed: u64,
    issued: u64,
    kept: VecDeque<(SessionToken, Kept)>,
}

impl Tokens {
    /// The most tokens that are remembered. Dead ones are, too, while there is room, so that it can be said that they are.
    pub(super) const LEN_MAX: usize = 1_024;

    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, issued: 0, kept: VecDeque::new() }
    }

    /// Makes a token. Where there is no room, the dead are forgotten first, and then the oldest.
    pub(super) fn issue(&mut self, now: Timestamp, kept: Kept) -> SessionToken {
        if self.kept.len() >= Self::LEN_MAX {
            self.kept.retain(|(_, kept)| !kept.is_dead(now));
        }
        while self.kept.len() >= Self::LEN_MAX {
            self.kept.pop_front();
        }
        let token = spell(self.seed, self.issued);
        self.issued += 1;
        self.kept.push_back((token.clone(), kept));
        token
    }

    /// When those die that are alive.
    pub(super) fn deaths(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let alive = self.kept.iter().filter(move |(_, kept)| !kept.is_dead(now));
        alive.map(|(_, kept)| kept.revoked_at.map_or(kept.grant.expires_at, |at| at.min(kept.grant.expires_at)))
    }

    /// The same, to be changed.
    pub(super) fn find_mut(&mut self, given: &[u8]) -> Option<&mut Kept> {
        let wanted = mark(given)?;
        let place = self.kept.iter().rposition(|(token, _)| mark(token.expose().as_bytes()) == Some(wanted))?;
        let (token, kept) = self.kept.get_mut(place)?;
        bool::from(token.expose().as_bytes().ct_eq(given)).then_some(kept)
    }

    /// The token of this spelling, dead or alive. Its mark, which is looked up, is no secret; the rest is compared in constant
    /// time.
    pub(super) fn find(&self, given: &[u8]) -> Option<&Kept> {
        let wanted = mark(given)?;
        let (token, kept) =
            self.kept.iter().rev().find(|(token, _)| mark(token.expose().as_bytes()) == Some(wanted))?;
        bool::from(token.expose().as_bytes().ct_eq(given)).then_some(kept)
    }
}

/// Where a token differs from every other.
fn mark(token: &[u8]) -> Option<&[u8]> {
    token.get(HEAD.len()..HEAD.len() + 2 * CHARS_A_DRAW)
}

/// How every token of the provider begins: the first bytes of a signed message, in Base64.
const HEAD: &str = "MIIT";
/// The letters of Base64, in the provider's variant for headers.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
/// How many letters of six bits there are in 64.
const CHARS_A_DRAW: usize = 10;
/// So many draws make a token of about a kilobyte, a short one for the provider.
const DRAWS: u64 = 100;

/// The `nth` token. Anyone who knows the seed can spell it, too.
#[expect(clippy::expect_used, reason = "letters that a header can carry")]
fn spell(seed: u64, nth: u64) -> SessionToken {
    let mut text = zeroize::Zeroizing::new(HEAD.to_owned());
    for place in 0..DRAWS {
        let mut drawn = draw_nth(seed, nth * DRAWS + place, "token");
        for _ in 0..CHARS_A_DRAW {
            text.push(char::from(LETTERS[(drawn % 64) as usize]));
            drawn /= 64;
        }
    }
    SessionToken::parse(&text).expect("a well-formed token")
}

/// RFC 3339 with six digits after the second, as Keystone writes it: `2026-11-23T11:30:16.042000Z`. A moment too far away to
/// be written as a date is told as core tells it.
pub(crate) fn microseconds(at: Timestamp) -> String {
    let text = at.to_string();
    text.strip_suffix('Z').map_or(text.clone(), |millis| format!("{millis}000Z"))
}
