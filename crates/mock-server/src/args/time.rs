//! Flags about time.

use std::time::Duration;

use reinstall_core::time::parse_duration;

use crate::clock::{ClockMode, Skew, WorldClock};

/// Flags about time.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Time")]
pub struct TimeArgs {
    /// How time goes by: real, manual, 60x for sixty times as fast, or `step 30s` at each status read [default: real]
    #[arg(long, value_name = "MODE")]
    pub clock: Option<ClockMode>,

    /// So many times as fast: --speed 60 is --clock 60x
    #[arg(long, value_name = "N", conflicts_with = "clock")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(WorldClock::SPEED_MAX)))]
    pub speed: Option<u32>,

    /// How far the server's clock is ahead
    #[arg(long, value_name = "D", value_parser = parse_duration, conflicts_with = "clock_behind")]
    pub clock_ahead: Option<Duration>,

    /// How far the server's clock is behind
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub clock_behind: Option<Duration>,
}

impl TimeArgs {
    /// How time goes by.
    pub(super) fn clock(&self) -> Option<ClockMode> {
        let speed = self.speed.map(|times| if times == 1 { ClockMode::Real } else { ClockMode::Speed(times) });
        self.clock.or(speed)
    }

    /// How far the clock is off.
    pub(super) fn skew(&self) -> Option<Skew> {
        self.clock_ahead.map(Skew::Ahead).or(self.clock_behind.map(Skew::Behind))
    }
}
