//! Microphones and loudspeakers on a real sound server, with null devices for hardware. Where no
//! server can be started the test says so and is skipped.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "it says why it is skipped")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use calling::{AudioSink, AudioSource, DeviceKind, Devices, ToneSource};

/// Set in the process that has the sound server.
const INNER: &str = "CALLING_TEST_SOUND_SERVER";
const START: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(10);

/// Two sinks that play nowhere; what is played on one is heard by its monitor, a microphone.
const SINKS: [&str; 2] = ["one", "two"];

/// The sound server. It ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts PulseAudio in `home`; `None`, and why, where it cannot be.
fn server(home: &Path) -> Result<Server, String> {
    let socket = home.join("socket");
    let mut pulse = Command::new("pulseaudio");
    pulse.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]);
    for sink in SINKS {
        pulse.arg(format!("--load=module-null-sink sink_name={sink} rate=44100 channels=2"));
    }
    let native = "--load=module-native-protocol-unix auth-anonymous=1";
    pulse.arg(format!("{native} socket={}", socket.display()));
    pulse.env("HOME", home).env("XDG_RUNTIME_DIR", home);
    pulse.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    let child = pulse.spawn().map_err(|error| format!("pulseaudio: {error}"))?;
    let mut server = Server(child);
    let end = Instant::now() + START;
    while !socket.exists() {
        if let Ok(Some(status)) = server.0.try_wait() {
            return Err(format!("pulseaudio ended at once: {status}"));
        }
        if Instant::now() > end {
            return Err("pulseaudio did not begin within ten seconds".to_owned());
        }
        std::thread::sleep(TICK);
    }
    Ok(server)
}

/// What ALSA shall know: each sink and its monitor as a device with a name.
fn alsa(home: &Path) -> String {
    let device = |name: &str, of: &str| {
        let described = format!("hint {{ show on\n description \"{name}\" }}");
        format!("pcm.{name} {{ type pulse\n device \"{of}\"\n {described} }}\n")
    };
    let both = |sink: &&str| {
        device(sink, sink) + &device(&format!("{sink}_mic"), &format!("{sink}.monitor"))
    };
    let devices: String = SINKS.iter().map(both).collect();
    let path = home.join("asound.conf");
    let system = "/usr/share/alsa/alsa.conf";
    std::fs::write(&path, format!("<{system}>\n{devices}")).unwrap();
    path.display().to_string()
}

#[test]
fn what_is_played_is_heard_and_devices_change_while_they_are_used() {
    if std::env::var_os(INNER).is_some() {
        return inner();
    }
    let home = tempfile::tempdir().unwrap();
    let _server = match server(home.path()) {
        Ok(server) => server,
        Err(why) => return eprintln!("skipped, no sound server: {why} (scripts/setup.sh devices)"),
    };
    // The environment of this process may not change: another one, the same test.
    let test = std::env::current_exe().unwrap();
    let status = Command::new(test)
        .args(["--exact", "--nocapture"])
        .arg("what_is_played_is_heard_and_devices_change_while_they_are_used")
        .env(INNER, "1")
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("ALSA_CONFIG_PATH", alsa(home.path()))
        .env("PULSE_SERVER", format!("unix:{}", home.path().join("socket").display()))
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

fn id(name: &str, kind: DeviceKind) -> String {
    let all = calling::sound_devices().unwrap();
    let found = all.iter().find(|device| device.kind == kind && device.id.ends_with(name));
    found.unwrap_or_else(|| panic!("no {name} among {all:?}")).id.clone()
}

fn inner() {
    let devices = Devices::default();
    let output = |name| devices.use_output(Some(&id(name, DeviceKind::Output))).unwrap();
    let input = |name| devices.use_input(Some(&id(name, DeviceKind::Input))).unwrap();
    let missing = devices.use_input(Some("alsa:nowhere")).unwrap_err();
    assert!(missing.to_string().contains("calling devices"), "{missing}");
    output("one");
    input("one_mic");
    let (mut microphone, mut loudspeaker) =
        (devices.microphone().unwrap(), devices.loudspeaker().unwrap());
    let mut talk = |wanted: bool| talk(&mut *microphone, &mut *loudspeaker, wanted);
    assert!(talk(true), "what is played on one is heard by its monitor: {:?}", devices.stats());
    output("two");
    assert!(talk(false), "it plays elsewhere: {:?}", devices.stats());
    input("two_mic");
    assert!(talk(true), "and is heard there: {:?}", devices.stats());
    let stats = devices.stats();
    assert_eq!((stats.opened, stats.failed), (4, 0), "{stats:?}");
}

/// Plays a tone until the microphone hears it for a while, or does not, as is wanted.
fn talk(microphone: &mut dyn AudioSource, loudspeaker: &mut dyn AudioSink, wanted: bool) -> bool {
    let mut tone = ToneSource::new(1_000.0, 0.5);
    let (mut pcm, mut in_a_row) = ([0.0; 480], 0);
    let begun = Instant::now();
    let mut next = begun;
    while begun.elapsed() < START {
        tone.read(&mut pcm);
        loudspeaker.write(&pcm);
        microphone.read(&mut pcm);
        let loud = pcm.iter().any(|sample| sample.abs() > 0.3);
        in_a_row = if loud == wanted { in_a_row + 1 } else { 0 };
        if in_a_row >= 30 {
            return true;
        }
        next += TICK;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    false
}
