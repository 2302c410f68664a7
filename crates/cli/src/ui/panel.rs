//! What the window is, besides the call: open help, page, a note; and what keys do.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use calling::MediaType;
use calling::view::{CallPhase, CallViewState};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// How long a note stays.
const NOTE_FOR: Duration = Duration::from_secs(5);

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Accept,
    Reject,
    /// Decline as busy.
    Ignore,
    HangUp,
    Mute(bool),
    /// The camera on or off.
    Camera(bool),
    /// Hang up and end the command, as a signal does.
    Stop,
    /// Away with the window of a call that is over.
    Dismiss,
}

/// The state of the window.
#[derive(Clone, Debug, Default)]
pub(super) struct Panel {
    pub(super) help: bool,
    /// The page of members asked for; what is shown is never beyond the last.
    pub(super) page: usize,
    /// How many pages there were when it was drawn last.
    pub(super) pages: usize,
    pub(super) note: Option<(Instant, String)>,
    /// What was asked of the call and is not done yet.
    pub(super) under_way: BTreeSet<Action>,
}

impl Panel {
    /// What to do for a key. An action that is under way is not asked for again.
    pub(super) fn key(&mut self, key: KeyEvent, call: &CallViewState) -> Option<Action> {
        if key.kind != KeyEventKind::Press {
            return None;
        }
        let action = self.wish(key, call)?;
        let instant = matches!(action, Action::Stop | Action::Dismiss);
        (instant || self.under_way.insert(action)).then_some(action)
    }

    /// `action` is done; `refused` says why not.
    pub(super) fn done(&mut self, action: Action, refused: Option<String>, now: Instant) {
        self.under_way.remove(&action);
        if let Some(why) = refused {
            self.note = Some((now, why));
        }
    }

    /// What to tell the user now: what a key led to, or else what the call says.
    pub(super) fn note<'a>(&'a self, call: &'a CallViewState, now: Instant) -> Option<&'a str> {
        let fresh = |at: Instant| now.saturating_duration_since(at) < NOTE_FOR;
        let own = self.note.as_ref().filter(|(at, _)| fresh(*at)).map(|(_, text)| &**text);
        own.or_else(|| {
            let told = call.notice.as_ref().filter(|notice| fresh(notice.at));
            told.map(|notice| &*notice.message)
        })
    }

    fn wish(&mut self, key: KeyEvent, call: &CallViewState) -> Option<Action> {
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Some(Action::Stop);
        }
        if call.is_over() {
            return Some(Action::Dismiss);
        }
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            return None;
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "the keys of a keyboard are not ours")]
        match key.code {
            KeyCode::Char(letter) => self.letter(letter.to_ascii_lowercase(), call),
            KeyCode::Right | KeyCode::PageDown => self.turn(true),
            KeyCode::Left | KeyCode::PageUp => self.turn(false),
            KeyCode::Esc => {
                self.help = false;
                None
            }
            _ => None,
        }
    }

    fn letter(&mut self, letter: char, call: &CallViewState) -> Option<Action> {
        let incoming = call.phase == CallPhase::Incoming;
        match letter {
            'a' if incoming => Some(Action::Accept),
            'r' if incoming => Some(Action::Reject),
            'i' if incoming => Some(Action::Ignore),
            'h' | 'q' => Some(Action::HangUp),
            'm' => Some(Action::Mute(!call.muted)),
            'c' if call.media_type == MediaType::Video && call.phase == CallPhase::Connected => {
                Some(Action::Camera(!call.camera_on))
            }
            'n' => self.turn(true),
            'p' => self.turn(false),
            '?' => {
                self.help = !self.help;
                None
            }
            _ => None,
        }
    }

    fn turn(&mut self, forward: bool) -> Option<Action> {
        let last = self.pages.saturating_sub(1);
        let page = self.page.min(last);
        self.page = if forward { (page + 1).min(last) } else { page.saturating_sub(1) };
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenes;
    use super::*;

    fn press(letter: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)
    }

    fn action(call: &CallViewState, letter: char) -> Option<Action> {
        Panel::default().key(press(letter), call)
    }

    #[test]
    fn only_what_rings_here_can_be_answered() {
        let (incoming, talking) = (scenes::incoming(), scenes::connected());
        for (letter, answer) in
            [('a', Action::Accept), ('r', Action::Reject), ('i', Action::Ignore)]
        {
            assert_eq!(action(&incoming, letter), Some(answer));
            assert_eq!(action(&incoming, letter.to_ascii_uppercase()), Some(answer));
            assert_eq!(action(&talking, letter), None);
        }
        for call in [&incoming, &talking, &scenes::outgoing()] {
            assert_eq!(action(call, 'h'), Some(Action::HangUp));
            assert_eq!(action(call, 'q'), Some(Action::HangUp));
            assert_eq!(action(call, 'x'), None);
        }
    }

    #[test]
    fn ctrl_c_stops_and_other_chords_do_nothing() {
        let call = scenes::incoming();
        let mut panel = Panel::default();
        let chord = |letter, with| KeyEvent::new(KeyCode::Char(letter), with);
        let mut press = |key| panel.key(key, &call);
        assert_eq!(press(chord('c', KeyModifiers::CONTROL)), Some(Action::Stop));
        assert_eq!(press(chord('a', KeyModifiers::CONTROL)), None);
        assert_eq!(press(chord('a', KeyModifiers::ALT)), None);
        let released = KeyEvent { kind: KeyEventKind::Release, ..chord('a', KeyModifiers::NONE) };
        assert_eq!(press(released), None);
    }

    #[test]
    fn a_key_held_down_asks_once_until_it_is_done() {
        let call = scenes::incoming();
        let (mut panel, now) = (Panel::default(), scenes::now());
        assert_eq!(panel.key(press('a'), &call), Some(Action::Accept));
        assert_eq!(panel.key(press('a'), &call), None);
        assert_eq!(panel.key(press('h'), &call), Some(Action::HangUp), "a way out stays");
        panel.done(Action::Accept, Some("no".to_owned()), now);
        assert_eq!(panel.note(&call, now), Some("no"));
        assert_eq!(panel.key(press('a'), &call), Some(Action::Accept));
        assert_eq!(panel.note(&call, now + NOTE_FOR), None);
    }

    #[test]
    fn muting_is_the_other_of_what_is() {
        let call = scenes::connected();
        assert_eq!(action(&call, 'm'), Some(Action::Mute(true)));
        assert_eq!(action(&CallViewState { muted: true, ..call }, 'm'), Some(Action::Mute(false)));
    }

    #[test]
    fn the_camera_key_belongs_to_video_calls() {
        let voice = scenes::connected();
        assert_eq!(action(&voice, 'c'), None);
        let video = CallViewState { media_type: MediaType::Video, ..voice };
        assert_eq!(action(&video, 'c'), Some(Action::Camera(true)));
        let on = CallViewState { camera_on: true, ..video };
        assert_eq!(action(&on, 'c'), Some(Action::Camera(false)));
    }

    #[test]
    fn pages_turn_within_what_there_is() {
        let call = scenes::connected();
        let mut panel = Panel { pages: 3, ..Panel::default() };
        let mut pages = Vec::new();
        for code in
            [KeyCode::Left, KeyCode::Right, KeyCode::PageDown, KeyCode::Right, KeyCode::PageUp]
        {
            panel.key(KeyEvent::new(code, KeyModifiers::NONE), &call);
            pages.push(panel.page);
        }
        assert_eq!(pages, [0, 1, 2, 2, 1]);
        panel.pages = 1;
        panel.key(press('p'), &call);
        assert_eq!(panel.page, 0, "of fewer pages the last");
    }

    #[test]
    fn any_key_dismisses_what_is_over() {
        assert_eq!(action(&scenes::ended(), 'x'), Some(Action::Dismiss));
    }
}
