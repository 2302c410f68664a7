use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_callrecord::quality::IntervalQuality;
use calling_media::trace::TraceRecorder;
use calling_media::{
    Audience, InsertDiscard, Mixer, Receiver, ReceiverConfig, ReceiverStats, SAMPLES_PER_TICK,
};
use calling_model::UserId;
use calling_wire::{ReportBlock, RtpView};

use super::PipelineSettings;
use super::voice::{Circumstances, Hearing, VoiceQuality};
use super::volumes::Volumes;

/// Remotes played at once. A call has at most fifty members by default.
pub(crate) const MOST_REMOTES: usize = 128;
/// Voices heard at once: of more, nobody can tell who says what.
const MOST_VOICES: usize = 8;
/// Packets kept of voices not announced yet: signalling may be overtaken by media.
const MOST_EARLY: usize = 32;
/// The longest packet kept.
const MOST_BYTES: usize = 1_500;
/// Remotes that left whose figures are kept.
const MOST_DEPARTED: usize = 64;

/// Everybody whose voice arrives.
pub(super) struct Remotes {
    config: ReceiverConfig,
    record_traces: bool,
    by_ssrc: BTreeMap<u32, Remote>,
    early: VecDeque<(Instant, Vec<u8>)>,
    departed: VecDeque<RemoteFigures>,
    discards: BTreeMap<&'static str, u64>,
    audience: Audience,
    pcm: [f32; SAMPLES_PER_TICK],
}

struct Remote {
    user: UserId,
    receiver: Receiver,
    /// What the last judgement of the network saw.
    judged: ReceiverStats,
    hearing: Hearing,
    recorder: Option<TraceRecorder>,
}

/// The figures of one remote.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteFigures {
    /// Who.
    pub user: UserId,
    /// What was received and played of their voice.
    pub stats: ReceiverStats,
    /// How it sounded.
    pub voice: VoiceQuality,
    /// When its packets came, as a file of 50 kB at most for the audio laboratory; `None` unless
    /// [`Config::record_traces`](crate::Config::record_traces) is set.
    pub trace: Option<Arc<[u8]>>,
}

/// What the network is judged by.
pub(super) struct Judged {
    pub(super) user: UserId,
    pub(super) before: ReceiverStats,
    pub(super) after: ReceiverStats,
    pub(super) voice: Option<IntervalQuality>,
}

impl Remotes {
    pub(super) fn new(settings: &PipelineSettings) -> Self {
        Self {
            config: settings.receiver.clone(),
            record_traces: settings.record_traces,
            by_ssrc: BTreeMap::new(),
            early: VecDeque::new(),
            departed: VecDeque::new(),
            discards: BTreeMap::new(),
            audience: Audience::new(MOST_VOICES),
            pcm: [0.0; SAMPLES_PER_TICK],
        }
    }

    /// Takes a packet; whether it will be played. One of a voice not announced yet is kept.
    pub(super) fn insert(&mut self, now: Instant, packet: &[u8]) -> bool {
        let Ok(view) = RtpView::parse(packet) else {
            self.count("malformed_rtp");
            return false;
        };
        match self.by_ssrc.get_mut(&view.ssrc()) {
            Some(remote) => remote.insert(now, &view),
            None => {
                self.keep_early(now, packet);
                false
            }
        }
    }

    /// The voice of `user` comes under `ssrc`; whether packets of it had come already.
    pub(super) fn announce(&mut self, user: UserId, ssrc: u32) -> bool {
        let known = self.by_ssrc.get(&ssrc).is_some_and(|remote| remote.user == user);
        if known {
            return false;
        }
        self.leave(&user);
        if self.by_ssrc.len() >= MOST_REMOTES {
            self.count("too_many_remotes");
            return false;
        }
        let Ok(receiver) = Receiver::new(self.config.clone()) else {
            self.count("decoder");
            return false;
        };
        let judged = ReceiverStats::default();
        let recorder = self.record_traces.then(TraceRecorder::default);
        let remote = Remote { user, receiver, judged, hearing: Hearing::default(), recorder };
        self.by_ssrc.insert(ssrc, remote);
        self.replay_early(ssrc)
    }

    /// Whose voice an SSRC is.
    pub(super) fn user_of(&self, ssrc: u32) -> Option<&UserId> {
        self.by_ssrc.get(&ssrc).map(|remote| &remote.user)
    }

    /// How long `user`'s voice waits from arrival until it is heard.
    pub(super) fn playout_delay(&self, user: &UserId) -> Option<Duration> {
        let remote = self.by_ssrc.get(&self.ssrc_of(user)?)?;
        let ms = remote.receiver.stats().playout_delay_ms;
        Some(Duration::from_secs_f64(ms.clamp(0.0, 5_000.0) / 1_000.0))
    }

    /// `user` is no longer heard; the figures stay.
    pub(super) fn leave(&mut self, user: &UserId) {
        let Some(ssrc) = self.ssrc_of(user) else { return };
        let Some(remote) = self.by_ssrc.remove(&ssrc) else { return };
        if self.departed.len() >= MOST_DEPARTED {
            self.departed.pop_front();
        }
        self.departed.push_back(remote.figures());
    }

    /// Pulls one tick of everybody into `mixer`. Only who can be heard is decoded.
    pub(super) fn pull(&mut self, mixer: &mut Mixer, volumes: &mut Volumes) {
        for (ssrc, remote) in &self.by_ssrc {
            self.audience.offer(*ssrc, remote.receiver.upcoming_level());
        }
        self.audience.choose();
        for (ssrc, remote) in &mut self.by_ssrc {
            let audible = self.audience.is_audible(*ssrc);
            let told = remote.receiver.upcoming_level().filter(|_| !audible);
            remote.receiver.set_audible(audible);
            let pulled = remote.receiver.pull(&mut self.pcm);
            remote.recorder.iter_mut().for_each(TraceRecorder::pulled);
            volumes.remote(&remote.user, told.unwrap_or(pulled.level));
            mixer.add(&self.pcm, pulled.level);
        }
    }

    /// What RTCP reports say of each voice.
    pub(super) fn report_blocks(&mut self) -> Vec<ReportBlock> {
        let remotes = self.by_ssrc.values_mut();
        remotes.filter_map(|remote| remote.receiver.reception_report()).collect()
    }

    /// Takes note of what sender reports say to have been sent, by SSRC.
    pub(super) fn told(&mut self, packets_sent_of: impl Fn(u32) -> Option<u32>) {
        for (ssrc, remote) in &mut self.by_ssrc {
            if let Some(packets) = packets_sent_of(*ssrc) {
                remote.hearing.told(packets, &remote.receiver.stats());
            }
        }
    }

    /// An interval is over: judges how each voice sounded in it.
    pub(super) fn judge_voices(&mut self, around: Circumstances) {
        for remote in self.by_ssrc.values_mut() {
            remote.hearing.judge(remote.receiver.stats(), around);
        }
    }

    /// The figures of each voice at the last call of this and now.
    pub(super) fn judge(&mut self) -> Vec<Judged> {
        let judge = |remote: &mut Remote| {
            let after = remote.receiver.stats();
            let before = std::mem::replace(&mut remote.judged, after);
            let voice = remote.hearing.quality.last;
            Judged { user: remote.user.clone(), before, after, voice }
        };
        self.by_ssrc.values_mut().map(judge).collect()
    }

    /// The figures of everybody, those who left first.
    pub(super) fn figures(&self) -> Vec<RemoteFigures> {
        let present = self.by_ssrc.values().map(Remote::figures);
        self.departed.iter().cloned().chain(present).collect()
    }

    pub(super) fn discards(&self) -> &BTreeMap<&'static str, u64> {
        &self.discards
    }

    fn ssrc_of(&self, user: &UserId) -> Option<u32> {
        self.by_ssrc.iter().find(|(_, remote)| remote.user == *user).map(|(ssrc, _)| *ssrc)
    }

    fn keep_early(&mut self, now: Instant, packet: &[u8]) {
        if self.early.len() >= MOST_EARLY {
            self.early.pop_front();
            self.count("unknown_ssrc");
        }
        if packet.len() <= MOST_BYTES {
            self.early.push_back((now, packet.to_vec()));
        }
    }

    fn replay_early(&mut self, ssrc: u32) -> bool {
        let mut any = false;
        for (at, packet) in std::mem::take(&mut self.early) {
            match RtpView::parse(&packet) {
                Ok(view) if view.ssrc() == ssrc => any |= self.insert(at, &packet),
                Ok(_) | Err(_) => self.early.push_back((at, packet)),
            }
        }
        any
    }

    fn count(&mut self, reason: &'static str) {
        *self.discards.entry(reason).or_default() += 1;
    }
}

impl Remote {
    /// Takes a packet; whether it will be played.
    fn insert(&mut self, now: Instant, packet: &RtpView<'_>) -> bool {
        let taken = self.receiver.insert(now, packet);
        let of_stream = match taken {
            Ok(()) | Err(InsertDiscard::Late | InsertDiscard::Duplicate) => true,
            Err(
                InsertDiscard::PayloadType | InsertDiscard::Malformed | InsertDiscard::Unconfirmed,
            ) => false,
        };
        if of_stream && let Some(recorder) = &mut self.recorder {
            recorder.arrived(now, packet);
        }
        taken.is_ok()
    }

    /// The file names nobody: it may be handed on.
    fn trace(&self) -> Option<Arc<[u8]>> {
        self.recorder.as_ref()?.file("recorded").map(Arc::from)
    }

    fn figures(&self) -> RemoteFigures {
        RemoteFigures {
            user: self.user.clone(),
            stats: self.receiver.stats(),
            voice: self.hearing.quality,
            trace: self.trace(),
        }
    }
}
