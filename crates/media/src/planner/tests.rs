use calling_testkit::epoch;
use proptest::prelude::*;

use super::*;

fn config(budget_kbps: u64, most_copies: u8) -> PlannerConfig {
    let sender = SenderConfig {
        red_payload_type: Some(63),
        red_most_copies: most_copies,
        most_bitrate: Bitrate::from_kbps(budget_kbps),
        ..SenderConfig::voice(1)
    };
    PlannerConfig::of(&sender)
}

fn loss(fraction_lost: f64) -> LossPattern {
    LossPattern { fraction_lost, mean_burst: None }
}

fn bursts(fraction_lost: f64, mean_burst: f64) -> LossPattern {
    LossPattern { fraction_lost, mean_burst: Some(mean_burst) }
}

fn at(seconds: f64) -> Instant {
    epoch() + Duration::from_secs_f64(seconds)
}

#[test]
fn copies_leave_a_percent_of_what_is_lost() {
    let copies = |fraction| config(1_000, 20).plan_for(loss(fraction)).red_copies;
    let shares = [0.0, 0.014, 0.03, 0.1, 0.19, 0.3, 0.5, 0.8];
    assert_eq!(shares.map(copies), [0, 0, 1, 1, 2, 3, 6, 12]);
    let in_runs = |burst| config(1_000, 20).plan_for(bursts(0.1, burst)).red_copies;
    assert_eq!([1.0, 2.0, 4.0, 8.0].map(in_runs), [1, 4, 9, 12], "twelve fill a packet");
}

#[test]
fn the_voice_gives_way_before_copies_do_and_fec_before_the_voice() {
    let plan = |fraction| config(160, 9).plan_for(loss(fraction));
    let fields = |plan: RedundancyPlan| {
        (plan.red_copies, plan.bitrate.bps() / 1_000, plan.in_band_fec, plan.frame_duration.ms())
    };
    assert_eq!(fields(plan(0.0)), (0, 32, true, 20));
    assert_eq!(fields(plan(0.1)), (1, 32, true, 20));
    assert_eq!(fields(plan(0.3)), (3, 32, true, 20));
    assert_eq!(fields(plan(0.4)), (5, 21, false, 20));
    assert_eq!(plan(0.3).expected_loss_percent, 15, "copies leave less than that");
    assert!(plan(0.9).expected_loss_percent > 30, "and here they do not");
}

#[test]
fn packets_are_longer_only_where_headers_cost_copies() {
    let plan = |budget| config(budget, 9).plan_for(loss(0.2));
    assert_eq!((plan(160).frame_duration, plan(160).red_copies), (FrameDuration::Ms20, 2));
    let tight = plan(64);
    assert_eq!((tight.frame_duration, tight.red_copies), (FrameDuration::Ms40, 2));
    assert!(tight.wire_bitrate() <= Bitrate::from_kbps(64), "{tight:?}");
}

#[test]
fn without_an_agreement_only_fec_follows_the_loss() {
    let config = PlannerConfig::of(&SenderConfig::voice(1));
    let plan = config.plan_for(loss(0.3));
    assert_eq!(plan, RedundancyPlan { expected_loss_percent: 30, ..config.base });
}

#[cfg(feature = "dred")]
fn describing(budget_kbps: u64) -> PlannerConfig {
    PlannerConfig { most_dred_ms: 1_000, ..config(budget_kbps, 9) }
}

#[cfg(feature = "dred")]
#[test]
fn speech_is_described_where_copies_leave_too_much() {
    let plan = |pattern| describing(160).plan_for(pattern);
    assert_eq!(plan(loss(0.3)), config(160, 9).plan_for(loss(0.3)), "copies do");
    let told = |plan: RedundancyPlan| (plan.dred_ms, plan.red_copies, plan.bitrate.bps() / 1_000);
    assert_eq!(told(plan(loss(0.8))), (500, 1, 52), "twenty packets, and a copy that has room");
    assert_eq!(told(plan(bursts(0.3, 8.0))), (600, 1, 52), "a burst of 160 ms is often of 500");
    assert_eq!(told(plan(bursts(0.3, 50.0))), (1_000, 1, 52), "as much as may be");
    assert!(plan(loss(0.8)).expected_loss_percent >= 24, "or it gets no bits");
    assert_eq!(told(plan(loss(0.0))), (0, 0, 32));
}

#[cfg(feature = "dred")]
#[test]
fn descriptions_keep_to_the_budget() {
    let plan = |kbps| describing(kbps).plan_for(loss(0.8));
    let told = |plan: RedundancyPlan| (plan.dred_ms, plan.red_copies, plan.bitrate.bps() / 1_000);
    assert_eq!(told(plan(70)), (500, 0, 44), "the voice gives way");
    assert!(plan(70).wire_bitrate() <= Bitrate::from_kbps(70));
    let tight = plan(58);
    assert_eq!((tight.dred_ms, tight.frame_duration), (900, FrameDuration::Ms40));
    assert!(tight.wire_bitrate() <= Bitrate::from_kbps(58));
}

#[cfg(feature = "dred")]
#[test]
fn what_is_described_ends_when_the_network_heals() {
    let mut planner = Planner::new(describing(160));
    assert_eq!(planner.report(at(0.0), loss(0.8)).dred_ms, 500);
    (1..20).for_each(|second| _ = planner.report(at(f64::from(second)), loss(0.0)));
    assert_eq!(planner.plan(), describing(160).base);
}

#[cfg(not(feature = "dred"))]
#[test]
fn who_cannot_describe_does_not_plan_to() {
    let sender = SenderConfig { most_dred_ms: 1_000, dred_ms: 100, ..SenderConfig::voice(1) };
    assert_eq!(PlannerConfig::of(&sender).plan_for(loss(0.8)).dred_ms, 0);
}

#[test]
fn loss_is_answered_at_once_and_left_slowly() {
    let mut planner = Planner::new(config(160, 9));
    assert_eq!(planner.report(at(0.0), loss(0.02)).red_copies, 0);
    assert_eq!(planner.report(at(1.0), loss(0.3)).red_copies, 3);
    let copies: Vec<u8> =
        (2..18).map(|second| planner.report(at(f64::from(second)), loss(0.0)).red_copies).collect();
    assert_eq!(copies, [3, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
    assert_eq!(planner.plan(), config(160, 9).base);
}

#[test]
fn a_loss_at_the_threshold_does_not_flap() {
    let mut planner = Planner::new(config(160, 9));
    let reports = (0..60).map(|second| (second, if second % 3 == 0 { 0.032 } else { 0.018 }));
    let copies: Vec<u8> = reports
        .map(|(second, lost)| planner.report(at(f64::from(second)), loss(lost)).red_copies)
        .collect();
    assert_eq!(copies, [1; 60]);
}

#[test]
fn two_legs_lose_more_than_one() {
    let both = bursts(0.2, 3.0).then(loss(0.2));
    assert!((both.fraction_lost - 0.36).abs() < 1e-9);
    assert_eq!(both.mean_burst, Some(3.0));
    assert_eq!(loss(f64::NAN).then(loss(2.0)), loss(1.0));
}

#[test]
fn figures_that_cannot_be_and_clocks_that_go_back_do_no_harm() {
    let mut planner = Planner::new(config(160, 9));
    for pattern in [bursts(f64::NAN, f64::NAN), bursts(-1.0, f64::INFINITY), bursts(9.0, -3.0)] {
        planner.report(at(9.0), pattern);
        planner.report(at(1.0), pattern);
    }
    assert_eq!(planner.plan().red_copies, 7, "all is lost: as many as the budget has");
    (10..90).for_each(|second| _ = planner.report(at(f64::from(second)), loss(0.0)));
    assert_eq!(planner.plan(), config(160, 9).base);
}

fn configs() -> impl Strategy<Value = PlannerConfig> {
    let durations = prop::sample::select(FrameDuration::ALL.to_vec());
    (6_u64..200, 1_u64..400, 0_u8..=40, any::<bool>(), durations).prop_map(
        |(kbps, budget, most, in_band_fec, frame_duration)| {
            PlannerConfig::of(&SenderConfig {
                bitrate: Bitrate::from_kbps(kbps),
                most_bitrate: Bitrate::from_kbps(budget),
                red_payload_type: Some(63),
                red_most_copies: most,
                in_band_fec,
                frame_duration,
                ..SenderConfig::voice(1)
            })
        },
    )
}

fn patterns() -> impl Strategy<Value = LossPattern> {
    (0.0..=1.0, prop::option::of(1.0..20.0))
        .prop_map(|(fraction_lost, mean_burst)| LossPattern { fraction_lost, mean_burst })
}

proptest! {
    #[test]
    fn the_budget_holds_whatever_is_lost(config in configs(), pattern in patterns()) {
        let plan = config.plan_for(pattern);
        let budget = config.budget.max(config.base.wire_bitrate());
        prop_assert!(plan.wire_bitrate() <= budget, "{:?}", plan);
        prop_assert!(plan.bitrate <= config.base.bitrate);
        prop_assert!(plan.bitrate.bps() >= config.base.bitrate.bps().min(16_000));
        prop_assert!(plan.red_copies <= config.most_copies);
        prop_assert!(plan.red_copies == 0 || plan.payload_bytes() <= 1_100);
        prop_assert!(plan.frame_duration >= config.base.frame_duration);
    }

    #[test]
    fn more_loss_never_means_fewer_copies(
        config in configs(),
        pattern in patterns(),
        worse in patterns(),
    ) {
        let worse = LossPattern {
            fraction_lost: worse.fraction_lost.max(pattern.fraction_lost),
            mean_burst: pattern.mean_burst.into_iter().chain(worse.mean_burst).reduce(f64::max),
        };
        let (before, after) = (config.plan_for(pattern), config.plan_for(worse));
        prop_assert!(after.red_copies >= before.red_copies, "{:?} {:?}", before, after);
        prop_assert!(after.bitrate <= before.bitrate || after.frame_duration > before.frame_duration);
    }

    #[test]
    fn a_network_that_heals_gets_the_base_back(
        config in configs(),
        storm in prop::collection::vec(patterns(), 1..30),
    ) {
        let mut planner = Planner::new(config);
        let mut second = 0.0;
        for pattern in storm {
            planner.report(at(second), pattern);
            second += 1.0;
        }
        for _ in 0..25 {
            planner.report(at(second), LossPattern::default());
            second += 1.0;
        }
        prop_assert_eq!(planner.plan(), config.base);
    }
}
