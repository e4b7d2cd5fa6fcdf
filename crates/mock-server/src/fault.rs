//! Fault rules, as values: which call goes wrong, how often, and how. Counted, or drawn from the seed; never random.
//!
//! # As JSON
//!
//! `POST /_mock/faults` takes a list of rules. Only `effect` is required; an unknown key is refused. A rule without `on` is
//! for the calls of CloudDC; those of IAM are hit where `on` names them. `chance` is a share of the calls that match.
//!
//! ```json
//! [
//!   {"on": "ReinstallOS", "effect": {"kind": "break", "at": "after_commit", "how": "close"}},
//!   {"on": "ReinstallOS", "skip": 1, "times": 3,
//!    "effect": {"kind": "answer", "when": "before", "status": 429, "body": "slow down", "retry_after": "2s"}},
//!   {"on": "ListInstances", "times": null, "effect": {"kind": "answer", "when": "before", "status": 403, "body": ""}},
//!   {"on": "ReinstallOS", "effect": {"kind": "partial", "omit": {"last": 3}, "omitted_started": false}},
//!   {"on": "ReinstallOS", "effect": {"kind": "partial", "omit": "every_second", "omitted_started": true}},
//!   {"on": "ReinstallOS", "effect": {"kind": "stranger"}},
//!   {"on": "ReinstallOS", "effect": {"kind": "break", "at": {"after_body": 20}, "how": "reset"}},
//!   {"on": "ShowInstanceStatus", "instance": "0b29c7a1-0000-4000-8000-00000000abcd",
//!    "effect": {"kind": "break", "at": "before_read", "how": "hang"}},
//!   {"times": null, "lasting": "10s", "effect": {"kind": "stale", "by": "30s"}},
//!   {"times": null, "chance": 0.1, "effect": {"kind": "answer", "when": "before", "status": 429, "body": ""}},
//!   {"on": "KeystoneCreateUserTokenByPassword", "effect": {"kind": "answer", "when": "before", "status": 503}},
//!   {"name": "each first answer is lost", "on": "ReinstallOS", "per_instance": true,
//!    "effect": {"kind": "break", "at": "after_head", "how": "close"}},
//!   {"times": null, "effect": {"kind": "delay", "when": "after", "by": {"uniform": {"low": "10ms", "high": "50ms"}}}},
//!   {"on": "ReinstallOS", "effect": {"kind": "drip", "piece_bytes": 16, "every": "50ms"}},
//!   {"on": "ReinstallOS", "effect": {"kind": "malformed_chunk", "body_bytes": 20}},
//!   {"on": "ReinstallOS", "effect": {"kind": "repeat", "gap": "2s"}},
//!   {"on": "ReinstallOS", "effect": {"kind": "late", "by": "30s", "how": "hang"}},
//!   {"on": "ReinstallOS", "effect": {"kind": "ending", "ending": "never"}},
//!   {"effect": {"kind": "token_death"}},
//!   {"effect": {"kind": "skew", "by": {"ahead": "20m"}}}
//! ]
//! ```

mod armed;
mod effect;
pub(crate) mod optional_duration;
mod rule;

pub use self::armed::{ArmedRule, FaultRules, RuleId};
pub(crate) use self::armed::{Stage, Strike};
pub use self::effect::{At, Effect, Omit, STRANGER_BITS, When};
pub use self::rule::FaultRule;
pub(crate) use self::rule::Struck;

#[cfg(test)]
mod tests;
