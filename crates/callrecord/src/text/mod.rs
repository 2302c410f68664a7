//! What a conversation shows for call messages, in three languages and any an application adds.
//!
//! Two generations of texts, both of the component this project matches: its widgets say what
//! happened to the invite ([`Texts::item`], [`Texts::group_item`], [`Texts::summary`]); the later
//! chat programs say what it means to the one who reads it ([`Texts::direct`], [`Texts::group`]).
//!
//! The texts are [Fluent](https://projectfluent.org), in `locales/`.

mod direct;
mod duration;
mod group;
mod guard;
mod language;
mod layer;
mod names;
mod phrase;
mod widget;

use std::fmt;
use std::sync::Arc;

use fluent_bundle::{FluentArgs, FluentValue};

pub use duration::{DurationStyle, get_show_time, show_time};
pub use language::Language;
pub use layer::{LanguageError, MAX_LANGUAGE_BYTES};
pub use names::{NameOrder, Names};
pub use phrase::Phrase;
pub use widget::get_action_type;

use layer::Layer;

/// Whose words are used where the chat programs differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wording {
    /// The chat programs for phones.
    #[default]
    Native,
    /// The Flutter one.
    Flutter,
    /// The one for browsers.
    Web,
}

impl Wording {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Native, Self::Flutter, Self::Web];

    /// The attribute in the texts.
    const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Native => None,
            Self::Flutter => Some("flutter"),
            Self::Web => Some("web"),
        }
    }
}

/// The texts of one language. Making it parses them, so keep it; to clone it costs little, and it
/// may be used from several threads at once.
///
/// ```
/// use calling_callrecord::text::{Language, Texts};
///
/// let english = Texts::new(Language::En);
/// assert_eq!(english.missed_calls(1), "1 missed call");
/// assert_eq!(english.missed_calls(3), "3 missed calls");
/// ```
#[derive(Clone)]
pub struct Texts {
    /// Asked from the last to the first; the first has every text.
    layers: Vec<Arc<Layer>>,
    durations: DurationStyle,
    wording: Wording,
}

impl Texts {
    /// The texts of a built-in language.
    pub fn new(language: Language) -> Self {
        Self {
            layers: vec![Arc::new(Layer::built_in(language))],
            durations: DurationStyle::default(),
            wording: Wording::default(),
        }
    }

    /// The built-in texts for a BCP 47 tag: Chinese by script or region, English for every other.
    pub fn for_tag(tag: &str) -> Self {
        Self::new(Language::from_tag(tag))
    }

    /// Puts an application's own texts before those there are, for a language that is not built
    /// in or to word some differently. `tag` is the BCP 47 tag by whose rules numbers take their
    /// plurals; `source` is Fluent, with any of the texts and arguments of [`Language::source`].
    /// What it leaves out or cannot fill in is taken from the texts there are.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    ///
    /// ```
    /// use calling_callrecord::text::{Language, Texts};
    ///
    /// let german = "direct-reject-callee = Abgelehnt";
    /// let texts = Texts::new(Language::En).with_language("de", german)?;
    /// # Ok::<(), calling_callrecord::text::LanguageError>(())
    /// ```
    pub fn with_language(mut self, tag: &str, source: &str) -> Result<Self, LanguageError> {
        self.layers.push(Arc::new(Layer::custom(tag, source)?));
        Ok(self)
    }

    /// How durations past an hour are written.
    #[must_use]
    pub const fn with_durations(mut self, durations: DurationStyle) -> Self {
        self.durations = durations;
        self
    }

    /// Whose words are used where the chat programs differ.
    #[must_use]
    pub const fn with_wording(mut self, wording: Wording) -> Self {
        self.wording = wording;
        self
    }

    /// The BCP 47 tag of the language.
    pub fn tag(&self) -> String {
        self.layers.last().map(|layer| layer.tag()).unwrap_or_default()
    }

    /// A text without arguments.
    fn plain(&self, id: &str) -> String {
        self.get(id, &[])
    }

    /// A text with its arguments. Texts of an application come first; what they lack, the built-in
    /// ones have.
    fn get(&self, id: &str, args: &[(&'static str, FluentValue<'_>)]) -> String {
        let args: FluentArgs<'_> = args.iter().map(|(key, value)| (*key, value.clone())).collect();
        let attribute = self.wording.attribute();
        let layers = self.layers.iter().rev();
        layers.filter_map(|layer| layer.format(id, attribute, &args)).next().unwrap_or_default()
    }

    /// A duration as a clock shows it.
    fn time(&self, seconds: u64) -> String {
        show_time(seconds, self.durations)
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags: Vec<_> = self.layers.iter().map(|layer| layer.tag()).collect();
        f.debug_struct("Texts")
            .field("languages", &tags)
            .field("durations", &self.durations)
            .field("wording", &self.wording)
            .finish()
    }
}
