//! Figures of the receiver on simulated networks: real Opus, virtual time, two legs.

#[cfg(test)]
mod world;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use calling_media::{
        Channels, FrameDuration, LossPattern, Operation, Planner, PlannerConfig, ReceiverConfig,
        SenderConfig, ToneSource, VoiceSource,
    };
    use calling_model::Bitrate;
    use calling_testkit::Impairment;

    use super::world::{World, largest_step, storm};

    fn jitter(ms: u64) -> Impairment {
        Impairment { jitter: Duration::from_millis(ms), ..Default::default() }
    }

    fn lost(fraction_lost: f64) -> LossPattern {
        LossPattern { fraction_lost, mean_burst: None }
    }

    #[test]
    fn a_clean_loopback_conceals_nothing_at_30_ms() {
        for number in 0..2 {
            let mut world = World::new(VoiceSource::new(number), &jitter(4), number);
            let first = world.receiver.stats();
            world.run(1.0);
            let settled = world.watch(15.0);
            println!("clean {number}: {settled}");
            assert_eq!(first.packets_played, 0);
            assert_eq!(settled.after.concealed_samples, 0);
            assert_eq!(settled.after.silent_concealed_samples, 0);
            assert_eq!(settled.after.packets_lost, 0);
            assert!(settled.mean_delay_ms() <= 40.0, "{settled}");
        }
    }

    #[test]
    fn a_tenth_lost_and_30_ms_of_jitter_on_each_leg_conceal_at_most_4_percent() {
        const CALLS: u64 = 3;
        let mut concealed = 0.0;
        for number in 0..CALLS {
            let mut world = World::new(VoiceSource::new(number), &storm(), number);
            world.run(2.0);
            let settled = world.watch(40.0);
            println!("storm {number}: {settled}");
            concealed += settled.concealed_percent() / CALLS as f64;
            assert!(settled.after.target_delay_ms <= 90, "{settled}");
            assert!(settled.mean_delay_ms() < 60.0, "{settled}");
        }
        println!("mean concealment {concealed:.2} %");
        assert!(concealed <= 4.0, "{concealed}");
    }

    #[test]
    fn the_delay_is_clean_again_ten_seconds_after_a_storm() {
        for number in 0..3 {
            let mut world = World::new(VoiceSource::new(number), &Impairment::default(), number);
            world.run(3.0);
            let clean = world.receiver.stats().playout_delay_ms;
            world.impair(&storm());
            world.run(15.0);
            let stormy = world.receiver.stats().playout_delay_ms;
            world.impair(&Impairment::default());
            let healing = world.watch(10.0);
            let after = world.receiver.stats().playout_delay_ms;
            println!("storm over {number}: {clean:.1} → {stormy:.1} → {after:.1} ms");
            assert!(after <= clean + 2.0, "{clean} {stormy} {after}");
            let target_ms = world.receiver.stats().target_delay_ms;
            assert_eq!(target_ms, 10, "the target itself is back");
            assert!(healing.concealed_ms() <= 60.0, "{healing}");
        }
    }

    /// The same with copies, as many as a planner adds that hears of the losses once a second.
    #[test]
    fn with_copies_the_target_is_clean_again_after_six_seconds_and_the_delay_after_ten() {
        for number in 0..3 {
            let red_payload_type = Some(63);
            let sender = SenderConfig { red_payload_type, ..SenderConfig::voice(1) };
            let receiver = ReceiverConfig { red_payload_type, ..Default::default() };
            let mut planner = Planner::new(PlannerConfig::of(&sender));
            let (voice, clear) = (VoiceSource::new(number), Impairment::default());
            let mut world = World::with(voice, sender, receiver, &clear, number);
            world.run(3.0);
            let clean = world.receiver.stats().playout_delay_ms;
            world.impair(&storm());
            (0..15).for_each(|_| world.plan_and_run(&mut planner, 1.0));
            assert!(world.sender.stats().red_copies >= 2, "{:?}", planner.plan());
            let stormy = world.receiver.stats();
            assert!(stormy.target_delay_ms >= 60, "{stormy:?}");
            world.impair(&clear);
            (0..6).for_each(|_| world.plan_and_run(&mut planner, 1.0));
            assert!(world.sender.stats().red_copies > 0, "copies are sent still");
            assert_eq!(world.receiver.stats().target_delay_ms, 10);
            (0..4).for_each(|_| world.plan_and_run(&mut planner, 1.0));
            let after = world.receiver.stats().playout_delay_ms;
            println!("storm over {number}: {clean:.1} → {after:.1} ms");
            assert!(after <= clean + 2.0, "{clean} {after}");
        }
    }

    #[test]
    fn heard_is_what_was_said() {
        let tone = ToneSource::new(440.0, 0.4);
        let mut world = World::new(tone, &jitter(2), 1);
        world.run(5.0);
        let heard = &world.heard[48_000..];
        let level = calling_media::LevelMeter::rms(heard);
        assert!((level - 0.283).abs() < 0.03, "{level}");
    }

    #[test]
    fn nothing_clicks_whatever_is_lost() {
        let storm = Impairment { loss: 0.05, jitter: Duration::from_millis(20), ..storm() };
        for number in 0..3 {
            let mut world = World::new(ToneSource::new(300.0, 0.4), &Impairment::default(), number);
            world.run(2.0);
            // A 300 Hz tone of 0.4 moves by 0.016 per sample.
            assert!(largest_step(&world.heard[9_600..]) < 0.025);
            world.impair(&storm).run(6.0);
            let step = largest_step(&world.heard[9_600..]);
            assert!(step < 0.1, "{step}");
        }
    }

    #[test]
    fn every_frame_duration_and_layout_survives_the_storm() {
        for (frame_duration, channels) in [
            (FrameDuration::Ms10, Channels::Mono),
            (FrameDuration::Ms40, Channels::Stereo),
            (FrameDuration::Ms60, Channels::Mono),
        ] {
            let sender = SenderConfig { frame_duration, ..SenderConfig::voice(1) };
            let receiver = ReceiverConfig { channels, ..Default::default() };
            let mut world = World::with(VoiceSource::new(5), sender, receiver, &storm(), 5);
            world.run(2.0);
            let settled = world.watch(10.0);
            println!("{frame_duration:?} {channels:?}: {settled}");
            // At 32 kbit/s libopus fills 40 and 60 ms with frames of 20 ms, of which only the one
            // before a packet can be restored from it.
            assert!(settled.concealed_percent() < 15.0, "{settled}");
            world.impair(&Impairment::default()).run(6.0);
            let after = world.watch(2.0);
            assert_eq!(after.concealed_ms(), 0.0, "{frame_duration:?}");
        }
    }

    #[test]
    fn copies_bring_back_what_a_third_of_loss_takes() {
        let impairment = Impairment { loss: 0.16, ..Default::default() };
        let sender = SenderConfig {
            red_payload_type: Some(63),
            red_most_copies: 4,
            ..SenderConfig::voice(1)
        };
        let receiver = ReceiverConfig { red_payload_type: Some(63), ..Default::default() };
        let mut world = World::with(VoiceSource::new(4), sender.clone(), receiver, &impairment, 4);
        world.run(2.0);
        assert_eq!(world.sender.stats().red_copies, 0, "nobody told of the loss");
        let config = SenderConfig { most_bitrate: Bitrate::from_kbps(200), ..sender };
        let mut planner = Planner::new(PlannerConfig::of(&config));
        world.sender.apply(&planner.report(world.now, lost(0.3)));
        world.run(3.0);
        assert_eq!(world.sender.stats().red_copies, 3);
        let settled = world.watch(40.0);
        println!("copies: {settled}");
        assert!(settled.concealed_percent() < 1.0, "{settled}");
        assert!(settled.mean_delay_ms() < 100.0, "{settled}");
        assert!(settled.after.red_recovered_ms() > 8_000.0, "{:?}", settled.after);
        // The network heals: copies go, report by report, and the delay after them.
        world.impair(&Impairment::default());
        for second in 1..20 {
            let plan = planner.report(world.now + Duration::from_secs(second), lost(0.0));
            world.sender.apply(&plan);
        }
        assert_eq!(world.sender.stats().red_copies, 0);
        world.run(8.0);
        let healed = world.watch(4.0);
        assert_eq!(healed.concealed_ms(), 0.0, "{healed}");
        assert!(healed.mean_delay_ms() < 25.0, "{healed}");
    }

    #[test]
    fn dtx_pauses_are_comfort_noise_not_concealment() {
        let sender = SenderConfig { dtx: true, constant_bitrate: false, ..SenderConfig::voice(1) };
        let voice = VoiceSource::new(6).in_silence();
        let mut world =
            World::with(voice, sender, ReceiverConfig::default(), &Impairment::default(), 6);
        world.run(30.0);
        let stats = world.receiver.stats();
        assert!(world.sender.stats().frames_suppressed > 25, "{:?}", world.sender.stats());
        assert!(stats.comfort_noise_samples > 24_000, "{stats:?}");
        assert_eq!((stats.concealed_samples, stats.packets_lost), (0, 0));
    }

    #[test]
    fn muting_is_silence_without_concealment() {
        let mut world = World::new(VoiceSource::new(7), &jitter(5), 7);
        world.run(3.0);
        world.sender.set_muted(true);
        world.run(0.5);
        let from = world.heard.len();
        world.run(3.0);
        assert!(world.heard[from..].iter().all(|sample| sample.abs() < 0.01));
        world.sender.set_muted(false);
        world.run(3.0);
        assert_eq!(world.receiver.stats().concealed_samples, 0);
    }

    #[test]
    fn bursts_of_loss_are_survived() {
        let bursts = Impairment {
            loss: 0.1,
            burst: Duration::from_millis(120),
            jitter: Duration::from_millis(10),
            ..Default::default()
        };
        let mut world = World::new(VoiceSource::new(8), &bursts, 8);
        world.run(20.0);
        let stats = world.receiver.stats();
        assert!(stats.concealment_ratio() < 0.25, "{stats:?}");
        assert!(stats.playout_delay_ms < 90.0, "{stats:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_call() {
        let figures = || {
            let mut world = World::new(VoiceSource::new(9), &storm(), 9);
            world.run(10.0);
            (world.receiver.stats(), world.operations)
        };
        assert_eq!(figures(), figures());
    }

    #[test]
    fn the_first_audio_comes_with_the_first_packet() {
        let mut world = World::new(ToneSource::new(440.0, 0.4), &Impairment::default(), 2);
        world.run(0.2);
        // One frame to fill, one pull to play it.
        let first = world.operations.iter().position(|operation| *operation == Operation::Normal);
        assert_eq!(first, Some(1));
    }
}
