use std::time::Instant;

use calling_model::Machine;

use crate::room::{Room, audio_available};
use crate::{RoomInput, RoomMisuse, RoomOutput, TimeoutReason, Volumes};

impl Machine for Room {
    type Input<'a> = RoomInput<'a>;
    type Output = RoomOutput;
    type Misuse = RoomMisuse;
    type Reason = TimeoutReason;

    fn handle_input(&mut self, now: Instant, input: RoomInput<'_>) -> Result<(), RoomMisuse> {
        match input {
            RoomInput::Join { participant, user, audio_ssrc } => {
                self.join(now, participant, user, audio_ssrc)?;
            }
            RoomInput::Negotiate { participant, terms } => self.negotiate(participant, terms)?,
            RoomInput::NegotiateVideo { participant, terms } => {
                self.negotiate_video(now, participant, terms)?;
            }
            RoomInput::SetViews { participant, views } => {
                self.set_views(now, participant, views)?;
            }
            RoomInput::SetVideoMuted { participant, track, muted } => {
                self.set_video_muted(participant, track, muted)?;
            }
            RoomInput::Leave { participant, reason } => self.leave(now, participant, reason)?,
            RoomInput::Open => self.open(now),
            RoomInput::SetMuted { participant, muted } => {
                self.set_muted(now, participant, muted)?;
            }
            // Discards are counted, and are nobody's misuse.
            RoomInput::Rtp { from, packet, forwards } => {
                let _ = self.handle_rtp(now, from, packet, forwards);
            }
            RoomInput::Rtcp { from, packet } => {
                let _ = self.handle_rtcp(now, from, packet);
            }
        }
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.stop_silent_flows(now);
        self.tell_volumes(now);
        self.send_reports(now);
        self.ask_due_senders(now);
    }

    fn poll_output(&mut self) -> Option<RoomOutput> {
        self.outputs.pop_front()
    }

    /// One comparison of four deadlines, however many participants there are.
    fn poll_timeout(&self) -> Option<(Instant, TimeoutReason)> {
        let volumes = self.volumes.due().map(|due| (due, TimeoutReason::Volumes));
        let reports = self.reports_due.map(|due| (due, TimeoutReason::Reports));
        let flow = self.flow_due.map(|due| (due, TimeoutReason::Flow));
        let feedback = self.video_due.map(|due| (due, TimeoutReason::Feedback));
        sooner(sooner(volumes, reports), sooner(flow, feedback))
    }
}

impl Room {
    fn tell_volumes(&mut self, now: Instant) {
        let meters =
            self.participants.values_mut().map(|present| (&present.user, &mut present.meter));
        if let Some(Volumes { volumes, total }) = self.volumes.evaluate(now, meters) {
            self.output(RoomOutput::Volumes { volumes, total });
        }
    }

    /// The deadline is that of the flow that was oldest when it was set; what came since only
    /// moves it when it fires, so that packets cost nothing.
    fn stop_silent_flows(&mut self, now: Instant) {
        if self.flow_due.is_none_or(|due| due > now) {
            return;
        }
        let timeout = self.config.flow_timeout;
        let mut next: Option<Instant> = None;
        let mut stopped = Vec::new();
        let mut retargeted = Vec::new();
        for (participant, present) in &mut self.participants {
            if let Some(ends) = present.flow_ends(timeout) {
                if ends > now {
                    next = Some(next.map_or(ends, |next| next.min(ends)));
                } else if present.stop_flow() {
                    stopped.push(audio_available(*participant, present));
                }
            }
            for published in &mut present.video.tracks {
                let silent = published.stop_silent_layers(now, timeout);
                next = next.into_iter().chain(silent.next).min();
                if silent.any_stopped {
                    retargeted.push(*participant);
                }
                if silent.all_stopped {
                    let (user, track) = (present.user.clone(), published.track);
                    let (participant, available) = (*participant, false);
                    stopped.push(RoomOutput::VideoAvailable {
                        user,
                        participant,
                        track,
                        available,
                    });
                }
            }
        }
        self.flow_due = next;
        stopped.into_iter().for_each(|output| self.output(output));
        self.ask_senders(now, retargeted);
    }
}

type Deadline = Option<(Instant, TimeoutReason)>;

fn sooner(one: Deadline, other: Deadline) -> Deadline {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.0 < one.0 { other } else { one }),
        (one, None) => one,
        (None, other) => other,
    }
}
