//! The media thread of the running call.

use std::time::{Duration, Instant};

use calling_model::CallId;
use calling_signaling::client::{ClientInput, ListenerEvent, MediaState};
use calling_signaling::protocol::{Code, MediaAnswer, MediaOffer, ProtocolError, Request};
use tokio::sync::oneshot;

use super::Session;
use super::signalling::Own;
use crate::driver::media::{MediaCommand, MediaEvent, MediaStart, MediaThread};
use crate::stats::CallStats;

/// How long the last figures and sockets of a thread are waited for at the end.
const STOP_TIMEOUT: Duration = Duration::from_millis(400);

type Answer = oneshot::Sender<Result<MediaAnswer, ProtocolError>>;

/// The media thread of the running call, or the last one while it ends.
#[derive(Default)]
pub(super) struct Media {
    current: Option<Current>,
    /// Who asked for figures while the thread was ending.
    asked: Vec<oneshot::Sender<CallStats>>,
    /// An offer that waits for signalling to come back.
    offer: Option<(CallId, MediaOffer, Answer)>,
}

struct Current {
    call_id: CallId,
    thread: MediaThread,
    stopping: bool,
}

impl Media {
    /// Whether there is a running thread for the call.
    pub(super) fn is_for(&self, call_id: &CallId) -> bool {
        self.current.as_ref().is_some_and(|current| current.is_live_for(call_id))
    }

    /// Tells the running thread, if there is one.
    pub(super) fn tell(&self, command: MediaCommand) {
        if let Some(current) = self.current.as_ref().filter(|current| !current.stopping) {
            current.thread.tell(command);
        }
    }

    pub(super) fn stop(&mut self) {
        if let Some(current) = &mut self.current {
            current.stopping = true;
            current.thread.tell(MediaCommand::Stop);
        }
        self.offer = None;
    }

    /// The next event of the thread; `None` if it ended. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<MediaEvent> {
        match &mut self.current {
            Some(current) => current.thread.next().await,
            None => std::future::pending().await,
        }
    }

    /// Waits, but not for long, until the thread has freed what it held.
    pub(super) async fn wait_until_stopped(&mut self) {
        let Some(mut current) = self.current.take() else { return };
        let ended = async { while current.thread.next().await.is_some() {} };
        let _ = tokio::time::timeout(STOP_TIMEOUT, ended).await;
    }
}

impl Current {
    fn is_live_for(&self, call_id: &CallId) -> bool {
        self.call_id == *call_id && !self.stopping
    }
}

impl Session {
    pub(super) fn start_media(&mut self, call_id: CallId) {
        if self.media.is_for(&call_id) {
            self.media.tell(MediaCommand::Restart);
            return;
        }
        let (servers, loopback) = self.signalling.media_hints();
        let start = MediaStart {
            config: self.config.clone(),
            call_id: call_id.clone(),
            servers,
            loopback,
            muted: self.mirror.is_muted(),
            volume_interval: self.volume_interval,
        };
        match MediaThread::spawn(start) {
            Ok(thread) => {
                self.media.current = Some(Current { call_id, thread, stopping: false });
                self.video_to_new_thread();
                // Whoever asked for the figures of the call before gets what there is.
                self.answer_stats();
            }
            Err(error) => {
                let text = format!("no thread for media: {error}");
                self.media_state(call_id, failed(text));
            }
        }
    }

    fn media_state(&mut self, call_id: CallId, state: MediaState) {
        self.input(ClientInput::Media { call_id, state });
    }

    pub(super) async fn media_event(&mut self, event: Option<MediaEvent>) {
        let Some(Current { call_id, stopping, .. }) = &self.media.current else { return };
        let (call_id, stopping) = (call_id.clone(), *stopping);
        match event {
            None => self.media_ended(call_id, stopping),
            Some(MediaEvent::Stopped(figures)) => self.media_stopped(&call_id, *figures),
            // What a thread that ends still tells is stale.
            Some(_) if stopping => {}
            Some(MediaEvent::Offer { offer, answer }) => self.offer(call_id, offer, answer).await,
            Some(MediaEvent::Up) => {
                self.tell_video_again();
                self.media_state(call_id, MediaState::Up);
            }
            Some(MediaEvent::FirstFrame { user, track, width, height }) => {
                let user = user.unwrap_or_else(|| self.config.user_id.clone());
                let event = ListenerEvent::FirstVideoFrame { user, track, width, height };
                self.fanout.emit(Instant::now(), event);
            }
            Some(MediaEvent::VideoEnded(track)) => self.video_ended(track),
            Some(MediaEvent::VideoFailed { code, message }) => {
                let event = ListenerEvent::Error { code: Code::from(code), message };
                self.fanout.emit(Instant::now(), event);
            }
            Some(MediaEvent::Lost) => self.media_state(call_id, MediaState::Lost),
            Some(MediaEvent::Failed(error)) => {
                self.media_state(call_id, MediaState::Failed(error));
            }
            Some(MediaEvent::Warning { code, message }) => {
                self.input(ClientInput::Warning { code, message });
            }
            Some(MediaEvent::Volumes(report)) => {
                let event =
                    ListenerEvent::UserVoiceVolume { volumes: report.volumes, total: report.total };
                self.fanout.emit(Instant::now(), event);
            }
            Some(MediaEvent::Quality { local, remotes }) => {
                self.input(ClientInput::Quality { local, remotes });
            }
        }
    }

    /// Asks the server for its half, or keeps the offer until it can be asked.
    async fn offer(&mut self, call_id: CallId, offer: MediaOffer, answer: Answer) {
        if self.signalling.is_up() {
            self.ask(Request::ConnectMedia { call_id, offer: offer.into() }, Own::Media(answer))
                .await;
        } else {
            self.media.offer = Some((call_id, offer, answer));
        }
    }

    /// Signalling is back: the offer that waited goes out.
    pub(super) async fn offer_again(&mut self) {
        if let Some((call_id, offer, answer)) = self.media.offer.take()
            && !answer.is_closed()
        {
            self.offer(call_id, offer, answer).await;
        }
    }

    fn media_ended(&mut self, call_id: CallId, stopping: bool) {
        self.media.current = None;
        self.answer_stats();
        if !stopping {
            self.media_state(call_id, failed("the media thread ended".to_owned()));
        }
    }

    /// The last figures of a thread become the figures of the call, unless the next one began.
    fn media_stopped(&mut self, call_id: &CallId, figures: CallStats) {
        self.quality.stopped(call_id, &figures);
        if self.stats.call_id.as_ref() == Some(call_id) {
            let ours = std::mem::take(&mut self.stats);
            self.stats = CallStats {
                call_id: ours.call_id,
                timings: ours.timings.merged(&figures.timings),
                ..figures
            };
        }
        self.answer_stats();
    }

    /// The figures of the running or the last call, completed by the thread if there is one.
    pub(super) fn tell_stats(&mut self, answer: oneshot::Sender<CallStats>) {
        match &self.media.current {
            Some(Current { stopping: true, .. }) => self.media.asked.push(answer),
            Some(current) => {
                let base = Box::new(self.own_stats());
                current.thread.tell(MediaCommand::Stats { base, reply: answer });
            }
            None => {
                let _ = answer.send(self.own_stats());
            }
        }
    }

    fn answer_stats(&mut self) {
        for answer in std::mem::take(&mut self.media.asked) {
            let _ = answer.send(self.own_stats());
        }
    }

    fn own_stats(&self) -> CallStats {
        CallStats { events_dropped: self.fanout.dropped(), ..self.stats.clone() }
    }
}

fn failed(message: String) -> MediaState {
    MediaState::Failed(ProtocolError::new(Code::Internal, message))
}
