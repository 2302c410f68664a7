//! The first line: with whom, how far, how long.

use calling::view::CallPhase;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{BAD, DIM, GOOD, NAME, Scene, TITLE, WARN, text, words};

/// How long, for the corner of the frame.
pub(super) fn clock(scene: Scene<'_>) -> Line<'static> {
    let Scene { call, now, .. } = scene;
    if let Some(left) = call.rings_for(now) {
        return Line::from(format!(" rings {} s more ", left.as_secs()));
    }
    if call.connected_at.is_none() {
        return Line::default();
    }
    Line::styled(format!(" {} ", words::clock(call.elapsed(now))), TITLE)
}

/// With whom, and how far the call is.
pub(super) fn line(scene: Scene<'_>) -> Line<'static> {
    let names = words::names(scene.call.others());
    Line::from(vec![
        Span::raw(" "),
        Span::styled(words::phase(scene.call), style(&scene.call.phase)),
        Span::styled(" with ", DIM),
        Span::styled(names, NAME),
    ])
}

/// Everything in one line of `width` columns.
pub(super) fn short(scene: Scene<'_>, width: u16) -> Line<'static> {
    let Scene { call, now, .. } = scene;
    let time = match call.rings_for(now) {
        Some(left) => format!("{} s", left.as_secs()),
        None if call.connected_at.is_some() => words::clock(call.elapsed(now)),
        None => String::new(),
    };
    let room = usize::from(width).saturating_sub(time.len() + 1);
    let style = style(&call.phase);
    let phase = text::pad(&words::phase(call), room);
    Line::from(vec![Span::styled(phase, style), Span::raw(" "), Span::styled(time, TITLE)])
}

pub(super) const fn style(phase: &CallPhase) -> Style {
    match phase {
        CallPhase::Incoming | CallPhase::Outgoing => TITLE,
        CallPhase::Connected => GOOD,
        CallPhase::Connecting | CallPhase::Ending => WARN,
        CallPhase::Reconnecting => BAD,
        CallPhase::Ended { .. } => TITLE,
    }
}
