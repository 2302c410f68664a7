//! Between the pipeline of a call and its video thread.

use std::time::Instant;

use calling_media::video::ReceivedPicture;
use calling_model::{UserId, VideoTrack};
use calling_signaling::protocol::VideoStream;

use super::MediaEvent;
use super::video::{VideoCommand, VideoEvent, VideoThread};
use super::worker::Worker;
use crate::pipeline::PipelineInput;

/// Commands kept until there is a thread for them.
const MOST_WISHES: usize = 256;

/// Whether there is nothing to do it for without a thread: voice calls have none.
const fn needs_thread(command: &VideoCommand) -> bool {
    match command {
        VideoCommand::Open { .. }
        | VideoCommand::LocalView(Some(_))
        | VideoCommand::RemoteView { .. } => true,
        VideoCommand::Close(_)
        | VideoCommand::Mute(_)
        | VideoCommand::LocalView(None)
        | VideoCommand::NoRemoteView { .. }
        | VideoCommand::Quality(_)
        | VideoCommand::KeyFrame(_)
        | VideoCommand::Bitrate { .. }
        | VideoCommand::Show { .. } => false,
    }
}

impl Worker {
    /// Media of `user` comes under these SSRCs.
    pub(super) fn remote(&mut self, user: UserId, ssrc: u32, streams: Vec<VideoStream>) {
        self.input(PipelineInput::RemoteAudio { user: user.clone(), ssrc });
        self.input(PipelineInput::RemoteVideo { user, streams });
    }

    /// Obeys, now or once the call was answered: no camera is opened before.
    pub(super) fn video_command(&mut self, command: VideoCommand) {
        if let VideoCommand::Quality(quality) = &command {
            let (track, bps) = (VideoTrack::Camera, quality.bitrate_bps);
            self.input(PipelineInput::VideoBitrate { track, bps });
        }
        if self.video.is_none() && self.wishes.gate_open && needs_thread(&command) {
            self.spawn_video();
        }
        if self.video.is_some() {
            self.tell_video(command);
        } else if self.wishes.video.len() < MOST_WISHES {
            self.wishes.video.push(command);
        }
    }

    /// The call was answered: the video thread begins, if pictures are wanted at all.
    pub(super) fn open_video(&mut self) {
        if self.video.is_none() && self.wishes.video.iter().any(needs_thread) {
            self.spawn_video();
        }
    }

    fn spawn_video(&mut self) {
        match VideoThread::spawn(self.start.config.clone(), self.start.call_id.clone()) {
            Ok(thread) => self.video = Some(thread),
            Err(error) => {
                let message = format!("no thread for pictures: {error}");
                return self.tells.tell(MediaEvent::VideoFailed { code: -1301, message });
            }
        }
        for command in std::mem::take(&mut self.wishes.video) {
            self.tell_video(command);
        }
    }

    pub(super) fn tell_video(&mut self, command: VideoCommand) {
        if let Some(thread) = &self.video
            && !thread.tell(command)
        {
            tracing::warn!("the video thread does not listen");
        }
    }

    /// A picture came whose time it is.
    pub(super) fn show(&mut self, user: UserId, track: VideoTrack, picture: ReceivedPicture) {
        if self.start.config.video.is_echo() {
            let (codec, picture, captured) = (picture.codec, &picture.picture, Instant::now());
            return self.input(PipelineInput::Picture { track, codec, picture, captured });
        }
        let (again, command) = ((user.clone(), track), VideoCommand::Show { user, track, picture });
        if self.video.as_ref().is_some_and(|thread| !thread.tell(command)) {
            // Too slow: what was left out is needed for what follows.
            let (user, track) = again;
            self.input(PipelineInput::WantKeyFrame { user, track, stumbled: true });
        }
    }

    /// Somebody who sees our picture needs a key frame; the echo's comes from those it echoes.
    pub(super) fn key_frame_wanted(&mut self, track: VideoTrack) {
        if !self.start.config.video.is_echo() {
            return self.tell_video(VideoCommand::KeyFrame(track));
        }
        for user in self.wishes.remotes.keys().cloned().collect::<Vec<_>>() {
            self.input(PipelineInput::WantKeyFrame { user, track, stumbled: false });
        }
    }

    pub(super) fn video_event(&mut self, event: Option<VideoEvent>) {
        match event {
            Some(VideoEvent::Encoded { track, codec, picture, captured }) => {
                self.input(PipelineInput::Picture { track, codec, picture: &picture, captured });
            }
            Some(VideoEvent::Ended(track)) => self.tells.tell(MediaEvent::VideoEnded(track)),
            Some(VideoEvent::Stumbled { user, track }) => {
                self.input(PipelineInput::WantKeyFrame { user, track, stumbled: true });
            }
            Some(VideoEvent::FirstFrame { user, track, width, height }) => {
                self.tells.tell(MediaEvent::FirstFrame { user, track, width, height });
            }
            Some(VideoEvent::Failed { code, message }) => {
                self.tells.tell(MediaEvent::VideoFailed { code, message });
            }
            None => self.video = None,
        }
    }
}
