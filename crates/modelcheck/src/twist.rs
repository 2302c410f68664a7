use calling_model::UnixMillis;
use calling_signaling::calls::CallsOutput;
use calling_signaling::protocol::Event;

use crate::ledger::Ledger;

/// A deliberate fault between the machine and the check, to show that the check finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// None: the machine as it is.
    None,
    /// Media may pass as soon as a device rings.
    OpensAtRinging,
    /// Every device that rang is let in by the first accept.
    LetsAllIn,
    /// A record is stored twice.
    RecordsTwice,
    /// No record is stored.
    RecordsNothing,
    /// After a restart calls that had ended get a second record.
    RecoversAll,
    /// No deadline is ever handled.
    NeverTimesOut,
    /// A request is answered twice.
    RepliesTwice,
    /// A request is not answered.
    RepliesNever,
    /// What the caller hears, a device hears that has nothing to do with the call.
    TellsOthers,
}

impl Twist {
    /// Bends what the machine says.
    pub(crate) fn bend(self, outputs: Vec<CallsOutput>, ledger: &Ledger) -> Vec<CallsOutput> {
        outputs.into_iter().flat_map(|output| self.bend_one(output, ledger)).collect()
    }

    fn bend_one(self, output: CallsOutput, ledger: &Ledger) -> Vec<CallsOutput> {
        let extra = match (self, &output) {
            (Self::RecordsNothing, CallsOutput::Ended { .. })
            | (Self::RepliesNever, CallsOutput::Reply { .. }) => return Vec::new(),
            (Self::RecordsTwice, CallsOutput::Ended { .. })
            | (Self::RepliesTwice, CallsOutput::Reply { .. }) => Some(output.clone()),
            (
                Self::OpensAtRinging,
                CallsOutput::Notify { to, event: Event::Invited { facts, .. } },
            ) => ledger.caller_of(&facts.call_id).map(|caller| CallsOutput::Connected {
                call_id: facts.call_id.clone(),
                room_id: facts.room_id,
                caller,
                callee: to.clone(),
                accepted_at: UnixMillis(0),
            }),
            (Self::LetsAllIn, CallsOutput::Connected { call_id, room_id, callee, .. }) => {
                ledger.another_that_rang(call_id, callee).map(|endpoint| CallsOutput::Joined {
                    call_id: call_id.clone(),
                    room_id: *room_id,
                    endpoint,
                    at: UnixMillis(0),
                    rung: true,
                })
            }
            (
                Self::TellsOthers,
                CallsOutput::Notify { to, event: event @ Event::Ringing { .. } },
            ) => {
                let mut to = to.clone();
                let other = if to.device.as_str() == "alice-1" { "alice-2" } else { "alice-1" };
                other.parse().ok().map(|device| {
                    to.device = device;
                    CallsOutput::Notify { to, event: event.clone() }
                })
            }
            (_, _) => None,
        };
        std::iter::once(output).chain(extra).collect()
    }
}
