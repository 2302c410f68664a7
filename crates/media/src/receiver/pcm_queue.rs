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
    fn room_never_exceeds_the_capacity() {
        let mut queue = PcmQueue::new(2, 4);
        push(&mut queue, &[0.0; 6], 0);
        assert_eq!(queue.room(4).len(), 2);
    }
}
