//! IAM, as a value: users prove who they are and get tokens; calls in with the time, replies out.
//!
//! It knows one project, which belongs to the account of the first user. Nothing is drawn from a shared stream: the same seed
//! and the same calls give the same tokens and ids. None of them is a secret, therefore, and none opens anything but this.

mod refusal;
#[cfg(test)]
mod tests;
mod token;
mod user;

use std::time::Duration;

use reinstall_core::id::ProjectId;
use reinstall_core::secret::SessionToken;
use reinstall_core::time::Timestamp;
use reinstall_http::wire::iam::served::{Name, ReceivedProject, ReceivedScope, ReceivedTokenRequest, ReceivedUser};
use subtle::ConstantTimeEq;

pub use self::refusal::{IamRefusal, TokenDenial};
pub(crate) use self::token::microseconds;
pub use self::token::{Grant, Scope};
use self::token::{Kept, Tokens};
pub use self::user::{IamUser, IamUserError};
use crate::cloud::uuid_bits;

/// Everything an [`Iam`] is made from, apart from what the cloud says.
#[derive(Debug, Clone)]
pub struct IamConfig {
    /// Who may get tokens. The project belongs to the account of the first.
    pub users: Vec<IamUser>,
    /// What the project is called. The provider's are named after their regions.
    pub project_name: String,
    /// How long a token is good for, as its answer says.
    pub token_life: Duration,
    /// When a token is revoked, however long it was to live: a client must survive that (api-facts 5.1).
    pub token_dies_after: Option<Duration>,
}

impl IamConfig {
    /// What the project is called where nothing is said.
    pub const PROJECT_NAME: &'static str = "cn-east-3";
    /// How long a token lives where nothing is said: as long as the provider's.
    pub const TOKEN_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
}

impl Default for IamConfig {
    /// One user, whose tokens live as long as they say.
    fn default() -> Self {
        Self {
            users: vec![IamUser::demo()],
            project_name: Self::PROJECT_NAME.to_owned(),
            token_life: Self::TOKEN_LIFE,
            token_dies_after: None,
        }
    }
}

/// The identity service of one cloud.
#[derive(Debug, Clone)]
pub struct Iam {
    config: IamConfig,
    seed: u64,
    project: Name,
    tokens: Tokens,
}

/// A token, and what it is good for.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token.
    pub token: SessionToken,
    /// What it is good for.
    pub grant: Grant,
}

/// Which projects are asked for; what is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct ProjectQuery {
    /// Those of this name.
    pub name: Option<String>,
    /// Those of this account.
    pub domain_id: Option<String>,
    /// Those that can be used, or those that cannot; all of them can.
    pub enabled: Option<bool>,
}

impl Iam {
    /// The service of the cloud with this project. Nobody has a token yet.
    #[must_use]
    pub fn new(config: IamConfig, project: &ProjectId, seed: u64) -> Self {
        let project = Name { id: project.to_string(), name: config.project_name.clone() };
        Self { config, seed, project, tokens: Tokens::new(seed) }
    }

    /// KeystoneCreateUserTokenByPassword.
    ///
    /// # Errors
    /// [`IamRefusal`]; it tells a wrong user from a wrong password no more than the provider does.
    pub fn issue(&mut self, now: Timestamp, request: &ReceivedTokenRequest) -> Result<Issued, IamRefusal> {
        let identity = &request.auth.identity;
        if identity.methods != ["password"] {
            return Err(IamRefusal::UnsupportedMethod);
        }
        let given =
            identity.password.as_ref().ok_or(IamRefusal::Malformed("Expecting to find password in identity."))?;
        let user = self.authenticate(&given.user)?;
        let account = self.account(&user.domain);
        let scope = self.scope(request.auth.scope.as_ref(), &account)?;
        let expires_at = now + self.config.token_life;
        let revoked_at = self.config.token_dies_after.map(|after| now + after).filter(|at| *at < expires_at);
        let user = Name { id: self.user_id(user), name: user.name.clone() };
        let grant = Grant { user, account, scope, issued_at: now, expires_at };
        let token = self.tokens.issue(now, Kept { grant: grant.clone(), revoked_at });
        Ok(Issued { token, grant })
    }

    /// KeystoneValidateToken: what a token is good for, while it is good for anything.
    ///
    /// # Errors
    /// [`IamRefusal::NoSuchToken`]
    pub fn validate(&self, now: Timestamp, token: &[u8]) -> Result<Grant, IamRefusal> {
        self.check(now, token).cloned().map_err(|_| IamRefusal::NoSuchToken)
    }

    /// KeystoneListProjects: the projects of an account that are asked for.
    #[must_use]
    pub fn projects(&self, account: &Name, query: &ProjectQuery) -> Vec<Name> {
        let is_asked_for = *account == self.home()
            && query.name.as_ref().is_none_or(|name| *name == self.project.name)
            && query.domain_id.as_ref().is_none_or(|id| *id == account.id)
            && query.enabled != Some(false);
        is_asked_for.then(|| self.project.clone()).into_iter().collect()
    }

    /// The account that the project belongs to, and with it the access keys and the token that never dies.
    #[must_use]
    pub fn home(&self) -> Name {
        self.account(self.config.users.first().map_or(IamUser::DEMO, |user| &user.domain))
    }

    /// What a token is good for.
    ///
    /// # Errors
    /// [`TokenDenial`]
    pub fn check(&self, now: Timestamp, token: &[u8]) -> Result<&Grant, TokenDenial> {
        let kept = self.tokens.find(token).ok_or(TokenDenial::Unknown)?;
        if now >= kept.grant.expires_at {
            return Err(TokenDenial::Expired { expires_at: kept.grant.expires_at });
        }
        if kept.revoked_at.is_some_and(|at| now >= at) {
            return Err(TokenDenial::Revoked);
        }
        Ok(&kept.grant)
    }

    /// Whether it has handed out this token, dead or alive.
    #[must_use]
    pub fn knows(&self, token: &[u8]) -> bool {
        self.tokens.find(token).is_some()
    }

    /// Revokes a token, if there is such a one.
    pub fn revoke(&mut self, now: Timestamp, token: &[u8]) {
        if let Some(kept) = self.tokens.find_mut(token) {
            kept.revoked_at = Some(kept.revoked_at.map_or(now, |at| at.min(now)));
        }
    }

    /// The number of a user among those that are known here, by its id.
    #[must_use]
    pub fn user_number(&self, user: &Name) -> u32 {
        let number =
            self.config.users.iter().position(|known| known.name == user.name && self.user_id(known) == user.id);
        number.and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX)
    }

    /// How many users there are.
    #[must_use]
    pub fn users_count(&self) -> usize {
        self.config.users.len()
    }

    /// When the tokens die that are alive, in no order.
    pub fn deaths(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.tokens.deaths(now)
    }

    fn authenticate(&self, given: &ReceivedUser) -> Result<&IamUser, IamRefusal> {
        let domain = given.domain.as_ref();
        if given.id.is_none() && (given.name.is_none() || domain.is_none()) {
            return Err(IamRefusal::Malformed("Expecting to find name and domain, or id, in user."));
        }
        let is_meant = |user: &&IamUser| {
            given.id.as_ref().is_none_or(|id| *id == self.user_id(user))
                && given.name.as_ref().is_none_or(|name| *name == user.name)
                && domain.is_none_or(|domain| {
                    is_called(domain.id.as_deref(), domain.name.as_deref(), &self.account(&user.domain))
                })
        };
        let user = self.config.users.iter().find(is_meant).ok_or(IamRefusal::WrongCredentials)?;
        let is_right = given.password.as_bytes().ct_eq(user.password.expose().as_bytes());
        if bool::from(is_right) { Ok(user) } else { Err(IamRefusal::WrongCredentials) }
    }

    fn scope(&self, asked: Option<&ReceivedScope>, account: &Name) -> Result<Scope, IamRefusal> {
        match asked {
            None => Ok(Scope::Nothing),
            Some(ReceivedScope::Word(word)) if word == "unscoped" => Ok(Scope::Nothing),
            Some(ReceivedScope::Of { project: Some(project), domain: None }) => self.project_scope(project, account),
            Some(ReceivedScope::Of { project: None, domain: Some(domain) }) => {
                match is_called(domain.id.as_deref(), domain.name.as_deref(), account) {
                    true => Ok(Scope::Account),
                    false => Err(IamRefusal::NotFound("domain")),
                }
            }
            Some(ReceivedScope::Word(_) | ReceivedScope::Of { .. }) => {
                Err(IamRefusal::Malformed("Expecting to find one of project and domain in scope."))
            }
        }
    }

    fn project_scope(&self, asked: &ReceivedProject, account: &Name) -> Result<Scope, IamRefusal> {
        let domain = asked.domain.as_ref();
        let is_in_account = *account == self.home()
            && domain.is_none_or(|domain| is_called(domain.id.as_deref(), domain.name.as_deref(), account));
        match is_in_account && is_called(asked.id.as_deref(), asked.name.as_deref(), &self.project) {
            true => Ok(Scope::Project(self.project.clone())),
            false => Err(IamRefusal::NotFound("project")),
        }
    }

    fn account(&self, name: &str) -> Name {
        Name { id: self.made_up_id(&format!("account {name}")), name: name.to_owned() }
    }

    fn user_id(&self, user: &IamUser) -> String {
        self.made_up_id(&format!("user {}@{}", user.name, user.domain))
    }

    /// An id that is always the same for the same thing: 32 hexadecimal digits, as the provider's.
    fn made_up_id(&self, of: &str) -> String {
        format!("{:032x}", uuid_bits(self.seed, 0, of))
    }
}

/// Whether something is meant by this id or name. By neither, nothing is.
fn is_called(id: Option<&str>, name: Option<&str>, this: &Name) -> bool {
    (id.is_some() || name.is_some()) && id.is_none_or(|id| id == this.id) && name.is_none_or(|name| name == this.name)
}
