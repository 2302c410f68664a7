use std::path::PathBuf;

use super::*;
use crate::measure::Measures;
use crate::speech::Speech;
use crate::trace::{Arrival, generate};

/// The process, if there is one here.
fn shim() -> Option<PathBuf> {
    let built =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/audio-lab/neteq/neteq-shim");
    let told = std::env::var_os("CALLING_NETEQ_SHIM").map(PathBuf::from);
    let shim = told.or_else(|| built.exists().then_some(built));
    if shim.is_none() {
        let _ = std::io::stderr().write_all(
            b"skipped: there is no NetEq here; scripts/audio-lab-neteq.sh target/audio-lab/neteq builds it\n",
        );
    }
    shim
}

fn stream(fec: bool) -> Stream {
    Stream::encode(&Speech::synthetic(10), fec).unwrap()
}

fn trace(arrivals: &[(u32, u64)], frames: u32) -> Trace {
    let arrival = |&(index, ms): &(u32, u64)| Arrival { index, at_us: ms * 1_000 };
    let arrivals = arrivals.iter().map(arrival).collect();
    Trace { name: "by hand".into(), frames, drift_ppm: 0, arrivals }
}

fn written(pull: &Pull) -> Vec<u8> {
    let mut out = vec![pull.operation, 0];
    out.extend((pull.decoded.len() as u16).to_le_bytes());
    out.extend(pull.target_ms.to_le_bytes());
    out.extend(pull.next_timestamp.to_le_bytes());
    let counts = [
        0,
        pull.concealed_samples,
        pull.silent_concealed_samples,
        pull.inserted_samples,
        pull.removed_samples,
        pull.delay_ms_samples,
        pull.emitted_samples,
        0,
        0,
    ];
    out.extend(counts.into_iter().flat_map(u64::to_le_bytes));
    for (index, redundant) in &pull.decoded {
        out.extend(index.to_le_bytes());
        out.push(u8::from(*redundant));
    }
    out.extend(pull.pcm.iter().flat_map(|sample| ((sample * 32_768.0) as i16).to_le_bytes()));
    out
}

fn silence() -> Vec<f32> {
    vec![0.0; SAMPLES_PER_TICK]
}

#[test]
fn an_account_is_read_as_it_was_written_and_no_part_of_it() {
    let pulls = [
        Pull { operation: 10, next_timestamp: u32::MAX, pcm: silence(), ..Default::default() },
        Pull {
            operation: 2,
            target_ms: 80,
            next_timestamp: 960,
            concealed_samples: 1,
            silent_concealed_samples: 2,
            inserted_samples: 3,
            removed_samples: 4,
            delay_ms_samples: 5,
            emitted_samples: 6,
            decoded: vec![(0, false), (1, true)],
            pcm: vec![-0.5; SAMPLES_PER_TICK],
        },
    ];
    let first = [MAGIC.as_slice(), &written(&pulls[0])].concat();
    let bytes = [first.as_slice(), &written(&pulls[1])].concat();
    assert_eq!(parse(&bytes).unwrap(), pulls);
    for length in 0..bytes.len() {
        let whole = length == MAGIC.len() || length == first.len();
        assert_eq!(parse(&bytes[..length]).is_some(), whole, "{length}");
    }
}

#[test]
fn frames_are_heard_when_playout_passes_them() {
    let pull = |operation, next: i32, decoded: &[(u32, bool)], concealed_samples| Pull {
        operation,
        next_timestamp: next as u32,
        decoded: decoded.to_vec(),
        concealed_samples,
        pcm: silence(),
        ..Default::default()
    };
    // Frame 0 begins 2.5 ms into the second tick. Frame 1 never came, is restored by the packet of
    // frame 2 and heard after 10 ms were made up. The end is made up and counts for nothing.
    let pulls = [
        pull(10, -480, &[], 480),
        pull(0, 360, &[(0, false)], 480),
        pull(0, 840, &[], 480),
        pull(2, 960, &[], 960),
        pull(0, 1_440, &[(1, true), (2, false)], 960),
        pull(0, 1_920, &[], 960),
        pull(0, 2_400, &[], 960),
        pull(2, 2_880, &[], 1_440),
    ];
    let trace = trace(&[(0, 0), (2, 40)], 3);
    let played = account(&pulls, &trace);
    let heard = |source, at_ms| Some(FramePlayed { source, at_ms });
    let expected = [heard(Source::Own, 12.5), heard(Source::Fec, 40.0), heard(Source::Own, 60.0)];
    assert_eq!(played.frames, expected);
    assert_eq!((played.concealed_ms, played.concealment_events), (10.0, 1));
    let ops: Vec<Op> = played.ticks.iter().map(|tick| tick.op).collect();
    let expected = [Op::Idle, Op::Normal, Op::Normal, Op::Conceal, Op::Restore];
    assert_eq!(ops[..5], expected);
    assert!(ops[5..].iter().all(|op| *op == Op::Idle), "{ops:?}");
}

#[test]
fn the_process_is_told_every_packet_before_the_pull_it_is_there_for() {
    let stream = stream(false);
    let told = script(&stream, &trace(&[(0, 5), (1, 20)], 2));
    let mut reader = Reader(told.strip_prefix(MAGIC).unwrap());
    let mut order = String::new();
    while let Some(kind) = reader.byte() {
        order.push(char::from(kind));
        let at_us = reader.long().unwrap();
        if kind == b'P' {
            let index = u32::from(at_us > 5_000);
            assert_eq!(reader.short(), Some(1_000 + index as u16));
            assert_eq!(reader.word(), Some(960 * index));
            assert_eq!(reader.byte(), Some(calling_media::OPUS_PAYLOAD_TYPE));
            let length = reader.word().unwrap() as usize;
            let (payload, rest) = reader.0.split_at(length);
            let packet = &stream.packets[index as usize].payload;
            assert_eq!(payload, [index.to_be_bytes().as_slice(), packet].concat());
            reader.0 = rest;
        }
    }
    assert!(order.starts_with("GPGPGG"), "{order}");
    assert_eq!(order.matches('G').count(), 54);
}

#[test]
fn a_process_that_is_none_is_an_error() {
    let stream = stream(false);
    let trace = generate("clean", 1, 1).unwrap();
    for (path, says) in [("/no/such/process", "No such file"), ("/bin/true", "another language")] {
        let error = play(Path::new(path), &stream, &trace).unwrap_err();
        let told = error.to_string();
        assert!(told.contains(path) && told.contains(says), "{told}");
    }
}

#[test]
fn neteq_plays_the_same_call_the_same_twice() {
    let Some(shim) = shim() else { return };
    let (stream, trace) = (stream(true), generate("wifi-bad", 2, 10).unwrap());
    let once = play(&shim, &stream, &trace).unwrap();
    let again = play(&shim, &stream, &trace).unwrap();
    assert!(once.frames.iter().flatten().count() > 400);
    assert_eq!((once.frames, once.pcm), (again.frames, again.pcm));
}

#[test]
fn neteq_hears_all_of_a_clean_call_and_conceals_what_is_lost() {
    let Some(shim) = shim() else { return };
    let stream = stream(false);
    let measured = |name: &str| {
        let trace = generate(name, 1, 10).unwrap();
        let played = play(&shim, &stream, &trace).unwrap();
        Measures::of(&stream, &trace, &played)
    };
    let clean = measured("clean");
    assert_eq!(clean.unused_percent, 0.0, "{clean:?}");
    assert!(clean.concealed_percent < 0.2, "{clean:?}");
    assert!((20.0..60.0).contains(&clean.mean_delay_ms), "{clean:?}");
    let lossy = measured("loss-30");
    assert!((lossy.concealed_percent - lossy.lost_percent).abs() < 6.0, "{lossy:?}");
}

#[test]
fn neteq_waits_as_long_as_it_says_of_itself() {
    let Some(shim) = shim() else { return };
    let (stream, trace) = (stream(false), generate("jitter-60", 1, 10).unwrap());
    let output = run(&shim, &script(&stream, &trace)).unwrap();
    let pulls = parse(&output.stdout).unwrap();
    let last = pulls.last().unwrap();
    let its_own_ms = last.delay_ms_samples as f64 / last.emitted_samples as f64;
    let measures = Measures::of(&stream, &trace, &account(&pulls, &trace));
    // It counts the time in its packet buffer alone; up to a frame is decoded and not yet heard.
    let after_ms = measures.mean_wait_ms - its_own_ms;
    assert!((-1.0..=20.0).contains(&after_ms), "{its_own_ms} of {}", measures.mean_wait_ms);
}

#[test]
fn neteq_takes_copies_and_in_band_redundancy() {
    let Some(shim) = shim() else { return };
    let trace = generate("loss-10", 1, 10).unwrap();
    let restored = |stream: &Stream| {
        let played = play(&shim, stream, &trace).unwrap();
        Measures::of(stream, &trace, &played).recovered_percent
    };
    assert_eq!(restored(&stream(false)).fec, 0.0);
    let fec = restored(&stream(true));
    assert!(fec.fec > 50.0 && fec.red == 0.0, "{fec:?}");
    let red = restored(&stream(true).with_copies("red-3", 3));
    assert!(red.red > 50.0, "{red:?}");
}
