use std::time::{Duration, Instant};

use calling::{CallStats, ListenerEvent, Outcome, TimedEvent};
use calling_model::{CallId, MediaType};
use calling_signaling::protocol::CallParams;
use serde::Serialize;
use serde_json::json;

use crate::args::CallArgs;
use crate::demo::figures::Figures;
use crate::exit::{Failure, Kind};
use crate::keys::user_id;
use crate::output;
use crate::phone::Phone;
use crate::timeline;

/// How long a call may take to end after it was hung up.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Rings somebody and talks.
pub(crate) async fn run(args: &CallArgs) -> Result<(), Failure> {
    let callee = user_id(&args.callee)?;
    let mut phone = Phone::sign_in(&args.phone).await?;
    let media_type = if args.video { MediaType::Video } else { MediaType::Audio };
    let began = Instant::now();
    let params = CallParams {
        callees: vec![callee.clone()],
        media_type,
        group_id: None,
        timeout_s: args.timeout,
        user_data: String::new(),
    };
    let call_id = phone.calling.engine().call_with(params).await.map_err(Failure::server)?;
    if !args.phone.json {
        let text = format!("{} is being called; Ctrl-C hangs up", callee.as_str());
        output::line(timeline::row(began, Instant::now(), "invite", &text));
    }
    let talk = args.talk_s.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let mut conversation = Conversation::new(began, talk, args.phone.json);
    let outcome = conversation.see_through(&mut phone).await?;
    let stats = phone.calling.engine().stats().await.map_err(Failure::internal)?;
    phone.calling.destroy().await;
    conversation.report(&call_id, outcome, &stats)?;
    if outcome != Outcome::Completed {
        return Err(Failure::new(Kind::NotCompleted, sentence(outcome)));
    }
    Ok(())
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
    began: Instant,
    talk: Option<Duration>,
    quiet: bool,
    hang_up: Option<Instant>,
    hung_up: bool,
    events: Vec<Row>,
    duration_ms: u64,
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
            began,
            talk,
            quiet,
            hang_up: None,
            hung_up: false,
            events: Vec::new(),
            duration_ms: 0,
        }
    }

    /// Follows the call to its end; Ctrl-C or the end of `--for` hangs up.
    pub(crate) async fn see_through(&mut self, phone: &mut Phone) -> Result<Outcome, Failure> {
        loop {
            tokio::select! {
                event = phone.events.next() => {
                    let Some(event) = event else {
                        return Err(Failure::server("this phone was signed out"));
                    };
                    if let Some(outcome) = self.take(event)? {
                        return Ok(outcome);
                    }
                }
                () = due(self.hang_up) => self.hang_up(phone).await?,
                _ = tokio::signal::ctrl_c() => self.hang_up(phone).await?,
            }
        }
    }

    async fn hang_up(&mut self, phone: &Phone) -> Result<(), Failure> {
        if self.hung_up {
            return Err(Failure::server("the server did not confirm the end of the call"));
        }
        self.hung_up = true;
        self.hang_up = Some(Instant::now() + LAST_WORDS);
        phone.calling.engine().hangup().await.map_err(Failure::server)
    }

    /// Shows and keeps one event; the outcome if it is the last one.
    pub(crate) fn take(&mut self, timed: TimedEvent) -> Result<Option<Outcome>, Failure> {
        if !self.quiet
            && let Some((name, text)) = timeline::describe(&timed.event)
        {
            output::line(timeline::row(self.began, timed.at, name, &text));
        }
        let ending = self.weigh(&timed);
        let ms = timed.at.saturating_duration_since(self.began).as_secs_f64() * 1_000.0;
        self.events.push(Row { ms, event: timed.event });
        ending
    }

    fn weigh(&mut self, timed: &TimedEvent) -> Result<Option<Outcome>, Failure> {
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
            ListenerEvent::KickedOffline {} => {
                Err(Failure::server("this account signed in on another device of the same name"))
            }
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
            | ListenerEvent::UserAudioAvailable { .. }
            | ListenerEvent::UserVideoAvailable { .. }
            | ListenerEvent::UserVoiceVolume { .. }
            | ListenerEvent::NetworkQuality { .. }
            | ListenerEvent::ConnectionLost { .. }
            | ListenerEvent::Reconnecting { .. }
            | ListenerEvent::Recovered { .. }
            | ListenerEvent::Message(_) => Ok(None),
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

    /// Prints what came of the call.
    pub(crate) fn report(
        &self,
        call_id: &CallId,
        outcome: Outcome,
        stats: &CallStats,
    ) -> Result<(), Failure> {
        let figures = Figures::of(stats);
        if self.quiet {
            return output::json(&json!({
                "call_id": call_id,
                "outcome": outcome,
                "duration_ms": self.duration_ms,
                "figures": figures,
                "events": self.events,
            }));
        }
        if self.duration_ms > 0 {
            figures.print("What was heard here");
        }
        Ok(())
    }
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
