//! Every window at every size.

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::scenes;
use super::*;
use calling::view::{LeftReason, MemberState, MemberView, ViewEnd, ViewNotice};
use calling::{MediaType, NetworkQuality, Outcome, Role, UserId, Volume};

/// The window as lines of text, without the blanks at their ends.
fn drawn(call: &CallViewState, panel: &mut Panel, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    for _ in 0..2 {
        // Twice: how many pages there are is known after the first.
        terminal
            .draw(|frame| {
                let area = frame.area();
                let scene = Scene { call, panel, now: scenes::now() };
                panel.pages = draw(frame.buffer_mut(), area, scene);
            })
            .unwrap();
    }
    lines(terminal.backend().buffer())
}

fn lines(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.area.rows() {
        let mut line = String::new();
        let mut x = row.x;
        while x < row.right() {
            let symbol = buffer[(x, row.y)].symbol();
            line.push_str(symbol);
            // What is wide covers its neighbours.
            x += u16::try_from(ratatui::text::Span::raw(symbol).width()).unwrap().max(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

const SIZES: [(u16, u16); 4] = [(80, 24), (40, 12), (120, 40), (20, 5)];

fn at_every_size(call: &CallViewState) -> String {
    SIZES
        .iter()
        .map(|size| {
            let text = drawn(call, &mut Panel::default(), *size);
            format!("── {} × {} ──\n{text}", size.0, size.1)
        })
        .collect()
}

/// A snapshot of each scene at every size.
macro_rules! windows {
    ($($scene:ident)+) => {
        $(
            #[test]
            fn $scene() {
                insta::assert_snapshot!(stringify!($scene), at_every_size(&scenes::$scene()));
            }
        )+
    };
}

windows! {
    incoming incoming_group outgoing outgoing_group connecting connected connected_group fifty
    reconnecting ending ended missed
}

#[test]
fn help() {
    let text: String = SIZES
        .iter()
        .map(|size| {
            let mut panel = Panel { help: true, ..Panel::default() };
            drawn(&scenes::connected_group(), &mut panel, *size)
        })
        .collect();
    insta::assert_snapshot!(text);
}

#[test]
fn every_one_of_fifty_is_on_a_page() {
    for size in [(80, 24), (40, 12), (20, 5)] {
        let call = scenes::fifty();
        let mut seen = std::collections::BTreeSet::new();
        let mut panel = Panel::default();
        drawn(&call, &mut panel, size);
        let pages = panel.pages;
        for page in 0..pages {
            let text = drawn(&call, &mut Panel { page, ..Panel::default() }, size);
            for number in 2..50 {
                if text.contains(&format!("member{number:02}")) {
                    seen.insert(number);
                }
            }
        }
        let again = drawn(&call, &mut Panel { page: pages + 9, ..Panel::default() }, size);
        assert_eq!(again, drawn(&call, &mut Panel { page: pages - 1, ..Panel::default() }, size));
        assert_eq!(seen, (2..50).collect(), "{size:?}");
    }
}

#[test]
fn the_readme_shows_the_windows() {
    let readme = include_str!("../../../README.md");
    for call in [scenes::incoming(), scenes::connected()] {
        let text = drawn(&call, &mut Panel::default(), (72, 12));
        assert!(readme.contains(&text), "README.md shows another window than this:\n{text}");
    }
}

fn quality() -> impl Strategy<Value = NetworkQuality> {
    prop::sample::select(vec![
        NetworkQuality::Unknown,
        NetworkQuality::Excellent,
        NetworkQuality::Good,
        NetworkQuality::Poor,
        NetworkQuality::Bad,
        NetworkQuality::VeryBad,
        NetworkQuality::Down,
    ])
}

fn member_state() -> impl Strategy<Value = MemberState> {
    prop::sample::select(vec![
        MemberState::Pending,
        MemberState::Ringing,
        MemberState::Accepted,
        MemberState::Connected,
        MemberState::Left(LeftReason::HungUp),
        MemberState::Left(LeftReason::Busy),
    ])
}

fn member() -> impl Strategy<Value = MemberView> {
    (any::<String>(), any::<bool>(), member_state(), any::<u8>(), any::<bool>(), quality())
        .prop_map(|(display_name, is_self, state, volume, audio_available, network)| MemberView {
            user: UserId::new("somebody").unwrap(),
            display_name,
            is_self,
            state,
            volume: Volume::from_percent(volume),
            audio_available,
            video_available: !audio_available,
            network,
        })
}

fn phase() -> impl Strategy<Value = CallPhase> {
    let ended = |end| CallPhase::Ended { end, duration_ms: u64::MAX, by: None };
    prop::sample::select(vec![
        CallPhase::Incoming,
        CallPhase::Outgoing,
        CallPhase::Connecting,
        CallPhase::Connected,
        CallPhase::Reconnecting,
        CallPhase::Ending,
        ended(ViewEnd::Outcome(Outcome::Busy)),
        ended(ViewEnd::SignedOut),
    ])
}

prop_compose! {
    fn any_call()(
        members in prop::collection::vec(member(), 0..60),
        phase in phase(),
        flags in any::<[bool; 5]>(),
        notice in any::<Option<String>>(),
        more_members in any::<bool>(),
    ) -> CallViewState {
        let [video, caller, muted, began, rings] = flags;
        let now = scenes::now();
        CallViewState {
            members,
            phase,
            media_type: if video { MediaType::Video } else { MediaType::Audio },
            role: if caller { Role::Caller } else { Role::Callee },
            muted,
            camera_on: !muted,
            connected_at: began.then_some(now),
            rings_until: rings.then_some(now),
            notice: notice.map(|message| ViewNotice { at: now, code: 1, message }),
            more_members,
            ..scenes::incoming_group()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_call_is_drawn_at_any_size(
        call in any_call(),
        width in prop_oneof![0..12_u16, 0..140_u16],
        height in prop_oneof![0..8_u16, 0..60_u16],
        help in any::<bool>(),
        page in prop_oneof![0..5_usize, Just(usize::MAX)],
    ) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let panel = Panel { help, page, ..Panel::default() };
        let scene = Scene { call: &call, panel: &panel, now: scenes::now() };
        prop_assert!(draw(&mut buffer, Rect::new(0, 0, width, height), scene) >= 1);
        for cell in &buffer.content {
            prop_assert!(!cell.symbol().contains(char::is_control));
        }
        // A window smaller than asked for, as between a resize and its notice.
        draw(&mut buffer, Rect::new(0, 0, width + 9, height + 9), scene);
    }
}
