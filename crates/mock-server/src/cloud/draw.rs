//! Dice without state: every random decision is a hash of what it is about.
//!
//! A stream of random numbers that calls share would make each answer depend on the order of all calls before it. A hash
//! of (seed, instance, attempt, name of the decision) gives the same answer whatever else goes on at the same time.

use reinstall_core::id::InstanceId;

/// One decision about one attempt at one instance.
pub(crate) fn draw(seed: u64, instance: InstanceId, attempt: u32, decision: &str) -> u64 {
    let bits = instance.to_bits();
    let named = name(mix(seed), decision);
    [(bits >> 64) as u64, bits as u64, u64::from(attempt)].into_iter().fold(named, |state, word| mix(state ^ word))
}

/// One decision about the `index`th of something, where there is no instance yet.
pub(crate) fn draw_nth(seed: u64, index: u64, decision: &str) -> u64 {
    mix(name(mix(seed), decision) ^ index)
}

/// 128 bits in the form of a random UUID (version 4).
pub(crate) fn uuid_bits(seed: u64, index: u64, decision: &str) -> u128 {
    let high = draw_nth(seed, index, decision);
    let bits = u128::from(high) << 64 | u128::from(mix(high ^ index));
    let version_and_variant: u128 = 0xf000 << 64 | 0b11 << 62;
    bits & !version_and_variant | 0x4000 << 64 | 0b10 << 62
}

/// A number from `low` to `high`, both included, made from a draw; `low` if they are the wrong way round.
pub(crate) fn between(draw: u64, low: u64, high: u64) -> u64 {
    let width = high.saturating_sub(low).saturating_add(1);
    low + draw % width
}

fn name(state: u64, decision: &str) -> u64 {
    decision.bytes().fold(state, |state, byte| mix(state ^ u64::from(byte)))
}

/// SplitMix64's step: every bit of the input moves about half the bits of the output.
pub(crate) fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_decision_matters() {
        let id = InstanceId::from_bits(7);
        let one = draw(1, id, 1, "ends");
        assert_eq!(one, draw(1, id, 1, "ends"));
        for other in [
            draw(2, id, 1, "ends"),
            draw(1, InstanceId::from_bits(7 << 64), 1, "ends"),
            draw(1, id, 2, "ends"),
            draw(1, id, 1, "takes"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn ranges_are_used_from_end_to_end() {
        let mut seen = [0_u32; 11];
        for index in 0..1_100 {
            seen[between(draw_nth(3, index, "spread"), 90, 100) as usize - 90] += 1;
        }
        assert!(seen.iter().all(|&count| (60..140).contains(&count)), "{seen:?}");
        assert_eq!(between(12, 5, 5), 5);
        assert_eq!(between(12, 9, 5), 9, "an empty range gives its lower end");
        assert_eq!(between(12, 0, u64::MAX), 12, "the widest range");
    }

    #[test]
    fn made_up_ids_are_random_uuids() {
        let id = InstanceId::from_bits(uuid_bits(1, 2, "instance")).to_string();
        assert_eq!(&id[14..15], "4");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
    }
}
