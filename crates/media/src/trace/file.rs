//! The compact trace file: about two bytes per packet. `docs/audio-lab.md` describes it.

use super::{Arrival, GRAIN_US, Trace};

const MAGIC: &[u8; 4] = b"CLTR";
const VERSION: u8 = 1;
/// Bytes of a name at most.
const MAX_NAME: u64 = 64;
/// Frames at most: five and a half hours.
const MAX_FRAMES: u64 = 1_000_000;
/// Arrivals at most, with duplicates.
const MAX_ARRIVALS: u64 = 2 * MAX_FRAMES;
/// The latest arrival, a day.
const MAX_AT_US: u64 = 86_400_000_000;
/// Clocks further apart are broken.
const MAX_DRIFT_PPM: i64 = 100_000;

/// A file that is no trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceFileError {
    /// It does not begin as one.
    #[error("not a trace file: it does not begin with CLTR and version 1")]
    NotATrace,
    /// It ends in the midst of a value.
    #[error("the trace file ends too early")]
    Truncated,
    /// There is more after its end.
    #[error("the trace file has bytes after its end")]
    Trailing,
    /// A value that no trace may have.
    #[error("the trace file's {0} is out of bounds")]
    Bounds(&'static str),
}

/// Writes `trace` as a file.
///
/// # Errors
/// It is larger than a file may be, its arrivals are not in order, or its times are no multiples
/// of 100 µs: reading would not give it back.
pub fn write(trace: &Trace) -> Result<Vec<u8>, TraceFileError> {
    let mut out = Vec::with_capacity(32 + 2 * trace.arrivals.len());
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    put(&mut out, trace.name.len() as u64);
    out.extend_from_slice(trace.name.as_bytes());
    put(&mut out, u64::from(trace.frames));
    put(&mut out, zigzag(i64::from(trace.drift_ppm)));
    put(&mut out, trace.arrivals.len() as u64);
    let (mut expected, mut last_us) = (0, 0);
    for arrival in &trace.arrivals {
        let gap = arrival.at_us.checked_sub(last_us).ok_or(TraceFileError::Bounds("order"))?;
        let skipped = i64::from(arrival.index) - expected;
        put(&mut out, gap / GRAIN_US * 2 + u64::from(skipped != 0));
        if skipped != 0 {
            put(&mut out, zigzag(skipped));
        }
        (expected, last_us) = (i64::from(arrival.index) + 1, arrival.at_us);
    }
    // What reading refuses must not be written.
    match read(&out)? == *trace {
        true => Ok(out),
        false => Err(TraceFileError::Bounds("time grain")),
    }
}

/// Reads a file.
///
/// # Errors
/// It is no trace file, damaged, or beyond the limits.
pub fn read(bytes: &[u8]) -> Result<Trace, TraceFileError> {
    let rest = bytes.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(&[VERSION]));
    let mut reader = Reader(rest.ok_or(TraceFileError::NotATrace)?);
    let length = reader.bounded(MAX_NAME, "name")? as usize;
    let name = reader.take(length)?.to_vec();
    let name = String::from_utf8(name).map_err(|_| TraceFileError::Bounds("name"))?;
    let frames = reader.bounded(MAX_FRAMES, "number of frames")? as u32;
    let drift = unzigzag(reader.value()?);
    if drift.unsigned_abs() > MAX_DRIFT_PPM.unsigned_abs() {
        return Err(TraceFileError::Bounds("drift"));
    }
    let count = reader.bounded(MAX_ARRIVALS, "number of arrivals")? as usize;
    // Each takes a byte at least: memory is bounded by the file, not by what it claims.
    if count > reader.0.len() {
        return Err(TraceFileError::Truncated);
    }
    let arrivals = reader.arrivals(count, frames)?;
    match reader.0.is_empty() {
        true => Ok(Trace { name, frames, drift_ppm: drift as i32, arrivals }),
        false => Err(TraceFileError::Trailing),
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn arrivals(&mut self, count: usize, frames: u32) -> Result<Vec<Arrival>, TraceFileError> {
        let mut arrivals = Vec::with_capacity(count);
        let (mut expected, mut at_us) = (0_i64, 0_u64);
        for _ in 0..count {
            let head = self.value()?;
            let skipped = if head & 1 == 1 { unzigzag(self.value()?) } else { 0 };
            let gap = (head / 2).checked_mul(GRAIN_US);
            at_us = gap
                .and_then(|gap| gap.checked_add(at_us))
                .filter(|at| *at <= MAX_AT_US)
                .ok_or(TraceFileError::Bounds("time"))?;
            let index = expected.checked_add(skipped).and_then(|index| u32::try_from(index).ok());
            let index = index
                .filter(|index| *index < frames && !(head & 1 == 1 && skipped == 0))
                .ok_or(TraceFileError::Bounds("frame index"))?;
            arrivals.push(Arrival { index, at_us });
            expected = i64::from(index) + 1;
        }
        Ok(arrivals)
    }

    fn bounded(&mut self, most: u64, what: &'static str) -> Result<u64, TraceFileError> {
        let value = self.value()?;
        if value <= most { Ok(value) } else { Err(TraceFileError::Bounds(what)) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], TraceFileError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(TraceFileError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    /// An unsigned LEB128 value of at most 63 bits, in its shortest form.
    fn value(&mut self) -> Result<u64, TraceFileError> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let longer_than_needed = byte == 0 && shift > 0;
                return match longer_than_needed {
                    true => Err(TraceFileError::Bounds("number")),
                    false => Ok(value),
                };
            }
        }
        Err(TraceFileError::Bounds("number"))
    }
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Small numbers of either sign as small numbers: 0, −1, 1, −2 become 0, 1, 2, 3.
const fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A packet every 20 ms, each twelfth lost, each seventh late.
    fn trace() -> Trace {
        let came = (0..100_u32).filter(|index| index % 12 != 5);
        let arrivals = came.map(|index| {
            let late_us = if index % 7 == 0 { 12_300 } else { 0 };
            Arrival { index, at_us: u64::from(index) * 20_000 + late_us }
        });
        Trace { name: "made".into(), frames: 100, drift_ppm: -3, arrivals: arrivals.collect() }
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = write(&trace()).unwrap();
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
        assert_eq!(read(&[bytes, vec![0]].concat()), Err(TraceFileError::Trailing));
    }

    #[test]
    fn bounds_hold() {
        let head = |tail: &[u8]| read(&[b"CLTR\x01".as_slice(), tail].concat());
        assert_eq!(head(&[65]), Err(TraceFileError::Bounds("name")));
        assert_eq!(head(&[1, 0xff, 0, 0, 0]), Err(TraceFileError::Bounds("name")));
        let million = [0, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(head(&million), Err(TraceFileError::Bounds("number of frames")));
        assert_eq!(head(&[0, 1, 0, 1, 1, 2]), Err(TraceFileError::Bounds("frame index")));
        assert_eq!(head(&[0, 1, 0, 0xe8, 7]), Err(TraceFileError::Truncated), "1,000 arrivals");
        assert_eq!(read(b"CLTR\x02"), Err(TraceFileError::NotATrace));
        assert_eq!(head(&[0x80, 0]), Err(TraceFileError::Bounds("number")), "two bytes for 0");
    }

    #[test]
    fn what_would_not_come_back_is_not_written() {
        let mut trace = trace();
        trace.arrivals[3].at_us += 1;
        assert_eq!(write(&trace), Err(TraceFileError::Bounds("time grain")));
        trace.arrivals.swap(0, 5);
        assert_eq!(write(&trace), Err(TraceFileError::Bounds("order")));
    }

    proptest! {
        #[test]
        fn any_trace_round_trips(
            name in "[a-z0-9 ]{0,16}",
            drift_ppm in -100_000_i32..=100_000,
            steps in prop::collection::vec((0_u32..500, 0_u64..100_000), 0..100),
        ) {
            let mut at_us = 0;
            let arrivals = steps.into_iter().map(|(index, gap)| {
                at_us += gap * 100;
                Arrival { index, at_us }
            });
            let trace = Trace { name, frames: 500, drift_ppm, arrivals: arrivals.collect() };
            prop_assert_eq!(read(&write(&trace).unwrap()).unwrap(), trace);
        }

        #[test]
        fn zigzag_round_trips(value in any::<i64>()) {
            prop_assert_eq!(unzigzag(zigzag(value)), value);
        }
    }
}
