//! No allocation per packet or feedback in steady state, shown by an allocator that counts.

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use allocation_counter::measure;
    use calling_bandwidth::{
        Estimator, EstimatorConfig, EstimatorInput, EstimatorOutput, Pacer, PacerConfig,
        PacerInput, PacerOutput, Priority,
    };
    use calling_model::{Bitrate, Machine};
    use calling_testkit::epoch;
    use calling_wire::{RtcpPackets, TransportArrivals};

    struct Sender {
        estimator: Estimator,
        pacer: Pacer<()>,
        number: u16,
        /// When a packet went out, in ms, by number.
        sent: [u64; 1 << 16],
    }

    impl Sender {
        fn drain(&mut self, now: Instant) {
            self.estimator.handle_timeout(now);
            self.pacer.handle_timeout(now);
            loop {
                let (bytes, probe) = if let Some(output) = self.estimator.poll_output() {
                    let input = match output {
                        EstimatorOutput::Estimate { pacing, .. } => PacerInput::Rate(pacing),
                        EstimatorOutput::Probe(probe) => PacerInput::Probe(probe),
                    };
                    self.pacer.handle_input(now, input).unwrap();
                    continue;
                } else {
                    match self.pacer.poll_output() {
                        Some(PacerOutput::Send { bytes, probe, .. }) => (bytes, probe),
                        Some(PacerOutput::Pad { bytes, probe }) => (bytes, Some(probe)),
                        None => return,
                    }
                };
                let sent = EstimatorInput::Sent { sequence_number: self.number, bytes, probe };
                self.estimator.handle_input(now, sent).unwrap();
                self.sent[usize::from(self.number)] = (now - epoch()).as_millis() as u64;
                self.number = self.number.wrapping_add(1);
            }
        }

        /// Ten packets in 50 ms, and feedback of all that went out: each came 30 ms later.
        fn turn(&mut self, turn: u32) {
            let first = self.number;
            for packet in 0..10 {
                let now = epoch() + Duration::from_millis(u64::from(turn * 50 + packet * 5));
                let packet =
                    PacerInput::Packet { priority: Priority::Video, bytes: 900, packet: () };
                self.pacer.handle_input(now, packet).unwrap();
                self.drain(now);
            }
            let told = self.number.wrapping_sub(first);
            let mut packet = [0; 400];
            let len = self.feedback(first, told, &mut packet);
            let packet = RtcpPackets::new(&packet[..len]).next().unwrap().unwrap();
            let arrivals = TransportArrivals::parse(&packet).unwrap();
            let now = epoch() + Duration::from_millis(u64::from(turn * 50 + 49));
            self.estimator.handle_input(now, EstimatorInput::Feedback(arrivals)).unwrap();
            self.drain(now);
        }

        /// In runs of one: two bytes of chunk and two of time each.
        fn feedback(&self, first: u16, told: u16, out: &mut [u8; 400]) -> usize {
            let told = told.min(90);
            out[..12].copy_from_slice(&[0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
            out[12..14].copy_from_slice(&first.to_be_bytes());
            out[14..16].copy_from_slice(&told.to_be_bytes());
            let reference = self.sent[usize::from(first)] / 64;
            out[16..19].copy_from_slice(&(reference as u32).to_be_bytes()[1..]);
            let mut before = reference * 64;
            for offset in 0..told {
                let place = 20 + 2 * usize::from(offset);
                out[place..place + 2].copy_from_slice(&0x4001_u16.to_be_bytes());
                let came = self.sent[usize::from(first.wrapping_add(offset))] + 30;
                let delta = (came - before) as i16 * 4;
                before = came;
                let place = place + 2 * usize::from(told);
                out[place..place + 2].copy_from_slice(&delta.to_be_bytes());
            }
            let len = (20 + 4 * usize::from(told)).next_multiple_of(4);
            out[2..4].copy_from_slice(&((len / 4 - 1) as u16).to_be_bytes());
            len
        }
    }

    #[test]
    fn nothing_is_allocated_once_warm() {
        let config = EstimatorConfig::default();
        let mut sender = Sender {
            estimator: Estimator::new(epoch(), config),
            pacer: Pacer::new(epoch(), PacerConfig::default(), config.start),
            number: 0,
            sent: [0; 1 << 16],
        };
        let wanted = EstimatorInput::Wanted(Bitrate::from_kbps(1_500));
        sender.estimator.handle_input(epoch(), wanted).unwrap();
        (0..400).for_each(|turn| sender.turn(turn));
        assert!(sender.estimator.estimate() >= Bitrate::from_kbps(1_400), "it has probed");
        let number = sender.number;
        let counted = measure(|| (400..1_000).for_each(|turn| sender.turn(turn)));
        assert!(sender.number.wrapping_sub(number) >= 6_000);
        assert_eq!(counted.count_total, 0);
    }
}
