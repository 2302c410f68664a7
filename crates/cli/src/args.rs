//! The command line, as `clap` reads it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

/// Self-hosted voice calls: server, phone and measuring tools in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "calling",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  \
        calling serve --demo                         a server with demo accounts and an echo bot\n  \
        calling call echo --as alice --for 5         ring the echo bot and talk for 5 seconds\n  \
        calling demo --loss 10 --jitter 30 --json    a call over a bad network, measured\n\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the call was not completed,\n\
        4 the server refused or could not be reached, 5 this machine is not ready (port, disk, file)."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto)]
    pub(crate) color: ColorWhen,

    /// Log more: -v info, -vv debug, -vvv trace (RUST_LOG overrides)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(ServeArgs),
    /// Issue or read a UserSig
    Usersig(UsersigArgs),
    /// Ring somebody and talk
    Call(CallArgs),
    /// Wait for a call and answer it
    Answer(AnswerArgs),
    /// List the microphones, loudspeakers, cameras and screens of this machine
    Devices {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the stored call records
    Records(RecordsArgs),
    /// Record when the packets of a call came, or look at such a recording
    #[command(subcommand)]
    Trace(TraceCommand),
    /// Place one measured call over a network as bad as you like
    Demo(DemoArgs),
    /// Measure this machine
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Look at configuration files
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script for your shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Configuration file (TOML); CALLING_* variables override it, flags override both
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Demo accounts with printed UserSigs, the echo bot, and one call at start
    #[arg(long)]
    pub(crate) demo: bool,
    /// Address of HTTP and WebSocket
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) http: Option<String>,
    /// Address of media (UDP)
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) media: Option<String>,
    /// Folder of the database and the keys
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    /// Address that clients reach this machine by, if it is behind NAT
    #[arg(long, value_name = "IP")]
    pub(crate) public_ip: Option<String>,
    /// Certificate chain (PEM); turns on TLS together with --tls-key
    #[arg(long, value_name = "FILE", requires = "tls_key", value_hint = ValueHint::FilePath)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    pub(crate) tls_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct UsersigArgs {
    /// Account to sign for
    #[arg(long, required_unless_present = "decode")]
    pub(crate) user: Option<String>,
    /// How long the signature is valid, in seconds
    #[arg(long, value_name = "S", default_value_t = 7 * 86_400)]
    pub(crate) expire: u32,
    /// Also grant a room: a number (1..=4294967294) or a name
    #[arg(long)]
    pub(crate) room: Option<String>,
    /// Rights in the room: sum of 1 create, 2 join, 4 send and 8 receive audio, 16/32 video, 64/128 screen
    #[arg(long, default_value_t = 255, requires = "room")]
    pub(crate) privileges: u32,
    /// Read a UserSig instead of issuing one
    #[arg(long, value_name = "SIG", conflicts_with_all = ["user", "room"])]
    pub(crate) decode: Option<String>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the signing key of the server is.
#[derive(Clone, Debug, Args)]
pub(crate) struct KeyArgs {
    /// Application id the server was configured with
    #[arg(long, value_name = "N", env = "CALLING_SDK_APP_ID")]
    pub(crate) sdk_app_id: Option<u32>,
    /// The server's data folder, whose secret.key signs
    #[arg(long, value_name = "DIR", default_value = "data", value_hint = ValueHint::DirPath)]
    pub(crate) data: PathBuf,
}

/// Who this phone is and where its server is.
#[derive(Clone, Debug, Args)]
pub(crate) struct PhoneArgs {
    /// The server
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:8080", env = "CALLING_SERVER")]
    pub(crate) server: String,
    /// Trust this certificate (PEM) besides the public ones, for a wss:// server of one's own
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Account of this phone; alice calls and bob answers unless you say otherwise
    #[arg(long = "as", value_name = "USER", env = "CALLING_USER")]
    pub(crate) user: Option<String>,
    /// UserSig of the account; signed with the key in --data if absent
    #[arg(long, value_name = "SIG", env = "CALLING_USER_SIG", hide_env_values = true)]
    pub(crate) user_sig: Option<String>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    /// Send this WAV file (repeated to the end of the call); silence if absent
    #[arg(long, value_name = "FILE.wav", value_hint = ValueHint::FilePath)]
    pub(crate) play: Option<PathBuf>,
    /// Speak into this microphone: an id that `calling devices` prints, or `default`
    #[cfg(feature = "devices")]
    #[arg(long, value_name = "ID", conflicts_with = "play")]
    pub(crate) microphone: Option<String>,
    /// Hear others on this loudspeaker: an id that `calling devices` prints, or `default`
    #[cfg(feature = "devices")]
    #[arg(long, value_name = "ID", conflicts_with = "record")]
    pub(crate) loudspeaker: Option<String>,
    /// Write what is heard to this WAV file
    #[arg(long, value_name = "FILE.wav", value_hint = ValueHint::FilePath)]
    pub(crate) record: Option<PathBuf>,
    /// In video calls send this Y4M or IVF file (repeated); a test pattern if absent
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) play_video: Option<PathBuf>,
    /// In video calls show this camera of `calling devices`, if this program was built with the
    /// feature `camera`
    #[arg(long, value_name = "ID", conflicts_with = "play_video")]
    pub(crate) camera: Option<String>,
    /// In video calls write what is seen to this Y4M file
    #[arg(long, value_name = "FILE.y4m", value_hint = ValueHint::FilePath)]
    pub(crate) record_video: Option<PathBuf>,
    /// In video calls share this beside the camera: a Y4M or IVF file (repeated), `pattern`, or
    /// `screen`, if this program was built with the feature `screen`
    #[arg(long, value_name = "WHAT", value_hint = ValueHint::FilePath)]
    pub(crate) share: Option<PathBuf>,
    /// In video calls write the screens that others share to this Y4M file
    #[arg(long, value_name = "FILE.y4m", value_hint = ValueHint::FilePath)]
    pub(crate) record_share: Option<PathBuf>,
    /// Send pictures in this codec; the first this program was built with if absent
    #[arg(long, value_name = "CODEC", value_enum)]
    pub(crate) video_codec: Option<Codec>,
    /// Cancel echo, suppress noise and level the voice before it is sent
    #[cfg(feature = "processing")]
    #[arg(long)]
    pub(crate) process: bool,
    /// Describe up to this much speech in each packet while losses are beyond copies (DRED), in
    /// milliseconds
    #[cfg(feature = "dred")]
    #[arg(long, value_name = "MS", num_args = 0..=1, default_missing_value = "1000",
        value_parser = clap::value_parser!(u32).range(0..=1_040))]
    pub(crate) dred: Option<u32>,
    /// Write when packets came to this trace file, for `calling-lab audio --trace`
    #[arg(long, value_name = "FILE.cltr", value_hint = ValueHint::FilePath)]
    pub(crate) trace: Option<PathBuf>,
    /// Print lines, as to a file, instead of opening the call window
    #[arg(long)]
    pub(crate) no_ui: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How pictures are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Codec {
    /// VP8, which every browser has
    Vp8,
    /// H.264, constrained baseline
    H264,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// Whom to ring
    #[arg(value_name = "USER")]
    pub(crate) callee: String,
    /// Place a video call; the camera is a test pattern, or the file of --play-video
    #[arg(long)]
    pub(crate) video: bool,
    /// Hang up after talking this long
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) talk_s: Option<u32>,
    /// Give up if nobody answers within this time
    #[arg(long, value_name = "S")]
    pub(crate) timeout: Option<u32>,
    #[command(flatten)]
    pub(crate) phone: PhoneArgs,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("how").multiple(false))]
pub(crate) struct AnswerArgs {
    /// Answer every call without asking
    #[arg(long, group = "how")]
    pub(crate) auto: bool,
    /// Decline every call
    #[arg(long, group = "how")]
    pub(crate) reject: bool,
    /// Tell every caller that the line is busy
    #[arg(long, group = "how")]
    pub(crate) busy: bool,
    /// Stop after this many calls
    #[arg(long, value_name = "N")]
    pub(crate) calls: Option<u32>,
    #[command(flatten)]
    pub(crate) phone: PhoneArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RecordsArgs {
    /// Only calls this account took part in
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// At most this many, newest first
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: u32,
    /// The server's data folder
    #[arg(long, value_name = "DIR", default_value = "data", value_hint = ValueHint::DirPath)]
    pub(crate) data: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How bad the network is.
#[derive(Clone, Debug, Args)]
pub(crate) struct NetworkArgs {
    /// Share of packets lost on each leg and direction, in percent
    #[arg(long, value_name = "PCT", default_value_t = 0.0)]
    pub(crate) loss: f64,
    /// Lose packets in bursts of this length instead of one by one
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) burst: u64,
    /// One-way delay of each leg
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) delay: u64,
    /// Random delay on top, 0 to this
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) jitter: u64,
    /// Seed of every dice in the run
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How long the two talk
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) seconds: u32,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// Stop impairing the network this long after the accept
    #[arg(long, value_name = "SECONDS")]
    pub(crate) heal_after: Option<u32>,
    /// Write sent.wav, received.wav and report.json to this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Place as many calls as a server process takes (invite, accept, hang up, record stored) and
    /// print how many that were and what each cost
    Calls(BenchCallsArgs),
    /// Place calls with real media one after another and print percentiles of their timings
    Timings(BenchTimingsArgs),
    /// Sign in many idle clients and print what they cost the server in memory and CPU
    Idle(BenchIdleArgs),
    /// Have a few people see each other in 720p, each sent in three sizes, and print what that costs
    /// the server
    Video(BenchVideoArgs),
    /// Forwarding: rooms of people who send and people who only listen
    Sfu(BenchSfuArgs),
}

/// Of benches of a server process of its own.
#[derive(Debug, Args)]
pub(crate) struct BenchServerArgs {
    /// Let the server run on this core alone, and this program on the others
    #[arg(long = "server-core", value_name = "CORE")]
    pub(crate) core: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchCallsArgs {
    /// How long to measure, after one second of warming up
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) seconds: u32,
    /// Calls under way at any moment
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub(crate) in_flight: u32,
    /// Pairs of accounts that take turns, so that no connection is as busy as none would be
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) pairs: u32,
    #[command(flatten)]
    pub(crate) server: BenchServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BenchTimingsArgs {
    /// How many calls
    #[arg(long, default_value_t = 50)]
    pub(crate) calls: u32,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchIdleArgs {
    /// How many clients
    #[arg(long, default_value_t = 1_000)]
    pub(crate) clients: u32,
    /// How long to watch the server's CPU once all are signed in
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) seconds: u32,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchVideoArgs {
    /// How many people, from 2 to 9
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=9))]
    pub(crate) people: u32,
    /// How long to measure, after two seconds of warming up
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) seconds: u32,
    #[command(flatten)]
    pub(crate) server: BenchServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BenchSfuArgs {
    /// How many rooms
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rooms: u32,
    /// People of each room who send, and see each other
    #[arg(long, value_name = "P", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) publishers: u32,
    /// People of each room who only listen and watch
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) subscribers: u32,
    /// Send sound alone (what is done without --video, too)
    #[arg(long, conflicts_with = "video")]
    pub(crate) audio: bool,
    /// Send pictures of this size, and sound
    #[arg(long, value_name = "SIZE")]
    pub(crate) video: Option<PictureSize>,
    /// How long to measure, after two seconds of warming up
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) seconds: u32,
    #[command(flatten)]
    pub(crate) server: BenchServerArgs,
}

/// A size of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PictureSize {
    /// 640 × 360, 500 kbit/s
    #[value(name = "360p")]
    P360,
    /// 1280 × 720, 1500 kbit/s
    #[value(name = "720p")]
    P720,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TraceCommand {
    /// Ring somebody and write when their packets came; never what was said
    Record {
        /// The file, *.cltr
        #[arg(value_name = "FILE.cltr", value_hint = ValueHint::FilePath)]
        out: PathBuf,
        #[command(flatten)]
        call: Box<CallArgs>,
    },
    /// Tell what a trace file holds
    Show {
        /// The file
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a configuration file; explains each error with file and line
    Check {
        /// The file (TOML)
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
