//! What is done with pictures.

use calling_media::video::VideoSink;
use calling_model::{UserId, VideoSize, VideoTrack};

use super::CallEngine;
use super::session::{SessionCommand, VideoWish};
use crate::error::CommandError;
use crate::video::{CameraInfo, VideoQuality, View};

impl CallEngine {
    /// The cameras of [`Config::video`](crate::Config::video).
    pub fn cameras(&self) -> Vec<CameraInfo> {
        self.config.video.cameras()
    }

    /// Opens a camera, the first if `id` is `None`, and sends what it sees to everybody in the call.
    /// Asked for before the call is answered, it opens then, and not before. It closes with the call.
    /// Should it not open, an error event tells.
    ///
    /// # Errors
    /// There is no such camera, or this device is signed out.
    pub fn open_camera(&self, id: Option<&str>) -> Result<(), CommandError> {
        self.open(VideoTrack::Camera, id)
    }

    /// Sends no picture any more.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub fn close_camera(&self) -> Result<(), CommandError> {
        self.wish(VideoWish::Close(VideoTrack::Camera))
    }

    /// The screens of [`Config::video`](crate::Config::video).
    pub fn screens(&self) -> Vec<CameraInfo> {
        self.config.video.screens()
    }

    /// Shares a screen beside the camera, the first if `source` is `None`: others see it as the sub
    /// stream, [`VideoTrack::Screen`]. What holds for [`open_camera`](Self::open_camera) holds for
    /// it; another one takes its place without a gap. When the source ends, so does the sharing.
    ///
    /// # Errors
    /// There is no such screen, or this device is signed out.
    pub fn start_screen_share(&self, source: Option<&str>) -> Result<(), CommandError> {
        self.open(VideoTrack::Screen, source)
    }

    /// Shares no screen any more, which others learn at once.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub fn stop_screen_share(&self) -> Result<(), CommandError> {
        self.wish(VideoWish::Close(VideoTrack::Screen))
    }

    /// Opens another camera in place of the one that is open; those who watch see it go on.
    ///
    /// # Errors
    /// As [`open_camera`](Self::open_camera).
    pub fn switch_camera(&self, id: &str) -> Result<(), CommandError> {
        self.open_camera(Some(id))
    }

    /// Shows nothing of the camera to anybody, or shows it again. The camera stays open, and is not
    /// read meanwhile.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub fn set_video_mute(&self, muted: bool) -> Result<(), CommandError> {
        self.wish(VideoWish::Mute(muted))
    }

    /// How large, how often and how well pictures are sent from now on, in this call and those to
    /// come.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub fn set_video_quality(&self, quality: VideoQuality) -> Result<(), CommandError> {
        self.wish(VideoWish::Quality(quality))
    }

    /// Gives the pictures that the camera takes to `sink`, as they are. It runs on the call's video
    /// thread and must not block.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub fn start_local_view(&self, sink: impl VideoSink + 'static) -> Result<(), CommandError> {
        self.wish(VideoWish::LocalView(Some(View::new(Box::new(sink)))))
    }

    /// Gives them to nobody any more.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub fn stop_local_view(&self) -> Result<(), CommandError> {
        self.wish(VideoWish::LocalView(None))
    }

    /// Asks for a picture of `user` and gives it to `sink`, in step with their voice. Who sees nobody
    /// receives nothing. It may be asked for before the user is there, and lasts until
    /// [`stop_remote_view`](Self::stop_remote_view) or the end of the call. A second sink takes the
    /// place of the first. It runs on the call's video thread and must not block.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub fn start_remote_view(
        &self,
        user: UserId,
        track: VideoTrack,
        size: VideoSize,
        sink: impl VideoSink + 'static,
    ) -> Result<(), CommandError> {
        let view = View::new(Box::new(sink));
        self.wish(VideoWish::RemoteView { user, track, size, view })
    }

    /// Says how large a view is shown, so that the size sent fits it.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub fn update_remote_view(
        &self,
        user: UserId,
        track: VideoTrack,
        size: VideoSize,
    ) -> Result<(), CommandError> {
        self.wish(VideoWish::RemoteSize { user, track, size })
    }

    /// Shows a picture of `user` no longer and receives it no longer.
    ///
    /// # Errors
    /// This device is signed out, or too many commands wait.
    pub fn stop_remote_view(&self, user: UserId, track: VideoTrack) -> Result<(), CommandError> {
        self.wish(VideoWish::NoRemoteView { user, track })
    }

    fn open(&self, track: VideoTrack, id: Option<&str>) -> Result<(), CommandError> {
        let id = self.config.video.find(track, id).ok_or_else(|| missing(track))?;
        self.wish(VideoWish::Open { track, id })
    }

    fn wish(&self, wish: VideoWish) -> Result<(), CommandError> {
        self.tell(SessionCommand::Video(wish))
    }
}

fn missing(track: VideoTrack) -> CommandError {
    use calling_signaling::protocol::{Code, ProtocolError};
    let (code, sentence) = match track {
        VideoTrack::Camera => (-1301, "there is no such camera"),
        VideoTrack::Screen => (-1308, "there is no such screen to share"),
    };
    ProtocolError::new(Code::Other(code), sentence).into()
}
