//! ShowInstanceStatus: `GET /v1/{project_id}/instances/{id}/status` (api-facts 2).

use reinstall_core::instance::{InstanceFault, InstanceState, OperationState};
use reinstall_core::sighting::{Sighting, Via};
use serde::{Deserialize, Serialize};

use super::{lenient, said};

/// The body of a 200.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StatusReply {
    /// One of about eleven words; which ones depends on the document's version.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// One of fifteen words; older services do not send it.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub operation_state: Option<String>,
    /// Why the last operation failed. It may be left over from long ago.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorStatus>,
}

/// `error` of an instance, in status and in list replies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ErrorStatus {
    /// The code.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The words.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub error_msg: Option<String>,
    /// Which operation failed, such as `reinstall_error`.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
}

impl From<&StatusReply> for Sighting {
    fn from(reply: &StatusReply) -> Self {
        Self {
            via: Via::Status,
            state: said(reply.state.as_ref()).map(InstanceState::from_word),
            operation: said(reply.operation_state.as_ref()).map(OperationState::from_word),
            fault: reply.error.as_ref().and_then(ErrorStatus::to_fault),
            ..Self::default()
        }
    }
}

impl ErrorStatus {
    /// What it says; nothing if it is an empty object or all its fields are empty.
    pub(super) fn to_fault(&self) -> Option<InstanceFault> {
        let code = said(self.error_code.as_ref());
        let message = said(self.error_msg.as_ref());
        let kind = said(self.error_type.as_ref());
        code.or(message).or(kind)?;
        Some(InstanceFault {
            code: code.unwrap_or_default().into(),
            message: message.unwrap_or_default().into(),
            kind: kind.unwrap_or_default().into(),
        })
    }
}

impl From<&InstanceFault> for ErrorStatus {
    fn from(fault: &InstanceFault) -> Self {
        let field = |text: &reinstall_core::text::CloudText| Some(text.as_str().to_owned());
        Self { error_code: field(&fault.code), error_msg: field(&fault.message), error_type: field(&fault.kind) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `state/operation/error code`, `-` for what was not seen.
    fn shown(text: &str) -> String {
        let reply: StatusReply = serde_json::from_str(text).unwrap();
        let seen = Sighting::from(&reply);
        let state = seen.state.as_ref().map_or("-", InstanceState::as_word);
        let operation = seen.operation.as_ref().map_or("-", OperationState::as_word);
        let code = seen.fault.as_ref().map_or("-", |fault| fault.code.as_str());
        format!("{state}/{operation}/{code}")
    }

    #[test]
    fn each_field_may_be_missing_and_every_word_is_kept() {
        for (text, seen) in [
            (r#"{"state":"stopped"}"#, "stopped/-/-"),
            (
                r#"{"state":"running","operation_state":"reinstall-succeed","error":null}"#,
                "running/reinstall-succeed/-",
            ),
            (r#"{"state":"modifyIping","brand_new":[1,{}]}"#, "modifyIping/-/-"),
            (r#"{"state":"levitating","operation_state":"levitate-processing"}"#, "levitating/levitate-processing/-"),
            (
                r#"{"state":"error","error":{"error_code":"iMetal.1","error_msg":"why","error_type":"reinstall_error"}}"#,
                "error/-/iMetal.1",
            ),
            (r#"{"state":"error","error":{"error_msg":"why"}}"#, "error/-/"),
            (r#"{"state":"running","error":{}}"#, "running/-/-"),
            (r#"{"state":"running","error":{"error_code":"","error_msg":"","error_type":""}}"#, "running/-/-"),
            (r#"{"state":"","operation_state":""}"#, "-/-/-"),
            ("{}", "-/-/-"),
        ] {
            assert_eq!(shown(text), seen, "{text}");
        }
    }

    #[test]
    fn a_fault_survives_the_round_trip() {
        let fault = InstanceFault { code: "iMetal.1".into(), message: "why".into(), kind: "reinstall_error".into() };
        assert_eq!(ErrorStatus::from(&fault).to_fault(), Some(fault));
    }
}
