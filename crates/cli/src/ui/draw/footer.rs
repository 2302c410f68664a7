//! The last lines: what is on, and which keys there are.

use calling::MediaType;
use calling::view::CallPhase;
use ratatui::text::{Line, Span};

use super::{BAD, DIM, GOOD, Scene, TITLE, members, words};

/// A key, what it does in a word, and in a sentence.
type Key = (&'static str, &'static str, &'static str);

/// Microphone, camera and network of this user.
pub(super) fn status(scene: Scene<'_>) -> Line<'static> {
    let call = scene.call;
    let (mic, style) = if call.muted { (" mic off", BAD) } else { (" mic on", GOOD) };
    let mut spans = vec![Span::styled(mic, style)];
    if call.media_type == MediaType::Video {
        let camera = if call.camera_on { "camera on" } else { "camera off" };
        spans.extend([Span::styled(" · ", DIM), Span::raw(camera)]);
    }
    if let Some(own) = call.own().filter(|_| !super::rings(call)) {
        let (bars, word) = words::network(own.network);
        let style = members::network_style(own.network);
        spans.extend([Span::styled(" · ", DIM), Span::styled(format!("{bars} {word}"), style)]);
    }
    Line::from(spans)
}

/// The keys that do something now, as many as fit in `width`; how to answer comes first.
pub(super) fn keys(scene: Scene<'_>, width: u16) -> Line<'static> {
    let mut line = Line::default();
    for (index, (key, word, _)) in usable(scene).into_iter().enumerate() {
        let gap = if index == 0 { " " } else { "  " };
        let more = [Span::raw(gap), Span::styled(key, TITLE), Span::raw(format!(" {word}"))];
        let room = usize::from(width).saturating_sub(line.width());
        if more.iter().map(Span::width).sum::<usize>() < room {
            line.spans.extend(more);
        }
    }
    line.push_span(" ");
    line
}

/// Every key with a sentence.
pub(super) fn help(scene: Scene<'_>) -> Vec<Line<'static>> {
    let keys = usable(scene).into_iter().filter(|(key, ..)| *key != "?");
    let line = |(key, _, sentence): Key| {
        Line::from(vec![Span::styled(format!("{key:<7}"), TITLE), Span::raw(sentence)])
    };
    let always = [("Ctrl-C", "", "hang up and end the program"), ("?", "", "close this help")];
    keys.chain(always).map(line).collect()
}

fn usable(scene: Scene<'_>) -> Vec<Key> {
    const HELP: Key = ("?", "help", "");
    let call = scene.call;
    let mute = if call.muted {
        ("m", "unmute", "be heard again")
    } else {
        ("m", "mute", "be heard no longer")
    };
    let mut keys = match call.phase {
        CallPhase::Ended { .. } => return vec![("any key", "closes", "close the window")],
        CallPhase::Incoming => vec![
            ("a", "accept", "answer the call"),
            ("r", "reject", "decline the call"),
            ("i", "busy", "decline; the caller sees a busy line"),
            mute,
        ],
        CallPhase::Outgoing
        | CallPhase::Connecting
        | CallPhase::Connected
        | CallPhase::Reconnecting => vec![("h", "hang up", "end the call (q does the same)"), mute],
        CallPhase::Ending => vec![mute],
    };
    if call.media_type == MediaType::Video && call.phase != CallPhase::Incoming {
        keys.push(("c", "camera", "turn the camera on or off"));
    }
    if scene.panel.pages > 1 {
        keys.push(("←→", "page", "show other members (p and n do the same)"));
    }
    keys.push(HELP);
    keys
}
