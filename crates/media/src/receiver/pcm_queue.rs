/// Decoded audio on its way to the ear.
#[derive(Debug)]
pub(super) struct PcmQueue {
    channels: usize,
    pcm: Vec<f32>,
    start: usize,
    end: usize,
}

impl PcmQueue {
    /// Room for `capacity` samples per channel.
    pub(super) fn new(channels: usize, capacity: usize) -> Self {
        Self { channels, pcm: vec![0.0; capacity * channels], start: 0, end: 0 }
    }

    /// Samples per channel that wait.
    pub(super) const fn len(&self) -> usize {
        (self.end - self.start) / self.channels
    }

    /// Room for `samples` after what waits; [`commit`](Self::commit) what was written. Shorter
    /// only if more waits than the capacity leaves.
    pub(super) fn room(&mut self, samples: usize) -> &mut [f32] {
        let wanted = samples * self.channels;
        if self.end + wanted > self.pcm.len() {
            self.pcm.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let end = (self.end + wanted).min(self.pcm.len());
        &mut self.pcm[self.end..end]
    }

    /// Appends the first `samples` of the room, without the first `skipped` of them.
    pub(super) fn commit(&mut self, samples: usize, skipped: usize) {
        let last = (self.end + samples * self.channels).min(self.pcm.len());
        let first = (self.end + skipped * self.channels).min(last);
        self.pcm.copy_within(first..last, self.end);
        self.end += last - first;
    }

    /// Puts `pcm` before what waits, as much of its end as there is room for.
    pub(super) fn prepend(&mut self, pcm: &[f32]) {
        let pcm = &pcm[pcm.len().saturating_sub(self.pcm.len() - (self.end - self.start))..];
        if self.start < pcm.len() {
            let moved = pcm.len() - self.start;
            self.pcm.copy_within(self.start..self.end, pcm.len());
            (self.start, self.end) = (pcm.len(), self.end + moved);
        }
        self.start -= pcm.len();
        self.pcm[self.start..self.start + pcm.len()].copy_from_slice(pcm);
    }

    /// Puts `pcm` before the last `samples`, as much of its end as there is room for.
    pub(super) fn insert_before_last(&mut self, samples: usize, pcm: &[f32]) {
        let after = (samples * self.channels).min(self.end - self.start);
        let added = self.room(pcm.len() / self.channels).len();
        let at = self.end - after;
        self.pcm.copy_within(at..self.end, at + added);
        self.pcm[at..at + added].copy_from_slice(&pcm[pcm.len() - added..]);
        self.end += added;
    }

    /// Removes `count` of what waits, from `samples` before its end on.
    pub(super) fn remove_before_last(&mut self, samples: usize, count: usize) {
        let at = self.end - (samples * self.channels).min(self.end - self.start);
        let from = (at + count * self.channels).min(self.end);
        self.pcm.copy_within(from..self.end, at);
        self.end -= from - at;
    }

    /// What waits, parted before the last `samples`.
    pub(super) fn parted(&mut self, samples: usize) -> (&[f32], &mut [f32]) {
        let waiting = &mut self.pcm[self.start..self.end];
        let at = waiting.len().saturating_sub(samples * self.channels);
        let (before, after) = waiting.split_at_mut(at);
        (before, after)
    }

    /// The next `samples`, or all if fewer wait.
    pub(super) fn front(&self, samples: usize) -> &[f32] {
        &self.pcm[self.start..self.end.min(self.start + samples * self.channels)]
    }

    /// All that waits.
    pub(super) fn all_mut(&mut self) -> &mut [f32] {
        &mut self.pcm[self.start..self.end]
    }

    /// Removes the next `samples`.
    pub(super) fn consume(&mut self, samples: usize) {
        self.start = self.end.min(self.start + samples * self.channels);
    }

    pub(super) const fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::PcmQueue;

    fn push(queue: &mut PcmQueue, pcm: &[f32], skipped: usize) {
        let samples = pcm.len() / 2;
        queue.room(samples).copy_from_slice(pcm);
        queue.commit(samples, skipped);
    }

    #[test]
    fn first_in_first_out_in_bounded_memory() {
        let mut queue = PcmQueue::new(2, 4);
        for _ in 0..10 {
            push(&mut queue, &[1.0, 2.0, 3.0, 4.0], 0);
            push(&mut queue, &[5.0, 6.0], 0);
            assert_eq!((queue.len(), queue.front(2)), (3, &[1.0, 2.0, 3.0, 4.0][..]));
            queue.consume(2);
            assert_eq!(queue.front(9), [5.0, 6.0]);
            queue.consume(9);
            assert_eq!(queue.len(), 0);
        }
    }

    #[test]
    fn the_beginning_of_what_is_appended_can_be_skipped() {
        let mut queue = PcmQueue::new(2, 4);
        push(&mut queue, &[1.0, 2.0], 0);
        push(&mut queue, &[3.0, 4.0, 5.0, 6.0], 1);
        assert_eq!(queue.front(4), [1.0, 2.0, 5.0, 6.0]);
    }

    #[test]
    fn sound_is_put_before_what_waits() {
        let mut queue = PcmQueue::new(2, 5);
        push(&mut queue, &[5.0, 6.0, 7.0, 8.0], 0);
        queue.prepend(&[3.0, 4.0]);
        queue.consume(1);
        queue.prepend(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(queue.front(9), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        queue.prepend(&[-3.0, -2.0, -1.0, 0.0]);
        assert_eq!((queue.len(), queue.front(1)), (5, &[-1.0, 0.0][..]), "no room for more");
    }

    #[test]
    fn sound_is_put_between() {
        let mut queue = PcmQueue::new(2, 4);
        push(&mut queue, &[1.0, 2.0, 5.0, 6.0], 0);
        queue.insert_before_last(1, &[3.0, 4.0]);
        assert_eq!(queue.front(9), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let (before, after) = queue.parted(2);
        assert_eq!((before, &*after), (&[1.0, 2.0][..], &[3.0, 4.0, 5.0, 6.0][..]));
        queue.insert_before_last(9, &[-1.0, -2.0, 0.0, 0.5]);
        assert_eq!(queue.front(1), [0.0, 0.5], "no room for more");
    }

    #[test]
    fn sound_is_left_out_in_between() {
        let mut queue = PcmQueue::new(2, 4);
        push(&mut queue, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0);
        queue.remove_before_last(2, 1);
        assert_eq!(queue.front(9), [1.0, 2.0, 5.0, 6.0]);
        queue.remove_before_last(1, 9);
        assert_eq!(queue.front(9), [1.0, 2.0], "no more than there is");
    }

    #[test]
    fn room_never_exceeds_the_capacity() {
        let mut queue = PcmQueue::new(2, 4);
        push(&mut queue, &[0.0; 6], 0);
        assert_eq!(queue.room(4).len(), 2);
    }
}
