//! What a reader must know of the machine to compare. Linux only.

use std::fs;
use std::process::Command;

use crate::host;
use crate::task::Failure;

/// Day, processor, cores, load and kernel, a line each.
pub(super) fn facts() -> Result<Vec<String>, Failure> {
    let day = host::output(Command::new("date").args(["-u", "+%F"]))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = proc("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or("unknown");
    let kernel = proc("/proc/sys/kernel/osrelease")?;
    let processor = processor(&proc("/proc/cpuinfo")?).to_owned();
    Ok(vec![
        day.trim().to_owned(),
        format!("{processor}; {cores} cores, load {load} at the start{}; Linux {}", caution(load), kernel.trim()),
    ])
}

/// A word to whoever would quote what was measured beside other work: it took from each server what it happened to need.
fn caution(load: &str) -> &'static str {
    match load.parse::<f64>() {
        Ok(load) if load < 1.0 => "",
        Ok(_) | Err(_) => ", **too busy for these figures to be quoted**",
    }
}

/// A file of the kernel's.
pub(super) fn proc(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|source| Failure::Needed {
        needed: "Linux, as memory and processor time are read from /proc",
        source: Box::new(Failure::Read { path: path.into(), source }),
    })
}

fn processor(cpuinfo: &str) -> &str {
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("unknown processor", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_machine_is_told() {
        for (load, is_busy) in [("0.00", false), ("0.99", false), ("1.00", true), ("14.05", true), ("unknown", true)] {
            assert_eq!(!caution(load).is_empty(), is_busy, "{load}");
        }
    }

    #[test]
    fn the_processor_has_a_name() {
        assert_eq!(
            processor("processor\t: 0\nmodel name\t: Fast: 9000 @ 2 GHz\nmodel name\t: x\n"),
            "Fast: 9000 @ 2 GHz"
        );
        assert_eq!(processor("BogoMIPS : 50\n"), "unknown processor");
    }
}
