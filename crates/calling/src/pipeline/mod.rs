//! One call's media as a machine: DTLS and SRTP, the gate, microphone to packets and packets to
//! loudspeaker. It owns no socket and reads no clock, so that any runtime can drive it; the one of
//! feature `tokio` does.
//!
//! ```text
//!   datagram ─▶ session ─▶ gate ─▶ remotes ─▶ mixer ─▶ sink      every 10 ms
//!   datagram ◀─ session ◀─ sender ◀───────────────── source      every 10 ms, once the gate is open
//! ```

mod capture;
mod input;
mod own;
mod pictures;
mod playout;
mod remotes;
mod repeat;
mod reports;
mod settings;
mod stats;
#[cfg(test)]
mod tests;
mod voice;
mod volumes;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

#[cfg(feature = "processing")]
use calling_media::CaptureProcessor;
use calling_media::{AudioSink, AudioSource, Sender, SenderConfigError};
use calling_model::Machine;
use calling_transport::{Received, SecureSession, SessionOutput, SrtpProfile};
use calling_wire::RtpView;

use capture::Capture;
pub use input::{PipelineInput, PipelineOutput, PipelineReason, VolumeReport};
pub use pictures::VideoFigures;
use pictures::{PictureOutput, Pictures};
use playout::Playout;
#[cfg(feature = "tokio")]
pub(crate) use remotes::MOST_REMOTES;
pub use remotes::RemoteFigures;
use remotes::Remotes;
use repeat::Repeat;
use reports::Reports;
pub use settings::{PipelineSettings, VideoSettings};
pub use stats::PipelineStats;
pub use voice::VoiceQuality;
use voice::{Circumstances, Intervals, Sent, Speaking};
use volumes::Volumes;

use crate::timings::Timings;

/// Ticks missed by more than this are skipped instead of caught up.
const MOST_BEHIND: Duration = Duration::from_millis(200);
/// Outputs nobody polled; more are dropped.
const MOST_OUTPUTS: usize = 1_024;

/// One call's media.
///
/// Nothing passes before [`PipelineInput::OpenGate`]; nothing is sent before
/// [`PipelineInput::Secure`]. Inputs never fail.
pub struct Pipeline {
    session: Option<SecureSession>,
    /// `None` while media is not protected.
    profile: Option<SrtpProfile>,
    /// How media was protected last, for the figures of a call that is over.
    last_profile: Option<SrtpProfile>,
    gate: Gate,
    sender: Sender,
    frame_ticks: u32,
    remotes: Remotes,
    pictures: Pictures,
    reports: Reports,
    intervals: Intervals,
    speaking: Speaking,
    #[cfg(feature = "processing")]
    processor: Option<Box<CaptureProcessor>>,
    repeat: Repeat,
    volumes: Volumes,
    outputs: VecDeque<PipelineOutput>,
    discards: BTreeMap<&'static str, u64>,
    timings: Timings,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let open = matches!(self.gate, Gate::Open { .. });
        f.debug_struct("Pipeline").field("open", &open).finish_non_exhaustive()
    }
}

/// Whether sound may pass.
///
/// ```text
///   Closed ──open──▶ Open, microphone waits ──DTLS done──▶ Open, microphone works
///                        ▲────────── new session ──────────────┘
/// ```
enum Gate {
    /// The call is not answered: nothing is read, sent or played.
    Closed,
    /// The call is answered.
    Open {
        /// The microphone.
        microphone: Microphone,
        /// The loudspeaker.
        playout: Box<Playout>,
    },
}

enum Microphone {
    /// Opened, but there is no session to send with.
    Waits(Box<dyn AudioSource>),
    /// Read every tick.
    Works(Box<Capture>),
}

impl Pipeline {
    /// A pipeline without a session whose gate is closed.
    ///
    /// # Errors
    /// A setting of the sender cannot be.
    pub fn new(settings: PipelineSettings, now: Instant) -> Result<Self, SenderConfigError> {
        let sender = Sender::new(settings.sender.clone(), settings.seed)?;
        Ok(Self {
            frame_ticks: settings.frame_ticks(),
            remotes: Remotes::new(&settings),
            pictures: Pictures::new(&settings, now),
            reports: Reports::new(&settings, now),
            intervals: Intervals::default(),
            speaking: Speaking::default(),
            #[cfg(feature = "processing")]
            processor: (!settings.processing.is_off())
                .then(|| Box::new(CaptureProcessor::new(settings.processing))),
            repeat: Repeat::default(),
            volumes: Volumes::new(settings.user),
            session: None,
            profile: None,
            last_profile: None,
            gate: Gate::Closed,
            sender,
            outputs: VecDeque::new(),
            discards: BTreeMap::new(),
            timings: Timings::default(),
        })
    }

    fn secure(&mut self, session: SecureSession, now: Instant) {
        if let Some(before) = self.session.replace(session) {
            self.count_session(&before);
        }
        self.profile = None;
        // Protected with keys that are gone.
        self.repeat.forget();
        self.gate = match std::mem::replace(&mut self.gate, Gate::Closed) {
            Gate::Open { microphone: Microphone::Works(capture), playout } => {
                Gate::Open { microphone: Microphone::Waits(capture.into_source()), playout }
            }
            same @ (Gate::Closed | Gate::Open { .. }) => same,
        };
        self.drain_session(now);
    }

    fn datagram(&mut self, now: Instant, datagram: &mut [u8]) {
        let Some(session) = &mut self.session else {
            return self.count("no_session");
        };
        match session.receive(now, datagram) {
            Received::Rtp(packet) => {
                self.reports.heard(now);
                let Gate::Open { playout, .. } = &mut self.gate else {
                    return self.count("gate_closed");
                };
                if let Ok(view) = RtpView::parse(packet) {
                    if self.pictures.is_ours(view.ssrc()) {
                        self.pictures.packet(now, &view);
                        return self.drain_pictures();
                    }
                    if let Some(user) = self.remotes.user_of(view.ssrc()) {
                        self.pictures.heard(now, user, view.timestamp());
                    }
                }
                if self.remotes.insert(now, packet) {
                    Timings::mark(&mut self.timings.first_packet_received, now);
                    playout.begin(now);
                    self.play(now);
                }
            }
            Received::Rtcp(packet) => {
                if matches!(self.gate, Gate::Open { .. }) {
                    let voice = |ssrc| self.remotes.user_of(ssrc).cloned();
                    self.pictures.control(now, packet, voice);
                }
                if let Some(fraction_lost) = self.reports.handle(now, packet, &mut self.sender) {
                    self.repeat.reported(now, fraction_lost);
                }
                self.remotes.told(|ssrc| self.reports.packets_sent_of(ssrc));
                self.drain_pictures();
            }
            Received::Control => self.drain_session(now),
            // The session counts it.
            Received::Discarded(_) => {}
        }
    }

    fn open(&mut self, now: Instant, source: Box<dyn AudioSource>, sink: Box<dyn AudioSink>) {
        if matches!(self.gate, Gate::Open { .. }) {
            return;
        }
        let playout = Box::new(Playout::new(sink, now));
        self.gate = Gate::Open { microphone: Microphone::Waits(source), playout };
        self.reports.begin(now);
        self.intervals.begin(now);
        self.begin_capture(now);
    }

    /// Begins to read the microphone once the gate is open and a session is up. The first packet
    /// leaves at once.
    fn begin_capture(&mut self, now: Instant) {
        if self.profile.is_none() {
            return;
        }
        self.gate = match std::mem::replace(&mut self.gate, Gate::Closed) {
            Gate::Open { microphone: Microphone::Waits(source), playout } => {
                let capture = Box::new(Capture::new(source, now));
                Gate::Open { microphone: Microphone::Works(capture), playout }
            }
            same @ (Gate::Closed | Gate::Open { .. }) => {
                self.gate = same;
                return;
            }
        };
        for _ in 0..self.frame_ticks {
            self.capture_once(now);
        }
    }

    fn capture(&mut self, now: Instant) {
        while let Gate::Open { microphone: Microphone::Works(capture), .. } = &mut self.gate
            && capture.is_due(now)
        {
            self.capture_once(now);
        }
    }

    fn capture_once(&mut self, now: Instant) {
        let Gate::Open { microphone: Microphone::Works(capture), .. } = &mut self.gate else {
            return;
        };
        let pcm = capture.read();
        #[cfg(feature = "processing")]
        if let Some(processor) = &mut self.processor {
            // Refuses only what is no tick.
            let _ = processor.process(pcm);
        }
        self.volumes.local(pcm, self.sender.is_muted());
        match self.sender.push(pcm) {
            Ok(Some(packet)) => {
                let packet = packet.to_vec();
                self.send_rtp(now, packet);
            }
            Ok(None) => {}
            Err(_) => self.count("encoder"),
        }
    }

    fn send_rtp(&mut self, now: Instant, mut packet: Vec<u8>) {
        let sealed = self.session.as_mut().map(|session| session.seal_rtp(&mut packet));
        if let Some(Ok(())) = sealed {
            Timings::mark(&mut self.timings.first_packet_sent, now);
            let again = self.repeat.sent(now, &packet);
            self.output(PipelineOutput::Transmit(packet));
            if let Some(again) = again {
                self.output(PipelineOutput::Transmit(again));
            }
        } else {
            self.count("unsealed");
        }
    }

    fn play(&mut self, now: Instant) {
        let Gate::Open { playout, .. } = &mut self.gate else { return };
        while playout.is_due(now) {
            let audible = playout.play(&mut self.remotes, &mut self.volumes);
            #[cfg(feature = "processing")]
            if let Some(processor) = &mut self.processor {
                // Refuses only what is no tick.
                let _ = processor.played(playout.played());
            }
            if audible {
                Timings::mark(&mut self.timings.first_audio, now);
            }
        }
    }

    fn report(&mut self, now: Instant) {
        let blocks = |pictures: &mut Pictures| pictures.report_blocks();
        let compound = self
            .reports
            .take_due(now, &self.sender, &mut self.remotes, || blocks(&mut self.pictures));
        if let Some(mut compound) = compound {
            let round_trip_ms = self.reports.remote().round_trip_ms;
            let delay_of = |user: &_| self.remotes.playout_delay(user);
            compound.extend(self.pictures.report(now, round_trip_ms, delay_of));
            self.send_rtcp(compound);
            self.drain_pictures();
        }
        if self.intervals.take(now) {
            self.judge();
        }
        let speaking = self.speaking.quality.last;
        if let Some((local, remotes)) = self.reports.take_quality(now, &mut self.remotes, speaking)
        {
            self.output(PipelineOutput::Quality { local, remotes });
        }
    }

    /// Judges how both directions of the voice sounded in the interval that is over.
    fn judge(&mut self) {
        let Gate::Open { microphone, playout } = &self.gate else { return };
        let remote = self.reports.remote();
        let around = Circumstances {
            rtt_ms: remote.round_trip_ms.unwrap_or(0.0),
            device_ms: self.intervals.device_ms(playout.skipped()),
        };
        let skipped = match microphone {
            Microphone::Waits(_) => 0,
            Microphone::Works(capture) => capture.skipped(),
        };
        let packet_ms = f64::from(self.frame_ticks * calling_media::TICK_MS);
        self.speaking.judge(Sent { remote, skipped, packet_ms });
        self.remotes.judge_voices(around);
    }

    fn send_rtcp(&mut self, mut compound: Vec<u8>) {
        let (Some(session), Some(_)) = (&mut self.session, self.profile) else { return };
        match session.seal_rtcp(&mut compound) {
            Ok(()) => self.output(PipelineOutput::Transmit(compound)),
            Err(_) => self.count("unsealed"),
        }
    }

    /// Does what the pictures want done. Nothing of them leaves without a session.
    fn drain_pictures(&mut self) {
        while let Some(output) = self.pictures.poll_output() {
            match output {
                PictureOutput::Rtp(mut packet) => {
                    let session = self.session.as_mut().filter(|_| self.profile.is_some());
                    match session.map(|session| session.seal_rtp(&mut packet)) {
                        Some(Ok(())) => self.output(PipelineOutput::Transmit(packet)),
                        Some(Err(_)) | None => self.count("unsealed"),
                    }
                }
                PictureOutput::Rtcp(packet) => self.send_rtcp(packet),
                PictureOutput::Show { user, track, picture } => {
                    self.output(PipelineOutput::Show { user, track, picture });
                }
                PictureOutput::KeyFrameWanted(track) => {
                    self.output(PipelineOutput::KeyFrameWanted(track));
                }
                PictureOutput::Bitrate { track, bps } => {
                    self.output(PipelineOutput::VideoBitrate { track, bps });
                }
            }
        }
    }

    fn drain_session(&mut self, now: Instant) {
        while let Some(output) = self.session.as_mut().and_then(SecureSession::poll_output) {
            match output {
                SessionOutput::Transmit(datagram) => {
                    self.output(PipelineOutput::Transmit(datagram));
                }
                SessionOutput::Connected { profile } => {
                    self.profile = Some(profile);
                    self.last_profile = Some(profile);
                    Timings::mark(&mut self.timings.dtls_done, now);
                    self.output(PipelineOutput::Connected { profile });
                    self.begin_capture(now);
                }
                SessionOutput::Closed { reason } => {
                    self.profile = None;
                    self.output(PipelineOutput::Closed { reason });
                }
            }
        }
    }

    fn output(&mut self, output: PipelineOutput) {
        if self.outputs.len() >= MOST_OUTPUTS {
            return self.count("outputs_dropped");
        }
        self.outputs.push_back(output);
    }

    fn count(&mut self, reason: &'static str) {
        *self.discards.entry(reason).or_default() += 1;
    }

    fn count_session(&mut self, session: &SecureSession) {
        for (reason, count) in session.stats().discards {
            *self.discards.entry(reason).or_default() += count;
        }
    }
}

impl Machine for Pipeline {
    type Input<'a> = PipelineInput<'a>;
    type Output = PipelineOutput;
    type Misuse = std::convert::Infallible;
    type Reason = PipelineReason;

    fn handle_input(&mut self, now: Instant, input: PipelineInput<'_>) -> Result<(), Self::Misuse> {
        match input {
            PipelineInput::Datagram(datagram) => self.datagram(now, datagram),
            PipelineInput::Secure(session) => self.secure(*session, now),
            PipelineInput::OpenGate { source, sink } => self.open(now, source, sink),
            PipelineInput::RemoteAudio { user, ssrc } => {
                if self.remotes.announce(user, ssrc) {
                    Timings::mark(&mut self.timings.first_packet_received, now);
                    if let Gate::Open { playout, .. } = &mut self.gate {
                        playout.begin(now);
                    }
                    self.play(now);
                }
            }
            PipelineInput::RemoteVideo { user, streams } => {
                self.pictures.announce(now, &user, &streams);
            }
            PipelineInput::Picture { track, codec, picture, captured } => {
                if matches!(self.gate, Gate::Open { .. }) && self.profile.is_some() {
                    self.pictures.send(now, track, codec, picture, captured);
                    self.drain_pictures();
                } else {
                    self.count("picture_before_session");
                }
            }
            PipelineInput::WantKeyFrame { user, track, stumbled } => {
                self.pictures.want_key_frame(now, &user, track, stumbled);
                self.drain_pictures();
            }
            PipelineInput::VideoBitrate { track, bps } => {
                self.pictures.set_most_bitrate(now, track, bps);
                self.drain_pictures();
            }
            PipelineInput::RemoteLeft { user } => {
                self.remotes.leave(&user);
                self.pictures.leave(&user);
            }
            PipelineInput::Mute(muted) => self.sender.set_muted(muted),
            PipelineInput::VolumeInterval(interval) => self.volumes.set_interval(now, interval),
        }
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.capture(now);
        self.play(now);
        self.pictures.handle_timeout(now);
        self.drain_pictures();
        self.report(now);
        if let Some(volumes) = self.volumes.take_due(now) {
            self.output(PipelineOutput::Volumes(volumes));
        }
        if let Some(session) = &mut self.session {
            session.handle_timeout(now);
            self.drain_session(now);
        }
    }

    fn poll_output(&mut self) -> Option<PipelineOutput> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, PipelineReason)> {
        let session = self.session.as_ref().and_then(SecureSession::poll_timeout);
        let mut soonest = session.map(|(at, _)| (at, PipelineReason::Session));
        let mut consider = |at: Option<Instant>, reason| {
            if let Some(at) = at
                && soonest.is_none_or(|(soonest, _)| at < soonest)
            {
                soonest = Some((at, reason));
            }
        };
        if let Gate::Open { microphone, playout } = &self.gate {
            if let Microphone::Works(capture) = microphone {
                consider(Some(capture.next()), PipelineReason::Capture);
            }
            consider(Some(playout.next()), PipelineReason::Playout);
        }
        consider(self.pictures.next(), PipelineReason::Pictures);
        consider(self.reports.next(), PipelineReason::Report);
        consider(self.intervals.next(), PipelineReason::Report);
        consider(self.volumes.next(), PipelineReason::Volumes);
        soonest
    }
}
