use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use calling_media::video::{
    BITRATE_RANGE_BPS, CaptureSettings, TestPattern, VideoCodec, VideoFrame, VideoSink, VideoSource,
};
use calling_model::{CallId, VideoTrack};

use crate::audio::DeviceError;

type OpenCamera = dyn Fn(&CallId) -> Result<Box<dyn VideoSource>, DeviceError> + Send + Sync;

/// A camera or a screen by the name an application shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraInfo {
    /// What [`CallEngine::open_camera`](crate::CallEngine::open_camera) takes, or
    /// [`CallEngine::start_screen_share`](crate::CallEngine::start_screen_share).
    pub id: String,
    /// For people.
    pub name: String,
}

/// How large, how often and how well pictures are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoQuality {
    /// Pixels a line at most.
    pub width: u32,
    /// Lines at most.
    pub height: u32,
    /// Pictures per second at most.
    pub frame_rate: u32,
    /// Bits per second at most; less if the network carries less.
    pub bitrate_bps: u32,
}

impl VideoQuality {
    /// 320×180 at 15 pictures.
    pub const LOW: Self = Self { width: 320, height: 180, frame_rate: 15, bitrate_bps: 200_000 };
    /// 640×360 at 30 pictures: how calls begin.
    pub const STANDARD: Self =
        Self { width: 640, height: 360, frame_rate: 30, bitrate_bps: 800_000 };
    /// 1280×720 at 30 pictures.
    pub const HIGH: Self =
        Self { width: 1_280, height: 720, frame_rate: 30, bitrate_bps: 2_000_000 };
    /// 1920×1080 at 15 pictures: how screens are shared.
    pub(crate) const SCREEN: Self =
        Self { width: 1_920, height: 1_080, frame_rate: 15, bitrate_bps: 2_500_000 };
}

impl Default for VideoQuality {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// Which cameras and screens calls can use, and how pictures are sent.
///
/// A camera or a screen is opened only when it was asked for and after the call was answered. Cameras are read,
/// pictures encoded, decoded and shown on a thread of the call's own, so that sound waits for none
/// of it.
#[derive(Clone)]
pub struct Video {
    cameras: Vec<Camera>,
    screens: Vec<Camera>,
    codec: Option<VideoCodec>,
    quality: VideoQuality,
    echo: bool,
}

#[derive(Clone)]
struct Camera {
    info: CameraInfo,
    open: Arc<OpenCamera>,
}

/// The camera every program has: a moving picture that numbers itself.
pub const TEST_PATTERN: &str = "pattern";

impl Video {
    /// No camera and no screen.
    pub const fn none() -> Self {
        Self {
            cameras: Vec::new(),
            screens: Vec::new(),
            codec: None,
            quality: VideoQuality::STANDARD,
            echo: false,
        }
    }

    /// Sends back what it sees, packet for packet and without decoding, as the bot `echo` does. It
    /// watches everybody in its call.
    pub fn echo() -> Self {
        Self { echo: true, ..Self::none() }
    }

    /// With another camera; the first is the one opened if none is named. `open` runs on the
    /// call's video thread. A second camera of the same id takes the place of the first.
    #[must_use]
    pub fn with_camera<O>(mut self, id: impl Into<String>, name: impl Into<String>, open: O) -> Self
    where
        O: Fn(&CallId) -> Result<Box<dyn VideoSource>, DeviceError> + Send + Sync + 'static,
    {
        add(&mut self.cameras, id.into(), name.into(), Arc::new(open));
        self
    }

    /// With another screen, or window, or whatever else is to be shown beside the camera; the first
    /// is the one shared if none is named. As for [`with_camera`](Self::with_camera), `open` runs on
    /// the call's video thread.
    #[must_use]
    pub fn with_screen<O>(mut self, id: impl Into<String>, name: impl Into<String>, open: O) -> Self
    where
        O: Fn(&CallId) -> Result<Box<dyn VideoSource>, DeviceError> + Send + Sync + 'static,
    {
        add(&mut self.screens, id.into(), name.into(), Arc::new(open));
        self
    }

    /// With the cameras of this machine, as near to the quality set before as they can.
    #[cfg(feature = "camera")]
    #[must_use]
    pub fn with_system_cameras(self) -> Self {
        let quality = self.quality;
        crate::devices::cameras().into_iter().fold(self, |video, CameraInfo { id, name }| {
            video.with_camera(id.clone(), name, move |_| {
                Ok(Box::new(crate::devices::CameraSource::open(&id, quality)?))
            })
        })
    }

    /// With the screen of this machine's X server, by the id `screen`.
    #[cfg(feature = "screen")]
    #[must_use]
    pub fn with_system_screen(self) -> Self {
        self.with_screen("screen", "Screen", |_| {
            Ok(Box::new(crate::devices::ScreenSource::open(None)?))
        })
    }

    /// With this codec, if the program was built with it, in place of the first there is.
    #[must_use]
    pub const fn with_codec(mut self, codec: VideoCodec) -> Self {
        self.codec = Some(codec);
        self
    }

    /// With this quality to begin with.
    #[must_use]
    pub const fn with_quality(mut self, quality: VideoQuality) -> Self {
        self.quality = quality;
        self
    }

    /// The cameras there are.
    pub fn cameras(&self) -> Vec<CameraInfo> {
        self.cameras.iter().map(|camera| camera.info.clone()).collect()
    }

    /// The screens there are.
    pub fn screens(&self) -> Vec<CameraInfo> {
        self.screens.iter().map(|screen| screen.info.clone()).collect()
    }

    /// The codec that pictures are sent in; `None` if the program was built without any.
    pub fn codec(&self) -> Option<VideoCodec> {
        let wished = self.codec.filter(|codec| codec.is_available());
        wished.or_else(|| VideoCodec::available().next())
    }

    pub(crate) const fn is_echo(&self) -> bool {
        self.echo
    }

    pub(crate) const fn quality(&self) -> VideoQuality {
        self.quality
    }

    const fn all(&self, track: VideoTrack) -> &Vec<Camera> {
        match track {
            VideoTrack::Camera => &self.cameras,
            VideoTrack::Screen => &self.screens,
        }
    }

    /// The id of that camera or screen, or of the first; `None` if there is none.
    pub(crate) fn find(&self, track: VideoTrack, id: Option<&str>) -> Option<String> {
        let mut cameras = self.all(track).iter();
        let camera = cameras.find(|camera| id.is_none_or(|id| id == camera.info.id))?;
        Some(camera.info.id.clone())
    }

    pub(crate) fn open(
        &self,
        track: VideoTrack,
        id: &str,
        call: &CallId,
    ) -> Result<Box<dyn VideoSource>, DeviceError> {
        let camera = self.all(track).iter().find(|camera| camera.info.id == id);
        let missing = || DeviceError(format!("there is no {} `{id}`", track.name()));
        let camera = camera.ok_or_else(missing)?;
        (camera.open)(call)
    }
}

impl Default for Video {
    /// The test pattern, 640×360 at 30 pictures.
    fn default() -> Self {
        Self::none().with_camera(TEST_PATTERN, "Test pattern", |_| {
            Ok(Box::new(TestPattern::new(640, 360, 30)))
        })
    }
}

impl fmt::Debug for Video {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cameras, screens) = (self.cameras(), self.screens());
        f.debug_struct("Video")
            .field("cameras", &cameras)
            .field("screens", &screens)
            .finish_non_exhaustive()
    }
}

/// Adds a camera, or puts it in the place of one of the same id.
fn add(cameras: &mut Vec<Camera>, id: String, name: String, open: Arc<OpenCamera>) {
    let camera = Camera { info: CameraInfo { id, name }, open };
    match cameras.iter_mut().find(|before| before.info.id == camera.info.id) {
        Some(before) => *before = camera,
        None => cameras.push(camera),
    }
}

/// The settings of an encoder.
pub(crate) fn capture_settings(codec: VideoCodec, quality: VideoQuality) -> CaptureSettings {
    let [least, most] = BITRATE_RANGE_BPS;
    CaptureSettings {
        codec,
        bitrate_bps: quality.bitrate_bps.clamp(least, most),
        most_pixels: [quality.width as usize, quality.height as usize],
        most_frame_rate: quality.frame_rate,
    }
}

/// A view: a sink that the session keeps while the thread that feeds it may change.
#[derive(Clone)]
pub(crate) struct View(Arc<Mutex<Box<dyn VideoSink>>>);

impl View {
    pub(crate) fn new(sink: Box<dyn VideoSink>) -> Self {
        Self(Arc::new(Mutex::new(sink)))
    }
}

impl VideoSink for View {
    fn show(&mut self, frame: &VideoFrame) {
        // One thread at a time shows; a sink that panicked is shown no more.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).show(frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_are_found_by_id_and_the_first_without() {
        let nothing = |_: &CallId| Err(DeviceError("broken".into()));
        let video = Video::default().with_camera("usb", "USB camera", nothing);
        let camera = VideoTrack::Camera;
        assert_eq!(video.find(camera, None).as_deref(), Some(TEST_PATTERN));
        assert_eq!(video.find(camera, Some("usb")).as_deref(), Some("usb"));
        assert_eq!(video.find(camera, Some("none")), None);
        assert_eq!(Video::none().find(camera, None), None);
        let call = CallId::new("c1").unwrap();
        assert!(video.open(camera, TEST_PATTERN, &call).is_ok());
        assert_eq!(video.open(camera, "usb", &call).err(), Some(DeviceError("broken".into())));
        assert!(video.open(camera, "none", &call).is_err());
        assert_eq!(video.find(VideoTrack::Screen, None), None, "a camera is no screen");
        let replaced = video.with_camera(TEST_PATTERN, "Mine", nothing);
        let names: Vec<_> = replaced.cameras().into_iter().map(|camera| camera.name).collect();
        assert_eq!(names, ["Mine", "USB camera"]);
    }
}
