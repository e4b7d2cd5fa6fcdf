//! The project's chores, as `cargo xtask <task>`. Imports none of the product's crates.

mod bench;
mod ci;
mod conformance;
mod deny;
mod dist;
mod docs;
mod host;
mod interop;
mod links;
mod page;
mod purity;
mod task;
mod tidy;
mod tree;

use std::process::ExitCode;

use clap::Parser;

/// The project's chores.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    task: task::Task,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match host::Workspace::find().and_then(|workspace| args.task.run(&workspace)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            host::say(format_args!("xtask: {}", host::chain(&failure)));
            ExitCode::FAILURE
        }
    }
}
