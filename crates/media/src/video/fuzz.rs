//! Bodies of fuzz targets: any input, no panic, invariants kept.

use std::time::{Duration, Instant};

use bytes::Bytes;
use calling_model::Machine;
use calling_wire::{RtpHeader, RtpView, write_header};

use super::payload;
use super::receiver::{
    VideoReceiver, VideoReceiverConfig, VideoReceiverInput, VideoReceiverOutput,
};
use super::{
    IvfReader, MAX_PIXELS, VideoCodec, VideoFeedback, VideoSource, Y4mSource, frame::bytes_of,
};

/// Pictures of one file looked at.
const MOST_PICTURES: usize = 16;

/// A Y4M file.
pub fn video_y4m(data: &[u8]) {
    let Ok(mut source) = Y4mSource::new(data) else { return };
    let (width, height) = source.size();
    assert!((1..=MAX_PIXELS).contains(&(width * height)));
    assert!((1..=120).contains(&source.frame_rate()));
    // A large picture of a small file is not there; reading it would only cost memory.
    if bytes_of(width, height) > data.len() {
        return;
    }
    for _ in 0..MOST_PICTURES {
        let Some(picture) = source.read() else { break };
        assert_eq!((picture.width(), picture.height()), (width, height));
    }
}

/// An IVF file.
pub fn video_ivf(data: &[u8]) {
    let Ok(mut reader) = IvfReader::new(data) else { return };
    let mut bytes = 0;
    for _ in 0..MOST_PICTURES {
        let Some(picture) = reader.read() else { break };
        bytes += picture.data.len();
    }
    assert!(bytes <= data.len());
}

/// A run of payloads, each behind its length in a byte, of both codecs; and feedback.
pub fn video_payloads(data: &[u8]) {
    let mut payloads = Vec::new();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first() {
        let (payload, after) = after.split_at(usize::from(*length).min(after.len()));
        payloads.push(Bytes::copy_from_slice(payload));
        rest = after;
    }
    for codec in VideoCodec::ALL {
        let fitting = payloads.iter().all(|payload| payload::inspect(codec, payload).is_some());
        if let Ok(picture) = payload::assemble(codec, payloads.iter()) {
            assert!(fitting && picture.len() <= 3 * data.len());
            codec.is_key(&picture);
        }
    }
    for feedback in VideoFeedback::parse(data) {
        let again: Vec<_> = VideoFeedback::parse(&feedback.to_packet(1)).collect();
        assert_eq!(again.len(), 1);
    }
}

/// A receiver under any sequence of packets, times and stumbles: three bytes each, most of them
/// meant to be near what real streams do.
pub fn video_receiver(data: &[u8]) {
    let mut world = World::new();
    for operation in data.as_chunks::<3>().0 {
        world.apply(*operation);
    }
    let stats = world.receiver.stats();
    let packets = data.len() as u64 / 3;
    assert!(stats.pictures <= packets && stats.packets_discarded <= packets);
    assert!(world.shown <= stats.pictures);
}

struct World {
    receiver: VideoReceiver,
    now: Instant,
    number: u16,
    timestamp: u32,
    shown: u64,
    due: Option<Instant>,
}

impl World {
    fn new() -> Self {
        Self {
            receiver: VideoReceiver::new(VideoReceiverConfig::new(1, Some(2))),
            now: start(),
            number: 65_500,
            timestamp: 4_294_900_000,
            shown: 0,
            due: None,
        }
    }

    fn apply(&mut self, [kind, value, more]: [u8; 3]) {
        match kind % 8 {
            0..=3 => self.send(value, more),
            // Left out, or again: the same numbers come once more.
            4 => self.number = self.number.wrapping_add(u16::from(value)),
            5 => self.number = self.number.wrapping_sub(u16::from(value)),
            6 => {
                self.timestamp = self.timestamp.wrapping_add(u32::from(value) << (more % 25));
            }
            _ if value == 0 => self.input(VideoReceiverInput::KeyFrameNeeded),
            _ => self.wait(Duration::from_millis(u64::from(value))),
        }
    }

    fn send(&mut self, flags: u8, more: u8) {
        let again = flags & 0x40 != 0;
        let header = RtpHeader {
            payload_type: 96 + u8::from(again) + (flags >> 4 & 2),
            marker: flags & 1 != 0,
            sequence_number: self.number,
            timestamp: self.timestamp,
            ssrc: 1 + u32::from(again),
        };
        let mut packet = vec![0; 12];
        let _ = write_header(&header, &[], &mut packet);
        if again {
            packet.extend(self.number.wrapping_sub(u16::from(more)).to_be_bytes());
        }
        if flags & 0x80 == 0 {
            // A beginning or not, of a key frame or not.
            packet.extend([flags << 3 & 0x10, flags >> 2 & 1, 0, 0x9d, 1, 0x2a, more]);
        }
        self.number = self.number.wrapping_add(1);
        if flags & 1 != 0 {
            self.timestamp = self.timestamp.wrapping_add(3_000);
        }
        if let Ok(view) = RtpView::parse(&packet) {
            self.input(VideoReceiverInput::Packet(&view));
        }
    }

    fn input(&mut self, input: VideoReceiverInput<'_>) {
        let Ok(()) = self.receiver.handle_input(self.now, input);
        self.drain();
    }

    fn wait(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some((due, _)) = self.receiver.poll_timeout().filter(|(due, _)| *due <= until) {
            self.now = self.now.max(due);
            self.receiver.handle_timeout(self.now);
            self.drain();
            let next = self.receiver.poll_timeout();
            assert!(next.is_none_or(|(next, _)| next > self.now), "{next:?}");
        }
        self.now = until;
    }

    fn drain(&mut self) {
        while let Some(output) = self.receiver.poll_output() {
            match output {
                VideoReceiverOutput::Picture(picture) => {
                    self.shown += 1;
                    assert!(self.due.is_none_or(|before| before <= picture.due), "in order");
                    self.due = Some(picture.due);
                }
                VideoReceiverOutput::Feedback(_) => {}
            }
        }
    }
}

/// Any instant does; only differences are measured.
#[expect(clippy::disallowed_methods, reason = "there is no other way to make an Instant")]
fn start() -> Instant {
    Instant::now()
}
