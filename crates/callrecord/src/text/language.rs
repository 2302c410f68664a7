/// A language whose texts are built in. Others are added with
/// [`Texts::with_language`](super::Texts::with_language).
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
    /// Every one.
    pub const ALL: [Self; 3] = [Self::ZhHans, Self::ZhHant, Self::En];

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

    /// Its BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhHans => "zh-Hans",
            Self::ZhHant => "zh-Hant",
            Self::En => "en",
        }
    }

    /// Its texts, in the syntax of Fluent: what a translator starts from.
    pub const fn source(self) -> &'static str {
        match self {
            Self::ZhHans => include_str!("../../locales/zh-Hans.ftl"),
            Self::ZhHant => include_str!("../../locales/zh-Hant.ftl"),
            Self::En => include_str!("../../locales/en.ftl"),
        }
    }
}
