/// How one tick of audio came to be, least to most serious.
///
/// Time stretching (accelerate, preemptive expand, merge) will add variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// No stream yet: silence.
    Idle,
    /// Decoded audio.
    Normal,
    /// The sender is silent (DTX): comfort noise.
    ComfortNoise,
    /// 10 ms less were played than decoded, so that the delay shrinks.
    Drop,
    /// 10 ms more were played than decoded, so that the delay grows.
    Insert,
    /// Restored from the redundancy in the next packet.
    Fec,
    /// Made up from what was heard before.
    Expand,
}
