//! The members: a grid of boxes if all fit, else a list with pages.

use calling::NetworkQuality;
use calling::view::{CallViewState, MemberState, MemberView};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};

use super::{BAD, DIM, GOOD, NAME, Scene, WARN, text, words};

/// The least width of a box, and its height.
const BOX: (u16, u16) = (26, 4);
/// The least width of a column of the list.
const COLUMN: u16 = 38;
/// Columns of a network's bars.
const BARS: usize = 4;

/// Draws the members; how many pages there are, at least 1.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, scene: Scene<'_>) -> usize {
    let members = in_order(scene.call);
    if area.is_empty() || members.is_empty() {
        return 1;
    }
    if grid_fits(area, members.len()) {
        draw_grid(buffer, area, scene, &members);
        return 1;
    }
    draw_list(buffer, area, scene, &members)
}

/// Who takes part or may, then who left.
fn in_order(call: &CallViewState) -> Vec<&MemberView> {
    let gone = |member: &&MemberView| matches!(member.state, MemberState::Left(_));
    let mut members: Vec<_> = call.members.iter().collect();
    members.sort_by_key(gone);
    members
}

fn grid_fits(area: Rect, members: usize) -> bool {
    let (columns, rows) = (area.width / BOX.0, area.height / BOX.1);
    usize::from(columns) * usize::from(rows) >= members
}

fn draw_grid(buffer: &mut Buffer, area: Rect, scene: Scene<'_>, members: &[&MemberView]) {
    let most = usize::from(area.width / BOX.0);
    let rows = members.len().div_ceil(most);
    // Rows as even as they can be: four members stand two by two.
    let columns = members.len().div_ceil(rows);
    // At most as many as fit into a width of 16 bits.
    let width = area.width / u16::try_from(columns).unwrap_or(u16::MAX);
    for (index, member) in members.iter().enumerate() {
        let place = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let x = area.x + place(index % columns) * width;
        let y = area.y + place(index / columns) * BOX.1;
        let area = Rect { x, y, width, height: BOX.1 };
        draw_box(buffer, area, scene.call, member);
    }
}

fn draw_box(buffer: &mut Buffer, area: Rect, call: &CallViewState, member: &MemberView) {
    let speaks = member.volume.percent() > 0 && !is_mute(call, member);
    let room = usize::from(area.width).saturating_sub(6);
    let (border, style) = if speaks { (BorderType::Thick, GOOD) } else { (BorderType::Plain, DIM) };
    let title = Line::styled(format!(" {} ", text::fit(&label(member), room)), NAME);
    let block = Block::bordered().border_type(border).border_style(style).title_top(title);
    let inside = block.inner(area);
    block.render(area, buffer);
    let width = usize::from(inside.width).saturating_sub(2);
    for (line, row) in [voice(call, member, width), network(member)].into_iter().zip(inside.rows())
    {
        let row = Rect { x: row.x + 1, width: row.width.saturating_sub(2), ..row };
        line.render(row, buffer);
    }
}

fn draw_list(buffer: &mut Buffer, area: Rect, scene: Scene<'_>, members: &[&MemberView]) -> usize {
    let indent = u16::from(area.width >= COLUMN);
    let area = Rect { x: area.x + indent, width: area.width - indent, ..area };
    let most = (area.width / COLUMN).max(1);
    // One row tells the page when there are several, and rows to spare.
    let fits = members.len() <= usize::from(most) * usize::from(area.height);
    let rows = if fits || area.height < 4 { area.height } else { area.height - 1 };
    let capacity = usize::from(most) * usize::from(rows);
    let pages = members.len().div_ceil(capacity);
    let page = scene.panel.page.min(pages - 1);
    let shown = members.iter().skip(page * capacity).take(capacity);
    let width = area.width / most;
    for (index, member) in shown.enumerate() {
        let place = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let x = area.x + place(index / usize::from(rows)) * width;
        let y = area.y + place(index % usize::from(rows));
        let row = Rect { x, y, width, height: 1 };
        list_line(scene.call, member, usize::from(width)).render(row, buffer);
    }
    if pages > 1 && rows < area.height {
        let (total, more) = (members.len(), if scene.call.more_members { "+" } else { "" });
        let text = format!("{total}{more} members, page {} of {pages}", page + 1);
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        Line::styled(text, DIM).centered().render(last, buffer);
    }
    pages
}

/// Name, voice and network in `width` columns; a name keeps at least half of little room.
fn list_line(call: &CallViewState, member: &MemberView, width: usize) -> Line<'static> {
    let width = width.saturating_sub(1);
    let name = (width / 2).max(width.saturating_sub(22));
    let voice_width = width.saturating_sub(name + BARS + 2);
    let (bars, _) = words::network(member.network);
    let bars = if member.state == MemberState::Connected { bars } else { "" };
    let mut line =
        Line::from(vec![Span::styled(text::pad(&label(member), name), NAME), Span::raw(" ")]);
    let voice = voice(call, member, voice_width);
    let used = voice.width();
    line.extend(voice);
    line.push_span(" ".repeat((voice_width + 1).saturating_sub(used)));
    line.push_span(Span::styled(bars, network_style(member.network)));
    line
}

/// How loud a member is, or why they are not heard.
fn voice(call: &CallViewState, member: &MemberView, width: usize) -> Line<'static> {
    let state = words::member(member.state);
    if !state.is_empty() {
        return Line::styled(text::fit(state, width), DIM);
    }
    if is_mute(call, member) {
        return Line::styled(text::fit("mute", width), DIM);
    }
    let loud = usize::from(member.volume.percent());
    // Any sound shows.
    let filled = (loud * width).div_ceil(100).min(width);
    let style = if loud > 90 { WARN } else { GOOD };
    Line::from(vec![
        Span::styled("█".repeat(filled), style),
        Span::styled("░".repeat(width - filled), DIM),
    ])
}

fn network(member: &MemberView) -> Line<'static> {
    if member.state != MemberState::Connected {
        return Line::default();
    }
    let (bars, word) = words::network(member.network);
    Line::styled(format!("{bars} {word}"), network_style(member.network))
}

fn is_mute(call: &CallViewState, member: &MemberView) -> bool {
    if member.is_self { call.muted } else { !member.audio_available }
}

fn label(member: &MemberView) -> String {
    let name = words::name(member);
    if member.is_self { format!("{name} (you)") } else { name }
}

pub(super) const fn network_style(quality: NetworkQuality) -> Style {
    match quality {
        NetworkQuality::Unknown => DIM,
        NetworkQuality::Excellent | NetworkQuality::Good => GOOD,
        NetworkQuality::Poor => WARN,
        NetworkQuality::Bad | NetworkQuality::VeryBad | NetworkQuality::Down => BAD,
    }
}
