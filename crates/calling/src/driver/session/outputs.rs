//! Doing what the mirror wants done.

use std::time::Instant;

use calling_model::{CallId, Machine};
use calling_signaling::client::{ClientOutput, CommandToken, ListenerEvent};
use calling_signaling::protocol::ProtocolError;

use super::Session;
use super::invite::Invite;
use super::signalling::Signalling;
use crate::driver::media::MediaCommand;
use crate::error::CommandError;
use crate::timings::Timings;
use crate::view::ViewInput;

impl Session {
    /// Does everything the mirror wants done, in order, then tells where this device stands.
    pub(super) async fn drain(&mut self) {
        while let Some(output) = self.mirror.poll_output() {
            match output {
                ClientOutput::Send { id, request } => self.send(id, request).await,
                ClientOutput::Emit(event) => self.emit(event),
                ClientOutput::Finished { token, result } => self.finished(token, result),
                ClientOutput::StartMedia { call_id, .. } => self.start_media(call_id),
                ClientOutput::OpenGate { call_id } => {
                    Timings::mark(&mut self.stats.timings.accepted, Instant::now());
                    self.tell_media(&call_id, MediaCommand::OpenGate);
                }
                ClientOutput::RemoteMedia { call_id, user, audio_ssrc, video } => {
                    self.sees(&user);
                    let command = MediaCommand::RemoteMedia { user, ssrc: audio_ssrc, video };
                    self.tell_media(&call_id, command);
                }
                ClientOutput::StopMedia { call_id } => {
                    if self.media.is_for(&call_id) {
                        self.media.stop();
                        self.forget_video();
                    }
                }
            }
        }
        self.sync_video().await;
        self.report_quality().await;
        self.publish();
    }

    fn tell_media(&mut self, call_id: &CallId, command: MediaCommand) {
        if self.media.is_for(call_id) {
            self.media.tell(command);
        }
    }

    fn emit(&mut self, event: ListenerEvent) {
        let now = Instant::now();
        self.note(now, &event);
        // Volumes measured here take the place of the server's.
        let replaced = matches!(event, ListenerEvent::UserVoiceVolume { .. })
            && self.volume_interval.is_some();
        if !replaced {
            self.fanout.emit(now, event);
        }
    }

    /// Notes the moments of the call, and what media has to know.
    fn note(&mut self, now: Instant, event: &ListenerEvent) {
        match event {
            ListenerEvent::Invited { call_id, .. } => {
                self.invite = Invite::of(now, event);
                self.begin_stats(now);
                self.stats.call_id = Some(call_id.clone());
                self.stats.timings.ringing = Some(now);
            }
            ListenerEvent::Ringing { .. } => {
                Timings::mark(&mut self.stats.timings.ringing, now);
            }
            ListenerEvent::UserLeave { user, .. } => {
                self.media.tell(MediaCommand::RemoteLeft { user: user.clone() });
                self.sees_no_more(user);
            }
            ListenerEvent::CallEnd { call_id, .. } => {
                Timings::mark(&mut self.stats.timings.ended, now);
                self.quality.ended(call_id.clone());
            }
            ListenerEvent::CallingCancel { .. }
            | ListenerEvent::CallingTimeout { .. }
            | ListenerEvent::HandledElsewhere { .. } => {
                Timings::mark(&mut self.stats.timings.ended, now);
            }
            ListenerEvent::KickedOffline {} => {
                self.signalling = Signalling::Gone;
                self.waiting.clear();
            }
            ListenerEvent::Error { .. }
            | ListenerEvent::Warning { .. }
            | ListenerEvent::EnterRoom { .. }
            | ListenerEvent::UserEnter { .. }
            | ListenerEvent::Accept { .. }
            | ListenerEvent::Reject { .. }
            | ListenerEvent::NoResp { .. }
            | ListenerEvent::LineBusy { .. }
            | ListenerEvent::CallBegin { .. }
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
            | ListenerEvent::GroupChanged { .. } => {}
        }
    }

    fn finished(&mut self, token: CommandToken, result: Result<Option<CallId>, ProtocolError>) {
        let Some(waiting) = self.waiting.remove(&token) else { return };
        let placed = waiting.places_call && result.is_ok();
        if placed {
            Timings::mark(&mut self.stats.timings.invite_sent, Instant::now());
            self.stats.call_id = result.clone().ok().flatten();
        }
        if waiting.accepts && result.is_err() {
            self.fanout.views.input(Instant::now(), &ViewInput::AcceptFailed);
        }
        // Whoever waited sees the state that the command led to.
        self.publish();
        let nobody_waits = waiting.answer.send(result.map_err(CommandError::from)).is_err();
        if placed && nobody_waits {
            // Whoever placed the call gave up before it had an id: nobody can own it.
            self.hang_up();
        }
    }
}
