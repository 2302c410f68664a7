use std::sync::atomic::{AtomicU32, Ordering};

use calling_signaling::call::Outcome;
use stateright::Property;

use crate::Model;
use crate::ledger::{End, Ledger};
use crate::state::State;

/// What must hold in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Media passes only by an accept of a device that rang, and stops before the record.
    NoMediaBeforeAccept,
    /// A call is won by one device of an account at most.
    OneWinner,
    /// An account is in, or rung by, one call at most.
    OneCallEach,
    /// Every call that started ends in exactly one record.
    OneRecord,
    /// The record says the truth about whether somebody answered.
    TrueRecord,
    /// Whatever the clients do, waiting ends every call.
    NobodyForEver,
    /// Each request is answered once, and who asked is.
    OneReply,
    /// Nobody hears of a call who has no part in it.
    OnlyTheConcerned,
    /// A deadline that was handled is over.
    TimeMovesOn,
    /// The check itself is right about which steps write.
    SoundCheck,
}

impl Rule {
    /// As the report says it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoMediaBeforeAccept => "no media before accept, none after the end",
            Self::OneWinner => "at most one winning device",
            Self::OneCallEach => "an account is in one call at most",
            Self::OneRecord => "every call ends in exactly one record",
            Self::TrueRecord => "the record says whether somebody answered",
            Self::NobodyForEver => "nobody stays in a call for ever",
            Self::OneReply => "each request gets exactly one reply",
            Self::OnlyTheConcerned => "nobody hears of a call who has no part in it",
            Self::TimeMovesOn => "a deadline that was handled is over",
            Self::SoundCheck => "only the steps that may write do",
        }
    }
}

macro_rules! holds {
    ($($rule:ident),* $(,)?) => {
        vec![$(Property::always(Rule::$rule.text(), |_: &Model, state: &State| {
            state.ledger.broken() != Some(Rule::$rule)
        })),*]
    };
}

/// Something that must happen somewhere, lest the space be empty of meaning.
type Occurrence = (&'static str, fn(&Ledger) -> bool);

macro_rules! ends {
    ($outcome:ident) => {
        |ledger| ledger.ended(End::Said(Outcome::$outcome))
    };
}

/// What must happen somewhere.
pub(crate) const OCCURRENCES: [Occurrence; 9] = [
    ("two talk", Ledger::someone_talks),
    ("a call is completed", ends!(Completed)),
    ("a call is rejected", ends!(Rejected)),
    ("a call is not answered", ends!(NoAnswer)),
    ("nobody is there to ring", ends!(Offline)),
    ("a line is busy", ends!(Busy)),
    ("a call is withdrawn", ends!(Cancelled)),
    ("a side is lost", ends!(PeerLost)),
    ("a call reaches its longest length", ends!(Interrupted)),
];

/// Which of [`OCCURRENCES`] were seen. How a call ended is no part of what tells states apart, so
/// that this is noted on the way to each state rather than asked of those that are kept.
#[derive(Debug, Default)]
pub(crate) struct Sightings(AtomicU32);

impl Sightings {
    pub(crate) fn note(&self, ledger: &Ledger) {
        let known = self.0.load(Ordering::Relaxed);
        let unseen = (0_u32..).zip(OCCURRENCES).filter(|(bit, _)| known & (1 << bit) == 0);
        let new = unseen.filter(|(_, (_, holds))| holds(ledger));
        let new = new.fold(0, |all, (bit, _)| all | 1 << bit);
        if new != 0 {
            self.0.fetch_or(new, Ordering::Relaxed);
        }
    }

    /// Each of [`OCCURRENCES`], and whether it was seen.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let known = self.0.load(Ordering::Relaxed);
        (0_u32..).zip(OCCURRENCES).map(move |(bit, (name, _))| (name, known & (1 << bit) != 0))
    }
}

/// What must hold always.
pub(crate) fn properties() -> Vec<Property<Model>> {
    let mut all = holds![
        NoMediaBeforeAccept,
        OneWinner,
        OneCallEach,
        OneRecord,
        TrueRecord,
        OneReply,
        OnlyTheConcerned,
        TimeMovesOn,
        SoundCheck,
    ];
    all.push(Property::always(Rule::NobodyForEver.text(), |model: &Model, state: &State| {
        state.ledger.broken().is_some() || model.runs_out(state)
    }));
    all
}
