//! What `-v` shows: our own crates' logs, on standard error. Bodies and secrets are in none of them.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::render::console::LogLine;

/// The crates whose logs are shown; libraries' are not, since nobody here can vouch for what they log.
const OURS: [&str; 4] = ["reinstall", "reinstall_core", "reinstall_http", "reinstall_mock_server"];

/// Starts to log, if `verbose` (how many `v`s) asks for it.
pub(crate) fn start(verbose: u8, coloured: bool) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        3.. => LevelFilter::TRACE,
    };
    let ours = Targets::new().with_targets(OURS.map(|name| (name, level)));
    let layer = tracing_subscriber::fmt::layer().with_writer(move || LogLine { coloured }).with_ansi(coloured);
    // Only a second subscriber could fail here, and there is none.
    drop(tracing_subscriber::registry().with(ours).with(layer).try_init());
}
