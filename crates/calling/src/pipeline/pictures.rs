//! The pictures of a call: our camera and screen to packets, packets to everybody's pictures.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use calling_media::video::{
    EncodedPicture, LipSync, ReceivedPicture, VideoCodec, VideoFeedback, VideoReceiver,
    VideoReceiverConfig, VideoReceiverInput, VideoReceiverOutput, VideoReceiverStats,
    VideoSenderStats,
};
use calling_model::{Machine, UserId, VideoTrack};
use calling_signaling::protocol::VideoStream;
use calling_wire::{ReportBlock, RtcpPackets, RtpView, SenderReportView};

use super::PipelineSettings;
use super::own::OwnPicture;

/// Pictures received at once: camera and screen of everybody.
const MOST_STREAMS: usize = 256;

/// What pictures want done.
pub(super) enum PictureOutput {
    /// Protect and send.
    Rtp(Vec<u8>),
    /// The same.
    Rtcp(Vec<u8>),
    /// Show.
    Show { user: UserId, track: VideoTrack, picture: ReceivedPicture },
    /// Encode a key frame of this picture of ours.
    KeyFrameWanted(VideoTrack),
    /// Aim at this bitrate.
    Bitrate { track: VideoTrack, bps: u32 },
}

/// The figures of one picture received.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoFigures {
    /// Whose.
    pub user: UserId,
    /// Which of theirs.
    pub track: VideoTrack,
    /// What was received.
    pub stats: VideoReceiverStats,
}

pub(super) struct Pictures {
    camera: OwnPicture,
    screen: OwnPicture,
    by_ssrc: BTreeMap<u32, Remote>,
    /// SSRCs of retransmissions, and what they repeat.
    again: BTreeMap<u32, u32>,
    sync: BTreeMap<UserId, LipSync>,
    outputs: VecDeque<PictureOutput>,
    due: Option<Instant>,
}

struct Remote {
    user: UserId,
    track: VideoTrack,
    receiver: VideoReceiver,
}

impl Pictures {
    pub(super) fn new(settings: &PipelineSettings, now: Instant) -> Self {
        Self {
            camera: OwnPicture::new(VideoTrack::Camera, settings, now),
            screen: OwnPicture::new(VideoTrack::Screen, settings, now),
            by_ssrc: BTreeMap::new(),
            again: BTreeMap::new(),
            sync: BTreeMap::new(),
            outputs: VecDeque::new(),
            due: None,
        }
    }

    /// Pictures of `user` come under these SSRCs.
    pub(super) fn announce(&mut self, now: Instant, user: &UserId, streams: &[VideoStream]) {
        let known = streams.iter().all(|stream| {
            let remote = self.by_ssrc.get(&stream.ssrc);
            remote.is_some_and(|remote| remote.user == *user && remote.track == stream.track)
        });
        if known {
            return;
        }
        self.leave(user);
        for VideoStream { track, ssrc, rtx_ssrc } in streams.iter().copied() {
            let is_own = [&self.camera, &self.screen].iter().any(|own| own.ssrc() == ssrc);
            if self.by_ssrc.len() >= MOST_STREAMS || is_own {
                continue;
            }
            let receiver = VideoReceiver::new(VideoReceiverConfig::new(ssrc, Some(rtx_ssrc)));
            self.by_ssrc.insert(ssrc, Remote { user: user.clone(), track, receiver });
            self.again.insert(rtx_ssrc, ssrc);
        }
        self.sync.insert(user.clone(), LipSync::new(now));
    }

    pub(super) fn leave(&mut self, user: &UserId) {
        self.by_ssrc.retain(|_, remote| remote.user != *user);
        let by_ssrc = &self.by_ssrc;
        self.again.retain(|_, ssrc| by_ssrc.contains_key(ssrc));
        self.sync.remove(user);
        self.refresh();
    }

    /// Whether a packet is of a picture, or of one sent again.
    pub(super) fn is_ours(&self, ssrc: u32) -> bool {
        self.by_ssrc.contains_key(&ssrc) || self.again.contains_key(&ssrc)
    }

    pub(super) fn packet(&mut self, now: Instant, packet: &RtpView<'_>) {
        let ssrc = packet.ssrc();
        let media = self.again.get(&ssrc).copied().unwrap_or(ssrc);
        self.input(now, media, VideoReceiverInput::Packet(packet));
    }

    /// A packet of `user`'s voice came, for lips in step with it.
    pub(super) fn heard(&mut self, now: Instant, user: &UserId, rtp_timestamp: u32) {
        if let Some(sync) = self.sync.get_mut(user) {
            sync.audio_packet(now, rtp_timestamp);
        }
    }

    /// Reads a compound packet; `voice` says whose sound an SSRC is.
    pub(super) fn control(
        &mut self,
        now: Instant,
        compound: &[u8],
        voice: impl Fn(u32) -> Option<UserId>,
    ) {
        for packet in RtcpPackets::new(compound).map_while(Result::ok) {
            let Some(report) = SenderReportView::parse(&packet) else { continue };
            if let Some(remote) = self.by_ssrc.get(&report.ssrc) {
                if let Some(sync) = self.sync.get_mut(&remote.user) {
                    sync.video_report(&report.info);
                }
            } else if let Some(sync) = voice(report.ssrc).and_then(|user| self.sync.get_mut(&user))
            {
                sync.audio_report(&report.info);
            }
        }
        for feedback in VideoFeedback::parse(compound) {
            for own in [&mut self.camera, &mut self.screen] {
                self.outputs.extend(own.feedback(now, &feedback));
            }
        }
        for own in [&mut self.camera, &mut self.screen] {
            self.outputs.extend(own.control(now, compound));
        }
        self.drain_senders();
    }

    /// Aims at no more than this.
    pub(super) fn set_most_bitrate(&mut self, now: Instant, track: VideoTrack, bps: u32) {
        let output = self.own(track).set_most_bitrate(now, bps);
        self.outputs.push_back(output);
        self.drain_senders();
    }

    const fn own(&mut self, track: VideoTrack) -> &mut OwnPicture {
        match track {
            VideoTrack::Camera => &mut self.camera,
            VideoTrack::Screen => &mut self.screen,
        }
    }

    /// Sends a picture.
    pub(super) fn send(
        &mut self,
        now: Instant,
        track: VideoTrack,
        codec: VideoCodec,
        picture: &EncodedPicture,
        captured: Instant,
    ) {
        self.own(track).send(now, codec, picture, captured);
        self.drain_senders();
    }

    /// A key frame of `user` is needed because a decoder stumbled, or wanted by somebody further on.
    pub(super) fn want_key_frame(
        &mut self,
        now: Instant,
        user: &UserId,
        track: VideoTrack,
        stumbled: bool,
    ) {
        let mut remotes = self.by_ssrc.iter();
        let found = remotes.find(|(_, remote)| remote.user == *user && remote.track == track);
        let Some(ssrc) = found.map(|(ssrc, _)| *ssrc) else { return };
        let input = if stumbled {
            VideoReceiverInput::KeyFrameNeeded
        } else {
            VideoReceiverInput::KeyFrameWanted
        };
        self.input(now, ssrc, input);
    }

    /// Every second: the reports, and what lips and patience go by.
    pub(super) fn report(
        &mut self,
        now: Instant,
        round_trip_ms: Option<f64>,
        delay_of: impl Fn(&UserId) -> Option<Duration>,
    ) -> Vec<u8> {
        let ssrcs: Vec<u32> = self.by_ssrc.keys().copied().collect();
        for ssrc in ssrcs {
            if let Some(ms) = round_trip_ms {
                let round_trip = Duration::from_secs_f64(ms.max(0.0) / 1_000.0);
                self.input(now, ssrc, VideoReceiverInput::RoundTrip(round_trip));
            }
            let Some(remote) = self.by_ssrc.get(&ssrc) else { continue };
            // A screen is shown as soon as it comes.
            let camera = remote.track == VideoTrack::Camera;
            let sync = self.sync.get(&remote.user).filter(|_| camera);
            let point = sync.and_then(|sync| sync.point(now, delay_of(&remote.user)?));
            self.input(now, ssrc, VideoReceiverInput::Sync(point));
        }
        let own = [&mut self.camera, &mut self.screen];
        own.into_iter().filter_map(|own| own.report(now)).flatten().collect()
    }

    /// What reports say of each picture received.
    pub(super) fn report_blocks(&mut self) -> Vec<ReportBlock> {
        let remotes = self.by_ssrc.values_mut();
        remotes.filter_map(|remote| remote.receiver.reception_report()).collect()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        self.camera.handle_timeout(now);
        self.screen.handle_timeout(now);
        self.drain_senders();
        let due = |remote: &Remote| remote.receiver.poll_timeout().is_some_and(|(at, _)| at <= now);
        let ssrcs: Vec<u32> =
            self.by_ssrc.iter().filter(|(_, remote)| due(remote)).map(|(ssrc, _)| *ssrc).collect();
        for ssrc in ssrcs {
            if let Some(remote) = self.by_ssrc.get_mut(&ssrc) {
                remote.receiver.handle_timeout(now);
            }
            self.drain_receiver(ssrc);
        }
        self.refresh();
    }

    pub(super) fn poll_output(&mut self) -> Option<PictureOutput> {
        self.outputs.pop_front()
    }

    pub(super) const fn next(&self) -> Option<Instant> {
        self.due
    }

    pub(super) const fn sent(&self, track: VideoTrack) -> VideoSenderStats {
        match track {
            VideoTrack::Camera => self.camera.stats(),
            VideoTrack::Screen => self.screen.stats(),
        }
    }

    pub(super) fn figures(&self) -> Vec<VideoFigures> {
        let figures = |remote: &Remote| VideoFigures {
            user: remote.user.clone(),
            track: remote.track,
            stats: remote.receiver.stats(),
        };
        self.by_ssrc.values().map(figures).collect()
    }

    fn input(&mut self, now: Instant, ssrc: u32, input: VideoReceiverInput<'_>) {
        let Some(remote) = self.by_ssrc.get_mut(&ssrc) else { return };
        let Ok(()) = remote.receiver.handle_input(now, input);
        self.drain_receiver(ssrc);
        self.refresh();
    }

    fn drain_receiver(&mut self, ssrc: u32) {
        let Some(remote) = self.by_ssrc.get_mut(&ssrc) else { return };
        while let Some(output) = remote.receiver.poll_output() {
            self.outputs.push_back(match output {
                VideoReceiverOutput::Picture(picture) => {
                    let (user, track) = (remote.user.clone(), remote.track);
                    PictureOutput::Show { user, track, picture }
                }
                VideoReceiverOutput::Feedback(feedback) => {
                    PictureOutput::Rtcp(feedback.to_packet(self.camera.ssrc()))
                }
            });
        }
    }

    fn drain_senders(&mut self) {
        for own in [&mut self.camera, &mut self.screen] {
            self.outputs.extend(std::iter::from_fn(|| own.poll_output()));
        }
        self.refresh();
    }

    fn refresh(&mut self) {
        let receivers = self.by_ssrc.values().filter_map(|remote| remote.receiver.poll_timeout());
        let receivers = receivers.map(|(at, _)| at);
        let senders = [self.camera.next(), self.screen.next()];
        self.due = receivers.chain(senders.into_iter().flatten()).min();
    }
}
