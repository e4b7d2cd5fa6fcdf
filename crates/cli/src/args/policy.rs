//! How a rollout is to go about it, as typed. What the numbers mean and may be is core's part ([`Policy`]).

use std::time::Duration;

use clap::Args;
use reinstall_core::instance::InstanceState;
use reinstall_core::policy::{Policy, Share, WaveSizes};
use reinstall_core::site::Typed;
use reinstall_core::time::parse_duration;

/// The flags of a [`Policy`]. A test holds the defaults written here to core's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyArgs {
    /// The most instances in one request, 1 to 50
    #[arg(long, value_name = "N", default_value_t = 50)]
    batch_max: usize,

    /// The sizes of the waves, as counts or parts of all; the last one repeats
    #[arg(long, value_name = "LIST", default_value = "1,10%,100%")]
    waves: WaveSizes,

    /// The most instances on their way at once, those in doubt included [default: 200, or what the site allows]
    #[arg(long, value_name = "N")]
    in_flight_max: Option<usize>,

    /// Maximum failures; the next one halts. A failed canary always halts
    #[arg(long, value_name = "N|P%", default_value = "10%")]
    failures_max: Share,

    /// How often each instance on its way is looked at
    #[arg(long, value_name = "D", default_value = "15s", value_parser = parse_duration)]
    poll_every: Duration,

    /// How long an unanswered or unacknowledged request is watched before it counts as not started; at least --call-timeout
    /// and --read-lag together
    #[arg(long, value_name = "D", default_value = "2m", value_parser = parse_duration)]
    settle_after: Duration,

    /// How far behind the truth a read may be while a request is in doubt; never counted as less than --poll-every
    #[arg(long, value_name = "D", default_value = "15s", value_parser = parse_duration)]
    read_lag: Duration,

    /// How long an accepted instance may show no movement
    #[arg(long, value_name = "D", default_value = "10m", value_parser = parse_duration)]
    start_within: Duration,

    /// How long one instance may take in all
    #[arg(long, value_name = "D", default_value = "90m", value_parser = parse_duration)]
    finish_within: Duration,

    /// How long a batch that was never accepted, throttled for example, is tried
    #[arg(long, value_name = "D", default_value = "15m", value_parser = parse_duration)]
    submit_within: Duration,

    /// Maximum attempts per instance; another one only if the one before is shown not to have started
    #[arg(long, value_name = "N", default_value_t = 2)]
    attempts: u32,

    /// The shortest time a reinstall can take. A longer gap between reads may miss one, and no end is believed earlier than so
    /// long after the request was carried out
    #[arg(long, value_name = "D", default_value = "2m", value_parser = parse_duration)]
    shortest: Duration,

    /// The states an instance may be reinstalled from; in any other it is skipped
    #[arg(long, value_name = "LIST", default_value = "running", value_delimiter = ',', value_parser = state)]
    start_from: Vec<InstanceState>,

    /// The most instances unavailable at once: on their way, ended badly, or down before it began; no bound without it
    #[arg(long, value_name = "N|P%")]
    max_unavailable: Option<Share>,
}

/// Reads a state by the cloud's word. A word that no document has is a slip here, though not in an answer.
pub(super) fn state(word: &str) -> Result<InstanceState, String> {
    match InstanceState::from_word(word.trim()) {
        InstanceState::Unknown(_) => Err("no document knows this state; write for example running,stopped".into()),
        known @ (InstanceState::Pending
        | InstanceState::Running
        | InstanceState::Stopping
        | InstanceState::Stopped
        | InstanceState::Reinstalling
        | InstanceState::ShuttingDown
        | InstanceState::Terminated
        | InstanceState::Failed
        | InstanceState::ModifyingIp
        | InstanceState::SwitchInstalling
        | InstanceState::Error) => Ok(known),
    }
}

impl PolicyArgs {
    /// Which numbers were typed, and are not there by default.
    pub(crate) fn typed(&self) -> Typed {
        Typed { in_flight_max: self.in_flight_max.is_some(), max_unavailable: self.max_unavailable.is_some() }
    }
}

impl From<&PolicyArgs> for Policy {
    fn from(args: &PolicyArgs) -> Self {
        Self {
            batch_max: args.batch_max,
            waves: args.waves.clone(),
            in_flight_max: args.in_flight_max.unwrap_or(Self::default().in_flight_max),
            failures_max: args.failures_max,
            poll_every: args.poll_every,
            settle_after: args.settle_after,
            read_lag: args.read_lag,
            call_timeout: Self::default().call_timeout,
            start_within: args.start_within,
            finish_within: args.finish_within,
            submit_within: args.submit_within,
            attempts_max: args.attempts,
            shortest: args.shortest,
            start_states: args.start_from.iter().cloned().collect(),
            max_unavailable: args.max_unavailable,
            closes_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        policy: PolicyArgs,
    }

    fn policy(line: &str) -> Policy {
        let words = std::iter::once("x").chain(line.split_whitespace());
        Policy::from(&Line::try_parse_from(words).unwrap().policy)
    }

    #[test]
    fn the_defaults_are_those_of_core() {
        assert_eq!(policy(""), Policy::default());
    }

    #[test]
    fn every_flag_arrives() {
        let given = policy(
            "--batch-max 10 --waves 2,50% --in-flight-max 30 --failures-max 3 --poll-every 500ms --settle-after 4s --read-lag 3s \
             --start-within 5s --finish-within 6m --submit-within 7h --attempts 1 --shortest 8s --start-from running,stopped \
             --max-unavailable 5%",
        );
        let seconds = Duration::from_secs;
        let expected = Policy {
            batch_max: 10,
            waves: "2,50%".parse().unwrap(),
            in_flight_max: 30,
            failures_max: Share::Count(3),
            poll_every: Duration::from_millis(500),
            settle_after: seconds(4),
            read_lag: seconds(3),
            call_timeout: seconds(30),
            start_within: seconds(5),
            finish_within: seconds(360),
            submit_within: seconds(7 * 3600),
            attempts_max: 1,
            shortest: seconds(8),
            start_states: [InstanceState::Running, InstanceState::Stopped].into(),
            max_unavailable: Some(Share::Percent(5)),
            closes_at: None,
        };
        assert_eq!(given, expected);
    }
}
