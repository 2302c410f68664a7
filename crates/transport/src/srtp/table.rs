/// State by SSRC, for few SSRCs: sorted, so that a look-up is a short binary search and iteration
/// order is no matter of chance.
#[derive(Debug)]
pub(super) struct SsrcTable<T> {
    ssrcs: Vec<u32>,
    states: Vec<T>,
}

impl<T> Default for SsrcTable<T> {
    fn default() -> Self {
        Self { ssrcs: Vec::new(), states: Vec::new() }
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
        place.0.ok().map(|index| &self.states[index])
    }

    pub(super) const fn len(&self) -> usize {
        self.ssrcs.len()
    }
}

impl<T: Default> SsrcTable<T> {
    /// The state at `place`, which must be of this table as it is now; made if it is new.
    pub(super) fn enter(&mut self, ssrc: u32, place: Place) -> &mut T {
        let index = match place.0 {
            Ok(index) => index,
            Err(index) => {
                self.ssrcs.insert(index, ssrc);
                self.states.insert(index, T::default());
                index
            }
        };
        &mut self.states[index]
    }
}
