//! Sightings and faults on record: whatever decides or is shown later, and nothing else.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultKind};
use crate::id::{ImageId, InstanceId, RequestId};
use crate::instance::{InstanceFault, InstanceState, OperationState, OsFamily};
use crate::sighting::{Mark, Sighting, Via};
use crate::text::CloudText;

/// A [`Sighting`]; fields that the look did not show are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the one of `Sighting`")]
pub struct SightingRecord {
    pub via: Via,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<InstanceState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<InstanceFault>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<OsFamily>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<CloudText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Mark>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launched_at: Option<Mark>,
}

impl From<Sighting> for SightingRecord {
    fn from(seen: Sighting) -> Self {
        let Sighting { via, state, operation, fault, image, os, name, updated_at, launched_at } = seen;
        Self { via, state, operation, fault, image, os, name, updated_at, launched_at }
    }
}

impl From<SightingRecord> for Sighting {
    fn from(record: SightingRecord) -> Self {
        let SightingRecord { via, state, operation, fault, image, os, name, updated_at, launched_at } = record;
        Self { via, state, operation, fault, image, os, name, updated_at, launched_at }
    }
}

/// A [`Fault`], with what its report leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the one of `Fault`")]
pub struct FaultRecord {
    pub kind: FaultKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CloudText>,
    pub message: CloudText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<InstanceId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_left: bool,
}

impl From<Fault> for FaultRecord {
    fn from(fault: Fault) -> Self {
        let Fault { kind, status, code, message, request_id, retry_after, limit: _, named, never_left } = fault;
        Self { kind, status, code, message, request_id, retry_after, named, never_left }
    }
}

impl From<FaultRecord> for Fault {
    fn from(record: FaultRecord) -> Self {
        let FaultRecord { kind, status, code, message, request_id, retry_after, named, never_left } = record;
        Self { kind, status, code, message, request_id, retry_after, limit: None, named, never_left }
    }
}
