use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

#[cfg(feature = "processing")]
use calling_media::AudioProcessing;
use calling_media::{ReceiverConfig, SenderConfig};
use calling_model::{Bitrate, DeviceId, UserId};
use calling_signaling::protocol::IceServer;
use rand::TryRngCore;
use rand::rngs::OsRng;

use crate::audio::Audio;
use crate::video::Video;

/// What [`Calling::init`](crate::Calling::init) needs to know.
#[derive(Clone)]
pub struct Config {
    /// The server's signalling address: `ws://host:port/v1/ws`, or `wss://` behind TLS. Without a
    /// path, `/v1/ws` is meant.
    pub server: String,
    /// The application the UserSig was issued for.
    pub sdk_app_id: u32,
    /// The account.
    pub user_id: UserId,
    /// Proof of the account.
    pub user_sig: String,
    /// This installation. Keep it between runs: a second device of the same name takes over from
    /// the first.
    pub device_id: DeviceId,
    /// Microphone and loudspeaker.
    pub audio: Audio,
    /// What is done to the sound of the microphone; nothing by default.
    #[cfg(feature = "processing")]
    pub processing: AudioProcessing,
    /// Cameras, and how pictures are sent.
    pub video: Video,
    /// How media finds its way.
    pub ice: IceConfig,
    /// How the voice is encoded.
    pub voice: VoiceConfig,
    /// Certificates (PEM) trusted besides the public ones, for a `wss://` server of one's own.
    pub extra_roots_pem: Option<Vec<u8>>,
    /// The longest wait for connection and sign-in together.
    pub connect_timeout: Duration,
    /// The longest wait for the answer to one request.
    pub request_timeout: Duration,
    /// How long a running call survives without the server's signalling, and without a working
    /// media path, before it is given up.
    pub grace: Duration,
    /// Name and version of the program, for the server's operators.
    pub agent: String,
    /// Write down when each remote's packets come, so that the audio laboratory can play the call
    /// again: see [`RemoteFigures::trace`](crate::RemoteFigures::trace). Never what is said.
    pub record_traces: bool,
}

impl Config {
    /// A configuration with defaults: silent audio, a test pattern for a camera, a fresh random device id, host, reflexive and
    /// relayed candidates, waits of 10 s and a grace of 15 s.
    pub fn new(
        server: impl Into<String>,
        sdk_app_id: u32,
        user_id: UserId,
        user_sig: impl Into<String>,
    ) -> Self {
        Self {
            server: server.into(),
            sdk_app_id,
            user_id,
            user_sig: user_sig.into(),
            device_id: random_device(),
            audio: Audio::silent(),
            #[cfg(feature = "processing")]
            processing: AudioProcessing::default(),
            video: Video::default(),
            ice: IceConfig::default(),
            voice: VoiceConfig::default(),
            extra_roots_pem: None,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(15),
            agent: concat!("calling-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
            record_traces: false,
        }
    }

    /// With this microphone and loudspeaker.
    #[must_use]
    pub fn with_audio(mut self, audio: Audio) -> Self {
        self.audio = audio;
        self
    }

    /// With these cameras.
    #[must_use]
    pub fn with_video(mut self, video: Video) -> Self {
        self.video = video;
        self
    }

    /// As this device.
    #[must_use]
    pub fn with_device(mut self, device: DeviceId) -> Self {
        self.device_id = device;
        self
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("user_id", &self.user_id)
            .field("device_id", &self.device_id)
            .field("ice", &self.ice)
            .finish_non_exhaustive()
    }
}

/// How media finds its way through the network (RFC 8445).
#[derive(Clone)]
pub struct IceConfig {
    /// STUN and TURN servers besides those the calling server names.
    pub servers: Vec<IceServer>,
    /// Use this device's own addresses.
    pub host: bool,
    /// Use addresses learned from STUN servers.
    pub server_reflexive: bool,
    /// Use addresses on TURN servers. Alone, it hides this device's address from the server.
    pub relay: bool,
    /// Send media here in place of the addresses the server announced: a port forwarding, or a
    /// relay that impairs traffic for a test.
    pub media_via: Option<SocketAddr>,
    /// Between two rounds of connectivity checks while no path is found yet.
    pub check_interval: Duration,
}

impl Default for IceConfig {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            host: true,
            server_reflexive: true,
            relay: true,
            media_via: None,
            check_interval: Duration::from_millis(20),
        }
    }
}

impl fmt::Debug for IceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceConfig")
            .field("servers", &self.servers.len())
            .field("host", &self.host)
            .field("server_reflexive", &self.server_reflexive)
            .field("relay", &self.relay)
            .field("check_interval", &self.check_interval)
            .finish_non_exhaustive()
    }
}

/// How the voice is encoded and played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceConfig {
    /// Bits per second of Opus, 6,000 to 510,000.
    pub bitrate: Bitrate,
    /// Every packet of the same size, since sizes that vary betray what is said.
    pub constant_bitrate: bool,
    /// Each packet carries a coarse copy of the one before it.
    pub in_band_fec: bool,
    /// Bits per second at most while packets are lost, copies of earlier frames and all headers
    /// included; what `bitrate` needs by itself may always be sent.
    pub most_bitrate: Bitrate,
    /// Where copies of earlier frames cannot make up for what is lost, packets describe so much of
    /// the speech before them instead (DRED), in milliseconds, at most 1,040; 0 for never. Needs
    /// feature `dred`.
    pub most_dred_ms: u32,
    /// Send nothing while nobody speaks; betrays when that is.
    pub dtx: bool,
    /// 0 (cheap) ..=10 (best).
    pub complexity: u8,
    /// The playout delay kept on a perfect network, in milliseconds.
    pub min_delay_ms: u32,
    /// No playout delay above it, in milliseconds.
    pub max_delay_ms: u32,
}

impl Default for VoiceConfig {
    fn default() -> Self {
        let (sender, receiver) = (SenderConfig::voice(0), ReceiverConfig::default());
        Self {
            bitrate: sender.bitrate,
            constant_bitrate: sender.constant_bitrate,
            in_band_fec: sender.in_band_fec,
            most_bitrate: sender.most_bitrate,
            most_dred_ms: sender.most_dred_ms,
            dtx: sender.dtx,
            complexity: sender.complexity,
            min_delay_ms: receiver.min_delay_ms,
            max_delay_ms: receiver.max_delay_ms,
        }
    }
}

impl VoiceConfig {
    /// The settings of the own voice, with what the server asks for.
    pub fn sender(&self, ssrc: u32, payload_type: u8, audio_level_id: u8) -> SenderConfig {
        SenderConfig {
            payload_type,
            audio_level_id,
            bitrate: self.bitrate,
            constant_bitrate: self.constant_bitrate,
            in_band_fec: self.in_band_fec,
            most_bitrate: self.most_bitrate,
            most_dred_ms: self.most_dred_ms,
            dtx: self.dtx,
            complexity: self.complexity,
            ..SenderConfig::voice(ssrc)
        }
    }

    /// The settings of each remote voice, with what the server asks for.
    pub fn receiver(&self, payload_type: u8, audio_level_id: u8) -> ReceiverConfig {
        ReceiverConfig {
            payload_type,
            audio_level_id,
            min_delay_ms: self.min_delay_ms,
            max_delay_ms: self.max_delay_ms,
            ..ReceiverConfig::default()
        }
    }
}

fn random_device() -> DeviceId {
    let [mut high, mut low] = [0, 0];
    // Without the system's randomness every installation is "0": still a valid name.
    if let (Ok(first), Ok(second)) = (OsRng.try_next_u64(), OsRng.try_next_u64()) {
        (high, low) = (first, second);
    }
    let name = format!("rust-{high:016x}{low:016x}");
    // Letters, digits and one dash: within the rule of device ids.
    DeviceId::new(name).expect("a hexadecimal name is a device id")
}
