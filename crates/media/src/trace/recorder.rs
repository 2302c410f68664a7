use std::collections::VecDeque;
use std::time::{Duration, Instant};

use calling_wire::RtpView;

use super::{Arrival, FRAME_MS, GRAIN_US, Trace, write};
use crate::units::{SAMPLES_PER_MS, TICK_MS};

/// Arrivals kept; of a longer call the last ones: more than six minutes.
const MOST_ARRIVALS: usize = 20_000;
/// The longest file, in bytes: what is thrown away first is the oldest.
const MOST_BYTES: usize = 50_000;
/// How many arrivals are thrown away at once.
const STEP: usize = 500;
/// Frames that a packet may be ahead of or behind the one before it: a minute. Further away it is
/// of another stream.
const MOST_JUMP: i64 = 3_000;

const TICK_US: u64 = TICK_MS as u64 * 1_000;
const FRAME_SAMPLES: i32 = FRAME_MS as i32 * SAMPLES_PER_MS as i32;

/// Writes down when the packets of one voice come, as the receiver beside it saw it.
///
/// Time is that of the receiver's playout: a packet that came before the n-th pull is written down
/// as such, whatever the machine's clock said. A trace played again thus puts the receiver into the
/// same state before each pull, even if the machine that recorded it pulled late.
///
/// Frames are told by their timestamps. Those of a pause that the sender announced (DTX) look like
/// lost ones, and packets that hold anything but whole frames of 20 ms are left out.
#[derive(Clone, Debug, Default)]
pub struct TraceRecorder {
    begun: Option<Begun>,
    /// Frame relative to the first packet, and time since it.
    arrivals: VecDeque<(i64, u64)>,
    pulls: u64,
    left_out: u64,
}

#[derive(Clone, Copy, Debug)]
struct Begun {
    at: Instant,
    pulls: u64,
    /// Of the packet before.
    timestamp: u32,
    frame: i64,
}

impl TraceRecorder {
    /// The receiver was pulled.
    pub fn pulled(&mut self) {
        self.pulls += 1;
    }

    /// A packet came that the receiver took, or discarded as late or known. Call it right before or
    /// after [`Receiver::insert`](crate::Receiver::insert).
    pub fn arrived(&mut self, now: Instant, packet: &RtpView<'_>) {
        let timestamp = packet.timestamp();
        let begun =
            self.begun.get_or_insert(Begun { at: now, pulls: self.pulls, timestamp, frame: 0 });
        // Above half the range it is from before.
        let ahead = timestamp.wrapping_sub(begun.timestamp) as i32;
        let frames = i64::from(ahead / FRAME_SAMPLES);
        if ahead % FRAME_SAMPLES != 0 || frames.abs() > MOST_JUMP {
            self.left_out += 1;
            return;
        }
        (begun.timestamp, begun.frame) = (timestamp, begun.frame + frames);
        let arrival = (begun.frame, playout_us(begun, now, self.pulls));
        if self.arrivals.len() >= MOST_ARRIVALS {
            self.arrivals.pop_front();
        }
        let last = self.arrivals.back().map_or(0, |(_, at_us)| *at_us);
        self.arrivals.push_back((arrival.0, arrival.1.max(last)));
    }

    /// Packets that a trace cannot tell of.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// What was written down so far, under this name (64 bytes are kept); of a long call the last
    /// minutes.
    pub fn trace(&self, name: &str) -> Trace {
        self.without(0, name)
    }

    /// The same as a file of 50 kB at most; `None` before the first packet.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        for dropped in (0..self.arrivals.len()).step_by(STEP) {
            // Of these arrivals none is beyond a limit of the format but by sheer number.
            if let Ok(file) = write(&self.without(dropped, name))
                && file.len() <= MOST_BYTES
            {
                return Some(file);
            }
        }
        None
    }

    fn without(&self, dropped: usize, name: &str) -> Trace {
        let kept = || self.arrivals.iter().skip(dropped);
        let first_frame = kept().map(|(frame, _)| *frame).min().unwrap_or(0);
        let first_us = kept().next().map_or(0, |(_, at_us)| at_us / TICK_US * TICK_US);
        let arrivals = kept().map(|(frame, at_us)| Arrival {
            index: u32::try_from(frame - first_frame).unwrap_or(u32::MAX),
            at_us: at_us - first_us,
        });
        let arrivals: Vec<Arrival> = arrivals.collect();
        let frames = arrivals.iter().map(|arrival| arrival.index.saturating_add(1)).max();
        let mut name: String = name.into();
        while name.len() > MOST_NAME {
            name.pop();
        }
        Trace { name, frames: frames.unwrap_or(0), drift_ppm: 0, arrivals }
    }
}

/// Bytes of a name that the file has room for.
const MOST_NAME: usize = 64;

/// When a packet came by the clock of playout, in whole grains: within the tick that ends with the
/// next pull, at the machine's own time if that is in it.
fn playout_us(begun: &Begun, now: Instant, pulls: u64) -> u64 {
    let since = now.saturating_duration_since(begun.at);
    let since_us = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
    let grains = since_us.div_ceil(GRAIN_US).saturating_mul(GRAIN_US);
    // What is here before pull n, the first being pull 0, came by n ticks and after n − 1.
    let by = (pulls - begun.pulls) * TICK_US;
    let after = by.saturating_sub(TICK_US);
    grains.clamp((after + GRAIN_US).min(by), by)
}

/// How long a trace is, for who shows it.
impl Trace {
    /// From the first arrival to the last.
    pub fn span(&self) -> Duration {
        let at = |arrival: Option<&Arrival>| arrival.map_or(0, |arrival| arrival.at_us);
        Duration::from_micros(at(self.arrivals.last()) - at(self.arrivals.first()))
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;
    use calling_wire::{RtpHeader, write_header};
    use proptest::prelude::*;

    use super::*;

    fn packet(timestamp: u32) -> Vec<u8> {
        let mut datagram = vec![0; 64];
        let header =
            RtpHeader { payload_type: 111, marker: false, sequence_number: 7, timestamp, ssrc: 1 };
        let length = write_header(&header, &[], &mut datagram).unwrap();
        datagram.truncate(length + 8);
        datagram
    }

    fn arrive(recorder: &mut TraceRecorder, at_us: u64, timestamp: u32) {
        let datagram = packet(timestamp);
        let view = RtpView::parse(&datagram).unwrap();
        recorder.arrived(epoch() + Duration::from_micros(at_us), &view);
    }

    fn told(recorder: &TraceRecorder) -> Vec<(u32, u64)> {
        recorder.trace("t").arrivals.iter().map(|it| (it.index, it.at_us)).collect()
    }

    #[test]
    fn frames_are_counted_from_the_first_sent_and_time_from_the_first_that_came() {
        let mut recorder = TraceRecorder::default();
        recorder.pulled();
        // Timestamps wrap, and the second frame overtook the first.
        arrive(&mut recorder, 500, 480);
        arrive(&mut recorder, 600, 480_u32.wrapping_sub(960));
        assert_eq!(told(&recorder), [(1, 0), (0, 0)], "before the first pull");
        recorder.pulled();
        arrive(&mut recorder, 8_130, 480 + 3 * 960);
        assert_eq!(told(&recorder).last(), Some(&(4, 7_700)));
        assert_eq!(recorder.trace("t").frames, 5);
    }

    #[test]
    fn a_late_pull_counts_when_it_was_done() {
        let mut recorder = TraceRecorder::default();
        arrive(&mut recorder, 0, 0);
        recorder.pulled();
        // 13 ms on the clock, and the pull of 10 ms is still to come.
        arrive(&mut recorder, 13_000, 960);
        assert_eq!(told(&recorder).last(), Some(&(1, 10_000)));
        recorder.pulled();
        recorder.pulled();
        // The clock stands still, pulls were made up for.
        arrive(&mut recorder, 13_000, 1_920);
        assert_eq!(told(&recorder).last(), Some(&(2, 20_100)));
    }

    #[test]
    fn what_is_of_another_stream_is_left_out() {
        let mut recorder = TraceRecorder::default();
        for timestamp in [0, 960, 1_000, 960 * 9_000, 1_920] {
            arrive(&mut recorder, 0, timestamp);
        }
        assert_eq!(recorder.left_out(), 2);
        assert_eq!(told(&recorder), [(0, 0), (1, 0), (2, 0)]);
        assert_eq!(TraceRecorder::default().file("none"), None);
    }

    #[test]
    fn an_hour_of_a_bad_network_fits() {
        let mut recorder = TraceRecorder::default();
        for frame in 0..180_000_u32 {
            recorder.pulled();
            recorder.pulled();
            // Every third is lost, and times differ by up to 19 ms.
            if frame % 3 > 0 {
                let late = u64::from(frame.wrapping_mul(2_654_435_761) >> 8) % 19_000;
                arrive(&mut recorder, u64::from(frame) * 20_000 + late, frame * 960);
            }
        }
        let file =
            recorder.file("a name that is much too long for a file, and this is why it ends");
        let file = file.unwrap();
        assert!(file.len() <= MOST_BYTES && file.len() > MOST_BYTES / 2, "{}", file.len());
        let trace = super::super::read(&file).unwrap();
        assert_eq!((trace.arrivals[0].index, trace.arrivals[0].at_us / TICK_US), (0, 0));
        assert!(trace.span() > Duration::from_secs(240), "{:?}", trace.span());
    }

    proptest! {
        #[test]
        fn whatever_comes_can_be_written_and_read(
            steps in prop::collection::vec((0_u64..40_000, any::<u32>(), 0_u8..4), 1..200),
        ) {
            let mut recorder = TraceRecorder::default();
            let mut at_us = 0;
            for (gap, timestamp, pulls) in steps {
                at_us += gap;
                arrive(&mut recorder, at_us, timestamp / 5_000 * 960);
                (0..pulls).for_each(|_| recorder.pulled());
            }
            let trace = recorder.trace("any");
            let file = recorder.file("any").unwrap();
            prop_assert_eq!(super::super::read(&file).unwrap(), trace);
        }
    }
}
