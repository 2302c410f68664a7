use calling_wire::SequenceExtender;

use super::Unreported;

/// Packets of which something is known at once: a second at 1,000 packets in a second.
pub(super) const WINDOW: u64 = 1_024;
/// So many packets from before the window, and none within, mean that the sender counts anew.
const STRAYS: u8 = 16;

/// When the newest packets of a transport came, and of which that was told.
///
/// Times are ticks of 250 µs, modulo 2^32.
#[derive(Debug)]
pub(super) struct Arrivals {
    extender: SequenceExtender,
    slots: Box<[Slot]>,
    /// The newest packet that came; `None` before the first.
    newest: Option<u64>,
    /// From here on nothing was told.
    next: u64,
    /// No packet before `next` that came and was not told is older.
    late: Option<u64>,
    /// Packets that came and were not told.
    untold: usize,
    strays: u8,
    unreported: Unreported,
}

#[derive(Clone, Copy, Debug, Default)]
enum Slot {
    /// It did not come, whether that was told or not.
    #[default]
    Missing,
    /// It came then.
    Untold(u32),
    Told,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// It is to be told.
    Untold,
    /// It came before.
    Duplicate,
    /// It is older than the window.
    TooOld,
}

impl Arrivals {
    pub(super) fn new() -> Self {
        Self {
            extender: SequenceExtender::new(),
            slots: vec![Slot::Missing; WINDOW as usize].into(),
            newest: None,
            next: 0,
            late: None,
            untold: 0,
            strays: 0,
            unreported: Unreported::default(),
        }
    }

    /// What was not told since the last call.
    pub(super) fn take_unreported(&mut self) -> Unreported {
        std::mem::take(&mut self.unreported)
    }

    /// Packets that came and were not told.
    pub(super) const fn untold(&self) -> usize {
        self.untold
    }

    /// A packet with this number came.
    pub(super) fn note(&mut self, ticks: u32, sequence_number: u16) -> Noted {
        let index = self.extender.peek(sequence_number);
        let index = match self.newest {
            None => self.restart(sequence_number),
            Some(newest) if index > newest => self.advance(newest, sequence_number),
            Some(newest) if newest - index < WINDOW => index,
            Some(_) if self.strays + 1 < STRAYS => {
                self.strays += 1;
                self.unreported.too_old += 1;
                return Noted::TooOld;
            }
            Some(_) => self.restart(sequence_number),
        };
        self.strays = 0;
        match self.slot(index) {
            Slot::Untold(_) | Slot::Told => {
                self.unreported.duplicate += 1;
                return Noted::Duplicate;
            }
            Slot::Missing => {}
        }
        *self.slot_mut(index) = Slot::Untold(ticks);
        self.untold += 1;
        if index < self.next {
            self.late = Some(self.late.map_or(index, |late| late.min(index)));
        }
        Noted::Untold
    }

    /// The packets to tell of next, as the first and the one after the last: such as came after
    /// others that were told, one stretch without gaps after another, then the rest up to the
    /// newest.
    pub(super) fn stretch(&self) -> Option<(u64, u64)> {
        if let Some(late) = self.late {
            let came = |index: &u64| matches!(self.slot(*index), Slot::Untold(_));
            return Some((late, late + (late..self.next).take_while(came).count() as u64));
        }
        let newest = self.newest.filter(|newest| *newest >= self.next)?;
        Some((self.next, newest + 1))
    }

    /// When a packet came that was not told of; `None` if it did not come.
    pub(super) fn arrival(&self, index: u64) -> Option<u32> {
        match self.slot(index) {
            Slot::Untold(ticks) => Some(ticks),
            Slot::Missing | Slot::Told => None,
        }
    }

    /// These were told: the first packets of [`stretch`](Self::stretch).
    pub(super) fn told(&mut self, first: u64, end: u64) {
        for index in first..end {
            let slot = self.slot_mut(index);
            if let Slot::Untold(_) = slot {
                *slot = Slot::Told;
                self.untold -= 1;
            }
        }
        self.next = self.next.max(end);
        if self.late.is_some() {
            let came = |index: &u64| matches!(self.slot(*index), Slot::Untold(_));
            self.late = (end..self.next).find(came);
        }
    }

    /// Forgets what was not told: there is no path.
    pub(super) fn forget(&mut self) {
        self.unreported.no_path += self.untold as u64;
        while let Some((first, end)) = self.stretch() {
            self.told(first, end);
        }
    }

    fn restart(&mut self, sequence_number: u16) -> u64 {
        self.unreported.overrun += self.untold as u64;
        self.slots.fill(Slot::Missing);
        self.extender = SequenceExtender::new();
        let index = self.extender.extend(sequence_number);
        (self.newest, self.next) = (Some(index), index);
        (self.late, self.untold) = (None, 0);
        index
    }

    /// The window moves on. What falls out of it untold is not told any more.
    fn advance(&mut self, newest: u64, sequence_number: u16) -> u64 {
        let index = self.extender.extend(sequence_number);
        if index - newest >= WINDOW {
            return self.restart(sequence_number);
        }
        for entering in newest + 1..=index {
            if let Slot::Untold(_) = std::mem::take(self.slot_mut(entering)) {
                self.untold -= 1;
                self.unreported.overrun += 1;
            }
        }
        // The extender begins above 2^32.
        let oldest = index + 1 - WINDOW;
        self.next = self.next.max(oldest);
        if self.late.is_some_and(|late| late < oldest) {
            let came = |index: &u64| matches!(self.slot(*index), Slot::Untold(_));
            self.late = (oldest..self.next.min(newest + 1)).find(came);
        }
        self.newest = Some(index);
        index
    }

    fn slot(&self, index: u64) -> Slot {
        self.slots[(index % WINDOW) as usize]
    }

    fn slot_mut(&mut self, index: u64) -> &mut Slot {
        &mut self.slots[(index % WINDOW) as usize]
    }
}
