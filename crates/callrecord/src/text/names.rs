use calling_model::UserId;
use fluent_bundle::FluentValue;

use super::Texts;

/// The names a reader may know somebody by; `""` where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// What the reader calls them, of friends.
    pub friend_remark: String,
    /// What they call themselves.
    pub nick_name: String,
    /// What they call themselves in this group.
    pub name_card: String,
}

/// Which name comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameOrder {
    /// Of the plugin's widgets: friend remark, nickname, name card, account.
    Widget,
    /// Of the chat programs: name card, friend remark, nickname, account.
    Chat,
}

impl Names {
    /// The name to show: the first in `order` that is not blank, else the account.
    ///
    /// Others chose these names, so line breaks and other control characters in them become spaces,
    /// and marks that turn the direction of the text around them are left out.
    pub fn shown(&self, user: &UserId, order: NameOrder) -> String {
        let Self { friend_remark, nick_name, name_card } = self;
        let names = match order {
            NameOrder::Widget => [friend_remark, nick_name, name_card],
            NameOrder::Chat => [name_card, friend_remark, nick_name],
        };
        let mut clean = names.into_iter().map(|name| on_one_line(name));
        clean.find(|name| !name.is_empty()).unwrap_or_else(|| user.as_str().to_owned())
    }
}

fn on_one_line(name: &str) -> String {
    let kept = name.chars().filter(|c| !turns_direction(*c));
    let line: String = kept.map(|c| if breaks_line(c) { ' ' } else { c }).collect();
    line.trim().to_owned()
}

/// Control characters, and the line and paragraph separators of Unicode.
fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The explicit directional formatting characters of Unicode Standard Annex 9, section 2.
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Texts {
    /// Names in a row, as the language joins them: `A、B`, `A, B and C`.
    pub fn list(&self, names: &[String]) -> String {
        let Some((last, first)) = names.split_last() else { return String::new() };
        if first.is_empty() {
            return last.clone();
        }
        let first = first.join(&self.plain("list-separator"));
        format!("{first}{}{last}", self.plain("list-last"))
    }

    /// The name of the one of whom the message speaks, for the argument `name`.
    pub(super) fn name_of(&self, user: Option<&UserId>, shown: impl Fn(&UserId) -> String) -> Name {
        Name("name", user.map_or_else(|| self.plain("somebody"), shown))
    }

    /// The names of those of whom the message speaks, for the argument `names`.
    pub(super) fn names_of(&self, users: &[UserId], shown: impl Fn(&UserId) -> String) -> Name {
        let names: Vec<String> = users.iter().map(shown).collect();
        let is_nobody = names.is_empty();
        Name("names", if is_nobody { self.plain("somebody") } else { self.list(&names) })
    }
}

/// An argument of a text.
pub(super) struct Name(&'static str, String);

impl Name {
    pub(super) fn argument(&self) -> (&'static str, FluentValue<'_>) {
        (self.0, FluentValue::from(self.1.as_str()))
    }
}
