//! Datagrams on their way out, gathered by receiver.
//!
//! A system call for each datagram is what sending costs most. Where the kernel can cut one buffer
//! into datagrams (UDP generic segmentation offload, Linux 4.18), packets of one receiver that
//! are equally long leave in one call.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::Range;

use super::Outgoing;

/// The longest datagram that is gathered with others, in bytes: what fits the least MTU of IPv6
/// (1280, RFC 8200 section 5) behind its own header and that of UDP. Segments beyond the MTU are
/// refused by the kernel as a whole, and nobody's long packet shall cost the others theirs.
pub(super) const LONGEST_SEGMENT: usize = 1_232;
/// The most bytes one call may carry (the payload of one IPv4 datagram).
const RUN_BYTES: usize = 65_507;
/// Bytes gathered at most: about 800 full packets.
const ARENA_BYTES: usize = 1 << 20;
/// Datagrams gathered at most.
const ENTRIES: usize = 8_192;

/// Where a run of datagrams goes: a socket, or a test.
pub(super) trait Carrier {
    /// The most datagrams one call can carry; 1 if the kernel cuts nothing.
    fn most_segments(&self) -> usize;

    /// Sends `bytes` as datagrams of `segment` bytes, the last of which may be shorter.
    fn carry(&mut self, to: SocketAddr, bytes: &[u8], segment: usize);
}

/// Datagrams waiting for the end of a round.
#[derive(Debug)]
pub(super) struct Gather {
    /// All datagrams, one behind the other.
    arena: Vec<u8>,
    entries: Vec<Entry>,
    /// Receivers, in the order of their first datagram.
    receivers: Vec<Receiver>,
    places: HashMap<SocketAddr, usize>,
    /// One run of several datagrams.
    run: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Entry {
    bytes: Range<usize>,
    /// The next datagram for the same receiver.
    next: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Receiver {
    to: SocketAddr,
    first: usize,
    last: usize,
}

impl Gather {
    pub(super) fn new() -> Self {
        Self {
            arena: Vec::new(),
            entries: Vec::new(),
            receivers: Vec::new(),
            places: HashMap::new(),
            run: Vec::new(),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether one more datagram of `length` bytes finds room.
    fn has_room(&self, length: usize) -> bool {
        self.entries.len() < ENTRIES && self.arena.len() + length <= ARENA_BYTES
    }

    fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        let start = self.arena.len();
        self.arena.extend_from_slice(datagram);
        let entry = self.entries.len();
        self.entries.push(Entry { bytes: start..self.arena.len(), next: None });
        let place = *self.places.entry(to).or_insert(self.receivers.len());
        match self.receivers.get_mut(place) {
            Some(receiver) => {
                self.entries[receiver.last].next = Some(entry);
                receiver.last = entry;
            }
            None => self.receivers.push(Receiver { to, first: entry, last: entry }),
        }
    }

    /// Has everything carried: one receiver after the other, each one's datagrams in the order
    /// they came.
    pub(super) fn flush(&mut self, carrier: &mut impl Carrier) {
        let receivers = std::mem::take(&mut self.receivers);
        for receiver in &receivers {
            let mut next = Some(receiver.first);
            while let Some(first) = next {
                next = self.carry_run(receiver.to, first, carrier);
            }
        }
        self.receivers = receivers;
        self.receivers.clear();
        self.places.clear();
        self.entries.clear();
        self.arena.clear();
    }

    /// Carries as many datagrams as go in one call, the first of them `first`; the one after.
    fn carry_run(
        &mut self,
        to: SocketAddr,
        first: usize,
        carrier: &mut impl Carrier,
    ) -> Option<usize> {
        let Entry { bytes, next } = self.entries[first].clone();
        let segment = bytes.len();
        let most = if segment > LONGEST_SEGMENT { 1 } else { carrier.most_segments() };
        let (mut count, mut after) = (1, next);
        self.run.clear();
        while let Some(entry) = after.map(|index| &self.entries[index]) {
            let length = entry.bytes.len();
            if count >= most || length > segment || (count + 1) * segment > RUN_BYTES {
                break;
            }
            if self.run.is_empty() {
                self.run.extend_from_slice(&self.arena[bytes.clone()]);
            }
            self.run.extend_from_slice(&self.arena[entry.bytes.clone()]);
            (count, after) = (count + 1, entry.next);
            if length < segment {
                break;
            }
        }
        let run = if count == 1 { &self.arena[bytes] } else { &self.run[..] };
        carrier.carry(to, run, segment);
        after
    }
}

/// A place to send to that waits for more of the same.
pub(super) struct Gathering<'a, C> {
    pub(super) gather: &'a mut Gather,
    pub(super) carrier: C,
}

impl<C: Carrier> Outgoing for Gathering<'_, C> {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        if datagram.is_empty() {
            return;
        }
        if !self.gather.has_room(datagram.len()) {
            self.gather.flush(&mut self.carrier);
        }
        self.gather.push(to, datagram);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Remembers what it carried.
    struct Cart {
        most: usize,
        runs: Vec<(SocketAddr, Vec<Vec<u8>>)>,
    }

    impl Carrier for &mut Cart {
        fn most_segments(&self) -> usize {
            self.most
        }

        fn carry(&mut self, to: SocketAddr, bytes: &[u8], segment: usize) {
            self.runs.push((to, bytes.chunks(segment).map(<[u8]>::to_vec).collect()));
        }
    }

    fn receiver(number: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, number], 5_000))
    }

    fn carried(most: usize, sent: &[(u8, Vec<u8>)]) -> Vec<(SocketAddr, Vec<Vec<u8>>)> {
        let mut cart = Cart { most, runs: Vec::new() };
        let mut gather = Gather::new();
        let mut out = Gathering { gather: &mut gather, carrier: &mut cart };
        for (to, datagram) in sent {
            out.send(receiver(*to), datagram);
        }
        gather.flush(&mut &mut cart);
        assert!(gather.is_empty());
        cart.runs
    }

    #[test]
    fn equal_packets_of_one_receiver_leave_in_one_call() {
        let sent: Vec<_> = (0..6).map(|n| (n % 2, vec![n; 100])).collect();
        let runs = carried(64, &sent);
        let of = |numbers: [u8; 3]| numbers.map(|n| vec![n; 100]).to_vec();
        assert_eq!(runs, [(receiver(0), of([0, 2, 4])), (receiver(1), of([1, 3, 5]))]);
    }

    #[test]
    fn only_the_last_of_a_run_is_shorter() {
        let sent = [100, 100, 40, 100, 120].map(|length| (1, vec![7; length]));
        let lengths: Vec<Vec<usize>> =
            carried(64, &sent).iter().map(|(_, run)| run.iter().map(Vec::len).collect()).collect();
        assert_eq!(lengths, [vec![100, 100, 40], vec![100], vec![120]]);
    }

    #[test]
    fn long_packets_go_alone() {
        let sent = [LONGEST_SEGMENT + 1; 2].map(|length| (1, vec![7; length]));
        assert_eq!(carried(64, &sent).len(), 2);
        let sent = [LONGEST_SEGMENT; 2].map(|length| (1, vec![7; length]));
        assert_eq!(carried(64, &sent).len(), 1);
    }

    #[test]
    fn a_kernel_that_cuts_nothing_gets_them_one_by_one() {
        let sent: Vec<_> = (0..6).map(|n| (1, vec![n; 100])).collect();
        assert_eq!(carried(1, &sent).len(), 6);
    }

    #[test]
    fn what_does_not_fit_makes_room_first() {
        let sent: Vec<_> = (0..2 * ENTRIES).map(|n| (1, vec![n as u8; 80])).collect();
        let runs = carried(64, &sent);
        let all: Vec<Vec<u8>> = runs.into_iter().flat_map(|(_, run)| run).collect();
        assert!(all.iter().zip(&sent).all(|(carried, (_, sent))| carried == sent));
        assert_eq!(all.len(), sent.len());
    }

    proptest! {
        #[test]
        fn each_receiver_gets_all_of_its_own_in_order(
            sent in prop::collection::vec(
                (0..4_u8, prop::sample::select(vec![1_usize, 40, 99, 100, 1_200, 1_232, 1_400])),
                0..300,
            ),
            most in 1..70_usize,
        ) {
            let sent: Vec<(u8, Vec<u8>)> = sent
                .into_iter()
                .enumerate()
                .map(|(index, (to, length))| (to, vec![index as u8; length]))
                .collect();
            let runs = carried(most, &sent);
            for number in 0..4 {
                let expected: Vec<&Vec<u8>> =
                    sent.iter().filter(|(to, _)| *to == number).map(|(_, bytes)| bytes).collect();
                let got: Vec<&Vec<u8>> = runs
                    .iter()
                    .filter(|(to, _)| *to == receiver(number))
                    .flat_map(|(_, run)| run)
                    .collect();
                prop_assert_eq!(got, expected);
            }
            for (_, run) in &runs {
                prop_assert!(run.len() <= most);
                prop_assert!(run.iter().map(Vec::len).sum::<usize>() <= RUN_BYTES);
                let first = run[0].len();
                prop_assert!(run[..run.len() - 1].iter().all(|bytes| bytes.len() == first));
            }
        }
    }
}
