//! The window while it rings: who calls, whom else, and what to press.

use calling::Role;
use calling::view::CallPhase;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::{BAD, DIM, GOOD, NAME, Scene, TITLE, header, members, text, words};

/// The list of those called is no wider.
const LIST_WIDTH: u16 = 44;

/// A line, and how soon it goes when there is no room: the highest first.
type Ranked = (u8, Line<'static>);

/// Draws it; how many pages of members there are, at least 1. Without a frame, the line above tells
/// the phase and the line below the keys.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, scene: Scene<'_>, framed: bool) -> usize {
    let mut lines = lines(scene, usize::from(area.width), framed);
    let height = usize::from(area.height);
    while lines.len() > height {
        let Some(worst) = lines.iter().map(|(rank, _)| *rank).max() else { break };
        let Some(last) = lines.iter().rposition(|(rank, _)| *rank == worst) else { break };
        lines.remove(last);
    }
    // Fewer lines than rows, so fewer than 65,536.
    let used = u16::try_from(lines.len()).unwrap_or(area.height);
    // A call to several shows what becomes of each.
    let several = scene.call.role == Role::Caller && scene.call.others().nth(1).is_some();
    let wanted = u16::try_from(scene.call.members.len()).unwrap_or(u16::MAX);
    let room = area.height.saturating_sub(used + 1);
    let list = if several { wanted.min(room) } else { 0 };
    let gap = u16::from(list > 0);
    let top = Rect { y: area.y + (area.height - used - gap - list) / 2, height: used, ..area };
    for ((_, line), row) in lines.into_iter().zip(top.rows()) {
        line.centered().render(row, buffer);
    }
    let width = area.width.min(LIST_WIDTH);
    let x = area.x + (area.width - width) / 2;
    let below = Rect { x, y: top.bottom() + gap, width, height: list };
    members::draw(buffer, below, scene)
}

fn lines(scene: Scene<'_>, width: usize, framed: bool) -> Vec<Ranked> {
    let call = scene.call;
    let phase = Line::styled(words::phase(call), header::style(&call.phase));
    let mut lines = Vec::new();
    if framed {
        lines.extend([(3, phase), (6, Line::default())]);
    }
    lines.push((0, who(scene, width)));
    lines.extend(account(scene).map(|line| (5, line)));
    lines.extend(company(scene, width).map(|line| (4, line)));
    if framed && call.phase == CallPhase::Incoming {
        lines.extend([(6, Line::default()), (2, answers())]);
    }
    lines
}

fn who(scene: Scene<'_>, width: usize) -> Line<'static> {
    let call = scene.call;
    let names = match call.role {
        Role::Callee => call.caller().map_or_else(|| words::names(call.others()), words::name),
        Role::Caller => words::names(call.others()),
    };
    Line::styled(text::fit(&names, width), NAME)
}

/// The account of who calls, when it is not what they are called: names are easily borrowed.
fn account(scene: Scene<'_>) -> Option<Line<'static>> {
    let mut others = scene.call.others();
    let member = match scene.call.role {
        Role::Callee => scene.call.caller()?,
        Role::Caller => others.next().filter(|_| others.next().is_none())?,
    };
    let differs = words::name(member) != member.user.as_str();
    differs.then(|| Line::styled(format!("({})", member.user.as_str()), DIM))
}

/// Who else is called, and in which group.
fn company(scene: Scene<'_>, width: usize) -> Option<Line<'static>> {
    let call = scene.call;
    let caller = call.caller().map(|caller| &caller.user);
    let others = call.others().filter(|member| Some(&member.user) != caller);
    let with = (call.role == Role::Callee && others.clone().next().is_some())
        .then(|| format!("with {}", words::names(others)));
    let group = call.group_id.as_ref().map(|group| format!("group {}", group.as_str()));
    let parts: Vec<_> = with.into_iter().chain(group).collect();
    (!parts.is_empty()).then(|| Line::styled(text::fit(&parts.join(" · "), width), DIM))
}

fn answers() -> Line<'static> {
    Line::from(vec![
        Span::styled("[a] accept", GOOD.patch(TITLE)),
        Span::raw("   "),
        Span::styled("[r] reject", BAD.patch(TITLE)),
        Span::raw("   "),
        Span::styled("[i] busy", TITLE),
    ])
}
