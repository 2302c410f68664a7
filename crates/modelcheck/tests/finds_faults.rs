//! The check finds what is wrong: each deliberate fault breaks the rule it is about.

use calling_modelcheck::{Order, Report, Rule, SMALL, Space, Twist, explore};

fn finds(twist: Twist, rule: Rule) -> Report {
    // One fault is about restarts.
    let restarts = u8::from(twist == Twist::RecoversAll);
    let space = Space { name: "for faults", restarts, ..SMALL[0] };
    let report = explore(space, twist, Order::ShortestFirst, 1);
    assert!(report.broken().any(|verdict| verdict.name == rule.text()), "{twist:?}\n{report}");
    report
}

/// How long the longest history shown is: near the shortest there is, not a walk through the space.
fn steps(report: &Report) -> usize {
    let histories = report.broken().filter_map(|verdict| verdict.broken.as_ref());
    histories.map(Vec::len).max().unwrap_or_default()
}

#[test]
fn media_that_passes_while_it_rings() {
    let report = finds(Twist::OpensAtRinging, Rule::NoMediaBeforeAccept);
    assert!(steps(&report) <= 8, "{report}");
}

#[test]
fn a_second_device_that_wins() {
    let report = finds(Twist::LetsAllIn, Rule::OneWinner);
    assert!(steps(&report) <= 8, "{report}");
}

#[test]
fn records_stored_twice_or_never() {
    finds(Twist::RecordsTwice, Rule::OneRecord);
    finds(Twist::RecordsNothing, Rule::OneRecord);
}

#[test]
fn a_recovery_that_records_what_has_a_record() {
    let report = finds(Twist::RecoversAll, Rule::OneRecord);
    assert!(steps(&report) <= 8, "{report}");
}

#[test]
fn a_call_that_nobody_ever_ends() {
    let report = finds(Twist::NeverTimesOut, Rule::NobodyForEver);
    // The explorer shows the last it found among the first 1,500 states.
    assert!(steps(&report) <= 16, "{report}");
}

#[test]
fn requests_answered_twice_or_never() {
    finds(Twist::RepliesTwice, Rule::OneReply);
    finds(Twist::RepliesNever, Rule::OneReply);
}

#[test]
fn a_device_that_hears_of_another_devices_call() {
    finds(Twist::TellsOthers, Rule::OnlyTheConcerned);
}
