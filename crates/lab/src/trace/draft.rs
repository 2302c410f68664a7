use super::{Arrival, FRAME_MS, GRAIN_US, Trace};

/// A trace under construction: one entry per frame in the order of sending.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// How long each packet takes, in microseconds; `None` if it is lost.
    pub(crate) took_us: Vec<Option<i64>>,
    /// Frames that come a second time, and how much later.
    pub(crate) again: Vec<(u32, i64)>,
    /// See [`Trace::drift_ppm`].
    pub(crate) drift_ppm: i32,
}

impl Draft {
    /// Every packet takes `base_ms`.
    pub(crate) fn clean(frames: u32, base_ms: f64) -> Self {
        let took = Some((base_ms * 1_000.0) as i64);
        Self { took_us: vec![took; frames as usize], again: Vec::new(), drift_ppm: 0 }
    }

    /// When frame `index` is sent, in seconds.
    pub(crate) fn seconds(index: usize) -> f64 {
        index as f64 * f64::from(FRAME_MS) / 1_000.0
    }

    /// Adds what `more` says for each frame, in milliseconds.
    pub(crate) fn delay(&mut self, mut more: impl FnMut(usize) -> f64) {
        for (index, took) in self.took_us.iter_mut().enumerate() {
            let more = (more(index) * 1_000.0) as i64;
            *took = took.map(|took| took + more);
        }
    }

    /// Loses the frames that `lost` says. It is asked about every frame.
    pub(crate) fn lose(&mut self, mut lost: impl FnMut(usize) -> bool) {
        for (index, took) in self.took_us.iter_mut().enumerate() {
            if lost(index) {
                *took = None;
            }
        }
    }

    /// Nobody overtakes: what would arrive before the one sent before it waits for it.
    pub(crate) fn in_order(&mut self) {
        let mut last = i64::MIN;
        for (index, took) in self.took_us.iter_mut().enumerate() {
            let sent = index as i64 * i64::from(FRAME_MS) * 1_000;
            if let Some(took) = took {
                *took = (sent + *took).max(last) - sent;
                last = sent + *took;
            }
        }
    }

    /// The trace that came of it.
    pub(crate) fn finish(self, name: &str) -> Trace {
        let frames = self.took_us.len() as u32;
        let drift_ppm = self.drift_ppm;
        let mut trace = Trace { name: name.into(), frames, drift_ppm, arrivals: Vec::new() };
        let at = |index: u32, took: i64| {
            let at = (trace.sent_us(index) + took).max(0);
            Arrival { index, at_us: at.unsigned_abs() / GRAIN_US * GRAIN_US }
        };
        let came = |index: u32| self.took_us[index as usize];
        let first = (0..frames).filter_map(|index| Some(at(index, came(index)?)));
        let again = self.again.iter();
        let again = again.filter_map(|(index, later)| Some(at(*index, came(*index)? + later)));
        let mut arrivals: Vec<Arrival> = first.chain(again).collect();
        arrivals.sort_by_key(|arrival| (arrival.at_us, arrival.index));
        trace.arrivals = arrivals;
        trace
    }
}
