use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use calling_model::{ParticipantId, UserId, VideoTrack};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::config::MIN_REPORT_INTERVAL;
use crate::heard::HeardByUser;
use crate::participant::Participant;
use crate::reserved::{Reserved, Streams};
use crate::video::{Published, VideoSide};
use crate::{
    AudioSource, AudioTerms, Forwarder, Heard, LeaveReason, LegStats, ParticipantInfo,
    ParticipantStats, RoomConfig, RoomOutput, RoomStats, Router, VideoStream, VolumeEvaluator,
};

/// Outputs that may wait; beyond it volumes and reports, which are soon out of date, are dropped.
const MAX_OUTPUTS: usize = 4_096;

/// Why nobody joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The participant is in the room already.
    #[error("the participant is in the room already; let it leave first")]
    AlreadyJoined,
    /// The room is full.
    #[error("the room is full")]
    Full,
}

/// The participant is not in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the participant is not in the room")]
pub struct NotInRoom;

/// A media room: who is in it, and what goes to whom.
///
/// A room lives on one thread and follows [`Machine`](calling_model::Machine): after each call of a
/// method that takes `now`, drain `poll_output`. [`Room::handle_rtp`] alone may be followed by
/// another before draining: it outputs only when audio begins to flow.
#[derive(Debug)]
pub struct Room {
    pub(crate) config: RoomConfig,
    pub(crate) is_open: bool,
    pub(crate) participants: BTreeMap<ParticipantId, Participant>,
    /// Who is behind a forwarded SSRC.
    pub(crate) streams: BTreeMap<u32, ParticipantId>,
    /// Whose picture is behind a forwarded SSRC, and which.
    pub(crate) pictures: BTreeMap<u32, (ParticipantId, VideoTrack)>,
    /// Of those who are expected.
    pub(crate) reserved: Reserved,
    pub(crate) router: Router,
    pub(crate) volumes: VolumeEvaluator,
    pub(crate) reports_due: Option<Instant>,
    /// No flow ends earlier.
    pub(crate) flow_due: Option<Instant>,
    /// No sender is to be asked for anything earlier.
    pub(crate) video_due: Option<Instant>,
    /// Under which the room itself reports.
    pub(crate) ssrc: u32,
    pub(crate) outputs: VecDeque<RoomOutput>,
    pub(crate) stats: RoomStats,
    /// By those whose leg ended.
    heard: HeardByUser,
    pub(crate) rng: ChaCha8Rng,
}

impl Room {
    /// An empty room with a closed gate. The seed decides SSRCs and where numbering begins.
    pub fn new(mut config: RoomConfig, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha8Rng::from_seed(seed);
        config.report_interval = config.report_interval.max(MIN_REPORT_INTERVAL);
        Self {
            volumes: VolumeEvaluator::new(config.volume_interval),
            config,
            is_open: false,
            participants: BTreeMap::new(),
            streams: BTreeMap::new(),
            pictures: BTreeMap::new(),
            reserved: Reserved::default(),
            router: Router::new(),
            reports_due: None,
            flow_due: None,
            video_due: None,
            ssrc: rng.random_range(1..=u32::MAX),
            outputs: VecDeque::new(),
            stats: RoomStats::default(),
            heard: HeardByUser::default(),
            rng,
        }
    }

    /// A media connection enters the room; everybody receives it and it receives everybody.
    ///
    /// `audio_ssrc` is what it announced for its audio; packets with another are discarded. Two
    /// participants may announce the same: each is known by its connection. Returns the SSRC under
    /// which its audio is forwarded to all others: that [reserved](Room::reserve) for its user, or
    /// another.
    ///
    /// # Errors
    /// See [`JoinError`].
    pub fn join(
        &mut self,
        now: Instant,
        participant: ParticipantId,
        user: UserId,
        audio_ssrc: u32,
    ) -> Result<u32, JoinError> {
        self.join_with(now, participant, user, AudioTerms::native(&self.config, audio_ssrc))
    }

    /// As [`Room::join`], for a participant with terms of its own.
    ///
    /// # Errors
    /// See [`JoinError`].
    pub fn join_with(
        &mut self,
        now: Instant,
        participant: ParticipantId,
        user: UserId,
        terms: AudioTerms,
    ) -> Result<u32, JoinError> {
        if self.participants.contains_key(&participant) {
            return Err(JoinError::AlreadyJoined);
        }
        if self.participants.len() >= self.config.max_participants {
            return Err(JoinError::Full);
        }
        let streams = self.take_streams(&user, &terms.source);
        let forwarded_ssrc = streams.audio;
        self.connect_with_all(participant, forwarded_ssrc);
        self.streams.insert(forwarded_ssrc, participant);
        let video = self.new_video_side(participant, &streams);
        let joined = Participant::new(user, terms, forwarded_ssrc, video);
        let entered = entered(participant, &joined);
        self.participants.insert(participant, joined);
        self.apply_terms(participant);
        self.offer_to_others(participant);
        self.connect_video(now, participant);
        if self.is_open {
            self.output(entered);
            self.start_timers(now);
        }
        Ok(forwarded_ssrc)
    }

    /// A participant leaves; nothing comes from it or goes to it any more.
    ///
    /// # Errors
    /// It is not in the room.
    pub fn leave(
        &mut self,
        _now: Instant,
        participant: ParticipantId,
        reason: LeaveReason,
    ) -> Result<(), NotInRoom> {
        self.keep_heard(participant);
        let mut left = self.participants.remove(&participant).ok_or(NotInRoom)?;
        self.streams.remove(&left.forwarded_ssrc);
        self.router.remove(participant);
        self.disconnect_video(participant);
        let (user, pictures) = (&left.user, &left.video.tracks);
        for published in pictures {
            self.pictures.remove(&published.ssrc);
            self.pictures.remove(&published.rtx_ssrc);
        }
        let seen = pictures.iter().filter(|published| published.is_available());
        for track in seen.map(|published| published.track).collect::<Vec<_>>() {
            let user = user.clone();
            let available = false;
            self.output(RoomOutput::VideoAvailable { user, participant, track, available });
        }
        if left.stop_flow() {
            self.output(audio_available(participant, &left));
        }
        if self.is_open {
            self.output(RoomOutput::UserLeft { user: left.user, participant, reason });
        }
        if self.participants.is_empty() {
            self.stop_timers();
        }
        Ok(())
    }

    /// Opens the gate: the call is accepted. Who is in the room is told now. There is no way back.
    pub fn open(&mut self, now: Instant) {
        if std::mem::replace(&mut self.is_open, true) {
            return;
        }
        for (participant, present) in &self.participants {
            self.outputs.push_back(entered(*participant, present));
        }
        if !self.participants.is_empty() {
            self.start_timers(now);
        }
    }

    /// Whether media may pass.
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// A participant mutes or unmutes its microphone. While it is muted nothing of it is
    /// forwarded, and its receivers see no loss.
    ///
    /// # Errors
    /// It is not in the room.
    pub fn set_muted(
        &mut self,
        _now: Instant,
        participant: ParticipantId,
        muted: bool,
    ) -> Result<(), NotInRoom> {
        let found = self.participants.get_mut(&participant).ok_or(NotInRoom)?;
        found.is_muted = muted;
        if !muted {
            return Ok(());
        }
        found.silence();
        if found.stop_flow() {
            let stopped = audio_available(participant, found);
            self.output(stopped);
        }
        self.router.pause(participant);
        Ok(())
    }

    /// A participant announced another SSRC for its audio: its stream begins anew, and to its
    /// receivers goes on.
    ///
    /// # Errors
    /// It is not in the room.
    pub fn set_audio_ssrc(
        &mut self,
        participant: ParticipantId,
        audio_ssrc: u32,
    ) -> Result<(), NotInRoom> {
        let found = self.participants.get_mut(&participant).ok_or(NotInRoom)?;
        let source = AudioSource::Ssrc(audio_ssrc);
        found.negotiate(AudioTerms { source, ..found.terms.clone() });
        Ok(())
    }

    /// Other terms were agreed with a participant. What stays the same goes on without a gap.
    ///
    /// # Errors
    /// It is not in the room.
    pub fn negotiate(
        &mut self,
        participant: ParticipantId,
        terms: AudioTerms,
    ) -> Result<(), NotInRoom> {
        self.participants.get_mut(&participant).ok_or(NotInRoom)?.negotiate(terms);
        self.apply_terms(participant);
        Ok(())
    }

    /// Whether `receiver` gets the audio of `publisher`; it does from the start.
    ///
    /// # Errors
    /// One of them is not in the room, or they are the same.
    pub fn set_subscribed(
        &mut self,
        publisher: ParticipantId,
        receiver: ParticipantId,
        subscribed: bool,
    ) -> Result<(), NotInRoom> {
        let routed = self.router.set_subscribed(publisher, receiver, subscribed);
        if routed { Ok(()) } else { Err(NotInRoom) }
    }

    /// Who is in the room, by id.
    pub fn participants(&self) -> impl Iterator<Item = ParticipantInfo> + '_ {
        self.participants.iter().map(|(participant, present)| ParticipantInfo {
            participant: *participant,
            user: present.user.clone(),
            audio_ssrc: present.forwarded_ssrc,
            audio_available: present.is_available(),
            muted: present.is_muted,
        })
    }

    /// How many are in the room.
    pub fn len(&self) -> usize {
        self.participants.len()
    }

    /// Nobody is in the room.
    pub fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    /// What passed through the room.
    pub const fn stats(&self) -> &RoomStats {
        &self.stats
    }

    /// How a participant's stream is received; `None` if it is not in the room.
    pub fn participant_stats(&self, participant: ParticipantId) -> Option<ParticipantStats> {
        self.participants.get(&participant).map(Participant::stats)
    }

    /// How each stream goes to each receiver.
    pub fn leg_stats(&self) -> impl Iterator<Item = LegStats> + '_ {
        self.router.legs().map(|(publisher, leg)| leg.stats(publisher))
    }

    /// How each user received the others so far, by user; those who left included, those to whom
    /// nothing was sent not.
    pub fn heard(&self) -> impl Iterator<Item = (UserId, Heard)> + use<> {
        let mut heard = self.heard.clone();
        for (publisher, leg) in self.router.legs() {
            if let Some(receiver) = self.participants.get(&leg.to) {
                heard.add(&receiver.user, &leg.stats(publisher));
            }
        }
        heard.users()
    }

    pub(crate) fn output(&mut self, output: RoomOutput) {
        let is_stale_soon = match output {
            RoomOutput::Rtcp { .. } | RoomOutput::Rtp { .. } | RoomOutput::Volumes { .. } => true,
            RoomOutput::UserEntered { .. }
            | RoomOutput::UserLeft { .. }
            | RoomOutput::AudioAvailable { .. }
            | RoomOutput::VideoAvailable { .. } => false,
        };
        if is_stale_soon && self.outputs.len() >= MAX_OUTPUTS {
            self.stats.outputs_dropped += 1;
            return;
        }
        self.outputs.push_back(output);
    }

    /// Keeps what is known of the streams from and to a participant that leaves.
    fn keep_heard(&mut self, leaving: ParticipantId) {
        for leg in self.router.legs_of(leaving) {
            if let Some(receiver) = self.participants.get(&leg.to) {
                self.heard.add(&receiver.user, &leg.stats(leaving));
            }
        }
    }

    fn start_timers(&mut self, now: Instant) {
        self.volumes.start(now);
        self.reports_due.get_or_insert(now + self.config.report_interval);
    }

    fn stop_timers(&mut self) {
        self.volumes.stop();
        self.reports_due = None;
        self.flow_due = None;
        self.video_due = None;
    }

    /// Others get what a newcomer sends if they have a place for it.
    fn offer_to_others(&mut self, joining: ParticipantId) {
        let Some(stream) = self.participants.get(&joining).map(|it| it.forwarded_ssrc) else {
            return;
        };
        for (other, present) in self.participants.iter().filter(|(other, _)| **other != joining) {
            self.router.want(joining, *other, present.terms.receives.includes(stream));
        }
    }

    /// Has the routes from and to a participant follow its terms.
    fn apply_terms(&mut self, participant: ParticipantId) {
        let Some(own) = self.participants.get(&participant) else { return };
        for (other, present) in &self.participants {
            if *other == participant {
                continue;
            }
            let (from, to) = (&own.terms, &present.terms);
            self.router.set_rewrite(participant, *other, from.rewrite_for(to));
            self.router.set_rewrite(*other, participant, to.rewrite_for(from));
            let wanted = from.receives.includes(present.forwarded_ssrc);
            self.router.want(*other, participant, wanted);
        }
    }

    fn connect_with_all(&mut self, joining: ParticipantId, forwarded_ssrc: u32) {
        for (present, other) in &self.participants {
            let to_joining = new_forwarder(&mut self.rng, other.forwarded_ssrc);
            self.router.connect(*present, joining, to_joining);
            let from_joining = new_forwarder(&mut self.rng, forwarded_ssrc);
            self.router.connect(joining, *present, from_joining);
        }
    }

    pub(crate) fn draw_ssrc(&mut self) -> u32 {
        self.rng.random_range(1..=u32::MAX)
    }

    fn new_video_side(&mut self, participant: ParticipantId, streams: &Streams) -> VideoSide {
        VideoSide::new(streams.video.map(|VideoStream { track, ssrc, rtx_ssrc }| {
            for ssrc in [ssrc, rtx_ssrc] {
                self.pictures.insert(ssrc, (participant, track));
            }
            Published::new(track, ssrc, rtx_ssrc)
        }))
    }
}

/// Numbering begins in the lower half, so that a receiver that misses the first packets cannot
/// miss a wrap with them, which SRTP would never recover from (RFC 3711 section 3.3.1).
fn new_forwarder(rng: &mut ChaCha8Rng, ssrc: u32) -> Forwarder {
    Forwarder::new(ssrc, rng.random_range(0..1 << 15), rng.random())
}

fn entered(participant: ParticipantId, present: &Participant) -> RoomOutput {
    RoomOutput::UserEntered {
        user: present.user.clone(),
        participant,
        audio_ssrc: present.forwarded_ssrc,
        video: present.video.tracks.each_ref().map(Published::stream),
    }
}

pub(crate) fn audio_available(participant: ParticipantId, present: &Participant) -> RoomOutput {
    RoomOutput::AudioAvailable {
        user: present.user.clone(),
        participant,
        available: present.is_available(),
    }
}
