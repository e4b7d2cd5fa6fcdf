//! A notice as a sentence, where a person should hear of it at once.

use reinstall_core::notice::{News, Notice};
use reinstall_core::summary::{HaltCause, Outcome};

use super::plan::counted;

/// The sentence for a notice; `None` for those that the counts tell better.
pub(crate) fn sentence(notice: &Notice) -> Option<String> {
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
                "batch {batch}: the cloud says it accepted instances nobody asked for, please look: {}",
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
        News::Doubted { batch, instances, fault } => {
            format!("batch {batch}: no answer that tells; {} watched: {fault}", counted(*instances, "instance"))
        }
        News::LookFailed { instances, fault } => {
            format!("a look at {} failed, again soon: {fault}", counted(*instances, "instance"))
        }
        News::Retrying { id } => format!("{id} is shown not to have started; it is tried again"),
        News::ImageDiffers { id, image } => {
            format!("{id} came to a good end, but the cloud names image {image}, not the one asked for; please look")
        }
        // A halt ends hundreds that were never touched in one moment.
        News::Ended { outcome: Outcome::NotStarted, submitted_at: None, .. } => return None,
        News::Ended { outcome: Outcome::Succeeded, .. } => return None,
        News::Ended { id, outcome, reason: Some(reason), .. } => format!("{id} {outcome}: {reason}"),
        News::Ended { id, outcome, reason: None, .. } => format!("{id} {outcome}"),
        News::Halted(HaltCause::Ordered) => {
            "halted on request: nothing new is started, what is on its way is watched to its end; \
             Ctrl-C again leaves at once"
                .into()
        }
        News::Halted(cause) => format!("halted, nothing new is started: {cause}"),
        News::Finished => return None,
    })
}
