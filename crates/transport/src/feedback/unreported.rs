use std::ops::AddAssign;

/// Packets that came and of which the sender of a transport is not told, by reason.
///
/// To the sender those but the duplicates look lost, which holds its congestion control back; what
/// keeps growing here explains a picture that stays small on a path that loses nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unreported {
    /// They came under a number that came before.
    pub duplicate: u64,
    /// They were older than all that something is known of, 1,024 packets.
    pub too_old: u64,
    /// They came in time, but newer ones took their places before anything was told.
    pub overrun: u64,
    /// There was no path to tell it by.
    pub no_path: u64,
}

impl Unreported {
    /// Each reason's short stable name, and how many packets.
    pub const fn by_reason(&self) -> [(&'static str, u64); 4] {
        [
            ("duplicate", self.duplicate),
            ("too_old", self.too_old),
            ("overrun", self.overrun),
            ("no_path", self.no_path),
        ]
    }
}

impl AddAssign for Unreported {
    fn add_assign(&mut self, other: Self) {
        self.duplicate += other.duplicate;
        self.too_old += other.too_old;
        self.overrun += other.overrun;
        self.no_path += other.no_path;
    }
}
