//! One picture that is sent: camera or screen.

use std::time::Instant;

use calling_media::RtcpSession;
use calling_media::video::{
    EncodedPicture, LossController, VideoCodec, VideoFeedback, VideoSender, VideoSenderConfig,
    VideoSenderInput, VideoSenderOutput, VideoSenderStats,
};
use calling_model::{Machine, VideoTrack};

use super::pictures::PictureOutput;
use super::{PipelineSettings, VideoSettings};

/// One picture that is sent, with its reports and its bitrate.
pub(super) struct OwnPicture {
    track: VideoTrack,
    ssrc: u32,
    sender: VideoSender,
    rtcp: RtcpSession,
    control: LossController,
    reports_seen: u64,
}

impl OwnPicture {
    pub(super) fn new(track: VideoTrack, settings: &PipelineSettings, now: Instant) -> Self {
        let VideoSettings { ssrc, rtx_ssrc, bitrate_bps } = settings.video_of(track);
        let config = VideoSenderConfig {
            ssrc,
            rtx_ssrc: Some(rtx_ssrc),
            codec: VideoCodec::Vp8,
            payload_types: Default::default(),
            bitrate_bps,
        };
        Self {
            track,
            ssrc,
            sender: VideoSender::new(config, seed(track, settings.seed), now),
            rtcp: RtcpSession::new(ssrc, settings.cname.clone(), now, settings.unix),
            control: LossController::new(bitrate_bps),
            reports_seen: 0,
        }
    }

    pub(super) const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Reads a compound packet for reports of this picture, and follows the loss they tell.
    pub(super) fn control(&mut self, now: Instant, compound: &[u8]) -> Option<PictureOutput> {
        // The sound's session counts what is malformed.
        let _ = self.rtcp.handle(now, compound);
        let remote = self.rtcp.remote();
        if remote.reports <= self.reports_seen {
            return None;
        }
        self.reports_seen = remote.reports;
        let before = self.control.bitrate_bps();
        let bps = self.control.reported(remote.fraction_lost);
        (bps != before).then(|| self.set_bitrate(now, bps))
    }

    /// What others say of it.
    pub(super) fn feedback(
        &mut self,
        now: Instant,
        feedback: &VideoFeedback,
    ) -> Option<PictureOutput> {
        match feedback {
            VideoFeedback::Nack { ssrc, sequence_numbers } if *ssrc == self.ssrc => {
                let Ok(()) =
                    self.sender.handle_input(now, VideoSenderInput::Nack(sequence_numbers));
                None
            }
            VideoFeedback::KeyFrame { ssrc } if *ssrc == self.ssrc => {
                Some(PictureOutput::KeyFrameWanted(self.track))
            }
            VideoFeedback::Nack { .. } | VideoFeedback::KeyFrame { .. } => None,
        }
    }

    /// Aims at no more than this.
    pub(super) fn set_most_bitrate(&mut self, now: Instant, bps: u32) -> PictureOutput {
        self.control.set_most(bps);
        self.set_bitrate(now, self.control.bitrate_bps())
    }

    fn set_bitrate(&mut self, now: Instant, bps: u32) -> PictureOutput {
        let Ok(()) = self.sender.handle_input(now, VideoSenderInput::Bitrate(bps));
        PictureOutput::Bitrate { track: self.track, bps }
    }

    pub(super) fn send(
        &mut self,
        now: Instant,
        codec: VideoCodec,
        picture: &EncodedPicture,
        captured: Instant,
    ) {
        self.sender.set_codec(codec);
        let Ok(()) = self.sender.handle_input(now, VideoSenderInput::Picture { picture, captured });
    }

    /// The sender's report, once anything was sent.
    pub(super) fn report(&mut self, now: Instant) -> Option<Vec<u8>> {
        let own = self.sender.own_stream(now);
        (own.packets_sent > 0).then(|| self.rtcp.report(now, own, &[]).to_vec())
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.sender.handle_timeout(now);
    }

    pub(super) fn poll_output(&mut self) -> Option<PictureOutput> {
        Some(match self.sender.poll_output()? {
            VideoSenderOutput::Packet(packet) => PictureOutput::Rtp(packet),
            VideoSenderOutput::KeyFrameWanted => PictureOutput::KeyFrameWanted(self.track),
        })
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.sender.poll_timeout().map(|(at, _)| at)
    }

    pub(super) const fn stats(&self) -> VideoSenderStats {
        self.sender.stats()
    }
}

/// Not the numbers of the sound, and for each picture others.
fn seed(track: VideoTrack, mut seed: [u8; 32]) -> [u8; 32] {
    seed.reverse();
    seed[0] ^= match track {
        VideoTrack::Camera => 0x55,
        VideoTrack::Screen => 0xaa,
    };
    seed
}
