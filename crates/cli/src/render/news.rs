//! A notice as a sentence, where a person should hear of it at once.

use reinstall_core::named::Named;
use reinstall_core::notice::{News, Notice};
use reinstall_core::summary::{HaltCause, Outcome};

use super::plan::counted;

/// The sentence for a notice; `None` for those that the counts tell better.
pub(crate) fn sentence(notice: &Notice) -> Option<String> {
    let named = |id| Named::new(id, notice.name.as_ref());
    Some(match &notice.news {
        News::WaveOpened { wave, targets } => format!("wave {wave} opens: {}", counted(*targets, "instance")),
        News::Submitting { batch, instances, attempt } => {
            let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            format!("batch {batch}: reinstall of {} requested{again}", counted(*instances, "instance"))
        }
        News::Accepted { left_out: 0, .. } | News::Installing { .. } => return None,
        News::Accepted { batch, instances, left_out, .. } => {
            format!("batch {batch}: {instances} accepted; {left_out} not named in the answer and watched")
        }
        News::Strangers { batch, ids } => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!(
                "WARNING: batch {batch}: the cloud says it accepted instances that no request named: {}",
                ids.join(", ")
            )
        }
        News::Postponed { batch, fault, until } => format!("batch {batch}: not started, again at {until}: {fault}"),
        News::Refused { batch, fault } => format!("batch {batch}: refused, nothing started: {fault}"),
        News::Split { batch, instances, next_max, fault } => format!(
            "batch {batch}: {} refused together, nothing started; tried again without those at fault, at most {next_max} \
             at a time: {fault}",
            counted(*instances, "instance")
        ),
        News::Doubted { batch, instances, fault } => format!(
            "batch {batch}: no usable answer; checking {} before any retry: {fault}",
            counted(*instances, "instance")
        ),
        News::LookFailed { instances, fault } => {
            format!("a read of {} failed, again soon: {fault}", counted(*instances, "instance"))
        }
        News::Retrying { id } => format!("{} did not start; retrying", named(*id)),
        News::ImageDiffers { id, image } => {
            format!("WARNING: {} finished with image {image}, which is not the one asked for", named(*id))
        }
        // A halt ends hundreds that were never touched in one moment.
        News::Ended { outcome: Outcome::NotStarted, submitted_at: None, .. } => return None,
        News::Ended { outcome: Outcome::Succeeded, .. } => return None,
        News::Ended { id, outcome, reason: Some(reason), .. } => format!("{} {outcome}: {reason}", named(*id)),
        News::Ended { id, outcome, reason: None, .. } => format!("{} {outcome}", named(*id)),
        News::Halted(HaltCause::Ordered) => {
            "halted by operator: no new reinstalls are started, those in progress are watched to their end; \
             Ctrl-C again leaves at once"
                .into()
        }
        News::Halted(cause) => format!("halted, no new reinstalls are started: {cause}"),
        News::Finished => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn an_instance_is_called_by_its_name_with_its_id_beside() {
        let id = sample::id(7);
        let retrying = Notice { name: Some("web-7".into()), ..sample::notice(1, News::Retrying { id }) };
        let halted = HaltCause::CanaryFailed { id, name: Some("web-7".into()) };
        for notice in [retrying, sample::notice(1, News::Halted(halted))] {
            let told = sentence(&notice).unwrap();
            assert!(told.contains(&format!("web-7 ({id})")), "{told}");
        }
    }
}
