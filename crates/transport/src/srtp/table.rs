/// State by SSRC, for few SSRCs: sorted, so that a look-up is a short binary search and iteration
/// order is no matter of chance.
#[derive(Debug)]
pub(super) struct SsrcTable<T> {
    ssrcs: Vec<u32>,
    slots: Vec<Slot<T>>,
    uses: u64,
}

#[derive(Debug)]
struct Slot<T> {
    state: T,
    /// Which use of the table was its last.
    used: u64,
}

impl<T> Default for SsrcTable<T> {
    fn default() -> Self {
        Self { ssrcs: Vec::new(), slots: Vec::new(), uses: 0 }
    }
}

/// Where a state is, or where it belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(Result<usize, usize>);

impl Place {
    pub(super) const fn is_new(self) -> bool {
        self.0.is_err()
    }
}

impl<T> SsrcTable<T> {
    pub(super) fn place(&self, ssrc: u32) -> Place {
        Place(self.ssrcs.binary_search(&ssrc))
    }

    pub(super) fn get(&self, place: Place) -> Option<&T> {
        place.0.ok().map(|index| &self.slots[index].state)
    }

    pub(super) const fn len(&self) -> usize {
        self.ssrcs.len()
    }

    /// Forgets the state that was entered longest ago.
    fn recycle(&mut self) {
        let oldest = self.slots.iter().enumerate().min_by_key(|(_, slot)| slot.used);
        if let Some((index, _)) = oldest {
            self.ssrcs.remove(index);
            self.slots.remove(index);
        }
    }
}

impl<T: Default> SsrcTable<T> {
    /// The state at `place`, which must be of this table as it is now; made if it is new.
    pub(super) fn enter(&mut self, ssrc: u32, place: Place) -> &mut T {
        self.uses += 1;
        let index = match place.0 {
            Ok(index) => index,
            Err(index) => {
                self.ssrcs.insert(index, ssrc);
                self.slots.insert(index, Slot { state: T::default(), used: 0 });
                index
            }
        };
        let slot = &mut self.slots[index];
        slot.used = self.uses;
        &mut slot.state
    }

    /// As [`enter`](Self::enter); a new state that would be one more than `most` takes the place
    /// of the one that was entered longest ago.
    pub(super) fn enter_recycling(&mut self, ssrc: u32, place: Place, most: usize) -> &mut T {
        if place.is_new() && self.len() >= most {
            self.recycle();
            return self.enter(ssrc, self.place(ssrc));
        }
        self.enter(ssrc, place)
    }
}
