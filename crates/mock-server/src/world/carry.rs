//! The calls themselves: what the cloud and IAM say to them, as far as fault rules leave it.

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;

use super::turn::Turn;
use super::wish::{Answer, Wish};
use super::{Said, World};
use crate::cloud::list::ListQuery;
use crate::cloud::refusal::Refusal;
use crate::cloud::request::ReinstallRequest;
use crate::exchange::Shown;
use crate::fault::{Omit, STRANGER_BITS};
use crate::iam::IamRefusal;
use crate::judge::{Asked, Throttled, Told};
use crate::operation::ApiOperation;

/// What a call truly did and showed, whatever arrives of its answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Whom a reinstall asked for, as far as they are ids, and how many entries its list has.
    pub(super) asked: Option<(Vec<InstanceId>, usize)>,
    /// Whose reinstall was refused because one is underway.
    pub(super) underway: Vec<InstanceId>,
    /// What a 429 said.
    pub(super) throttled: Option<Throttled>,
    /// Whether it was held back before it was carried out.
    pub(super) held_back: bool,
    /// Whether anything was changed.
    pub(super) took_hold: bool,
    /// The reinstalls that began, each with its number among those of the instance.
    pub(super) begun: Vec<(InstanceId, u32)>,
    /// The instances that the answer names as accepted.
    pub(super) confirmed: Vec<InstanceId>,
    /// How the answer shows instances.
    pub(super) shown: Vec<(InstanceId, Shown)>,
}

impl Facts {
    /// The same for a call whose answer is another than the true one: it names and shows nobody.
    pub(super) fn untold(self) -> Self {
        Self { confirmed: Vec::new(), shown: Vec::new(), ..self }
    }

    /// The same, as the judge is told it.
    pub(super) fn told(&self) -> Told<'_> {
        Told {
            asked: self.asked.as_ref().map(|(ids, len)| Asked { ids, len: *len }),
            begun: &self.begun,
            confirmed: &self.confirmed,
            underway: &self.underway,
            shown: &self.shown,
            throttled: self.throttled,
            held_back: self.held_back && self.asked.is_some(),
        }
    }
}

impl World {
    pub(super) fn carry(&mut self, now: Timestamp, wish: &Wish, turn: &Turn) -> (Said, Facts) {
        match wish {
            Wish::Reinstall(request) => self.reinstall(now, request, turn),
            Wish::Status(id) => self.status(now, *id, turn),
            Wish::List(query) => self.list(now, query, turn),
            Wish::ChangePassword(request) => {
                changed(self.cloud.change_password(now, request).map(Answer::PasswordChanged))
            }
            Wish::CreateTags(request) => changed(self.cloud.create_tags(request).map(|()| Answer::Tagged)),
            Wish::DeleteTags(request) => changed(self.cloud.delete_tags(request).map(|()| Answer::Tagged)),
            Wish::CreateToken(request) => {
                let issued = self.iam.issue(now, request).map(Answer::Token);
                self.told(ApiOperation::KeystoneCreateUserTokenByPassword, issued)
            }
            Wish::ValidateToken(token) => {
                let grant = self.iam.validate(now, token).map(Answer::Grant);
                self.told(ApiOperation::KeystoneValidateToken, grant)
            }
            Wish::ListProjects(account, query) => {
                let projects = self.iam.projects(account, query);
                self.told(ApiOperation::KeystoneListProjects, Ok(Answer::Projects(projects, account.clone())))
            }
            Wish::ListDomains(account) => {
                self.told(ApiOperation::KeystoneListAuthDomains, Ok(Answer::Domains(account.clone())))
            }
            Wish::ListVersions => self.told(ApiOperation::KeystoneListVersions, Ok(Answer::Versions)),
            Wish::ShowVersion => self.told(ApiOperation::KeystoneShowVersion, Ok(Answer::Version)),
        }
    }

    fn reinstall(&mut self, now: Timestamp, request: &ReinstallRequest, turn: &Turn) -> (Said, Facts) {
        let ending = turn.ending.as_ref();
        let result = match turn.omit {
            Some((omit, false)) => self.cloud.reinstall_ending(now, &without(request, omit), ending),
            Some((_, true)) | None => self.cloud.reinstall_ending(now, request, ending),
        };
        let accepted = match result {
            Ok(accepted) => accepted,
            Err(refusal) => {
                let underway = match &refusal {
                    Refusal::WrongState(ids) => {
                        ids.iter().copied().filter(|id| self.cloud.is_underway(now, *id)).collect()
                    }
                    Refusal::Invalid(_) | Refusal::Missing(_) | Refusal::Forbidden | Refusal::NotFound(_) => Vec::new(),
                };
                return (Said::Refused(refusal), Facts { underway, ..Facts::default() });
            }
        };
        let attempt = |id: &InstanceId| u32::try_from(self.cloud.wipes(*id).len()).unwrap_or(u32::MAX);
        let begun: Vec<_> = accepted.iter().map(|id| (*id, attempt(id))).collect();
        let mut confirmed = match turn.omit {
            Some((omit, true)) => kept(accepted, omit),
            Some((_, false)) | None => accepted,
        };
        confirmed.extend(turn.adds_stranger.then(|| InstanceId::from_bits(STRANGER_BITS)));
        let facts = Facts { took_hold: true, begun, confirmed: confirmed.clone(), ..Facts::default() };
        (Said::Done(Answer::Reinstalled(confirmed)), facts)
    }

    fn status(&mut self, now: Timestamp, id: InstanceId, turn: &Turn) -> (Said, Facts) {
        let as_of = turn.as_of(now);
        match self.cloud.status(as_of, id) {
            Ok(glimpse) => {
                let shown = self.shown(as_of, &[id]);
                (Said::Done(Answer::Status(glimpse)), Facts { shown, ..Facts::default() })
            }
            Err(refusal) => (Said::Refused(refusal), Facts::default()),
        }
    }

    fn list(&mut self, now: Timestamp, query: &ListQuery, turn: &Turn) -> (Said, Facts) {
        let as_of = turn.as_of(now);
        match self.cloud.list(as_of, query) {
            Ok(mut page) => {
                if let Some((omit, _)) = turn.omit {
                    page.ids = kept(page.ids, omit);
                    page.is_whole = false;
                }
                let shown = self.shown(as_of, &page.ids);
                (Said::Done(Answer::Listed(page)), Facts { shown, ..Facts::default() })
            }
            Err(refusal) => (Said::Refused(refusal), Facts::default()),
        }
    }

    /// How a look shows these; nothing where nobody was ever wiped, since nobody waits for anything then.
    fn shown(&self, as_of: Timestamp, ids: &[InstanceId]) -> Vec<(InstanceId, Shown)> {
        if self.cloud.ledger().requests_of(ApiOperation::ReinstallOs) == 0 {
            return Vec::new();
        }
        ids.iter().map(|id| (*id, self.cloud.shown(as_of, *id))).collect()
    }

    fn told(&mut self, operation: ApiOperation, answer: Result<Answer, IamRefusal>) -> (Said, Facts) {
        self.cloud.ledger_mut().note(operation);
        (answer.map_or_else(Said::IamRefused, Said::Done), Facts::default())
    }
}

fn changed(answer: Result<Answer, Refusal>) -> (Said, Facts) {
    let facts = Facts { took_hold: answer.is_ok(), ..Facts::default() };
    (answer.map_or_else(Said::Refused, Said::Done), facts)
}

fn kept<T>(all: Vec<T>, omit: Omit) -> Vec<T> {
    let len = all.len();
    let kept = all.into_iter().enumerate().filter(|(index, _)| !omit.omits(*index, len));
    kept.map(|(_, item)| item).collect()
}

/// The request as it would be had the client named fewer. If nobody is left, all are named: a 202 for nobody would need
/// a request for nobody, which is refused.
fn without(request: &ReinstallRequest, omit: Omit) -> ReinstallRequest {
    let mut request = request.clone();
    if let Some(ids) = &mut request.instance_ids {
        let fewer = kept(ids.clone(), omit);
        if !fewer.is_empty() {
            *ids = fewer;
        }
    }
    request
}
