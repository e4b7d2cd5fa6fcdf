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
    Ok(vec![
        day.trim().to_owned(),
        format!(
            "{}; {cores} cores, load {load} at the start; Linux {}",
            processor(&proc("/proc/cpuinfo")?),
            kernel.trim()
        ),
    ])
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
    fn the_processor_has_a_name() {
        assert_eq!(
            processor("processor\t: 0\nmodel name\t: Fast: 9000 @ 2 GHz\nmodel name\t: x\n"),
            "Fast: 9000 @ 2 GHz"
        );
        assert_eq!(processor("BogoMIPS : 50\n"), "unknown processor");
    }
}
