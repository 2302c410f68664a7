//! No allocation per packet in steady state, shown by an allocator that counts.

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use allocation_counter::measure;
    use calling_media::fake::{FakeDecoder, fake_payload};
    use calling_media::{
        AudioSource, Channels, Mixer, PayloadInfo, Receiver, ReceiverConfig, SAMPLES_PER_TICK,
        Sender, SenderConfig, VoiceSource,
    };
    use calling_testkit::{epoch, seed};
    use calling_wire::{RtpHeader, RtpView, write_header};

    const TICK: Duration = Duration::from_millis(10);

    /// A stream with losses, duplicates, reordering and FEC, played tick by tick.
    fn play<D: calling_media::AudioDecoder>(
        receiver: &mut Receiver<D>,
        packets: &[Vec<u8>],
        from: usize,
    ) {
        let mut pcm = [0.0; SAMPLES_PER_TICK];
        for (index, packet) in packets.iter().enumerate() {
            let at = epoch() + TICK * 2 * (from + index) as u32;
            let mut insert = |packet: &[u8]| {
                let _ = receiver.insert(at, &RtpView::parse(packet).unwrap());
            };
            match index % 10 {
                3 => {}
                5 => packets.get(index + 1).into_iter().for_each(|next| insert(next)),
                6 => insert(&packets[index - 1]),
                7 => (0..3).for_each(|_| insert(packet)),
                _ => insert(packet),
            }
            receiver.pull(&mut pcm);
            receiver.pull(&mut pcm);
        }
        assert!(receiver.stats().packets_played as usize > (from + packets.len()) / 2);
    }

    fn fake_packets(count: u16) -> Vec<Vec<u8>> {
        let packet = |number: u16| {
            let header = RtpHeader {
                payload_type: 111,
                marker: false,
                sequence_number: number,
                timestamp: u32::from(number) * 960,
                ssrc: 1,
            };
            let mut bytes = vec![0; 17];
            write_header(&header, &[], &mut bytes).unwrap();
            let info = PayloadInfo { samples: 960, fec_samples: 960, silence_follows: false };
            bytes[12..].copy_from_slice(&fake_payload(info, 100));
            bytes
        };
        (0..count).map(packet).collect()
    }

    #[test]
    fn the_receiver_allocates_nothing_once_warm() {
        let packets = fake_packets(2_000);
        let decoder = FakeDecoder::new(Channels::Mono);
        let mut receiver = Receiver::with_decoder(ReceiverConfig::default(), decoder);
        play(&mut receiver, &packets[..500], 0);
        let counted = measure(|| play(&mut receiver, &packets[500..], 500));
        assert_eq!(counted.count_total, 0);
    }

    #[test]
    fn a_whole_voice_path_allocates_nothing_once_warm() {
        let mut sender = Sender::new(SenderConfig::voice(1), seed(1)).unwrap();
        let mut receiver = Receiver::new(ReceiverConfig::default()).unwrap();
        let mut mixer = Mixer::new(SAMPLES_PER_TICK);
        let mut voice = VoiceSource::new(1);
        let mut pcm = [0.0; SAMPLES_PER_TICK];
        let mut run = |ticks: u32| {
            for tick in 0..ticks {
                voice.read(&mut pcm);
                if let Some(packet) = sender.push(&pcm).unwrap() {
                    let view = RtpView::parse(packet).unwrap();
                    receiver.insert(epoch() + TICK * tick, &view).unwrap();
                }
                let pulled = receiver.pull(&mut pcm);
                mixer.add(&pcm, pulled.level);
                mixer.mix(&mut pcm);
            }
        };
        // The packet store of the sender fills first.
        run(400);
        assert_eq!(measure(|| run(400)).count_total, 0);
    }
}
