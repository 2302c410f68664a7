//! Microphones and loudspeakers of this machine, by the crate `cpal`.
//!
//! ```text
//!   microphone ─▶ cpal's thread ─▶ Ring ─▶ resample to 48 kHz ─▶ AudioSource ─▶ call
//!   loudspeaker ◀─ cpal's thread ◀─ Ring ◀─ resample ◀─────────── AudioSink ◀── call
//! ```
//!
//! One thread per direction and call opens the device, opens another one when
//! [`Devices::use_input`] or [`Devices::use_output`] say so or the device is unplugged, and closes it
//! when the call ends.

mod list;
mod ring;
mod stream;

use std::sync::{Arc, Mutex, PoisonError};

use calling_media::{AudioSink, AudioSource};

pub use list::{DeviceInfo, DeviceKind, sound_devices};
use ring::Ring;
use stream::Opened;

use crate::audio::{Audio, DeviceError};

/// The microphone and the loudspeaker that calls use. Clones are the same.
///
/// ```no_run
/// # fn main() -> Result<(), calling::DeviceError> {
/// let devices = calling::Devices::default();
/// for device in calling::sound_devices()? {
///     println!("{} {}", device.id, device.name);
/// }
/// devices.use_output(Some("alsa:headset"))?; // at any time, also in a call
/// let audio = devices.audio(); // for Config::with_audio
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Devices(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    chosen: Mutex<Chosen>,
    counts: Mutex<DeviceStats>,
}

/// `None` is what the system says.
#[derive(Clone, Debug, Default)]
struct Chosen {
    input: Option<String>,
    output: Option<String>,
}

/// What devices did since they were first used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceStats {
    /// Times that a device was opened.
    pub opened: u64,
    /// Times that one could not be opened, or was lost; tried again every half second.
    pub failed: u64,
    /// Ticks of silence in place of a microphone that was not ready.
    pub input_underruns: u64,
    /// Samples of a microphone thrown away since its clock is faster than the call's.
    pub input_dropped: u64,
    /// Samples of the call thrown away since the loudspeaker's clock is slower, or it is not there.
    pub output_dropped: u64,
}

impl Devices {
    /// Records from this microphone from now on; `None` for the one the system says.
    ///
    /// # Errors
    /// There is none of this id.
    pub fn use_input(&self, id: Option<&str>) -> Result<(), DeviceError> {
        list::check(id, DeviceKind::Input)?;
        lock(&self.0.chosen).input = id.map(str::to_owned);
        Ok(())
    }

    /// Plays on this loudspeaker from now on; `None` for the one the system says.
    ///
    /// # Errors
    /// There is none of this id.
    pub fn use_output(&self, id: Option<&str>) -> Result<(), DeviceError> {
        list::check(id, DeviceKind::Output)?;
        lock(&self.0.chosen).output = id.map(str::to_owned);
        Ok(())
    }

    /// For [`Config::with_audio`](crate::Config::with_audio).
    pub fn audio(&self) -> Audio {
        let (input, output) = (self.clone(), self.clone());
        Audio::new(move |_| input.microphone(), move |_| output.loudspeaker())
    }

    /// A microphone by itself.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn microphone(&self) -> Result<Box<dyn AudioSource>, DeviceError> {
        Ok(Box::new(Microphone(Opened::new(self.clone(), DeviceKind::Input)?)))
    }

    /// A loudspeaker by itself.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn loudspeaker(&self) -> Result<Box<dyn AudioSink>, DeviceError> {
        Ok(Box::new(Loudspeaker(Opened::new(self.clone(), DeviceKind::Output)?)))
    }

    /// What devices did so far.
    pub fn stats(&self) -> DeviceStats {
        *lock(&self.0.counts)
    }

    fn chosen(&self, kind: DeviceKind) -> Option<String> {
        let chosen = lock(&self.0.chosen);
        match kind {
            DeviceKind::Input => chosen.input.clone(),
            DeviceKind::Output => chosen.output.clone(),
        }
    }

    fn count(&self, count: impl FnOnce(&mut DeviceStats)) {
        count(&mut lock(&self.0.counts));
    }
}

/// Nothing panics while it holds one of these.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Microphone(Opened);

impl AudioSource for Microphone {
    fn read(&mut self, out: &mut [f32]) {
        let ring: &Ring = self.0.ring();
        let (filled, dropped) = ring.read(out);
        let missing = filled < out.len();
        out[filled..].fill(0.0);
        if missing || dropped > 0 {
            self.0.devices().count(|counts| {
                counts.input_underruns += u64::from(missing);
                counts.input_dropped += dropped;
            });
        }
    }
}

struct Loudspeaker(Opened);

impl AudioSink for Loudspeaker {
    fn write(&mut self, pcm: &[f32]) {
        let dropped = self.0.ring().write(pcm);
        if dropped > 0 {
            self.0.devices().count(|counts| counts.output_dropped += dropped);
        }
    }
}
