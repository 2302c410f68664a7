//! The camera of a phone on the command line, and where what it sees is written.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use calling::{
    CallEngine, DeviceError, I420Frame, ListenerEvent, MediaType, UserId, Video, VideoFrame,
    VideoSink, VideoSize, VideoSource, VideoTrack,
};
use calling_media::video::{IvfSource, Y4mSink, Y4mSource};

use crate::exit::Failure;
use crate::phone::{check_writable, numbered};

/// Pictures per second of a recording.
const RECORDED_RATE: u32 = 30;

/// What a phone does about pictures in its calls.
pub(crate) struct Pictures {
    record: Option<Recordings>,
}

impl Pictures {
    /// Records to this file, if there is one; checked now, so that a wrong one is told before
    /// anybody's phone rings.
    pub(crate) fn new(record: Option<&Path>) -> Result<Self, Failure> {
        let record = record.map(|path| {
            check_writable(path)?;
            Ok(Recordings { first: path.to_owned(), begun: Arc::new(AtomicU32::new(0)) })
        });
        Ok(Self { record: record.transpose()? })
    }

    /// The camera is open in video calls, and everybody in them is recorded.
    pub(crate) fn follow(&self, engine: &CallEngine, event: &ListenerEvent) {
        if let ListenerEvent::CallBegin { media_type: MediaType::Video, .. }
        | ListenerEvent::MediaTypeChanged { new: MediaType::Video, .. } = event
        {
            told(engine.open_camera(None));
        }
        if let ListenerEvent::MediaTypeChanged { new: MediaType::Audio, .. } = event {
            told(engine.close_camera());
        }
        if let (Some(record), ListenerEvent::UserEnter { user }) = (&self.record, event) {
            let (camera, large) = (VideoTrack::Camera, VideoSize::Large);
            told(engine.start_remote_view(user.clone(), camera, large, record.next(user)));
        }
    }
}

/// A wish is refused only once the phone is signed out, which is told elsewhere.
fn told(wished: Result<(), calling::CommandError>) {
    if let Err(error) = wished {
        tracing::debug!(%error, "a wish about pictures was refused");
    }
}

/// The camera: a file, again and again, or the test pattern.
pub(crate) fn camera(play: Option<&Path>) -> Result<Video, Failure> {
    let Some(path) = play else { return Ok(Video::default()) };
    let name = path.display().to_string();
    FileSource::open(path).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    let path = path.to_owned();
    Ok(Video::none().with_camera("file", name, move |_| {
        let source = FileSource::open(&path).map_err(DeviceError)?;
        Ok(Box::new(source))
    }))
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
    use calling::TestPattern;

    use super::*;

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
        assert_eq!(camera(None).unwrap().cameras()[0].id, calling::TEST_PATTERN);
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
