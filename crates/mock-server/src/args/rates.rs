//! Flags about how many calls are let through.

use clap::ValueEnum;

use crate::limit::{Counted, Limit, LimitRate, Words};

/// Flags about how many calls are let through.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Rate limits")]
pub struct RateArgs {
    /// Let so many calls of CloudDC through, as in 10/m, 20/s or 100/5m; may be given more than once. These limits take the place
    /// of all that a scenario has
    #[arg(long, value_name = "RATE")]
    pub rate_limit: Vec<LimitRate>,

    /// Who is counted [default: account]
    #[arg(long, value_name = "WHO", value_enum, requires = "rate_limit")]
    pub rate_limit_of: Option<CountedArg>,

    /// Tell in Retry-After how long to wait; the provider does not document that it does
    #[arg(long, requires = "rate_limit")]
    pub retry_after: bool,
}

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CountedArg {
    /// Each user or access key
    Account,
    /// Each address that calls come from
    Address,
    /// All together
    Everybody,
}

impl RateArgs {
    /// The limits, if there is any.
    pub(super) fn limits(&self) -> Option<Vec<Limit>> {
        let of = match self.rate_limit_of {
            None | Some(CountedArg::Account) => Counted::Account,
            Some(CountedArg::Address) => Counted::Address,
            Some(CountedArg::Everybody) => Counted::Everybody,
        };
        let limit = |rate: &LimitRate| Limit {
            rate: *rate,
            of,
            on: None,
            retry_after: self.retry_after,
            words: Words::default(),
        };
        (!self.rate_limit.is_empty()).then(|| self.rate_limit.iter().map(limit).collect())
    }
}
