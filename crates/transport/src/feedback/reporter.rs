use std::time::{Duration, Instant};

use calling_wire::RtpView;

use super::statuses::Head;
use super::{Arrivals, Noted, Statuses, Unreported};

/// How long the first packet not told of waits, while few come.
const CALM: Duration = Duration::from_millis(100);
/// The same while many come.
const BUSY: Duration = Duration::from_millis(50);
/// Packets waiting that make it busy: 160 in a second.
const BUSY_PACKETS: usize = 16;
/// Packets that wait no longer, so that a datagram or two tell of them.
const MOST_WAITING: usize = 256;
/// Bytes of a datagram before it is protected; with what is around it, it passes every path.
const DATAGRAM_LEN: usize = 1_100;
const TICK: Duration = Duration::from_micros(250);

/// Tells the sender of a transport which of its packets came and when, for its congestion control
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01).
///
/// Of each packet it is told once whether it came; one that comes after it was told as lost is told
/// once more, as received. Packets count whatever they carry, as long as they are authentic: the
/// sender probes the path with such as have no content.
///
/// ```
/// # use std::time::{Duration, Instant};
/// # use calling_transport::TransportFeedback;
/// # fn feed(now: Instant) {
/// let mut feedback = TransportFeedback::new(3, 0x5eed);
/// feedback.record(now, 0x1111, 65_535);
/// feedback.record(now, 0x1111, 1);
/// let due = feedback.due().expect("there is something to tell");
/// let mut datagram = Vec::new();
/// while feedback.write(due, &mut datagram) {
///     // seal and send it
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct TransportFeedback {
    extension_id: u8,
    sender_ssrc: u32,
    /// Senders look for one of their own streams.
    media_ssrc: u32,
    arrivals: Arrivals,
    /// Where ticks count from: the first packet.
    origin: Option<Instant>,
    /// Since when something waits to be told.
    waiting_since: Option<Instant>,
    count: u8,
    statuses: Statuses,
}

impl TransportFeedback {
    /// Nothing came yet. `extension_id` is that of the header extension with the transport-wide
    /// sequence number, `sender_ssrc` under which feedback goes out.
    pub fn new(extension_id: u8, sender_ssrc: u32) -> Self {
        Self {
            extension_id,
            sender_ssrc,
            media_ssrc: 0,
            arrivals: Arrivals::new(),
            origin: None,
            waiting_since: None,
            count: 0,
            statuses: Statuses::with_capacity(super::arrivals::WINDOW as usize, DATAGRAM_LEN),
        }
    }

    /// The id of the header extension.
    pub const fn extension_id(&self) -> u8 {
        self.extension_id
    }

    /// The extension has another id from now on; the sender's numbers go on.
    pub const fn set_extension_id(&mut self, extension_id: u8) {
        self.extension_id = extension_id;
    }

    /// Takes note of an authentic RTP packet in the clear, if it has a transport-wide number.
    pub fn observe(&mut self, now: Instant, packet: &[u8]) {
        let Ok(packet) = RtpView::parse(packet) else { return };
        if let Some([high, low]) = packet.extension(self.extension_id) {
            self.record(now, packet.ssrc(), u16::from_be_bytes([*high, *low]));
        }
    }

    /// A packet of the stream `ssrc` came under this transport-wide number.
    pub fn record(&mut self, now: Instant, ssrc: u32, sequence_number: u16) {
        let ticks = self.ticks(now);
        if self.arrivals.note(ticks, sequence_number) == Noted::Untold {
            self.media_ssrc = ssrc;
            self.waiting_since.get_or_insert(now);
        }
    }

    /// When there is something to tell.
    pub fn due(&self) -> Option<Instant> {
        let since = self.waiting_since?;
        Some(match self.arrivals.untold() {
            ..BUSY_PACKETS => since + CALM,
            BUSY_PACKETS..MOST_WAITING => since + BUSY,
            MOST_WAITING.. => since,
        })
    }

    /// Writes a datagram of RTCP into `datagram`, in place of what is in it, if one is due at
    /// `now`; `false` if not. Call it until it is not.
    pub fn write(&mut self, now: Instant, datagram: &mut Vec<u8>) -> bool {
        if self.due().is_none_or(|due| due > now) {
            return false;
        }
        datagram.clear();
        datagram.reserve(DATAGRAM_LEN);
        self.begin(datagram);
        while let Some((first, end)) = self.arrivals.stretch() {
            let told = self.collect(first, end, DATAGRAM_LEN - datagram.len());
            if told == 0 {
                break;
            }
            let head = Head {
                sender_ssrc: self.sender_ssrc,
                media_ssrc: self.media_ssrc,
                // What was on the wire.
                sequence_number: first as u16,
                count: self.count,
            };
            self.statuses.write(&head, datagram);
            self.count = self.count.wrapping_add(1);
            self.arrivals.told(first, first + told);
        }
        if self.arrivals.untold() == 0 {
            self.waiting_since = None;
        }
        true
    }

    /// Forgets what waits to be told: there is no way to tell it.
    pub fn forget(&mut self) {
        self.arrivals.forget();
        self.waiting_since = None;
    }

    /// The packets since the last call that came and will not be told of.
    pub fn take_unreported(&mut self) -> Unreported {
        self.arrivals.take_unreported()
    }

    /// A compound begins with a report (RFC 3550 section 6.1); this one has no blocks.
    fn begin(&self, datagram: &mut Vec<u8>) {
        datagram.extend_from_slice(&[0x80, 201, 0, 1]);
        datagram.extend_from_slice(&self.sender_ssrc.to_be_bytes());
    }

    /// Fills the statuses with as many of these packets as fit into `limit` bytes, the last of
    /// which came; gives how many.
    fn collect(&mut self, first: u64, end: u64, limit: usize) -> u64 {
        self.statuses.clear();
        let mut missing = 0;
        for index in first..end {
            let Some(ticks) = self.arrivals.arrival(index) else {
                missing += 1;
                continue;
            };
            if !self.statuses.push(missing, ticks, limit) {
                break;
            }
            missing = 0;
        }
        self.statuses.len() as u64
    }

    /// The time in 250 µs, modulo 2^32.
    fn ticks(&mut self, now: Instant) -> u32 {
        let origin = *self.origin.get_or_insert(now);
        let passed = now.saturating_duration_since(origin);
        (passed.as_micros() / TICK.as_micros()) as u32
    }
}
