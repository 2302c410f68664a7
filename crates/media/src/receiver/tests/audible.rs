//! Whoever is not heard is not decoded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::{Audience, Mixer};

/// Counts what it is asked to do.
#[derive(Debug)]
struct Counting {
    inner: FakeDecoder,
    calls: Arc<AtomicUsize>,
}

impl AudioDecoder for Counting {
    fn inspect(&self, payload: &[u8]) -> Option<PayloadInfo> {
        self.inner.inspect(payload)
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.decode(payload, out)
    }

    fn decode_fec(
        &mut self,
        payload: &[u8],
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.decode_fec(payload, samples, out)
    }

    fn conceal(&mut self, samples: usize, out: &mut [f32]) -> Result<usize, CodecError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.conceal(samples, out)
    }

    fn reset(&mut self) {}
}

#[test]
fn silence_in_the_place_of_sound_keeps_its_time_and_its_figures() {
    let lost = |number| number % 7 == 3;
    let mut heard = Rig::with(calm());
    heard.play_lossy((1..200).map(with_fec), lost);
    let mut silent = Rig::with(calm());
    silent.receiver.set_audible(false);
    silent.play_lossy((1..200).map(with_fec), lost);
    assert!(silent.heard.iter().all(|sample| *sample == 0.0));
    let (heard, silent) = (heard.stats(), silent.stats());
    assert_eq!(silent.packets_played, heard.packets_played);
    assert_eq!(silent.packets_lost, heard.packets_lost);
    assert_eq!(silent.target_delay_ms, heard.target_delay_ms);
    assert!((silent.playout_delay_ms - heard.playout_delay_ms).abs() < 5.0, "{silent:?}");
}

#[test]
fn a_voice_is_faded_in_and_out() {
    let mut rig = Rig::with(calm());
    rig.play((500..550).map(made));
    let from = rig.heard.len();
    rig.receiver.set_audible(false);
    rig.play((550..570).map(made));
    rig.receiver.set_audible(true);
    rig.play((570..590).map(made));
    let across = &rig.heard[from..];
    let step = across.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(step < 0.02, "{step}");
    assert!(across.contains(&0.0) && across.contains(&sound_of(585)));
    assert_eq!(rig.concealed_ticks(), 0);
}

#[test]
fn what_is_told_of_loudness_holds_until_more_is_told() {
    let mut rig = Rig::new();
    assert_eq!(rig.receiver.upcoming_level(), Some(AudioLevel::SILENCE));
    for level in [25, 90] {
        rig.insert(Made { level, ..made(u16::from(level)) }).unwrap();
        let told = Some(AudioLevel::from_neg_dbov(level));
        assert_eq!(rig.receiver.upcoming_level(), told);
        rig.pulls(2);
        assert_eq!(rig.receiver.upcoming_level(), told, "nothing is there any more");
    }
}

#[test]
fn of_fifty_only_the_three_who_speak_are_decoded() {
    let calls = Arc::new(AtomicUsize::new(0));
    let mut remotes: Vec<Receiver<Counting>> = Vec::new();
    for _ in 0..50 {
        let inner = FakeDecoder::new(Channels::Mono);
        let decoder = Counting { inner, calls: Arc::clone(&calls) };
        remotes.push(Receiver::with_decoder(calm(), decoder));
    }
    let (mut audience, mut mixer) = (Audience::new(8), Mixer::new(SAMPLES_PER_TICK));
    let (mut pcm, mut out) = ([0.0; SAMPLES_PER_TICK], [0.0; SAMPLES_PER_TICK]);
    let mut loudest = 0.0_f32;
    for tick in 0..200_u16 {
        for (key, remote) in (0..).zip(&mut remotes) {
            if tick % 2 == 0 {
                let level = if key % 20 == 7 { 25 } else { 127 };
                insert_level(remote, tick / 2, level);
            }
            audience.offer(key, remote.upcoming_level());
        }
        audience.choose();
        for (key, remote) in (0..).zip(&mut remotes) {
            remote.set_audible(audience.is_audible(key));
            let pulled = remote.pull(&mut pcm);
            mixer.add(&pcm, pulled.level);
        }
        mixer.mix(&mut out);
        loudest = out.iter().copied().fold(loudest, f32::max);
    }
    let calls = calls.load(Ordering::Relaxed);
    // Three voices, 100 packets each, less what waits.
    assert!((280..=300).contains(&calls), "{calls}");
    assert!(loudest > 0.25, "three of 0.1 each: {loudest}");
}

/// Packet `number` of a sound of 0.1 said to be so loud.
fn insert_level(receiver: &mut Receiver<Counting>, number: u16, level: u8) {
    let Made { sequence_number, timestamp, .. } = made(number);
    let header =
        RtpHeader { payload_type: 111, marker: false, sequence_number, timestamp, ssrc: SSRC };
    let level = AudioLevel::from_neg_dbov(level);
    let extension = [AudioLevelExtension { level, voice: true }.to_byte()];
    let mut bytes = vec![0; 64];
    let length = write_header(&header, &[(1, &extension)], &mut bytes).unwrap();
    bytes.truncate(length);
    let info = PayloadInfo { samples: 960, ..Default::default() };
    bytes.extend_from_slice(&fake_payload(info, 100));
    receiver.insert(epoch(), &RtpView::parse(&bytes).unwrap()).unwrap();
}
