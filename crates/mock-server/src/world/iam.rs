//! The calls of IAM, with the faults.

use reinstall_core::time::Timestamp;
use reinstall_http::wire::iam::served::{Name, ReceivedTokenRequest};

use super::{Served, Turn, World};
use crate::cloud::ledger::Call;
use crate::iam::{Grant, Iam, IamRefusal, Issued, ProjectQuery};
use crate::operation::ApiOperation;

impl World {
    /// KeystoneCreateUserTokenByPassword, as [`Iam::issue`], with the faults.
    pub fn create_token(&mut self, now: Timestamp, request: &ReceivedTokenRequest) -> Served<Issued, IamRefusal> {
        let operation = ApiOperation::KeystoneCreateUserTokenByPassword;
        self.ask_iam(now, operation, 201, |iam| iam.issue(now, request))
    }

    /// KeystoneValidateToken, as [`Iam::validate`], with the faults.
    pub fn validate_token(&mut self, now: Timestamp, token: &[u8]) -> Served<Grant, IamRefusal> {
        self.ask_iam(now, ApiOperation::KeystoneValidateToken, 200, |iam| iam.validate(now, token))
    }

    /// KeystoneListProjects, as [`Iam::projects`], with the faults.
    pub fn list_projects(
        &mut self,
        now: Timestamp,
        account: &Name,
        query: &ProjectQuery,
    ) -> Served<Vec<Name>, IamRefusal> {
        self.ask_iam(now, ApiOperation::KeystoneListProjects, 200, |iam| Ok(iam.projects(account, query)))
    }

    /// KeystoneListAuthDomains: the one account that a caller is in, with the faults.
    pub fn list_domains(&mut self, now: Timestamp, account: &Name) -> Served<Name, IamRefusal> {
        self.ask_iam(now, ApiOperation::KeystoneListAuthDomains, 200, |_| Ok(account.clone()))
    }

    /// KeystoneListVersions, with the faults. There is one, and it says nothing that this would have to know.
    pub fn list_versions(&mut self, now: Timestamp) -> Served<(), IamRefusal> {
        self.ask_iam(now, ApiOperation::KeystoneListVersions, 300, |_| Ok(()))
    }

    /// KeystoneShowVersion, with the faults.
    pub fn show_version(&mut self, now: Timestamp) -> Served<(), IamRefusal> {
        self.ask_iam(now, ApiOperation::KeystoneShowVersion, 200, |_| Ok(()))
    }

    fn ask_iam<T>(
        &mut self,
        now: Timestamp,
        operation: ApiOperation,
        success: u16,
        ask: impl FnOnce(&mut Iam) -> Result<T, IamRefusal>,
    ) -> Served<T, IamRefusal> {
        let turn = Turn::of(self.faults.strike(now, operation, &[]));
        if !turn.takes_hold {
            return self.stop(now, operation, Vec::new(), None, turn);
        }
        let result = ask(&mut self.iam);
        self.cloud.ledger_mut().note(Call {
            at: now,
            operation,
            ids: Vec::new(),
            image: None,
            status: Some(result.as_ref().map_or_else(|refusal| refusal.status(), |_| success)),
            // IAM's codes are numbers, and the same as the status.
            code: None,
            rule: None,
        });
        self.serve(turn, result)
    }
}
