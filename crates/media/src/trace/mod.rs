//! What a network did to the packets of one voice: who came when, who never. Recorded from a live
//! receiver, kept in a small file, and played again by the audio laboratory.

mod file;
mod recorder;

pub use file::{TraceFileError, read, write};
pub use recorder::TraceRecorder;

/// Length of a frame: one packet holds one, in milliseconds.
pub const FRAME_MS: u32 = 20;

/// One packet that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Which frame it holds, from 0.
    pub index: u32,
    /// When it came by the receiver's clock, in microseconds, a multiple of 100.
    pub at_us: u64,
}

/// A call of `frames` packets as the receiver saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Its name.
    pub name: String,
    /// Packets sent, one per [`FRAME_MS`] of the sender's clock.
    pub frames: u32,
    /// How much slower than the receiver's the sender's clock is, in parts per million; 0 if not
    /// known.
    pub drift_ppm: i32,
    /// Packets in the order of their arrival; a frame may be missing or come twice.
    pub arrivals: Vec<Arrival>,
}

impl Trace {
    /// When frame `index` was sent by the receiver's clock, in microseconds.
    pub fn sent_us(&self, index: u32) -> i64 {
        let nominal = i64::from(index) * i64::from(FRAME_MS) * 1_000;
        nominal + nominal * i64::from(self.drift_ppm) / 1_000_000
    }

    /// The least time any packet took, in microseconds: the path without its queues. Negative if
    /// the clocks of a captured trace are that far apart.
    pub fn base_us(&self) -> i64 {
        let took = |arrival: &Arrival| arrival.at_us as i64 - self.sent_us(arrival.index);
        self.arrivals.iter().map(took).min().unwrap_or(0)
    }

    /// When each frame first came, in microseconds; `None` for those that never did.
    pub fn first_arrivals(&self) -> Vec<Option<u64>> {
        let mut first = vec![None; self.frames as usize];
        for arrival in &self.arrivals {
            let slot: &mut Option<u64> = &mut first[arrival.index as usize];
            *slot = Some(slot.map_or(arrival.at_us, |at| at.min(arrival.at_us)));
        }
        first
    }

    /// Share of frames that never came, 0.0..=1.0.
    pub fn loss(&self) -> f64 {
        let lost = self.first_arrivals().iter().filter(|at| at.is_none()).count();
        lost as f64 / f64::from(self.frames.max(1))
    }
}

/// Time of arrival is kept to a tenth of a millisecond.
pub const GRAIN_US: u64 = 100;
