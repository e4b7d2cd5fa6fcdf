//! How often something can be done in a second of one core.

use std::error::Error;
use std::time::Duration;

/// How long a round lasts at least: long against the clock's steps and short against a frown.
const ROUND: Duration = Duration::from_millis(200);
/// So often between two looks at the clock.
const STRIDE: u32 = 500;

/// The median of so many rounds, after one that only warms up.
///
/// Counts time that this thread had a core, not time that went by: what else the machine does meanwhile takes nothing away.
pub(crate) fn per_second(
    rounds: usize,
    mut act: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<u64, Box<dyn Error>> {
    let mut paces = Vec::new();
    for _ in 0..=rounds {
        paces.push(round(&mut act)?);
    }
    let measured = paces.get_mut(1..).unwrap_or_default();
    measured.sort_unstable();
    measured.get(measured.len() / 2).copied().ok_or_else(|| "no rounds".into())
}

fn round(act: &mut impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<u64, Box<dyn Error>> {
    let began = core_time()?;
    let mut done: u128 = 0;
    loop {
        for _ in 0..STRIDE {
            act()?;
        }
        done += u128::from(STRIDE);
        let took = core_time()?.saturating_sub(began);
        if took >= ROUND {
            return Ok(u64::try_from(done * 1_000_000_000 / took.as_nanos())?);
        }
    }
}

/// How long this thread has had a core.
#[cfg(target_os = "linux")]
fn core_time() -> Result<Duration, Box<dyn Error>> {
    Ok(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into()?)
}

#[cfg(not(target_os = "linux"))]
fn core_time() -> Result<Duration, Box<dyn Error>> {
    Err("only Linux is asked how long a thread has had a core".into())
}
