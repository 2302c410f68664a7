//! One call from invite to record, with both phones in our hands.

use std::time::{Duration, Instant};

use calling::{CallStats, ListenerEvent, TimedEvent};
use calling_model::{CallId, MediaType, UserId, Volume};
use calling_signaling::call::Outcome;

use super::world::World;
use crate::exit::Failure;

/// How long the callee lets it ring; people take longer.
const RING: Duration = Duration::from_millis(700);
/// Beyond which a step of the script is taken to have failed.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long the message that records the call may follow its end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What to do in the call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    /// How long they talk.
    pub(crate) talk: Duration,
    /// How long it rings on top of the usual, for slow networks.
    pub(crate) extra_ring: Duration,
    /// When the network gets well again, counted from the accept.
    pub(crate) heal_after: Option<Duration>,
}

/// What became of it.
pub(crate) struct Placed {
    pub(crate) call_id: CallId,
    pub(crate) began: Instant,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) duration_ms: u64,
    pub(crate) caller: Side,
    pub(crate) callee: Side,
}

/// One side's memory of the call.
#[derive(Default)]
pub(crate) struct Side {
    pub(crate) events: Vec<TimedEvent>,
    pub(crate) stats: CallStats,
    /// How loud this side was, as the server told.
    pub(crate) volume: Vec<Volume>,
}

/// Progress for whoever watches.
pub(crate) trait Watch {
    fn happened(&mut self, side: &str, event: &TimedEvent);
}

impl World {
    /// Places one call from caller to callee and sees it through.
    pub(crate) async fn place_call(
        &mut self,
        script: Script,
        watch: &mut dyn Watch,
    ) -> Result<Placed, Failure> {
        let began = Instant::now();
        let callee = self.callee.user.clone();
        let call_id = self
            .caller
            .phone
            .calling
            .call(callee, MediaType::Audio)
            .await
            .map_err(Failure::server)?;
        let mut placed = Placed {
            call_id,
            began,
            outcome: None,
            duration_ms: 0,
            caller: Side::default(),
            callee: Side::default(),
        };
        self.follow(&mut placed, script, watch).await?;
        placed.caller.stats =
            self.caller.phone.calling.engine().stats().await.map_err(Failure::internal)?;
        placed.callee.stats =
            self.callee.phone.calling.engine().stats().await.map_err(Failure::internal)?;
        placed.gather_volumes(self);
        Ok(placed)
    }

    /// Answers, talks, hangs up, each when it is due, until both sides are told of the end and have
    /// the message that records the call.
    async fn follow(
        &mut self,
        placed: &mut Placed,
        script: Script,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let mut agenda = Agenda::new(script);
        while !placed.is_settled() {
            if placed.has_ended() {
                agenda.ended(Instant::now());
            }
            tokio::select! {
                event = self.caller.phone.events.next() => {
                    let event = event.ok_or_else(signed_out)?;
                    watch.happened("caller", &event);
                    agenda.caller_heard(&event);
                    placed.note_end(&event);
                    placed.caller.events.push(event);
                }
                event = self.callee.phone.events.next() => {
                    let event = event.ok_or_else(signed_out)?;
                    watch.happened("callee", &event);
                    agenda.callee_heard(&event);
                    placed.callee.events.push(event);
                }
                step = agenda.next_step() => {
                    if step == Step::Close {
                        return Ok(());
                    }
                    self.take(step).await?;
                }
            }
        }
        Ok(())
    }

    async fn take(&mut self, step: Step) -> Result<(), Failure> {
        match step {
            Step::Answer => {
                self.callee.phone.calling.engine().accept().await.map_err(Failure::server)
            }
            Step::Heal => {
                self.heal();
                Ok(())
            }
            Step::HangUp => {
                self.caller.phone.calling.engine().hangup().await.map_err(Failure::server)
            }
            Step::Close => Ok(()),
            Step::GiveUp => Err(Failure::internal("the call did not go on within 40 s")),
        }
    }
}

fn signed_out() -> Failure {
    Failure::server("a phone was signed out during the call")
}

impl Placed {
    fn has_ended(&self) -> bool {
        self.caller.has_ended() && self.callee.has_ended()
    }

    fn is_settled(&self) -> bool {
        let settled = |side: &Side| side.has_ended() && side.has_message(&self.call_id);
        settled(&self.caller) && settled(&self.callee)
    }

    fn note_end(&mut self, event: &TimedEvent) {
        if let ListenerEvent::CallEnd { outcome, duration_ms, .. } = &event.event {
            self.outcome = Some(*outcome);
            self.duration_ms = *duration_ms;
        }
    }

    /// Each side's loudness stands in the other's events.
    fn gather_volumes(&mut self, world: &World) {
        let volumes = |events: &[TimedEvent], user: &UserId| -> Vec<Volume> {
            let told = events.iter().filter_map(|timed| {
                let ListenerEvent::UserVoiceVolume { volumes, .. } = &timed.event else {
                    return None;
                };
                Some(volumes)
            });
            told.map(|volumes| {
                let entry = volumes.iter().find(|entry| entry.user == *user);
                entry.map_or(Volume::SILENT, |entry| entry.volume)
            })
            .collect()
        };
        self.caller.volume = volumes(&self.callee.events, &world.caller.user);
        self.callee.volume = volumes(&self.caller.events, &world.callee.user);
    }
}

impl Side {
    fn has_message(&self, call_id: &CallId) -> bool {
        self.events.iter().any(|timed| {
            let ListenerEvent::Message(message) = &timed.event else { return false };
            message.call_id.as_ref() == Some(call_id)
        })
    }

    fn has_ended(&self) -> bool {
        self.events.iter().any(|timed| {
            matches!(
                timed.event,
                ListenerEvent::CallEnd { .. }
                    | ListenerEvent::CallingCancel { .. }
                    | ListenerEvent::CallingTimeout { .. }
            )
        })
    }
}

/// What is due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Answer,
    Heal,
    HangUp,
    /// The message that records the call did not come.
    Close,
    GiveUp,
}

/// When it is due.
struct Agenda {
    script: Script,
    answer: Option<Instant>,
    heal: Option<Instant>,
    hang_up: Option<Instant>,
    close: Option<Instant>,
    give_up: Instant,
}

impl Agenda {
    fn new(script: Script) -> Self {
        Self {
            script,
            answer: None,
            heal: None,
            hang_up: None,
            close: None,
            give_up: Instant::now() + PATIENCE + script.talk,
        }
    }

    fn callee_heard(&mut self, event: &TimedEvent) {
        if let ListenerEvent::Invited { .. } = event.event {
            self.answer = Some(event.at + RING + self.script.extra_ring);
        }
    }

    fn caller_heard(&mut self, event: &TimedEvent) {
        if let ListenerEvent::CallBegin { .. } = event.event {
            self.hang_up = Some(event.at + self.script.talk);
            self.heal = self.script.heal_after.map(|after| event.at + after);
        }
    }

    /// Both sides were told of the end; the first time counts.
    fn ended(&mut self, now: Instant) {
        self.hang_up = None;
        self.close.get_or_insert(now + LAST_WORDS);
    }

    /// Waits for the next step and takes it off the agenda. Cancel-safe.
    async fn next_step(&mut self) -> Step {
        let due = [
            (self.answer, Step::Answer),
            (self.heal, Step::Heal),
            (self.hang_up, Step::HangUp),
            (self.close, Step::Close),
            (Some(self.give_up), Step::GiveUp),
        ];
        let next = due.into_iter().filter_map(|(at, step)| Some((at?, step)));
        let (at, step) = next.min_by_key(|(at, _)| *at).unwrap_or((self.give_up, Step::GiveUp));
        tokio::time::sleep_until(at.into()).await;
        match step {
            Step::Answer => self.answer = None,
            Step::Heal => self.heal = None,
            Step::HangUp => self.hang_up = None,
            Step::Close => self.close = None,
            Step::GiveUp => {}
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: Script = Script {
        talk: Duration::from_secs(5),
        extra_ring: Duration::from_millis(300),
        heal_after: Some(Duration::from_secs(2)),
    };

    fn at(at: Instant, event: ListenerEvent) -> TimedEvent {
        TimedEvent { at, event }
    }

    fn invited() -> ListenerEvent {
        ListenerEvent::Invited {
            call_id: CallId::new("c1").unwrap(),
            sponsor: UserId::new("alice").unwrap(),
            user_ids: Vec::new(),
            is_from_group: false,
            group_id: None,
            call_type: MediaType::Audio,
            user_data: String::new(),
            remaining_ms: 30_000,
            in_call: Vec::new(),
        }
    }

    fn begun() -> ListenerEvent {
        ListenerEvent::CallBegin {
            call_id: CallId::new("c1").unwrap(),
            room_id: calling_model::RoomId::new(1).unwrap(),
            media_type: MediaType::Audio,
            role: calling::Role::Caller,
        }
    }

    #[test]
    fn steps_are_due_after_what_they_follow() {
        let start = Instant::now();
        let mut agenda = Agenda::new(SCRIPT);
        agenda.caller_heard(&at(start, invited()));
        agenda.callee_heard(&at(start, begun()));
        assert_eq!((agenda.answer, agenda.heal, agenda.hang_up), (None, None, None));

        agenda.callee_heard(&at(start, invited()));
        assert_eq!(agenda.answer, Some(start + Duration::from_secs(1)));
        agenda.caller_heard(&at(start, begun()));
        assert_eq!(agenda.heal, Some(start + Duration::from_secs(2)));
        assert_eq!(agenda.hang_up, Some(start + Duration::from_secs(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn steps_come_once_and_in_the_order_of_their_times() {
        let start = Instant::now();
        let mut agenda = Agenda::new(SCRIPT);
        agenda.callee_heard(&at(start, invited()));
        agenda.caller_heard(&at(start, begun()));
        let mut steps = Vec::new();
        for _ in 0..3 {
            steps.push(agenda.next_step().await);
        }
        assert_eq!(steps, [Step::Answer, Step::Heal, Step::HangUp]);
        assert_eq!(agenda.next_step().await, Step::GiveUp);
        assert_eq!(agenda.next_step().await, Step::GiveUp, "it stays given up");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_hangs_up_a_call_that_has_ended_and_its_message_is_not_waited_for_long() {
        let start = Instant::now();
        let mut agenda = Agenda::new(SCRIPT);
        agenda.caller_heard(&at(start, begun()));
        assert_eq!(agenda.next_step().await, Step::Heal);
        agenda.ended(start);
        agenda.ended(start + Duration::from_secs(9));
        assert_eq!(agenda.close, Some(start + LAST_WORDS));
        assert_eq!(agenda.next_step().await, Step::Close);
    }
}
