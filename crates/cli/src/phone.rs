//! A phone on the command line: who it is, what it plays and records.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use calling::{Audio, CallStats, Calling, Config, DeviceError, Events, InitError, ListenerEvent};
use calling_media::{AudioSink, SilenceSource, WavSink, WavSource};
use calling_server::config::DEFAULT_SDK_APP_ID;

use crate::args::PhoneArgs;
use crate::cmd::trace::Traces;
use crate::exit::{Failure, Kind};
use crate::keys::{Signer, user_id};
use crate::pictures::{Pictures, video};

/// How long a UserSig made here is valid.
const USER_SIG_S: u32 = 86_400;
/// How a certificate in PEM begins (RFC 7468 §5.1).
const PEM_MARK: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// A signed-in phone and what it hears of its calls.
pub(crate) struct Phone {
    pub(crate) calling: Calling,
    pub(crate) events: Events,
    pictures: Option<Pictures>,
    traces: Option<Traces>,
}

impl Phone {
    /// Signs in as the command line says.
    pub(crate) async fn sign_in(args: &PhoneArgs, default_user: &str) -> Result<Self, Failure> {
        let user = user_id(args.user.as_deref().unwrap_or(default_user))?;
        let (sdk_app_id, user_sig) = match &args.user_sig {
            Some(sig) => (args.keys.sdk_app_id.unwrap_or_else(|| app_id_of(sig)), sig.clone()),
            None => {
                let signer = Signer::from_args(&args.keys)?;
                (signer.sdk_app_id, signer.sign(&user, USER_SIG_S, None))
            }
        };
        let audio = files(args.play.as_deref(), args.record.as_deref())?;
        #[cfg(feature = "devices")]
        let audio = with_devices(audio, args)?;
        let mut config =
            Config::new(args.server.clone(), sdk_app_id, user, user_sig).with_audio(audio);
        config.extra_roots_pem = args.tls_ca.as_deref().map(certificate).transpose()?;
        config.video = video(args)?;
        let pictures = Pictures::new(args)?;
        let traces = args.trace.as_deref().map(Traces::new).transpose()?;
        config.record_traces = traces.is_some();
        #[cfg(feature = "dred")]
        if let Some(most_dred_ms) = args.dred {
            config.voice.most_dred_ms = most_dred_ms;
        }
        #[cfg(feature = "processing")]
        if args.process {
            config.processing = calling::AudioProcessing::HANDS_FREE;
        }
        Ok(Self { pictures: Some(pictures), traces, ..Self::start(config).await? })
    }

    /// Opens the camera and records as the command line says.
    pub(crate) fn follow(&self, event: &ListenerEvent) {
        if let Some(pictures) = &self.pictures {
            pictures.follow(&self.calling.engine(), event);
        }
    }

    /// Writes when the packets of the call came whose figures these are, if that was asked for.
    pub(crate) fn keep_trace(&self, stats: &CallStats) -> Result<(), Failure> {
        self.traces.as_ref().map_or(Ok(()), |traces| traces.keep(stats))
    }

    /// Signs in with a ready configuration.
    pub(crate) async fn start(config: Config) -> Result<Self, Failure> {
        let calling = Calling::init(config).await.map_err(refused)?;
        let events = calling.events();
        Ok(Self { calling, events, pictures: None, traces: None })
    }
}

/// The application a UserSig says it is for. One that cannot be read says nothing, and the server
/// tells what is wrong with it.
fn app_id_of(sig: &str) -> u32 {
    calling_signaling::usersig::decode(sig).map_or(DEFAULT_SDK_APP_ID, |claims| claims.sdk_app_id)
}

fn certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    let refused = |why: &dyn std::fmt::Display| {
        Failure::usage(format!("--tls-ca: cannot read {}: {why}", path.display()))
    };
    let pem = std::fs::read(path).map_err(|error| refused(&error))?;
    if !pem.windows(PEM_MARK.len()).any(|text| text == PEM_MARK) {
        return Err(refused(&"it holds no certificate in PEM"));
    }
    Ok(pem)
}

fn refused(error: InitError) -> Failure {
    let kind = match &error {
        InitError::Config { .. } | InitError::AlreadyShared => Kind::Usage,
        InitError::Unreachable(_)
        | InitError::TimedOut(_)
        | InitError::NotAServer(_)
        | InitError::Refused(_) => Kind::Server,
    };
    Failure::new(kind, error)
}

/// Audio from and to files; checked now, so that a wrong file is told before anybody's phone rings.
fn files(play: Option<&Path>, record: Option<&Path>) -> Result<Audio, Failure> {
    let mut audio = Audio::new(|_| Ok(Box::new(SilenceSource)), |_| Ok(Box::new(Nowhere)));
    if let Some(path) = play {
        let source = WavSource::open(path).map_err(Failure::usage)?.looping();
        audio = audio.with_source(move |_| Ok(Box::new(source.clone())));
    }
    if let Some(path) = record {
        let recordings = Recordings::new(path)?;
        audio = audio.with_sink(move |_| recordings.next());
    }
    Ok(audio)
}

/// With the microphone and the loudspeaker of the command line in place of files.
#[cfg(feature = "devices")]
fn with_devices(mut audio: Audio, args: &PhoneArgs) -> Result<Audio, Failure> {
    let devices = calling::Devices::default();
    let id = |id: &String| (id != "default").then(|| id.clone());
    if let Some(wanted) = &args.microphone {
        devices.use_input(id(wanted).as_deref()).map_err(Failure::machine)?;
        let devices = devices.clone();
        audio = audio.with_source(move |_| devices.microphone());
    }
    if let Some(wanted) = &args.loudspeaker {
        devices.use_output(id(wanted).as_deref()).map_err(Failure::machine)?;
        audio = audio.with_sink(move |_| devices.loudspeaker());
    }
    Ok(audio)
}

/// A file for each call of this phone: `heard.wav`, `heard-2.wav`, …
struct Recordings {
    first: PathBuf,
    begun: AtomicU32,
}

impl Recordings {
    /// Checks that the first file can be written, and leaves an existing one as it is until
    /// somebody answers.
    fn new(first: &Path) -> Result<Self, Failure> {
        check_writable(first)?;
        Ok(Self { first: first.to_owned(), begun: AtomicU32::new(0) })
    }

    fn next(&self) -> Result<Box<dyn AudioSink>, DeviceError> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let sink = WavSink::create(numbered(&self.first, number))
            .map_err(|error| DeviceError(error.to_string()))?;
        Ok(Box::new(sink))
    }
}

/// Checks that a file can be written, and leaves an existing one as it is.
pub(crate) fn check_writable(path: &Path) -> Result<(), Failure> {
    let existed = path.exists();
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|error| {
        Failure::machine(format!(
            "cannot write {}: {error}; check that the directory exists and has room",
            path.display()
        ))
    })?;
    if existed { Ok(()) } else { std::fs::remove_file(path).map_err(Failure::machine) }
}

/// `first`, with `-number` before its extension from the second on.
pub(crate) fn numbered(first: &Path, number: u32) -> PathBuf {
    if number <= 1 {
        return first.to_owned();
    }
    let mut name = first.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = first.extension() {
        name.push(".");
        name.push(extension);
    }
    first.with_file_name(name)
}

/// A loudspeaker that is switched off.
pub(crate) struct Nowhere;

impl AudioSink for Nowhere {
    fn write(&mut self, _pcm: &[f32]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recording_has_a_name_of_its_own() {
        let name = |first, number| numbered(Path::new(first), number).display().to_string();
        assert_eq!(name("a/heard.wav", 1), "a/heard.wav");
        assert_eq!(name("a/heard.wav", 2), "a/heard-2.wav");
        assert_eq!(name("a.b/heard", 3), "a.b/heard-3");
    }

    #[test]
    fn the_check_leaves_no_file_behind_and_harms_none() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new.wav"), folder.path().join("old.wav"));
        std::fs::write(&old, "kept").unwrap();
        for path in [&new, &old] {
            Recordings::new(path).unwrap();
        }
        assert!(!new.exists());
        assert_eq!(std::fs::read_to_string(old).unwrap(), "kept");
    }

    #[test]
    fn the_second_call_does_not_overwrite_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::new(&folder.path().join("heard.wav")).unwrap();
        for samples in [480, 960] {
            recordings.next().unwrap().write(&vec![0.1; samples]);
        }
        let samples = |name| hound::WavReader::open(folder.path().join(name)).unwrap().len();
        assert_eq!((samples("heard.wav"), samples("heard-2.wav")), (480, 960));
    }
}
