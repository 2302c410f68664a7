//! A phone on the command line: who it is, what it plays and records.

use std::path::{Path, PathBuf};

use calling::{Audio, Calling, Config, DeviceError, Events, InitError};
use calling_media::{AudioSink, AudioSource, SilenceSource, WavSink, WavSource};

use crate::args::PhoneArgs;
use crate::exit::{Failure, Kind};
use crate::keys::{Signer, user_id};

/// How long a UserSig made here is valid.
const USER_SIG_S: u32 = 86_400;

/// A signed-in phone and what it hears of its calls.
pub(crate) struct Phone {
    pub(crate) calling: Calling,
    pub(crate) events: Events,
}

impl Phone {
    /// Signs in as the command line says.
    pub(crate) async fn sign_in(args: &PhoneArgs) -> Result<Self, Failure> {
        let user = user_id(&args.user)?;
        let (sdk_app_id, user_sig) = match &args.user_sig {
            Some(sig) => (args.keys.sdk_app_id.unwrap_or(app_id_of(sig)?), sig.clone()),
            None => {
                let signer = Signer::from_args(&args.keys)?;
                (signer.sdk_app_id, signer.sign(&user, USER_SIG_S, None))
            }
        };
        let audio = files(args.play.as_deref(), args.record.as_deref())?;
        let config = Config::new(args.server.clone(), sdk_app_id, user, user_sig).with_audio(audio);
        Self::start(config).await
    }

    /// Signs in with a ready configuration.
    pub(crate) async fn start(config: Config) -> Result<Self, Failure> {
        let calling = Calling::init(config).await.map_err(refused)?;
        let events = calling.events();
        Ok(Self { calling, events })
    }
}

fn app_id_of(sig: &str) -> Result<u32, Failure> {
    let claims = calling_signaling::usersig::decode(sig).map_err(Failure::usage)?;
    Ok(claims.sdk_app_id)
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
    if let Some(path) = play {
        WavSource::open(path).map_err(Failure::usage)?;
    }
    if let Some(path) = record {
        WavSink::create(path).map_err(Failure::machine)?;
    }
    let (play, record) = (play.map(Path::to_owned), record.map(Path::to_owned));
    Ok(Audio::new(move |_| open_source(play.as_ref()), move |_| open_sink(record.as_ref())))
}

fn open_source(path: Option<&PathBuf>) -> Result<Box<dyn AudioSource>, DeviceError> {
    let Some(path) = path else { return Ok(Box::new(SilenceSource)) };
    let source = WavSource::open(path).map_err(|error| DeviceError(error.to_string()))?;
    Ok(Box::new(source.looping()))
}

fn open_sink(path: Option<&PathBuf>) -> Result<Box<dyn AudioSink>, DeviceError> {
    let Some(path) = path else { return Ok(Box::new(Nowhere)) };
    let sink = WavSink::create(path).map_err(|error| DeviceError(error.to_string()))?;
    Ok(Box::new(sink))
}

/// A loudspeaker that is switched off.
struct Nowhere;

impl AudioSink for Nowhere {
    fn write(&mut self, _pcm: &[f32]) {}
}
