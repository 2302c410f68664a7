use std::time::{Duration, Instant};

use calling::{CommandError, ListenerEvent, Outcome, TimedEvent};
use calling_model::{CallId, MediaType, UserId};
use calling_signaling::protocol::CallParams;
use serde::Serialize;
use serde_json::json;

use crate::args::CallArgs;
use crate::demo::figures::Figures;
use crate::exit::{Failure, Kind};
use crate::keys::user_id;
use crate::output;
use crate::phone::Phone;
use crate::stop::Stop;
use crate::timeline;
use crate::ui::{self, Window};
use crate::wait::until;

/// How long a call may take to end after it was hung up.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Rings somebody and talks.
pub(crate) async fn run(args: &CallArgs) -> Result<(), Failure> {
    let callee = user_id(&args.callee)?;
    let in_window = ui::wanted(&args.phone);
    let mut stop = Stop::listen()?;
    if in_window {
        stop = stop.and_hangup()?;
    }
    let mut phone = tokio::select! {
        phone = Phone::sign_in(&args.phone, "alice") => phone?,
        () = stop.asked() => return Err(not_completed(Outcome::Cancelled)),
    };
    let mut window = if in_window { Some(Window::open(&phone.calling, &stop)?) } else { None };
    let placed = place(args, callee, &mut phone, &mut stop, &mut window).await;
    drop(window);
    phone.calling.destroy().await;
    let outcome = placed?;
    if outcome == Outcome::Completed { Ok(()) } else { Err(not_completed(outcome)) }
}

async fn place(
    args: &CallArgs,
    callee: UserId,
    phone: &mut Phone,
    stop: &mut Stop,
    window: &mut Option<Window>,
) -> Result<Outcome, Failure> {
    let media_type = if args.video { MediaType::Video } else { MediaType::Audio };
    let began = Instant::now();
    let params = CallParams {
        callees: vec![callee.clone()],
        media_type,
        group_id: None,
        timeout_s: args.timeout,
        user_data: String::new(),
        sent_at: None,
    };
    let call_id = phone.calling.engine().call_with(params).await.map_err(Failure::server)?;
    if !args.phone.json && window.is_none() {
        let text = format!("{} is being called; Ctrl-C hangs up", callee.as_str());
        output::line(timeline::row(began, Instant::now(), "invite", &text));
    }
    let talk = args.talk_s.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let mut conversation = Conversation::new(began, talk, args.phone.json)
        .of(call_id.clone())
        .in_window(window.is_some());
    let ended = conversation.see_through(phone, stop).await;
    Ok(conversation.report(&call_id, ended, phone, window).await?.outcome)
}

fn not_completed(outcome: Outcome) -> Failure {
    Failure::new(Kind::NotCompleted, sentence(outcome))
}

fn sentence(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "the call is over",
        Outcome::Rejected => "the call was declined",
        Outcome::NoAnswer => "nobody answered",
        Outcome::Offline => "the other side is not online",
        Outcome::Busy => "the line is busy",
        Outcome::Cancelled => "the call was cancelled",
        Outcome::PeerLost => "the other side was lost",
        Outcome::Interrupted => "the server interrupted the call",
    }
}

/// One call of a phone on the command line, from ringing to its end.
pub(crate) struct Conversation {
    /// Only ends of this call count; of any call if it is not known yet.
    call_id: Option<CallId>,
    began: Instant,
    talk: Option<Duration>,
    /// Tells nothing while it goes on.
    quiet: bool,
    /// The call window shows it; a line tells of its end.
    in_window: bool,
    last: Option<String>,
    hang_up: Option<Instant>,
    hung_up: bool,
    stopped: bool,
    events: Vec<Row>,
    duration_ms: u64,
}

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    /// Whether a signal asked this process to stop meanwhile.
    pub(crate) stopped: bool,
}

#[derive(Serialize)]
struct Row {
    ms: f64,
    #[serde(flatten)]
    event: ListenerEvent,
}

impl Conversation {
    pub(crate) fn new(began: Instant, talk: Option<Duration>, quiet: bool) -> Self {
        Self {
            call_id: None,
            began,
            talk,
            quiet,
            in_window: false,
            last: None,
            hang_up: None,
            hung_up: false,
            stopped: false,
            events: Vec::new(),
            duration_ms: 0,
        }
    }

    /// The conversation of this call, not of another one that this phone was in.
    #[must_use]
    pub(crate) fn of(mut self, call_id: CallId) -> Self {
        self.call_id = Some(call_id);
        self
    }

    /// Whether the call window shows it, so that no lines may.
    #[must_use]
    pub(crate) const fn in_window(mut self, in_window: bool) -> Self {
        self.in_window = in_window;
        self.quiet |= in_window;
        self
    }

    /// Follows the call to its end; a signal or the end of `--for` hangs up. Cancel-safe.
    pub(crate) async fn see_through(
        &mut self,
        phone: &mut Phone,
        stop: &mut Stop,
    ) -> Result<Ended, Failure> {
        loop {
            tokio::select! {
                event = phone.events.next() => {
                    let event = event.ok_or_else(Failure::signed_out)?;
                    phone.follow(&event.event);
                    if let Some(outcome) = self.take(event)? {
                        return Ok(Ended { outcome, stopped: self.stopped });
                    }
                }
                () = until(self.hang_up) => self.hang_up(phone).await?,
                () = stop.asked() => {
                    self.stopped = true;
                    self.hang_up(phone).await?;
                }
            }
        }
    }

    async fn hang_up(&mut self, phone: &Phone) -> Result<(), Failure> {
        if self.hung_up {
            return Err(Failure::server("the server did not confirm the end of the call"));
        }
        self.hung_up = true;
        self.hang_up = Some(Instant::now() + LAST_WORDS);
        match phone.calling.engine().hangup().await {
            // Refused: it ended in this moment, and an event tells how.
            Ok(()) | Err(CommandError::Refused(_)) => Ok(()),
            Err(
                error @ (CommandError::Disconnected
                | CommandError::TimedOut
                | CommandError::TooMany
                | CommandError::SignedOut),
            ) => Err(Failure::server(error)),
        }
    }

    /// Shows and keeps one event; the outcome if it is the last one.
    pub(crate) fn take(&mut self, timed: TimedEvent) -> Result<Option<Outcome>, Failure> {
        let told = timeline::describe(&timed.event)
            .map(|(name, text)| timeline::row(self.began, timed.at, name, &text));
        if let Some(told) = told.as_ref().filter(|_| !self.quiet) {
            output::line(told);
        }
        let ending = self.weigh(&timed);
        if matches!(ending, Ok(Some(_))) {
            self.last = told;
        }
        let ms = timed.at.saturating_duration_since(self.began).as_secs_f64() * 1_000.0;
        self.events.push(Row { ms, event: timed.event });
        ending
    }

    /// Whether an event tells of another call.
    fn is_elsewhere(&self, event: &ListenerEvent) -> bool {
        let (ListenerEvent::CallEnd { call_id, .. }
        | ListenerEvent::HandledElsewhere { call_id, .. }) = event
        else {
            return false;
        };
        self.call_id.as_ref().is_some_and(|own| own != call_id)
    }

    fn weigh(&mut self, timed: &TimedEvent) -> Result<Option<Outcome>, Failure> {
        if self.is_elsewhere(&timed.event) {
            return Ok(None);
        }
        match &timed.event {
            ListenerEvent::CallBegin { .. } => {
                self.hang_up = self.talk.map(|talk| timed.at + talk);
                Ok(None)
            }
            ListenerEvent::CallEnd { outcome, duration_ms, .. } => {
                self.duration_ms = *duration_ms;
                Ok(Some(*outcome))
            }
            ListenerEvent::CallingCancel { .. } => Ok(Some(Outcome::Cancelled)),
            ListenerEvent::CallingTimeout { .. } => Ok(Some(Outcome::NoAnswer)),
            ListenerEvent::HandledElsewhere { accepted: true, .. } => Ok(Some(Outcome::Completed)),
            ListenerEvent::HandledElsewhere { accepted: false, .. } => Ok(Some(Outcome::Rejected)),
            ListenerEvent::KickedOffline {} => Err(Failure::kicked()),
            ListenerEvent::Error { .. }
            | ListenerEvent::Warning { .. }
            | ListenerEvent::EnterRoom { .. }
            | ListenerEvent::UserEnter { .. }
            | ListenerEvent::UserLeave { .. }
            | ListenerEvent::Invited { .. }
            | ListenerEvent::Ringing { .. }
            | ListenerEvent::Accept { .. }
            | ListenerEvent::Reject { .. }
            | ListenerEvent::NoResp { .. }
            | ListenerEvent::LineBusy { .. }
            | ListenerEvent::InviteesChanged { .. }
            | ListenerEvent::MediaTypeChanged { .. }
            | ListenerEvent::GroupCallChanged { .. }
            | ListenerEvent::UserAudioAvailable { .. }
            | ListenerEvent::UserVideoAvailable { .. }
            | ListenerEvent::FirstVideoFrame { .. }
            | ListenerEvent::UserVoiceVolume { .. }
            | ListenerEvent::NetworkQuality { .. }
            | ListenerEvent::ConnectionLost { .. }
            | ListenerEvent::Reconnecting { .. }
            | ListenerEvent::Recovered { .. }
            | ListenerEvent::Message(_)
            | ListenerEvent::MessageRecalled { .. }
            | ListenerEvent::Read { .. }
            | ListenerEvent::GroupChanged { .. } => Ok(None),
        }
    }

    /// Prints everything that happened, with `first` and `moments` in their places in time.
    pub(crate) fn print_timeline(
        &self,
        first: (Instant, &'static str, String),
        moments: Vec<(Instant, &'static str, String)>,
    ) {
        let at = |row: &Row| self.began + Duration::from_secs_f64(row.ms / 1_000.0);
        let told = self.events.iter().filter_map(|row| {
            let (name, text) = timeline::describe(&row.event)?;
            Some((at(row), name, text))
        });
        let mut rows: Vec<_> = std::iter::once(first).chain(told).chain(moments).collect();
        rows.sort_by_key(|(at, ..)| *at);
        for (at, name, text) in rows {
            output::line(timeline::row(self.began, at, name, &text));
        }
    }

    /// Prints what came of the call, also if its end was not seen (then its outcome is null), and
    /// hands `ended` on. The window stays for a moment first, unless the command is to end.
    pub(crate) async fn report(
        &self,
        call_id: &CallId,
        ended: Result<Ended, Failure>,
        phone: &Phone,
        window: &mut Option<Window>,
    ) -> Result<Ended, Failure> {
        if let Some(open) = window {
            match &ended {
                Ok(Ended { stopped: false, .. }) => open.settled().await,
                Ok(Ended { stopped: true, .. }) | Err(_) => *window = None,
            }
        }
        // A phone that was signed out has no figures any more.
        let stats = phone.calling.engine().stats().await.unwrap_or_default();
        let figures = Figures::of(&stats);
        phone.keep_trace(&stats)?;
        if self.in_window {
            self.last.iter().for_each(output::line);
        }
        if self.quiet && !self.in_window {
            output::json_line(&json!({
                "call_id": call_id,
                "outcome": ended.as_ref().ok().map(|ended| ended.outcome),
                "duration_ms": self.duration_ms,
                "figures": figures,
                "events": self.events,
            }))?;
        } else if self.duration_ms > 0 {
            figures.print("What was heard here");
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call_id(text: &str) -> CallId {
        CallId::new(text).unwrap()
    }

    fn ended(id: &str) -> ListenerEvent {
        let (call_id, outcome) = (call_id(id), Outcome::Completed);
        ListenerEvent::CallEnd { call_id, outcome, duration_ms: 7, by: None }
    }

    fn begun() -> ListenerEvent {
        ListenerEvent::CallBegin {
            call_id: call_id("own"),
            room_id: calling_model::RoomId::new(1).unwrap(),
            media_type: MediaType::Audio,
            role: calling::Role::Caller,
        }
    }

    fn conversation(talk: Option<Duration>) -> Conversation {
        Conversation::new(Instant::now(), talk, true).of(call_id("own"))
    }

    fn take(
        conversation: &mut Conversation,
        event: ListenerEvent,
    ) -> Result<Option<Outcome>, Failure> {
        conversation.take(TimedEvent { at: conversation.began, event })
    }

    #[test]
    fn the_end_of_the_own_call_ends_it_and_of_another_does_not() {
        let mut conversation = conversation(None);
        assert_eq!(take(&mut conversation, ended("other")).unwrap(), None);
        assert_eq!(conversation.duration_ms, 0);
        assert_eq!(take(&mut conversation, ended("own")).unwrap(), Some(Outcome::Completed));
        assert_eq!(conversation.duration_ms, 7);
        assert_eq!(conversation.events.len(), 2, "both are told");
    }

    #[test]
    fn what_stops_the_ringing_ends_it() {
        let user = UserId::new("alice").unwrap();
        let elsewhere =
            |id, accepted| ListenerEvent::HandledElsewhere { call_id: call_id(id), accepted };
        for (event, outcome) in [
            (ListenerEvent::CallingCancel { user }, Some(Outcome::Cancelled)),
            (ListenerEvent::CallingTimeout { user_ids: Vec::new() }, Some(Outcome::NoAnswer)),
            (elsewhere("own", true), Some(Outcome::Completed)),
            (elsewhere("own", false), Some(Outcome::Rejected)),
            (elsewhere("other", false), None),
        ] {
            assert_eq!(take(&mut conversation(None), event).unwrap(), outcome);
        }
    }

    #[test]
    fn the_time_to_talk_counts_from_the_answer() {
        let talk = Duration::from_secs(3);
        let mut timed = conversation(Some(talk));
        assert_eq!(timed.hang_up, None);
        assert_eq!(take(&mut timed, begun()).unwrap(), None);
        assert_eq!(timed.hang_up, Some(timed.began + talk));
        let mut endless = conversation(None);
        take(&mut endless, begun()).unwrap();
        assert_eq!(endless.hang_up, None);
    }

    #[test]
    fn another_device_of_the_same_name_ends_the_command() {
        let failure = take(&mut conversation(None), ListenerEvent::KickedOffline {}).unwrap_err();
        assert_eq!(failure.kind, Kind::Server);
    }
}
