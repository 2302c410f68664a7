//! The server and two phones, each behind a leg of its own.

use std::path::PathBuf;
use std::time::Duration;

use calling::{Audio, Config, DeviceError};
use calling_impair::Impairment;
use calling_media::{AudioSink, AudioSource, WavSink};
use calling_model::UserId;

use super::relay::Leg;
use super::voice::Voice;
use crate::args::NetworkArgs;
use crate::exit::Failure;
use crate::keys::user_id;
use crate::phone::{Nowhere, Phone};
use crate::server_process::OwnServer;

/// Two signed-in phones.
pub(crate) struct World {
    pub(crate) caller: Party,
    pub(crate) callee: Party,
}

/// One phone and the leg it talks over.
pub(crate) struct Party {
    pub(crate) user: UserId,
    pub(crate) phone: Phone,
    leg: Leg,
}

/// Where the two sides' sound is kept.
#[derive(Clone, Default)]
pub(crate) struct Recording {
    /// What the callee said.
    pub(crate) sent: Option<PathBuf>,
    /// What the caller heard of it.
    pub(crate) received: Option<PathBuf>,
}

impl Recording {
    /// `sent.wav` and `received.wav` in `folder`, which is made if it is missing.
    pub(crate) fn in_folder(folder: Option<&PathBuf>) -> Result<Self, Failure> {
        let Some(folder) = folder else { return Ok(Self::default()) };
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::machine(format!("cannot make the folder {}: {error}", folder.display()))
        })?;
        let recording = Self {
            sent: Some(folder.join("sent.wav")),
            received: Some(folder.join("received.wav")),
        };
        for path in [&recording.sent, &recording.received].into_iter().flatten() {
            WavSink::create(path).map_err(Failure::machine)?;
        }
        Ok(recording)
    }
}

impl World {
    /// Opens both legs to `server` and signs both phones in through them.
    pub(crate) async fn open(
        own: &OwnServer,
        network: &NetworkArgs,
        recording: Recording,
    ) -> Result<Self, Failure> {
        let callee_audio =
            audio(network.seed.wrapping_mul(2).wrapping_add(1), recording.sent, None);
        let caller_audio = audio(network.seed.wrapping_mul(2), None, recording.received);
        let caller = Party::open(own, "alice", network, 1, caller_audio).await?;
        let callee = Party::open(own, "bob", network, 2, callee_audio).await?;
        Ok(Self { caller, callee })
    }

    /// Takes loss and jitter off both legs; the delay stays.
    pub(crate) fn heal(&self) {
        self.caller.leg.heal();
        self.callee.leg.heal();
    }

    /// Signs both phones out.
    pub(crate) async fn close(self) {
        self.caller.phone.calling.destroy().await;
        self.callee.phone.calling.destroy().await;
    }
}

impl Party {
    async fn open(
        own: &OwnServer,
        name: &str,
        network: &NetworkArgs,
        number: u64,
        audio: Audio,
    ) -> Result<Self, Failure> {
        let user = user_id(name)?;
        let seed = network.seed.wrapping_mul(2).wrapping_add(number);
        let (http, media) = (own.server.http_addr(), own.server.media_addr());
        let leg =
            Leg::open(http, media, impairment(network), seed).await.map_err(Failure::machine)?;
        let sig = own.user_sig(name).ok_or_else(|| Failure::internal("no such demo account"))?;
        let url = format!("ws://{}", leg.signalling);
        let mut config = Config::new(url, own.sdk_app_id, user.clone(), sig).with_audio(audio);
        config.ice.media_via = Some(leg.media);
        Ok(Self { user, phone: Phone::start(config).await?, leg })
    }
}

/// The command line's network as an impairment.
pub(crate) fn impairment(network: &NetworkArgs) -> Impairment {
    Impairment {
        delay: Duration::from_millis(network.delay),
        jitter: Duration::from_millis(network.jitter),
        loss: (network.loss / 100.0).clamp(0.0, 1.0),
        burst: Duration::from_millis(network.burst),
        duplicate: 0.0,
    }
}

/// A made voice to say, kept in `said` if asked, and a place to keep what is heard.
fn audio(seed: u64, said: Option<PathBuf>, heard: Option<PathBuf>) -> Audio {
    let source = move |_: &_| -> Result<Box<dyn AudioSource>, DeviceError> {
        let voice = Voice::new(seed);
        Ok(match said.as_ref() {
            Some(path) => Box::new(Kept { voice, sink: create(path)? }),
            None => Box::new(voice),
        })
    };
    let sink = move |_: &_| -> Result<Box<dyn AudioSink>, DeviceError> {
        Ok(match heard.as_ref() {
            Some(path) => Box::new(create(path)?),
            None => Box::new(Nowhere),
        })
    };
    Audio::new(source, sink)
}

fn create(path: &PathBuf) -> Result<WavSink, DeviceError> {
    WavSink::create(path).map_err(|error| DeviceError(error.to_string()))
}

/// A voice that is also written down.
struct Kept {
    voice: Voice,
    sink: WavSink,
}

impl AudioSource for Kept {
    fn read(&mut self, out: &mut [f32]) {
        self.voice.read(out);
        self.sink.write(out);
    }
}
