//! What a conversation shows for call messages, in three languages.
//!
//! Two generations of texts: [`get_action_type`] and [`summary`] say what happened to the invite;
//! [`role_text`] says what it means to the one who reads it; [`group_text`] says it in a group.

mod action;
mod group;
mod role;

pub use action::{get_action_type, get_show_time, summary};
pub use group::group_text;
pub use role::role_text;

/// A language of the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Chinese in simplified script, `zh-Hans`.
    #[default]
    ZhHans,
    /// Chinese in traditional script, `zh-Hant`.
    ZhHant,
    /// English, `en`.
    En,
}

impl Language {
    /// The language for a BCP 47 tag: Chinese by script or region, English for everything else.
    pub fn from_tag(tag: &str) -> Self {
        let tag = tag.to_ascii_lowercase().replace('_', "-");
        let mut parts = tag.split('-');
        if parts.next() != Some("zh") {
            return Self::En;
        }
        let traditional = parts.any(|part| matches!(part, "hant" | "tw" | "hk" | "mo"));
        if traditional && !tag.contains("hans") { Self::ZhHant } else { Self::ZhHans }
    }

    /// One of three texts.
    const fn pick(self, texts: [&'static str; 3]) -> &'static str {
        let [hans, hant, en] = texts;
        match self {
            Self::ZhHans => hans,
            Self::ZhHant => hant,
            Self::En => en,
        }
    }
}
