//! What this crate's tests share.

use rand::{CryptoRng, TryCryptoRng, TryRng};

use crate::instance::{InstanceFault, InstanceState, OperationState};
use crate::sighting::Sighting;

/// A sighting from `state/operation_state/error code`; `-` for a missing field.
pub(crate) fn sighting(text: &str) -> Sighting {
    let mut parts = text.split('/');
    let mut part = || parts.next().filter(|part| *part != "-");
    Sighting {
        state: part().map(InstanceState::from_word),
        operation: part().map(OperationState::from_word),
        fault: part().map(|code| InstanceFault {
            code: code.into(),
            message: "the disk is full".into(),
            kind: "reinstall_error".into(),
        }),
        ..Sighting::default()
    }
}

/// Dice for tests: SplitMix64, marked as fit for secrets only so that password tests can use them.
pub(crate) struct TestRng(u64);

/// Dice that throw the same for the same seed.
pub(crate) fn rng(seed: u64) -> TestRng {
    TestRng(seed)
}

impl TryRng for TestRng {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|n| (n >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}
const _: fn(TestRng) = |rng| {
    fn fit_for_secrets(_: impl CryptoRng) {}
    fit_for_secrets(rng);
};
