//! Cameras by Video4Linux.

use std::path::Path;

use calling_media::video::{I420Frame, VideoSource};
use linuxvideo::format::{PixFormat, PixelFormat};
use linuxvideo::stream::ReadStream;
use linuxvideo::{BufType, CapabilityFlags, Device, Fract};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{ConvertError, convert};
use crate::audio::DeviceError;
use crate::video::{CameraInfo, VideoQuality};

/// Above this many pixels USB 2 carries few pictures a second unless they are compressed.
const MOST_UNCOMPRESSED: u32 = 640 * 480;
/// Pictures that wait in a driver at most; read in one go when the program was behind.
const MOST_WAITING: usize = 8;
/// Pictures in a row that cannot be read, before a camera counts as broken.
const MOST_BAD: u32 = 120;

/// The cameras of this machine, by path. One that cannot be opened is left out, as is whatever else
/// is a video device and takes no pictures. Somebody who may not use cameras has none: on Debian
/// that takes the group `video`.
pub fn cameras() -> Vec<CameraInfo> {
    let Ok(devices) = linuxvideo::list() else { return Vec::new() };
    let mut cameras: Vec<CameraInfo> =
        devices.flatten().filter_map(|device| describe(&device)).collect();
    cameras.sort_by(|one, other| one.id.cmp(&other.id));
    cameras
}

fn describe(device: &Device) -> Option<CameraInfo> {
    let capabilities = device.capabilities().ok()?;
    let takes_pictures =
        capabilities.device_capabilities().contains(CapabilityFlags::VIDEO_CAPTURE);
    (takes_pictures && format_of(device, VideoQuality::STANDARD).is_some()).then_some(())?;
    let id = device.path().ok()?.to_str()?.to_owned();
    Some(CameraInfo { id, name: capabilities.card().to_owned() })
}

/// How pictures of a camera are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Nv12,
    Yuyv,
    Jpeg,
}

impl Layout {
    fn of(format: PixelFormat) -> Option<Self> {
        match &format.as_fourcc() {
            b"NV12" => Some(Self::Nv12),
            b"YUYV" => Some(Self::Yuyv),
            b"MJPG" | b"JPEG" => Some(Self::Jpeg),
            _ => None,
        }
    }
}

/// The best of what a camera offers: what need not be decoded, unless pictures are large.
fn best(offered: &[PixelFormat], quality: VideoQuality) -> Option<PixelFormat> {
    let is_large = quality.width.saturating_mul(quality.height) > MOST_UNCOMPRESSED;
    let rank = |format: &PixelFormat| {
        Layout::of(*format).map(|layout| match layout {
            Layout::Jpeg => u8::from(!is_large) * 2,
            Layout::Nv12 => u8::from(is_large),
            Layout::Yuyv => 1 + u8::from(is_large),
        })
    };
    let known = offered.iter().copied().filter(|format| rank(format).is_some());
    known.min_by_key(|format| rank(format))
}

fn format_of(device: &Device, quality: VideoQuality) -> Option<PixelFormat> {
    let formats = device.formats(BufType::VIDEO_CAPTURE);
    let offered: Vec<PixelFormat> = formats.flatten().map(|it| it.pixel_format()).collect();
    best(&offered, quality)
}

/// A camera that is open.
///
/// [`read`](VideoSource::read) never waits: until the camera has given its first picture, pictures
/// are black, and between two of its pictures the one before is given again.
pub struct CameraSource {
    stream: ReadStream,
    layout: Layout,
    size: [usize; 2],
    stride: usize,
    frame_rate: u32,
    last: I420Frame,
    bad: u32,
}

impl std::fmt::Debug for CameraSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CameraSource").field("size", &self.size).finish_non_exhaustive()
    }
}

impl CameraSource {
    /// Opens the camera with that path, as near to `quality` as it can.
    ///
    /// # Errors
    /// There is no such camera, it may not be used, another program uses it, or its pictures come
    /// in no known layout (NV12, YUYV or JPEG).
    pub fn open(path: &str, quality: VideoQuality) -> Result<Self, DeviceError> {
        let failed = |error: &dyn std::fmt::Display| DeviceError(format!("{path}: {error}"));
        let device = Device::open(Path::new(path)).map_err(|error| failed(&error))?;
        let unknown = "it gives pictures neither as NV12 nor as YUYV or JPEG";
        let format = format_of(&device, quality).ok_or_else(|| failed(&unknown))?;
        let wanted = PixFormat::new(quality.width, quality.height, format);
        let capture = device.video_capture(wanted).map_err(|error| failed(&error))?;
        // Cameras that let nobody choose keep their rate.
        let interval = capture.set_frame_interval(Fract::new(1, quality.frame_rate.max(1)));
        let given = capture.format();
        let layout = Layout::of(given.pixel_format()).ok_or_else(|| failed(&unknown))?;
        let [width, height] = [given.width(), given.height()].map(|side| side as usize);
        let stride = given.bytes_per_line() as usize;
        let last = I420Frame::black(width, height).map_err(|error| failed(&error))?;
        let stream = capture.into_stream().map_err(|error| failed(&error))?;
        Ok(Self {
            stream,
            layout,
            size: [width, height],
            stride,
            frame_rate: interval.map_or(quality.frame_rate, rate).clamp(1, 120),
            last,
            bad: 0,
        })
    }

    /// Takes in the newest picture, if there is one that was not; an error if the camera is gone.
    fn refresh(&mut self) -> std::io::Result<()> {
        for _ in 0..MOST_WAITING {
            if self.stream.will_block()? {
                break;
            }
            let (layout, [width, height], stride) = (self.layout, self.size, self.stride);
            let picture =
                self.stream.dequeue(|view| Ok(read(layout, width, height, stride, &view)))?;
            match picture {
                Ok(picture) => (self.last, self.bad) = (picture, 0),
                // Cameras give half pictures now and then, the first ones above all.
                Err(error) => {
                    self.bad += 1;
                    if self.bad >= MOST_BAD {
                        return Err(std::io::Error::other(error));
                    }
                }
            }
        }
        Ok(())
    }
}

impl VideoSource for CameraSource {
    fn read(&mut self) -> Option<I420Frame> {
        self.refresh().ok()?;
        Some(self.last.clone())
    }

    fn frame_rate(&self) -> u32 {
        self.frame_rate
    }
}

/// Pictures per second of an interval, rounded.
fn rate(interval: Fract) -> u32 {
    let (seconds, parts) = (interval.numerator().max(1), interval.denominator());
    (parts.saturating_add(seconds / 2)) / seconds
}

fn read(
    layout: Layout,
    width: usize,
    height: usize,
    stride: usize,
    data: &[u8],
) -> Result<I420Frame, ConvertError> {
    match layout {
        Layout::Nv12 => convert::nv12(width, height, stride, data),
        Layout::Yuyv => convert::yuyv(width, height, stride, data),
        Layout::Jpeg => jpeg(data),
    }
}

fn jpeg(data: &[u8]) -> Result<I420Frame, ConvertError> {
    let most = 4_096;
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::YCbCr)
        .set_max_width(most)
        .set_max_height(most);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(data), options);
    let bad = |error: &dyn std::fmt::Display| ConvertError::Jpeg(error.to_string());
    let pixels = decoder.decode().map_err(|error| bad(&error))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| bad(&"it has no size"))?;
    convert::jfif(width, height, &pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_come_compressed_and_small_ones_do_not() {
        let [jpeg, yuyv, nv12, alien] =
            [*b"MJPG", *b"YUYV", *b"NV12", *b"BA81"].map(PixelFormat::from_fourcc);
        let (small, large) = (VideoQuality::STANDARD, VideoQuality::HIGH);
        assert_eq!(best(&[jpeg, yuyv, alien], small), Some(yuyv));
        assert_eq!(best(&[jpeg, yuyv, nv12], small), Some(nv12));
        assert_eq!(best(&[yuyv, nv12, jpeg], large), Some(jpeg));
        assert_eq!(best(&[yuyv, alien], large), Some(yuyv));
        assert_eq!((best(&[alien], small), best(&[], large)), (None, None));
    }

    #[test]
    fn intervals_are_rates() {
        assert_eq!(rate(Fract::new(1, 30)), 30);
        assert_eq!(rate(Fract::new(1_001, 30_000)), 30);
        assert_eq!(rate(Fract::new(0, 25)), 25);
    }

    #[test]
    fn a_jpeg_is_decoded_and_what_is_none_is_refused() {
        // Sixteen pixels by eight, all of one red.
        let picture = jpeg(include_bytes!("../../tests/fixtures/red.jpg")).unwrap();
        assert_eq!((picture.width(), picture.height()), (16, 8));
        for (seen, meant) in picture.pixel(7, 3).into_iter().zip([82_u8, 90, 240]) {
            assert!(seen.abs_diff(meant) <= 3, "{:?}", picture.pixel(7, 3));
        }
        let whole = include_bytes!("../../tests/fixtures/red.jpg");
        for length in [0, 1, 2, 20, 100] {
            assert!(jpeg(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn what_is_no_camera_is_not_opened() {
        for path in ["/dev/null", "/nothing/is/here"] {
            let error = CameraSource::open(path, VideoQuality::LOW).unwrap_err();
            assert!(error.0.starts_with(path), "{error}");
        }
        // Whatever this machine has, listing it works.
        assert!(cameras().iter().all(|camera| camera.id.starts_with("/dev/")));
    }
}
