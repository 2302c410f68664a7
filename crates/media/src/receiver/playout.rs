mod deep;

use calling_model::AudioLevel;

use super::decision::{Next, Operation};
use super::gap::GapAccount;
use super::packet_buffer::{Packet, PacketBuffer};
use super::pcm_queue::PcmQueue;
use super::played::Played;
use super::webrtc_stats::Emission;
use crate::codec::AudioDecoder;
use crate::mix::LevelMeter;
use crate::stretch::{Demand, LOOKAHEAD, MAX_LAG, SILENT_RMS, Stretcher};
use crate::units::{MAX_PACKET_SAMPLES, SAMPLES_PER_MS, samples};
use crate::{SAMPLES_PER_TICK, TICK_MS};

/// Turns packets into PCM in media time, and keeps account of what it made of them.
#[derive(Debug)]
pub(super) struct Playout<D> {
    decoder: D,
    channels: usize,
    queue: PcmQueue,
    stretcher: Stretcher,
    pub(super) started: bool,
    /// What the sender said of the loudness of the packet played last; silence before the first.
    pub(super) told_level: Option<AudioLevel>,
    /// Packets are decoded, not played as silence.
    audible: bool,
    /// Media time of the next sample to be made.
    cursor: u64,
    /// Media time after the last sample that came from a packet. The cursor is ahead of it while
    /// audio is made up.
    content_end: u64,
    /// Sequence number of the packet decoded last.
    sequence: u64,
    pub(super) played: Played,
    /// Silence was announced by the packet decoded last.
    comfort: bool,
    /// Made up since the last packet, in samples.
    made_up: usize,
    /// It was concealment, not the silence that the sender announced.
    concealing: bool,
    /// Concealment at the end of the queue, in samples: it counts once it is heard, and gives way
    /// to what it stands for.
    unheard: usize,
    /// What is made next does not follow from what the decoder made last.
    broken: bool,
    /// Root mean square of the loudest speech, slowly forgotten.
    loudness: f32,
    /// The tick played last came from packets.
    played_content: bool,
    pub(super) gap: GapAccount,
    pub(super) emission: Emission,
    pub(super) counts: PlayoutCounts,
}

/// What was made, in samples per channel unless its name says otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PlayoutCounts {
    pub(super) packets: u64,
    pub(super) undecodable_packets: u64,
    pub(super) decoded: u64,
    pub(super) restored: u64,
    pub(super) copied: u64,
    /// Restored from descriptions in later packets.
    pub(super) deep: u64,
    /// Made up by a neural network.
    pub(super) deeply_concealed: u64,
    pub(super) comfort_noise: u64,
    pub(super) inserted: u64,
    pub(super) dropped: u64,
    pub(super) delay_sum_ms: f64,
    pub(super) smoothed_delay_ms: f64,
}

/// What joining did to the length of what waits.
#[derive(Clone, Copy, Debug, Default)]
struct Joined {
    /// Samples put in, less those left out: so much later what follows is heard.
    change: i64,
}

impl Joined {
    fn delay_ms(self) -> f64 {
        self.change as f64 / SAMPLES_PER_MS as f64
    }
}

/// How long a packet waited, and how long it was meant to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waited {
    /// From its arrival to the tick that is made now.
    pub(super) delay_ms: u32,
    /// The delay aimed at now.
    pub(super) target_ms: u32,
    /// What the network alone would have it be.
    pub(super) minimum_ms: u32,
    /// By how many samples playing is too late.
    pub(super) excess: i64,
}

/// Concealment fades out until it is silence: speech cannot be guessed for longer than a phoneme
/// (NetEq and libopus fade over about as long).
const CONCEAL_FADE: [i64; 2] = [samples(100), samples(200)];
/// Comfort noise without a word of the sender; Opus refreshes it every 400 ms.
const COMFORT_FADE: [i64; 2] = [samples(1_000), samples(1_200)];
/// libopus makes up audio in multiples of 2.5 ms.
const CONCEAL_GRAIN: usize = 120;
/// 20 dB below the loudest speech a change of length is hidden.
const QUIET_RATIO: f32 = 0.1;
/// The loudest speech is forgotten by 2.6 dB per second.
const LOUDNESS_DECAY: f32 = 0.997;

impl<D: AudioDecoder> Playout<D> {
    pub(super) fn new(decoder: D, channels: usize) -> Self {
        Self {
            decoder,
            channels,
            queue: PcmQueue::new(channels, MAX_PACKET_SAMPLES + LOOKAHEAD + 3 * MAX_LAG),
            stretcher: Stretcher::new(channels),
            started: false,
            told_level: Some(AudioLevel::SILENCE),
            audible: true,
            cursor: 0,
            content_end: 0,
            sequence: 0,
            played: Played::default(),
            comfort: false,
            made_up: 0,
            concealing: false,
            unheard: 0,
            broken: false,
            loudness: 0.0,
            played_content: false,
            gap: GapAccount::new(),
            emission: Emission::default(),
            counts: PlayoutCounts::default(),
        }
    }

    pub(super) fn inspect(&self, payload: &[u8]) -> Option<crate::codec::PayloadInfo> {
        self.decoder.inspect(payload)
    }

    /// Goes on with `packet`, whatever was before.
    pub(super) const fn jump_to(&mut self, packet: &Packet) {
        // The very first sound has nothing to be joined to.
        self.broken = self.started || self.counts.packets > 0;
        self.started = true;
        self.cursor = packet.timestamp;
        self.content_end = packet.timestamp;
        // Extended sequence numbers begin at 2^32.
        self.sequence = packet.sequence - 1;
    }

    /// Decodes from now on, or plays silence instead.
    pub(super) fn set_audible(&mut self, audible: bool) {
        if audible == self.audible {
            return;
        }
        self.audible = audible;
        // What is decoded next does not follow from what was heard last; before the very first
        // sound there is nothing to be joined to.
        self.broken |= self.counts.packets > 0;
        if audible {
            self.decoder.reset();
        }
    }

    /// Forgets the stream.
    pub(super) fn stop(&mut self) {
        self.started = false;
        self.queue.clear();
        self.decoder.reset();
        self.played = Played::default();
        self.comfort = false;
        self.made_up = 0;
        self.unheard = 0;
        self.concealing = false;
    }

    /// Decoded audio that waits, in samples.
    pub(super) const fn ready(&self) -> usize {
        self.queue.len()
    }

    /// Media time of the next sample to be made.
    pub(super) const fn cursor(&self) -> u64 {
        self.cursor
    }

    pub(super) const fn comfort(&self) -> bool {
        self.comfort
    }

    /// Whether what is decoded next must be joined to what was made last.
    pub(super) const fn is_joint(&self) -> bool {
        self.broken || self.concealing
    }

    /// Whether what waits and what was played last came from packets.
    pub(super) const fn is_stretchable(&self) -> bool {
        self.made_up == 0 && self.played_content
    }

    /// Whether everything up to media time `end` has been played.
    pub(super) const fn is_past(&self, end: u64) -> bool {
        self.started && end <= self.content_end
    }

    /// Whether the next tick is so quiet that a change of its length is not heard.
    pub(super) fn is_quiet(&self) -> bool {
        let rms = LevelMeter::rms(self.queue.front(SAMPLES_PER_TICK));
        rms < SILENT_RMS || rms < self.loudness * QUIET_RATIO
    }

    /// What `packet`, the oldest in the buffer, is to what was played.
    pub(super) const fn relation(&self, packet: Option<&Packet>) -> Next {
        let Some(packet) = packet else { return Next::Nothing };
        let at = packet.timestamp as i64 - self.cursor as i64;
        if packet.timestamp <= self.content_end {
            return Next::Adjoining;
        }
        if packet.sequence == self.sequence + 1 {
            return Next::AfterSilence { at };
        }
        let missing = packet.timestamp - self.content_end;
        let fec = packet.info.fec_samples;
        Next::AfterLoss { at, fec: if fec as u64 <= missing { fec as i64 } else { 0 } }
    }

    /// Decodes the oldest packet, which waited for `waited`.
    pub(super) fn decode(&mut self, buffer: &mut PacketBuffer, waited: Waited) {
        let Some(packet) = buffer.pop() else { return };
        self.played.add(packet.sequence);
        if !packet.is_copy {
            self.told_level = packet.level;
        }
        let waiting_ms = self.queue.len() as f64 / 48.0;
        let room = self.queue.room(packet.info.samples);
        let decoded = match self.audible {
            true => self.decoder.decode(&packet.payload, room),
            false => Ok(silence(room, packet.info.samples)),
        };
        match decoded {
            Ok(made) => {
                let joint = self.append_content(packet.level, made, 0, waited.excess);
                if packet.is_copy {
                    self.counts.copied += made as u64;
                    self.emission.restore();
                } else {
                    self.counts.packets += 1;
                    self.counts.decoded += made as u64;
                    let delay_ms = f64::from(waited.delay_ms) + waiting_ms + joint.delay_ms();
                    self.count_delay(delay_ms, packet.info.samples);
                    self.emission.emit(made, delay_ms, waited);
                }
                self.sequence = packet.sequence;
                self.content_end = packet.end();
                self.cursor = self.content_end;
                self.comfort = packet.info.silence_follows;
            }
            // From here on it is as good as lost.
            Err(_) => self.counts.undecodable_packets += 1,
        }
        buffer.recycle(packet);
    }

    /// Restores what was lost before `packet` from it, while playing is `excess` samples too late.
    /// If more is restored than is still to be heard, what was made up in its place is left out if
    /// that is too much.
    pub(super) fn restore(&mut self, packet: &Packet, excess: i64) {
        let wanted = packet.info.fec_samples;
        let room = self.queue.room(wanted);
        let restored = match self.audible {
            true => self.decoder.decode_fec(&packet.payload, wanted, room),
            false => Ok(silence(room, wanted)),
        };
        let Ok(made) = restored else {
            self.make_up(Operation::Expand, wanted);
            return;
        };
        let begin = packet.timestamp.saturating_sub(wanted as u64);
        let passed = self.cursor.saturating_sub(begin) as usize;
        let heard = passed.saturating_sub(self.unheard);
        let skipped = if excess > 0 { heard.min(made) } else { 0 };
        // Audio jumps where some of it is left out, or more was lost than is restored.
        self.broken |= skipped > 0;
        self.counts.restored += (made - skipped) as u64;
        self.append_content(packet.level, made, skipped, excess - skipped as i64);
        self.emission.restore();
        self.content_end = packet.timestamp;
        self.cursor = packet.timestamp;
        self.comfort = false;
    }

    /// Puts what was decoded from `packet` behind what waits.
    fn append_content(
        &mut self,
        level: Option<AudioLevel>,
        made: usize,
        skipped: usize,
        excess: i64,
    ) -> Joined {
        self.queue.commit(made, skipped);
        let joined = match self.is_joint() {
            true => self.join(made - skipped, excess),
            false => Joined::default(),
        };
        let level =
            level.unwrap_or_else(|| LevelMeter::measure(self.queue.front(SAMPLES_PER_TICK)));
        self.gap.resume(level);
        self.made_up = 0;
        (self.broken, self.concealing) = (false, false);
        joined
    }

    /// Joins the last `samples` that wait to what is before them.
    fn join(&mut self, samples: usize, excess: i64) -> Joined {
        let unheard = std::mem::take(&mut self.unheard).min(self.queue.len() - samples);
        let (before, after) = self.queue.parted(samples);
        let joint = self.stretcher.merge(before, unheard, after, excess);
        let (left_out, skipped) = (unheard - joint.keep, joint.skip);
        let inserted = joint.inserted.len() / self.channels;
        if inserted > 0 {
            self.queue.insert_before_last(samples, joint.inserted);
        } else {
            self.queue.remove_before_last(samples + left_out, left_out + skipped);
        }
        let kept = unheard - left_out;
        self.counts.dropped += skipped as u64;
        self.conceal(kept + inserted, self.gap.is_silent());
        Joined { change: inserted as i64 - (left_out + skipped) as i64 }
    }

    /// So much concealment is heard.
    fn conceal(&mut self, samples: usize, silent: bool) {
        self.gap.made_up(samples);
        self.emission.conceal(samples, silent);
    }

    /// Makes up a tick, but at most `most` samples, as concealment or comfort noise. A whole tick
    /// even if less is missing: the speech layer of Opus conceals in steps of 10 ms, and what is
    /// not taken of a step leaves a gap in its sound.
    pub(super) fn make_up(&mut self, operation: Operation, most: usize) {
        let wanted = most.min(SAMPLES_PER_TICK).next_multiple_of(CONCEAL_GRAIN).max(CONCEAL_GRAIN);
        let comfort = operation == Operation::ComfortNoise;
        let fade = if comfort { COMFORT_FADE } else { CONCEAL_FADE };
        let room = self.queue.room(wanted);
        if (self.made_up as i64) < fade[1] {
            if !self.audible || self.decoder.conceal(wanted, room).is_err() {
                room.fill(0.0);
            } else if !comfort && self.decoder.conceals_deeply() {
                self.counts.deeply_concealed += wanted as u64;
            }
            fade_out(room, wanted, self.made_up, fade);
        } else {
            room.fill(0.0);
            self.broken = true;
        }
        self.queue.commit(wanted, 0);
        self.made_up += wanted;
        self.cursor += wanted as u64;
        if comfort {
            self.counts.comfort_noise += wanted as u64;
        } else {
            self.concealing = true;
            self.unheard += wanted;
        }
    }

    /// Plays a tick.
    pub(super) fn play(&mut self, out: &mut [f32]) {
        let content = self.queue.len().saturating_sub(self.unheard);
        let made_up = SAMPLES_PER_TICK.saturating_sub(content).min(self.unheard);
        if made_up > 0 {
            self.unheard -= made_up;
            let faded = self.made_up as i64 > CONCEAL_FADE[1];
            self.conceal(made_up, faded || self.gap.is_silent());
        }
        out.copy_from_slice(self.queue.front(SAMPLES_PER_TICK));
        self.queue.consume(SAMPLES_PER_TICK);
        self.played_content = self.made_up == 0;
        self.emission.play();
    }

    /// Leaves a period of what waits out, if there is one to leave out; how many samples. A tick
    /// remains ready.
    pub(super) fn shorten(&mut self, demand: Demand) -> usize {
        let removed = self.stretcher.shorten(self.queue.all_mut(), demand);
        self.queue.consume(removed);
        self.counts.dropped += removed as u64;
        removed
    }

    /// Repeats a period before what waits, if there is one to repeat; how many samples.
    pub(super) fn lengthen(&mut self, demand: Demand) -> usize {
        let inserted = self.stretcher.lengthen(self.queue.front(SAMPLES_PER_TICK), demand);
        self.queue.prepend(inserted);
        let count = inserted.len() / self.channels;
        self.counts.inserted += count as u64;
        count
    }

    /// Remembers the tick that was played and returns its loudness.
    pub(super) fn finish(&mut self, tick: &[f32]) -> AudioLevel {
        self.stretcher.remember(tick);
        let rms = LevelMeter::rms(tick);
        self.emission.hear(rms);
        self.loudness = rms.max(self.loudness * LOUDNESS_DECAY);
        AudioLevel::from_rms(rms)
    }

    fn count_delay(&mut self, delay_ms: f64, samples: usize) {
        self.counts.delay_sum_ms += delay_ms;
        if self.counts.packets == 1 {
            self.counts.smoothed_delay_ms = delay_ms;
        }
        // A second's memory.
        let weight = (samples as f64 / f64::from(crate::SAMPLE_RATE_HZ)).min(1.0);
        self.counts.smoothed_delay_ms += (delay_ms - self.counts.smoothed_delay_ms) * weight;
    }

    /// Audio that waits, in milliseconds.
    pub(super) const fn ready_ms(&self) -> u32 {
        // At most 160 ms.
        (self.queue.len() / SAMPLES_PER_TICK) as u32 * TICK_MS
    }
}

/// Silence of so many samples in the place of a frame.
fn silence(room: &mut [f32], samples: usize) -> usize {
    room.fill(0.0);
    samples
}

/// Fades `pcm` linearly to nothing from `fade[0]` to `fade[1]` samples after a gap began.
fn fade_out(pcm: &mut [f32], frames: usize, made_up: usize, fade: [i64; 2]) {
    if ((made_up + frames) as i64) < fade[0] {
        return;
    }
    let channels = (pcm.len() / frames).max(1);
    for (at, frame) in pcm.chunks_exact_mut(channels).enumerate() {
        let left = fade[1] - (made_up + at) as i64;
        let gain = left as f32 / (fade[1] - fade[0]) as f32;
        frame.iter_mut().for_each(|sample| *sample *= gain.clamp(0.0, 1.0));
    }
}
