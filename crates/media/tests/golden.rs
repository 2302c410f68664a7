//! Recorded arrivals with the decisions and figures that they must lead to.
//!
//! After a change that is meant to alter them: `INSTA_UPDATE=always cargo test -p calling-media
//! --test golden`, and read the difference.

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;
    use std::time::Duration;

    use calling_media::fake::{FakeDecoder, fake_payload};
    use calling_media::{
        Channels, InboundAudioStats, Operation, PayloadInfo, Receiver, ReceiverConfig,
        ReceiverStats, SAMPLES_PER_TICK,
    };
    use calling_testkit::epoch;
    use calling_wire::{RtpHeader, RtpView, write_header};

    /// Every sample is 0.1: as loud as speech.
    const SOUND: u16 = 100;

    /// Ticks played after the last arrival.
    const AFTERMATH: u64 = 20;

    struct Arrival {
        at_ms: u64,
        packet: Vec<u8>,
    }

    fn parse(line: &str) -> Arrival {
        let mut words = line.split_whitespace();
        let mut number = || words.next().unwrap().parse::<u64>().unwrap();
        let (at_ms, sequence, timestamp, duration_ms) = (number(), number(), number(), number());
        let flags: Vec<&str> = words.collect();
        let samples = duration_ms as usize * 48;
        let info = PayloadInfo {
            samples,
            fec_samples: if flags.contains(&"fec") { samples } else { 0 },
            silence_follows: flags.contains(&"silence"),
        };
        let header = RtpHeader {
            payload_type: 111,
            marker: false,
            sequence_number: sequence as u16,
            timestamp: timestamp as u32,
            ssrc: 1,
        };
        let mut packet = vec![0; 17];
        write_header(&header, &[], &mut packet).unwrap();
        packet[12..].copy_from_slice(&fake_payload(info, SOUND));
        Arrival { at_ms, packet }
    }

    /// Plays a trace; the operations as `count×Name` and the figures.
    fn replay(trace: &str) -> String {
        let lines = trace.lines().filter(|line| !line.starts_with('#'));
        let arrivals: Vec<Arrival> = lines.map(parse).collect();
        let end = arrivals.last().unwrap().at_ms / 10 + AFTERMATH;
        let decoder = FakeDecoder::new(Channels::Mono);
        let mut receiver = Receiver::with_decoder(ReceiverConfig::default(), decoder);
        let mut waiting = arrivals.iter().peekable();
        let mut pcm = [0.0; SAMPLES_PER_TICK];
        let mut operations = Vec::new();
        for tick in 0..end {
            while let Some(arrival) = waiting.next_if(|arrival| arrival.at_ms <= tick * 10) {
                let now = epoch() + Duration::from_millis(arrival.at_ms);
                let _ = receiver.insert(now, &RtpView::parse(&arrival.packet).unwrap());
            }
            operations.push(receiver.pull(&mut pcm).operation);
        }
        format!("{}\n{}", runs(&operations), figures(&receiver.stats()))
    }

    /// Whole numbers, so that no platform's rounding shows.
    fn figures(stats: &ReceiverStats) -> String {
        let rounded = ReceiverStats {
            playout_delay_sum_ms: stats.playout_delay_sum_ms.round(),
            playout_delay_ms: stats.playout_delay_ms.round(),
            jitter_ms: stats.jitter_ms.round(),
            webrtc: rounded(&stats.webrtc),
            ..*stats
        };
        format!("{rounded:#?}")
    }

    /// To a hundredth.
    fn rounded(stats: &InboundAudioStats) -> InboundAudioStats {
        let round = |value: f64| (value * 100.0).round() / 100.0;
        InboundAudioStats {
            jitter_seconds: round(stats.jitter_seconds),
            total_samples_duration_seconds: round(stats.total_samples_duration_seconds),
            total_audio_energy: round(stats.total_audio_energy),
            jitter_buffer_delay_seconds: round(stats.jitter_buffer_delay_seconds),
            jitter_buffer_target_delay_seconds: round(stats.jitter_buffer_target_delay_seconds),
            jitter_buffer_minimum_delay_seconds: round(stats.jitter_buffer_minimum_delay_seconds),
            ..*stats
        }
    }

    fn runs(operations: &[Operation]) -> String {
        let mut text = String::new();
        for run in operations.chunk_by(|a, b| a == b) {
            writeln!(text, "{:>4} × {:?}", run.len(), run[0]).unwrap();
        }
        text
    }

    #[test]
    fn traces_lead_to_the_same_decisions() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&directory);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        for name in [
            "wrap_and_reorder",
            "loss_and_jitter",
            "delay_spike",
            "silence",
            "timestamp_restart",
            "changing_durations",
        ] {
            let trace = std::fs::read_to_string(directory.join(format!("{name}.trace"))).unwrap();
            settings.bind(|| insta::assert_snapshot!(name, replay(&trace)));
        }
    }
}
