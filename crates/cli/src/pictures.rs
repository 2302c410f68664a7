//! The camera of a phone on the command line, and where what it sees is written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use calling::{
    CallEngine, CallId, DeviceError, I420Frame, ListenerEvent, MediaType, TestPattern, UserId,
    Video, VideoCodec, VideoFrame, VideoSink, VideoSize, VideoSource, VideoTrack,
};
use calling_media::video::{IvfSource, Y4mSink, Y4mSource};

use crate::args::{Codec, PhoneArgs};
use crate::exit::Failure;
use crate::phone::{check_writable, numbered};

/// Pictures per second of a recording.
const RECORDED_RATE: u32 = 30;

/// What a phone does about pictures in its calls.
pub(crate) struct Pictures {
    camera: Option<String>,
    shares: bool,
    record: BTreeMap<VideoTrack, Recordings>,
}

impl Pictures {
    /// Shares and records as the command line says; files are checked now, so that a wrong one is
    /// told before anybody's phone rings.
    pub(crate) fn new(args: &PhoneArgs) -> Result<Self, Failure> {
        let files =
            [(VideoTrack::Camera, &args.record_video), (VideoTrack::Screen, &args.record_share)];
        let mut record = BTreeMap::new();
        for (track, path) in files {
            let Some(path) = path else { continue };
            check_writable(path)?;
            let (first, begun) = (path.clone(), Arc::new(AtomicU32::new(0)));
            record.insert(track, Recordings { first, begun });
        }
        Ok(Self { camera: args.camera.clone(), shares: args.share.is_some(), record })
    }

    /// The camera is open in video calls, the screen is shared if it is to be, and everybody in
    /// them is recorded.
    pub(crate) fn follow(&self, engine: &CallEngine, event: &ListenerEvent) {
        if let ListenerEvent::CallBegin { media_type: MediaType::Video, .. }
        | ListenerEvent::MediaTypeChanged { new: MediaType::Video, .. } = event
        {
            told(engine.open_camera(self.camera.as_deref()));
            if self.shares {
                told(engine.start_screen_share(None));
            }
        }
        if let ListenerEvent::MediaTypeChanged { new: MediaType::Audio, .. } = event {
            told(engine.close_camera());
            told(engine.stop_screen_share());
        }
        if let ListenerEvent::UserEnter { user } = event {
            for (track, record) in &self.record {
                let sink = record.next(user);
                told(engine.start_remote_view(user.clone(), *track, VideoSize::Large, sink));
            }
        }
    }
}

/// A wish is refused only once the phone is signed out, which is told elsewhere.
fn told(wished: Result<(), calling::CommandError>) {
    if let Err(error) = wished {
        tracing::debug!(%error, "a wish about pictures was refused");
    }
}

/// Camera and screen as the command line says, in the codec it says.
pub(crate) fn video(args: &PhoneArgs) -> Result<Video, Failure> {
    let video = match &args.camera {
        Some(wanted) => system_camera(wanted)?,
        None => camera(args.play_video.as_deref())?,
    };
    let video = match args.share.as_deref() {
        Some(what) => screen(video, what)?,
        None => video,
    };
    let Some(codec) = args.video_codec.map(media_codec) else { return Ok(video) };
    if !codec.is_available() {
        let sentence = format!("--video-codec: this program was built without {codec:?}");
        return Err(Failure::usage(sentence));
    }
    Ok(video.with_codec(codec))
}

const fn media_codec(codec: Codec) -> VideoCodec {
    match codec {
        Codec::Vp8 => VideoCodec::Vp8,
        Codec::H264 => VideoCodec::H264,
    }
}

/// The camera: a file, again and again, or the test pattern.
fn camera(play: Option<&Path>) -> Result<Video, Failure> {
    let Some(path) = play else { return Ok(Video::default()) };
    let (name, open) = file(path)?;
    Ok(Video::none().with_camera("file", name, open))
}

/// What is shared: a file, again and again, the test pattern or the screen.
fn screen(video: Video, what: &Path) -> Result<Video, Failure> {
    match what.to_str() {
        Some("pattern") => Ok(video.with_screen("pattern", "Test pattern", |_| {
            Ok(Box::new(TestPattern::new(1_280, 720, 15)))
        })),
        Some("screen") => system_screen(video),
        Some(_) | None => {
            let (name, open) = file(what)?;
            Ok(video.with_screen("file", name, open))
        }
    }
}

#[cfg(feature = "screen")]
fn system_screen(video: Video) -> Result<Video, Failure> {
    // Opened now, so that what is wrong is told before anybody's phone rings.
    calling::devices::ScreenSource::open(None).map_err(|error| Failure::machine(error.0))?;
    Ok(video.with_system_screen())
}

#[cfg(not(feature = "screen"))]
fn system_screen(_: Video) -> Result<Video, Failure> {
    Err(Failure::usage(format!("--share screen: {}", crate::cmd::devices::without("screen"))))
}

#[cfg(feature = "camera")]
fn system_camera(wanted: &str) -> Result<Video, Failure> {
    let video = Video::none().with_quality(calling::VideoQuality::HIGH).with_system_cameras();
    let found = video.cameras().into_iter().any(|camera| camera.id == wanted);
    if !found {
        let sentence = format!("--camera: there is no `{wanted}`; `calling devices` lists all");
        return Err(Failure::usage(sentence));
    }
    Ok(video)
}

#[cfg(not(feature = "camera"))]
fn system_camera(_: &str) -> Result<Video, Failure> {
    Err(Failure::usage(format!("--camera: {}", crate::cmd::devices::without("camera"))))
}

/// What opens a source when a call wants it.
type Open = Box<dyn Fn(&CallId) -> Result<Box<dyn VideoSource>, DeviceError> + Send + Sync>;

/// The name of a file of pictures, which is checked, and how to open it.
fn file(path: &Path) -> Result<(String, Open), Failure> {
    let name = path.display().to_string();
    FileSource::open(path).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    let path = path.to_owned();
    let open = move |_: &CallId| {
        let source = FileSource::open(&path).map_err(DeviceError)?;
        Ok::<Box<dyn VideoSource>, _>(Box::new(source))
    };
    Ok((name, Box::new(open)))
}

/// A Y4M or IVF file that begins anew when it ends.
struct FileSource {
    path: PathBuf,
    source: Box<dyn VideoSource>,
}

impl FileSource {
    fn open(path: &Path) -> Result<Self, String> {
        let file = || {
            let file = File::open(path).map_err(|error| format!("cannot read it: {error}"))?;
            Ok::<_, String>(BufReader::new(file))
        };
        let source: Box<dyn VideoSource> = match IvfSource::new(file()?) {
            Ok(source) => Box::new(source),
            Err(calling_media::video::IvfError::Magic) => {
                Box::new(Y4mSource::new(file()?).map_err(|error| error.to_string())?)
            }
            Err(error) => return Err(error.to_string()),
        };
        Ok(Self { path: path.to_owned(), source })
    }
}

impl VideoSource for FileSource {
    fn read(&mut self) -> Option<I420Frame> {
        let picture = self.source.read();
        if picture.is_some() {
            return picture;
        }
        self.source = Self::open(&self.path).ok()?.source;
        self.source.read()
    }

    fn frame_rate(&self) -> u32 {
        self.source.frame_rate()
    }
}

/// A file for everybody whose picture is seen: `seen.y4m`, `seen-2.y4m`, …
struct Recordings {
    first: PathBuf,
    begun: Arc<AtomicU32>,
}

impl Recordings {
    /// A sink that begins its file with its first picture.
    fn next(&self, user: &UserId) -> impl VideoSink + 'static {
        let (first, begun, user) = (self.first.clone(), Arc::clone(&self.begun), user.clone());
        let mut file: Option<Y4mSink<BufWriter<File>>> = None;
        let mut failed = false;
        move |frame: &VideoFrame| {
            if file.is_none() && !failed {
                let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
                match File::create(numbered(&first, number)) {
                    Ok(created) => {
                        file = Some(Y4mSink::new(BufWriter::new(created), RECORDED_RATE));
                    }
                    Err(error) => {
                        failed = true;
                        let user = user.as_str();
                        tracing::warn!(%error, user, "a picture cannot be written");
                    }
                }
            }
            if let Some(file) = &mut file {
                file.show(frame);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    /// What a phone with these flags would show.
    fn shown(flags: &[&str]) -> Result<Video, Failure> {
        let line = [&["calling", "call", "bob", "--video"], flags].concat();
        let Command::Call(args) = Cli::parse_from(line).command else { unreachable!() };
        video(&args.phone)
    }

    #[test]
    fn a_file_is_played_again_and_again_and_what_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short.y4m");
        let mut sink = Y4mSink::new(File::create(&path).unwrap(), 25);
        for number in 0..3 {
            sink.write(&TestPattern::new(128, 64, 25).picture(number)).unwrap();
        }
        drop(sink);
        let mut source = FileSource::open(&path).unwrap();
        let numbers: Vec<_> =
            (0..7).map(|_| TestPattern::number_of(&source.read().unwrap()).unwrap()).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(source.frame_rate(), 25);
        std::fs::write(&path, "RIFF....").unwrap();
        assert!(camera(Some(&path)).is_err());
        assert!(camera(Some(&folder.path().join("none.ivf"))).is_err());
    }

    #[test]
    fn the_command_line_says_what_is_shown_and_how() {
        let pattern = shown(&["--video-codec", "h264", "--share", "pattern"]).unwrap();
        assert_eq!(pattern.cameras()[0].id, calling::TEST_PATTERN);
        assert_eq!(pattern.screens()[0].id, "pattern");
        assert_eq!(pattern.codec(), Some(VideoCodec::H264));
        assert!(shown(&[]).unwrap().screens().is_empty());
        assert!(shown(&["--share", "/nothing/is/here.y4m"]).is_err());
        assert!(shown(&["--camera", "/nothing/is/here"]).is_err());
    }

    #[test]
    fn everybody_is_written_to_a_file_of_their_own_once_they_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().join("seen.y4m");
        let recordings = Recordings { first: first.clone(), begun: Arc::default() };
        let user = UserId::new("bob").unwrap();
        let (mut one, _never) = (recordings.next(&user), recordings.next(&user));
        assert!(!first.exists());
        let frame = |number| VideoFrame {
            picture: Arc::new(TestPattern::new(128, 64, 30).picture(number)),
            rtp_timestamp: number * 3_000,
            due: std::time::Instant::now(),
        };
        one.show(&frame(0));
        one.show(&frame(1));
        let mut two = recordings.next(&user);
        two.show(&frame(9));
        drop((one, two));
        let numbers = |name: &str| {
            let file = BufReader::new(File::open(folder.path().join(name)).unwrap());
            let mut source = Y4mSource::new(file).unwrap();
            std::iter::from_fn(|| source.read())
                .map(|picture| TestPattern::number_of(&picture).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!((numbers("seen.y4m"), numbers("seen-2.y4m")), (vec![0, 1], vec![9]));
    }
}
