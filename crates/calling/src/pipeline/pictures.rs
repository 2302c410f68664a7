//! The pictures of a call: our camera to packets, packets to everybody's pictures.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use calling_media::RtcpSession;
use calling_media::video::{
    EncodedPicture, LipSync, LossController, ReceivedPicture, VideoCodec, VideoFeedback,
    VideoReceiver, VideoReceiverConfig, VideoReceiverInput, VideoReceiverOutput,
    VideoReceiverStats, VideoSender, VideoSenderConfig, VideoSenderInput, VideoSenderOutput,
    VideoSenderStats,
};
use calling_model::{Machine, UserId, VideoTrack};
use calling_signaling::protocol::VideoStream;
use calling_wire::{ReportBlock, RtcpPackets, RtpView, SenderReportView};

use super::{PipelineSettings, VideoSettings};

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
    /// Encode a key frame.
    KeyFrameWanted,
    /// Aim at this bitrate.
    Bitrate(u32),
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
    sender: VideoSender,
    rtcp: RtcpSession,
    own_ssrc: u32,
    control: LossController,
    reports_seen: u64,
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
        let VideoSettings { ssrc, rtx_ssrc, bitrate_bps } = settings.video;
        let config = VideoSenderConfig {
            ssrc,
            rtx_ssrc: Some(rtx_ssrc),
            codec: VideoCodec::Vp8,
            payload_types: Default::default(),
            bitrate_bps,
        };
        let mut seed = settings.seed;
        // Not the numbers of the sound.
        seed.reverse();
        seed[0] ^= 0x55;
        Self {
            sender: VideoSender::new(config, seed, now),
            rtcp: RtcpSession::new(ssrc, settings.cname.clone(), now, settings.unix),
            own_ssrc: ssrc,
            control: LossController::new(bitrate_bps),
            reports_seen: 0,
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
            if self.by_ssrc.len() >= MOST_STREAMS || ssrc == self.own_ssrc {
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
        // The sound's session counts what is malformed.
        let _ = self.rtcp.handle(now, compound);
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
            self.feedback(now, &feedback);
        }
        self.adapt(now);
        self.drain_sender();
    }

    fn feedback(&mut self, now: Instant, feedback: &VideoFeedback) {
        match feedback {
            VideoFeedback::Nack { ssrc, sequence_numbers } if *ssrc == self.own_ssrc => {
                let Ok(()) =
                    self.sender.handle_input(now, VideoSenderInput::Nack(sequence_numbers));
            }
            VideoFeedback::KeyFrame { ssrc } if *ssrc == self.own_ssrc => {
                self.outputs.push_back(PictureOutput::KeyFrameWanted);
            }
            VideoFeedback::Nack { .. } | VideoFeedback::KeyFrame { .. } => {}
        }
    }

    /// Follows the loss that the server reports of our picture.
    fn adapt(&mut self, now: Instant) {
        let remote = self.rtcp.remote();
        if remote.reports > self.reports_seen {
            self.reports_seen = remote.reports;
            let before = self.control.bitrate_bps();
            let bps = self.control.reported(remote.fraction_lost);
            if bps != before {
                self.set_bitrate(now, bps);
            }
        }
    }

    /// Aims at no more than this.
    pub(super) fn set_most_bitrate(&mut self, now: Instant, bps: u32) {
        self.control.set_most(bps);
        self.set_bitrate(now, self.control.bitrate_bps());
    }

    fn set_bitrate(&mut self, now: Instant, bps: u32) {
        let Ok(()) = self.sender.handle_input(now, VideoSenderInput::Bitrate(bps));
        self.outputs.push_back(PictureOutput::Bitrate(bps));
        self.drain_sender();
    }

    /// Sends a picture.
    pub(super) fn send(
        &mut self,
        now: Instant,
        codec: VideoCodec,
        picture: &EncodedPicture,
        captured: Instant,
    ) {
        self.sender.set_codec(codec);
        let Ok(()) = self.sender.handle_input(now, VideoSenderInput::Picture { picture, captured });
        self.drain_sender();
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
    ) -> Option<Vec<u8>> {
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
        let own = self.sender.own_stream(now);
        (own.packets_sent > 0).then(|| self.rtcp.report(now, own, &[]).to_vec())
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
        self.sender.handle_timeout(now);
        self.drain_sender();
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

    pub(super) const fn sent(&self) -> VideoSenderStats {
        self.sender.stats()
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
                    PictureOutput::Rtcp(feedback.to_packet(self.own_ssrc))
                }
            });
        }
    }

    fn drain_sender(&mut self) {
        while let Some(output) = self.sender.poll_output() {
            self.outputs.push_back(match output {
                VideoSenderOutput::Packet(packet) => PictureOutput::Rtp(packet),
                VideoSenderOutput::KeyFrameWanted => PictureOutput::KeyFrameWanted,
            });
        }
        self.refresh();
    }

    fn refresh(&mut self) {
        let receivers = self.by_ssrc.values().filter_map(|remote| remote.receiver.poll_timeout());
        let receivers = receivers.map(|(at, _)| at);
        let sender = self.sender.poll_timeout().map(|(at, _)| at);
        self.due = receivers.chain(sender).min();
    }
}
