use stateright::Property;

use calling_signaling::call::Outcome;

use crate::Model;
use crate::ledger::End;
use crate::state::State;

/// What must hold in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// The check itself can tell the states apart.
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
            Self::SoundCheck => "the check tells all states apart",
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

macro_rules! occurs {
    ($($outcome:ident => $text:literal),* $(,)?) => {
        vec![$(Property::sometimes($text, |_: &Model, state: &State| {
            state.ledger.ended(End::Said(Outcome::$outcome))
        })),*]
    };
}

/// What must hold always, and what must happen somewhere lest the space be empty of meaning.
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
    all.push(Property::sometimes("two talk", |_: &Model, state: &State| {
        state.ledger.someone_talks()
    }));
    all.extend(occurs![
        Completed => "a call is completed",
        Rejected => "a call is rejected",
        NoAnswer => "a call is not answered",
        Offline => "nobody is there to ring",
        Busy => "a line is busy",
        Cancelled => "a call is withdrawn",
        PeerLost => "a side is lost",
        Interrupted => "a call reaches its longest length",
    ]);
    all
}
