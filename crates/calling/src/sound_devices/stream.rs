use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use calling_media::CaptureResampler;
use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{FromSample, Sample, SampleFormat, SizedSample, StreamConfig, SupportedStreamConfig};

use super::list::{failed, find};
use super::{DeviceKind, Devices, Ring};
use crate::audio::DeviceError;

/// How often it is looked whether another device is wanted, or this one was lost.
const LOOK: Duration = Duration::from_millis(20);
/// Between two attempts to open a device: 25 looks are half a second.
const LOOKS_BETWEEN_ATTEMPTS: u32 = 25;

/// A device in use. Closes it when dropped.
pub(super) struct Opened {
    devices: Devices,
    ring: Arc<Ring>,
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Opened {
    /// Begins to open what is chosen; sound flows once that is done.
    pub(super) fn new(devices: Devices, kind: DeviceKind) -> Result<Self, DeviceError> {
        let (ring, done) = (Arc::new(Ring::default()), Arc::new(AtomicBool::new(false)));
        let keeper = Keeper {
            devices: devices.clone(),
            kind,
            ring: Arc::clone(&ring),
            done: Arc::clone(&done),
        };
        let thread = std::thread::Builder::new().name("calling-device".to_owned());
        let thread = thread.spawn(move || keeper.keep());
        let thread = thread.map_err(|error| failed("no thread for a device", &error))?;
        Ok(Self { devices, ring, done, thread: Some(thread) })
    }

    pub(super) fn ring(&self) -> &Ring {
        &self.ring
    }

    pub(super) fn devices(&self) -> &Devices {
        &self.devices
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        // The thread ends by itself within a look; closing a device may take longer than a call's
        // end should.
        drop(self.thread.take());
    }
}

/// Keeps a device open on a thread of its own, since streams may not move between threads.
struct Keeper {
    devices: Devices,
    kind: DeviceKind,
    ring: Arc<Ring>,
    done: Arc<AtomicBool>,
}

/// A stream that plays or records until it is dropped.
struct Live {
    _stream: cpal::Stream,
    lost: Arc<AtomicBool>,
    id: Option<String>,
}

impl Keeper {
    fn keep(&self) {
        let (mut live, mut wait): (Option<Live>, u32) = (None, 0);
        while !self.done.load(Ordering::Relaxed) {
            let wanted = self.devices.chosen(self.kind);
            if live.as_ref().is_some_and(|live| live.lost.load(Ordering::Relaxed)) {
                self.devices.count(|counts| counts.failed += 1);
                live = None;
            }
            if live.as_ref().is_some_and(|live| live.id != wanted) {
                (live, wait) = (None, 0);
            }
            if live.is_none() && wait == 0 {
                live = self.try_open(wanted);
                wait = LOOKS_BETWEEN_ATTEMPTS;
            }
            wait = wait.saturating_sub(1);
            std::thread::sleep(LOOK);
        }
    }

    fn try_open(&self, id: Option<String>) -> Option<Live> {
        self.ring.clear();
        let opened = self.open(id);
        self.devices.count(|counts| match &opened {
            Ok(_) => counts.opened += 1,
            Err(_) => counts.failed += 1,
        });
        #[cfg(feature = "tokio")]
        if let Err(error) = &opened {
            tracing::debug!(%error, "a device cannot be opened");
        }
        opened.ok()
    }

    fn open(&self, id: Option<String>) -> Result<Live, DeviceError> {
        let device = find(id.as_deref(), self.kind)?;
        let config = match self.kind {
            DeviceKind::Input => device.default_input_config(),
            DeviceKind::Output => device.default_output_config(),
        };
        let config = config.map_err(|error| failed("the device's format", &error))?;
        let lost = Arc::new(AtomicBool::new(false));
        let format = config.sample_format();
        let stream = if format == SampleFormat::F32 {
            self.build::<f32>(&device, &config, &lost)
        } else if format == SampleFormat::I32 {
            self.build::<i32>(&device, &config, &lost)
        } else if format == SampleFormat::I16 {
            self.build::<i16>(&device, &config, &lost)
        } else if format == SampleFormat::U8 {
            self.build::<u8>(&device, &config, &lost)
        } else {
            Err(DeviceError(format!("samples of {format} are not supported")))
        }?;
        stream.play().map_err(|error| failed("the device does not start", &error))?;
        Ok(Live { _stream: stream, lost, id })
    }

    fn build<T>(
        &self,
        device: &cpal::Device,
        config: &SupportedStreamConfig,
        lost: &Arc<AtomicBool>,
    ) -> Result<cpal::Stream, DeviceError>
    where
        T: SizedSample + FromSample<f32>,
        f32: FromSample<T>,
    {
        let (config, ring, lost) = (config.config(), Arc::clone(&self.ring), Arc::clone(lost));
        let on_error = move |error: cpal::Error| {
            // A buffer that ran dry or over heals by itself.
            if error.kind() != cpal::ErrorKind::Xrun {
                lost.store(true, Ordering::Relaxed);
            }
        };
        let built = match self.kind {
            DeviceKind::Input => {
                let mut recorder = Recorder::new(&config, ring)?;
                let take = move |data: &[T], _: &_| recorder.take(data);
                device.build_input_stream(config, take, on_error, None)
            }
            DeviceKind::Output => {
                let mut player = Player::new(&config, ring)?;
                let fill = move |data: &mut [T], _: &_| player.fill(data);
                device.build_output_stream(config, fill, on_error, None)
            }
        };
        built.map_err(|error| failed("the device cannot be opened", &error))
    }
}

/// On the device's thread: channels to one, its rate to 48 kHz.
struct Recorder {
    channels: usize,
    resampler: CaptureResampler,
    mono: Vec<f32>,
    ring: Arc<Ring>,
}

impl Recorder {
    fn new(config: &StreamConfig, ring: Arc<Ring>) -> Result<Self, DeviceError> {
        let resampler = CaptureResampler::of_microphone(config.sample_rate);
        let resampler = resampler.map_err(|error| failed("the microphone's rate", &error))?;
        let channels = usize::from(config.channels.max(1));
        Ok(Self { channels, resampler, mono: Vec::new(), ring })
    }

    fn take<T: Sample>(&mut self, data: &[T])
    where
        f32: FromSample<T>,
    {
        self.mono.clear();
        let scale = 1.0 / self.channels as f32;
        let mean =
            |frame: &[T]| frame.iter().map(|sample| f32::from_sample(*sample)).sum::<f32>() * scale;
        self.mono.extend(data.chunks_exact(self.channels).map(mean));
        self.resampler.push(&self.mono);
        while let Some(tick) = self.resampler.pop() {
            self.ring.write(tick);
        }
    }
}

/// On the device's thread: 48 kHz to its rate, one channel to all.
struct Player {
    channels: usize,
    resampler: CaptureResampler,
    tick: [f32; calling_media::SAMPLES_PER_TICK],
    /// At the device's rate.
    ready: std::collections::VecDeque<f32>,
    ring: Arc<Ring>,
}

impl Player {
    fn new(config: &StreamConfig, ring: Arc<Ring>) -> Result<Self, DeviceError> {
        let resampler = CaptureResampler::of_loudspeaker(config.sample_rate);
        let resampler = resampler.map_err(|error| failed("the loudspeaker's rate", &error))?;
        let channels = usize::from(config.channels.max(1));
        let tick = [0.0; calling_media::SAMPLES_PER_TICK];
        Ok(Self { channels, resampler, tick, ready: std::collections::VecDeque::new(), ring })
    }

    fn fill<T: Sample + FromSample<f32>>(&mut self, data: &mut [T]) {
        let frames = data.len() / self.channels;
        while self.ready.len() < frames {
            let (filled, _) = self.ring.read(&mut self.tick);
            if filled == 0 {
                break;
            }
            self.resampler.push(&self.tick[..filled]);
            while let Some(block) = self.resampler.pop() {
                self.ready.extend(block);
            }
        }
        for frame in data.chunks_mut(self.channels) {
            // What is not there in time is silence.
            let sample = self.ready.pop_front().unwrap_or(0.0).clamp(-1.0, 1.0);
            frame.fill(T::from_sample(sample));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(channels: u16, sample_rate: u32) -> StreamConfig {
        StreamConfig { channels, sample_rate, buffer_size: cpal::BufferSize::Default }
    }

    #[test]
    fn channels_and_rates_of_a_microphone_become_one_at_48_khz() {
        let ring = Arc::new(Ring::default());
        let mut recorder = Recorder::new(&config(2, 16_000), Arc::clone(&ring)).unwrap();
        // Left at a half, right silent; 320 frames are 20 ms.
        for _ in 0..10 {
            recorder.take(&[16_384_i16, 0].repeat(320));
        }
        let mut out = [0.0; 4_800];
        let (filled, _) = ring.read(&mut out);
        assert!(filled >= 960, "{filled}");
        assert!((out[filled - 1] - 0.25).abs() < 0.01, "{}", out[filled - 1]);
    }

    #[test]
    fn a_loudspeaker_gets_its_rate_on_all_channels_and_silence_if_there_is_nothing() {
        let ring = Arc::new(Ring::default());
        let mut player = Player::new(&config(2, 44_100), Arc::clone(&ring)).unwrap();
        let mut data = [1_i16; 882];
        player.fill(&mut data);
        assert_eq!(data, [0; 882]);
        for _ in 0..20 {
            ring.write(&[0.5; 480]);
            player.fill(&mut data);
        }
        assert_eq!(data[400], data[401]);
        assert!((i32::from(data[400]) - 16_384).abs() < 200, "{}", data[400]);
    }
}
