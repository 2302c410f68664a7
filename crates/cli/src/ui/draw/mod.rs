//! The window as text: a pure function of the call, the panel and the time.

mod footer;
mod header;
mod members;
mod ringing;
mod text;
mod words;

#[cfg(test)]
mod tests;

use std::time::Instant;

use calling::view::{CallPhase, CallViewState};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use super::panel::Panel;

const TITLE: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const NAME: Style = Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD);
const GOOD: Style = Style::new().fg(Color::Green);
const WARN: Style = Style::new().fg(Color::Yellow);
const BAD: Style = Style::new().fg(Color::Red);

/// Below this the window has no frame, and a line for everything.
const FRAMED: (u16, u16) = (36, 10);

/// What is drawn.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) call: &'a CallViewState,
    pub(super) panel: &'a Panel,
    pub(super) now: Instant,
}

/// Draws the window, in any size; how many pages of members there are, at least 1.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, scene: Scene<'_>) -> usize {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return 1;
    }
    let framed = area.width >= FRAMED.0 && area.height >= FRAMED.1;
    let pages =
        if framed { draw_framed(buffer, area, scene) } else { draw_bare(buffer, area, scene) };
    if scene.panel.help {
        draw_help(buffer, area, scene);
    }
    pages
}

fn draw_framed(buffer: &mut Buffer, area: Rect, scene: Scene<'_>) -> usize {
    let block = Block::bordered()
        .title_top(Line::styled(format!(" {} ", words::kind(scene.call)), TITLE))
        .title_top(header::clock(scene).right_aligned())
        .title_bottom(footer::keys(scene, area.width.saturating_sub(2)));
    let inside = block.inner(area);
    block.render(area, buffer);
    if rings(scene.call) {
        let [body, note] = split_bottom(inside, 1);
        note_line(scene).centered().render(note, buffer);
        return ringing::draw(buffer, body, scene, true);
    }
    let [top, rest] = split_top(inside, 1);
    let [body, bottom] = split_bottom(rest, 2);
    let [note, status] = split_top(bottom, 1);
    header::line(scene).render(top, buffer);
    note_line(scene).render(note, buffer);
    footer::status(scene).render(status, buffer);
    members::draw(buffer, body, scene)
}

/// Little room: who and how long, then members as far as they fit, then keys.
fn draw_bare(buffer: &mut Buffer, area: Rect, scene: Scene<'_>) -> usize {
    let [top, rest] = split_top(area, 1);
    let [rest, keys] = split_bottom(rest, 1);
    header::short(scene, area.width).render(top, buffer);
    footer::keys(scene, area.width).render(keys, buffer);
    let [body, status] = split_bottom(rest, u16::from(rest.height >= 2));
    let told = scene.panel.note(scene.call, scene.now).is_some();
    let line = if told { note_line(scene) } else { footer::status(scene) };
    line.render(status, buffer);
    if rings(scene.call) {
        ringing::draw(buffer, body, scene, false)
    } else {
        members::draw(buffer, body, scene)
    }
}

/// Whether the window is about who calls whom, not about who speaks.
fn rings(call: &CallViewState) -> bool {
    match call.phase {
        CallPhase::Incoming | CallPhase::Outgoing => true,
        CallPhase::Connecting | CallPhase::Ending | CallPhase::Ended { .. } => {
            call.connected_at.is_none()
        }
        CallPhase::Connected | CallPhase::Reconnecting => false,
    }
}

fn note_line(scene: Scene<'_>) -> Line<'static> {
    let note = scene.panel.note(scene.call, scene.now).unwrap_or_default();
    Line::styled(format!(" {}", text::clean(note)), WARN)
}

fn draw_help(buffer: &mut Buffer, area: Rect, scene: Scene<'_>) {
    let lines = footer::help(scene);
    let width = lines.iter().map(Line::width).max().unwrap_or(0);
    // No terminal is wider than 65,535 columns.
    let width = u16::try_from(width).unwrap_or(u16::MAX).saturating_add(4).min(area.width);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    let window = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    Clear.render(window, buffer);
    let framed = window.width > 4 && window.height > 2;
    let inside = if framed {
        let block = Block::bordered().title_top(" Keys ");
        let inside = block.inner(window);
        block.render(window, buffer);
        Rect { x: inside.x + 1, width: inside.width - 1, ..inside }
    } else {
        window
    };
    for (line, row) in lines.iter().zip(inside.rows()) {
        line.render(row, buffer);
    }
}

/// `area` as its first `height` rows and the rest.
fn split_top(area: Rect, height: u16) -> [Rect; 2] {
    let height = height.min(area.height);
    let rest = Rect { y: area.y + height, height: area.height - height, ..area };
    [Rect { height, ..area }, rest]
}

/// `area` as all but its last `height` rows, and those.
fn split_bottom(area: Rect, height: u16) -> [Rect; 2] {
    split_top(area, area.height.saturating_sub(height))
}
