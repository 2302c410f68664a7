use std::collections::VecDeque;
use std::time::{Duration, Instant};

use calling_model::{Bitrate, Machine};

use crate::probe::{Probe, ProbeId};

/// What time was not used may be caught up on, so that late timers cost nothing.
const CATCH_UP: Duration = Duration::from_millis(5);
/// Audio takes at most that much from what follows it.
const MOST_DEBT: Duration = Duration::from_millis(500);
/// Whatever is said, something goes out.
const LEAST: Bitrate = Bitrate::from_kbps(8);
/// The longest padding asked for at once, with headers.
const MOST_PADDING: u32 = 1_200;

/// How much may wait in a [`Pacer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacerConfig {
    /// Packets of audio.
    pub audio: usize,
    /// Packets sent again.
    pub retransmissions: usize,
    /// Packets of video.
    pub video: usize,
    /// What waits is sent within this, faster than the rate if need be.
    pub longest_wait: Duration,
}

impl Default for PacerConfig {
    fn default() -> Self {
        Self {
            audio: 64,
            retransmissions: 256,
            video: 2_048,
            longest_wait: Duration::from_millis(400),
        }
    }
}

/// What goes first, highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// It does not wait, but what follows it does.
    Audio,
    /// Somebody waits for it.
    Retransmission,
    /// The rest.
    Video,
}

/// What happens to a [`Pacer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacerInput<T> {
    /// A packet is to go out.
    Packet {
        /// What goes first.
        priority: Priority,
        /// Its size, counted as towards the estimator.
        bytes: u32,
        /// Whatever the owner knows it by.
        packet: T,
    },
    /// So much goes out at a time from now on.
    Rate(Bitrate),
    /// A probe begins, in place of one that goes on.
    Probe(Probe),
}

/// What a [`Pacer`] wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacerOutput<T> {
    /// Send this packet now.
    Send {
        /// As it was given.
        packet: T,
        /// Its size.
        bytes: u32,
        /// What it is part of.
        probe: Option<ProbeId>,
    },
    /// Send a packet now that does nothing but fill a probe: a retransmission or one without
    /// content.
    Pad {
        /// Its size.
        bytes: u32,
        /// What it is part of.
        probe: ProbeId,
    },
}

/// The caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacerMisuse {
    /// A packet without bytes.
    #[error("give the size of the packet with its header: it is not 0")]
    EmptyPacket,
    /// A probe that sends nothing, or takes forever.
    #[error("give the probe a bitrate, bytes and packets other than 0")]
    EmptyProbe,
}

/// Why a [`Pacer`] has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacerTimeout {
    /// The next packet may go.
    Packet,
    /// Padding of a probe may go.
    Padding,
}

/// Packets that were refused because too many of their kind wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacerDiscards {
    /// Audio.
    pub audio: u64,
    /// Sent again.
    pub retransmissions: u64,
    /// Video.
    pub video: u64,
}

/// Sends packets no faster than a path takes them: a picture at once would stand in a queue, and
/// audio behind it. `T` is what the owner knows a packet by.
///
/// It allocates while its queues grow to what they need, and not after.
#[derive(Debug)]
pub struct Pacer<T> {
    config: PacerConfig,
    rate: Bitrate,
    audio: VecDeque<(u32, T)>,
    retransmissions: VecDeque<(u32, T)>,
    video: VecDeque<(u32, T)>,
    /// Bytes that wait, but for audio.
    waiting: u64,
    now: Instant,
    /// When what was sent has passed.
    free_at: Instant,
    probe: Option<Probe>,
    discards: PacerDiscards,
}

impl<T> Pacer<T> {
    /// Nothing waits.
    pub const fn new(now: Instant, config: PacerConfig, rate: Bitrate) -> Self {
        Self {
            config,
            rate,
            audio: VecDeque::new(),
            retransmissions: VecDeque::new(),
            video: VecDeque::new(),
            waiting: 0,
            now,
            free_at: now,
            probe: None,
            discards: PacerDiscards { audio: 0, retransmissions: 0, video: 0 },
        }
    }

    /// Packets that wait.
    pub fn len(&self) -> usize {
        self.audio.len() + self.retransmissions.len() + self.video.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was refused.
    pub const fn discards(&self) -> PacerDiscards {
        self.discards
    }

    fn push(&mut self, priority: Priority, bytes: u32, packet: T) {
        let (queue, most, discarded) = match priority {
            Priority::Audio => (&mut self.audio, self.config.audio, &mut self.discards.audio),
            Priority::Retransmission => (
                &mut self.retransmissions,
                self.config.retransmissions,
                &mut self.discards.retransmissions,
            ),
            Priority::Video => (&mut self.video, self.config.video, &mut self.discards.video),
        };
        if queue.len() >= most {
            *discarded += 1;
            return;
        }
        queue.push_back((bytes, packet));
        if priority != Priority::Audio {
            self.waiting += u64::from(bytes);
        }
    }

    fn begin(&mut self, probe: Probe) {
        self.free_at = self.free_at.min(self.now);
        self.probe = Some(probe);
    }

    /// What may go now, highest first.
    fn pop(&mut self) -> Option<(u32, T)> {
        if let Some(audio) = self.audio.pop_front() {
            return Some(audio);
        }
        if self.free_at > self.now {
            return None;
        }
        let next = self.retransmissions.pop_front().or_else(|| self.video.pop_front())?;
        self.waiting -= u64::from(next.0);
        Some(next)
    }

    fn pad(&mut self) -> Option<PacerOutput<T>> {
        let probe = self.probe.filter(|_| self.free_at <= self.now)?;
        let bytes = probe.bytes.div_ceil(probe.packets.max(1)).clamp(1, MOST_PADDING);
        self.charge(bytes);
        Some(PacerOutput::Pad { bytes, probe: probe.id })
    }

    /// So many bytes go out now; the probe that they are part of.
    fn charge(&mut self, bytes: u32) -> Option<ProbeId> {
        let earliest = self.now.checked_sub(CATCH_UP).unwrap_or(self.now);
        let passed = self.free_at.max(earliest) + duration(u64::from(bytes), self.bps(bytes));
        self.free_at = passed.min(self.now + MOST_DEBT);
        let probe = self.probe.as_mut()?;
        let id = probe.id;
        probe.bytes = probe.bytes.saturating_sub(bytes);
        probe.packets = probe.packets.saturating_sub(1);
        if probe.bytes == 0 && probe.packets == 0 {
            self.probe = None;
        }
        Some(id)
    }

    /// How fast it goes: the rate, or what a probe or all that waits, `bytes` included, needs.
    fn bps(&self, bytes: u32) -> u64 {
        let bits = (self.waiting + u64::from(bytes)) * 8;
        let wait = self.config.longest_wait.as_millis().max(1) as u64;
        let probe = self.probe.map_or(0, |probe| probe.bitrate.bps());
        (bits * 1_000 / wait).max(probe).max(self.rate.max(LEAST).bps())
    }
}

/// How long so many bytes take.
fn duration(bytes: u64, bps: u64) -> Duration {
    Duration::from_nanos(bytes * 8_000_000_000 / bps.max(1))
}

impl<T> Machine for Pacer<T> {
    type Input<'a> = PacerInput<T>;
    type Output = PacerOutput<T>;
    type Misuse = PacerMisuse;
    type Reason = PacerTimeout;

    fn handle_input(&mut self, now: Instant, input: PacerInput<T>) -> Result<(), PacerMisuse> {
        self.handle_timeout(now);
        match input {
            PacerInput::Packet { bytes: 0, .. } => return Err(PacerMisuse::EmptyPacket),
            PacerInput::Packet { priority, bytes, packet } => self.push(priority, bytes, packet),
            PacerInput::Rate(rate) => self.rate = rate,
            PacerInput::Probe(probe) => {
                if probe.bitrate.bps() == 0 || probe.bytes == 0 || probe.packets == 0 {
                    return Err(PacerMisuse::EmptyProbe);
                }
                self.begin(probe);
            }
        }
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    fn poll_output(&mut self) -> Option<PacerOutput<T>> {
        let Some((bytes, packet)) = self.pop() else { return self.pad() };
        let probe = self.charge(bytes);
        Some(PacerOutput::Send { packet, bytes, probe })
    }

    fn poll_timeout(&self) -> Option<(Instant, PacerTimeout)> {
        if !self.is_empty() {
            Some((self.free_at, PacerTimeout::Packet))
        } else {
            self.probe.map(|_| (self.free_at, PacerTimeout::Padding))
        }
    }
}

#[cfg(test)]
#[path = "pacer_tests.rs"]
mod tests;
