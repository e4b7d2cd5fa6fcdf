//! From what was typed and what the environment says to whom to talk to, and how. Whatever is missing is told at once.

mod way;

use std::path::PathBuf;
use std::sync::Arc;

use reinstall_core::id::ProjectId;
use reinstall_core::rate::{OwnPace, Pacer, Rate};
use reinstall_core::secret::SessionToken;
use reinstall_http::client::Client;
use reinstall_http::clock::Clock;
use reinstall_http::credential::Credential;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::iam::Iam;
use reinstall_http::network::Network;
use reinstall_http::region::{self, Located, RegionError, Said};
use reinstall_http::sources::miss::NoCredential;
use reinstall_http::sources::{self, Asked, Found, Given, Source};
use reinstall_journal::error::StoreError;
use reinstall_journal::pace::SharedPace;

use crate::args::connection::ConnectionArgs;
use crate::args::rollouts::StateArgs;
use crate::env::{Environment, REINSTALL_ENDPOINT, REINSTALL_PROJECT_ID, REINSTALL_REGION};
use crate::failure::Failure;
use crate::{input, random, state};

/// Where the metadata service is on every cloud server (api-facts 6).
const METADATA: &str = "http://169.254.169.254";

/// Whose instances are meant, and where.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) endpoint: Endpoint,
    pub(crate) project: ProjectId,
}

/// An [`Account`], what opens it, and the way there.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) account: Account,
    pub(crate) credential: Credential,
    pub(crate) who: Who,
    network: Network,
    rate: Rate,
    /// Where the rate is shared with other programs.
    state_dir: Option<PathBuf>,
}

/// Who is asking, for people. Tells no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    /// As in `access key AK1`.
    pub(crate) identity: String,
    /// Where the credential was found.
    pub(crate) found_in: String,
    /// Whose requests the cloud counts together, as far as can be told.
    counted_as: String,
}

/// A setting without which nothing can be done, and how it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Endpoint,
    ProjectId,
}

impl Missing {
    /// What it is, and how it is given.
    pub(crate) fn how(self) -> String {
        match self {
            Self::Endpoint => {
                format!(
                    "where the API is: --region NAME or {REINSTALL_REGION}, or --endpoint URL or {REINSTALL_ENDPOINT}"
                )
            }
            Self::ProjectId => {
                format!("the project: --project-id ID or {REINSTALL_PROJECT_ID}; with a region it is looked up")
            }
        }
    }
}

/// What one command was given.
pub(crate) struct Setup<'a> {
    pub(crate) args: &'a ConnectionArgs,
    pub(crate) state: &'a StateArgs,
    pub(crate) environment: &'a Environment,
}

impl Setup<'_> {
    /// Whose instances are meant. Credentials are asked for only where the project has to be looked up with them.
    pub(crate) fn account(&self) -> Result<Account, Failure> {
        match (self.given_endpoint(None)?, self.given_project()) {
            (Some(endpoint), Some(project)) => Ok(Account { endpoint, project: parse_project(&project)? }),
            // What a credential's source says of region and project may do.
            _ => Ok(self.access()?.account),
        }
    }

    /// Whose instances are meant, and what opens them.
    pub(crate) fn access(&self) -> Result<Access, Failure> {
        let (found, found_in) = match self.find() {
            Ok(found) => found,
            Err(Failure::Unset { tried, .. }) => return Err(self.unset(None, tried)?),
            Err(failure) => return Err(failure),
        };
        let endpoint = self.given_endpoint(Some(&found))?;
        let project = self.given_project().or_else(|| found.project_id.as_ref().map(ToString::to_string));
        let name = self.project_name(&found, endpoint.as_ref());
        let (Some(endpoint), true) = (endpoint, project.is_some() || name.is_some()) else {
            return Err(self.unset(Some(&found), None)?);
        };
        let network = self.network()?;
        let credential = self.credential(&found, &endpoint)?;
        let project = match (project, name) {
            (Some(project), _) => parse_project(&project)?,
            (None, name) => {
                let iam = self.iam(&found, &endpoint)?;
                look_up(iam, credential.clone(), &name.unwrap_or_default(), &network)?
            }
        };
        let who = Who::of(&found.given, found_in, &project);
        Ok(self.opened(Account { endpoint, project }, credential, who, network))
    }

    /// The account that is on record, and what opens it. Whoever names another one means something else.
    pub(crate) fn access_to(&self, endpoint: &str, project: &ProjectId) -> Result<Access, Failure> {
        let recorded = Endpoint::parse(endpoint, self.plain()).map_err(Failure::Endpoint)?;
        // A region in the environment says where to begin something, and nothing of what has begun elsewhere.
        let is_said =
            [&self.args.endpoint, &self.args.region, &self.environment.endpoint].iter().any(|said| said.is_some());
        let given = if is_said { self.given_endpoint(None)? } else { None }.unwrap_or_else(|| recorded.clone());
        if given != recorded {
            return Err(Failure::Elsewhere { given: given.to_string(), recorded: endpoint.to_owned() });
        }
        if let Some(given) = self.given_project().filter(|given| given != project.as_str()) {
            return Err(Failure::Elsewhere { given, recorded: project.to_string() });
        }
        let (found, found_in) = self.find()?;
        let network = self.network()?;
        let credential = self.credential(&found, &recorded)?;
        let who = Who::of(&found.given, found_in, project);
        Ok(self.opened(Account { endpoint: recorded, project: project.clone() }, credential, who, network))
    }

    /// What the parts come to.
    pub(crate) fn opened(&self, account: Account, credential: Credential, who: Who, network: Network) -> Access {
        let rate = self.rate();
        let state_dir = state::folder(self.state, self.environment);
        Access { account, credential, who, network, rate, state_dir }
    }

    /// How connections are made.
    pub(crate) fn network(&self) -> Result<Network, Failure> {
        way::network(&self.args.way, self.environment)
    }

    /// How fast requests may leave.
    pub(crate) fn rate(&self) -> Rate {
        self.args.way.requests_per_second.unwrap_or(Rate::CAUTIOUS)
    }

    /// The first credential there is, and where it was.
    pub(crate) fn find(&self) -> Result<(Found, String), Failure> {
        let credentials = &self.args.credentials;
        if let Some(path) = &credentials.token_file {
            let token = SessionToken::parse(&input::read_secret_file(path)?).map_err(Failure::Token)?;
            let found = of_token(token);
            return Ok((found, format!("--token-file {}", path.display())));
        }
        let asked = Asked {
            metadata: credentials.ecs_metadata,
            cloud: credentials.cloud.as_deref(),
            profile: credentials.profile.as_deref(),
        };
        match self.environment.with_surroundings(|surroundings| sources::find(surroundings, &asked)) {
            Ok(found) => {
                let source = found.source.to_string();
                Ok((found, source))
            }
            Err(tried) if tried.stopped_at().is_some() => Err(Failure::Credential(tried)),
            Err(tried) => Err(Failure::Unset { missing: vec![], tried: Some(tried) }),
        }
    }

    /// All that is missing, if no more is known than this.
    fn unset(&self, found: Option<&Found>, tried: Option<NoCredential>) -> Result<Failure, Failure> {
        let endpoint = self.given_endpoint(found)?;
        let region = self.region(found).or_else(|| endpoint.as_ref()?.region().map(ToOwned::to_owned));
        let has_project = self.given_project().is_some() || region.is_some();
        let missing = [(Missing::Endpoint, endpoint.is_none()), (Missing::ProjectId, !has_project)];
        let missing = missing.into_iter().filter_map(|(setting, is_missing)| is_missing.then_some(setting)).collect();
        Ok(Failure::Unset { missing, tried })
    }

    fn plain(&self) -> PlainHttp {
        if self.args.way.allow_http { PlainHttp::Anywhere } else { PlainHttp::Loopback }
    }

    /// The region, as typed, as the environment says, or as the credential's source does.
    pub(crate) fn region(&self, found: Option<&Found>) -> Option<String> {
        let given = self.args.region.as_ref().or(self.environment.region.as_ref());
        given.or_else(|| found?.region.as_ref()).cloned()
    }

    /// The project, as typed or as the environment says.
    pub(crate) fn given_project(&self) -> Option<String> {
        self.args.project_id.as_ref().or(self.environment.project_id.as_ref()).cloned()
    }

    /// The name by which the project can be looked up: the one that the credential's source says, else that of the region.
    pub(crate) fn project_name(&self, found: &Found, endpoint: Option<&Endpoint>) -> Option<String> {
        let name = found.project_name.clone().or_else(|| self.region(Some(found)));
        name.or_else(|| endpoint?.region().map(ToOwned::to_owned))
    }

    /// Where the API is, if anybody says so.
    pub(crate) fn given_endpoint(&self, found: Option<&Found>) -> Result<Option<Endpoint>, Failure> {
        Ok(self.located(found)?.map(|located| located.endpoint))
    }

    /// Where the API is, and who says so, if anybody does.
    pub(crate) fn located(&self, found: Option<&Found>) -> Result<Option<Located>, Failure> {
        // A region that was typed says more than an address in the environment.
        let address = match (&self.args.endpoint, &self.args.region) {
            (Some(address), _) => Some(address),
            (None, Some(_)) => None,
            (None, None) => self.environment.endpoint.as_ref(),
        };
        let region = self.region(found);
        let said = Said { address: address.map(String::as_str), region: region.as_deref(), plain: self.plain() };
        let located = self.environment.with_surroundings(|surroundings| region::clouddc(&said, surroundings));
        match located {
            Ok(located) => Ok(Some(located)),
            Err(RegionError::Unset) => Ok(None),
            Err(error) => Err(Failure::Region(error)),
        }
    }

    /// Where IAM is.
    pub(crate) fn iam(&self, found: &Found, clouddc: &Endpoint) -> Result<Endpoint, Failure> {
        // What the API's own address says counts more than the environment, which may speak of another.
        let typed = self.args.region.clone().or_else(|| clouddc.region().map(ToOwned::to_owned));
        let region = typed.or_else(|| self.region(Some(found)));
        let address = self.args.credentials.iam_endpoint.as_deref();
        let said = Said { address, region: region.as_deref(), plain: self.plain() };
        let iam = |surroundings: &sources::Surroundings<'_>| region::iam(&said, surroundings, found, clouddc);
        Ok(self.environment.with_surroundings(iam).map_err(Failure::Region)?.endpoint)
    }

    /// What opens the API: the credential that was found, and where it gets something to show.
    pub(crate) fn credential(&self, found: &Found, clouddc: &Endpoint) -> Result<Credential, Failure> {
        Ok(match &found.given {
            Given::Token(token) => Credential::Token(token.clone()),
            Given::Keys(key) => Credential::Keys(key.clone()),
            Given::User(user) => Credential::User { iam: self.iam(found, clouddc)?, user: user.clone() },
            Given::Metadata => {
                Credential::Metadata(Endpoint::parse(METADATA, PlainHttp::Anywhere).map_err(Failure::Endpoint)?)
            }
        })
    }
}

/// A token of which nothing else is known.
fn of_token(token: SessionToken) -> Found {
    let (project_id, project_name, domain_id, region, iam_endpoint) = Default::default();
    let given = Given::Token(token);
    Found { source: Source::Own, given, project_id, project_name, domain_id, region, iam_endpoint }
}

/// Reads the id of a project.
pub(crate) fn parse_project(text: &str) -> Result<ProjectId, Failure> {
    text.parse().map_err(Failure::Project)
}

/// Asks IAM which project has this name.
fn look_up(iam: Endpoint, credential: Credential, name: &str, network: &Network) -> Result<ProjectId, Failure> {
    let iam = Iam::new(iam, credential, name, network, Clock::start())?;
    let project = crate::command::wait_for(iam.project())?.map_err(Failure::Lookup)?;
    tracing::info!(name, project = %project.id, "the project was looked up");
    Ok(project.id)
}

impl Who {
    /// Whoever was found, asking for this project.
    pub(crate) fn of(given: &Given, found_in: String, project: &ProjectId) -> Self {
        let counted_as = match given {
            // A token does not tell whose it is.
            Given::Token(_) => format!("project {project}"),
            Given::Keys(key) => format!("key {}", key.id()),
            Given::User(_) => Self::identity(given),
            Given::Metadata => "metadata".to_owned(),
        };
        Self { identity: Self::identity(given), found_in, counted_as }
    }

    /// Who is asking, without a secret.
    pub(crate) fn identity(given: &Given) -> String {
        match given {
            Given::Token(_) => "a token".to_owned(),
            Given::Keys(key) => format!("access key {}", key.id()),
            Given::User(user) => format!("user {} of {}", user.name(), user.domain()),
            Given::Metadata => "the keys of this cloud server".to_owned(),
        }
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.identity, self.found_in)
    }
}

impl Access {
    /// A client that goes by this clock.
    pub(crate) fn client(&self, clock: &Clock) -> Result<Client, Failure> {
        let seed = u64::from_le_bytes(random::bytes()?);
        let Account { endpoint, project } = self.account.clone();
        let builder = Client::builder(endpoint, project, self.credential.clone()).network(self.network.clone());
        Ok(builder.seed(seed).clock(clock.clone()).pacer(self.pacer()).build()?)
    }

    /// The connections' settings.
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// The rate that all programs of this user keep together; `None` if there is no place to share it.
    pub(crate) fn shared_pace(&self) -> Option<Result<SharedPace, StoreError>> {
        let key = format!("{}\n{}", self.account.endpoint, self.who.counted_as);
        self.state_dir.as_deref().map(|dir| SharedPace::open(dir, &key, self.rate))
    }

    /// The same; by itself if it cannot be shared.
    pub(crate) fn pacer(&self) -> Arc<dyn Pacer> {
        match self.shared_pace() {
            Some(Ok(pace)) => Arc::new(pace),
            Some(Err(error)) => {
                tracing::warn!(%error, "the request rate is not shared with other programs");
                Arc::new(OwnPace::new(self.rate))
            }
            None => Arc::new(OwnPace::new(self.rate)),
        }
    }
}

#[cfg(test)]
mod tests;
