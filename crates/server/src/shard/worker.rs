use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use tokio::sync::mpsc;

use super::clock::ShardClock;
use super::counters::{Flush, ShardCounters};
use super::gather::{Gather, Gathering};
use super::plane::Plane;
use super::socket::{Inbox, Port, PortOut};
use super::{ShardCommand, ShardEvent};
use crate::server::Vitals;

pub(super) const SOCKET: Token = Token(0);
pub(super) const WAKER: Token = Token(1);

/// Times the socket is read under one `now`; each gives up to 32 datagrams, more where the kernel
/// joins them.
const READS: usize = 2;
/// How long datagrams may wait for more of the same while there is more to read.
const GATHER_FOR: Duration = Duration::from_millis(1);
/// Commands performed between two batches, so that neither starves the other.
const COMMANDS: usize = 256;
/// Events kept while the hub is slow. Beyond this only what ends or begins something is kept.
const BACKLOG: usize = 4_096;
/// The longest sleep: figures are reported about once a second.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The loop of a shard's thread.
#[derive(Debug)]
pub(super) struct Worker {
    poll: Poll,
    port: Port,
    inbox: Inbox,
    gather: Gather,
    /// When the oldest of what is gathered was sent.
    gathered_at: Option<Instant>,
    plane: Plane,
    commands: mpsc::Receiver<ShardCommand>,
    events: mpsc::Sender<ShardEvent>,
    backlog: VecDeque<ShardEvent>,
    counters: ShardCounters,
    vitals: Vitals,
    /// The socket or the queue was not empty when we looked last.
    more: bool,
    clock: ShardClock,
}

impl Worker {
    pub(super) fn new(
        poll: Poll,
        port: Port,
        plane: Plane,
        commands: mpsc::Receiver<ShardCommand>,
        events: mpsc::Sender<ShardEvent>,
        vitals: Vitals,
    ) -> Self {
        let (backlog, counters) = (VecDeque::new(), ShardCounters::default());
        Self {
            poll,
            port,
            inbox: Inbox::new(),
            gather: Gather::new(),
            gathered_at: None,
            plane,
            commands,
            events,
            backlog,
            counters,
            vitals,
            more: true,
            clock: ShardClock::new(Instant::now()),
        }
    }

    /// Runs until told to stop or until the hub is gone.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut ready = Events::with_capacity(16);
        let mut flush = Flush::new(self.clock.now());
        loop {
            self.wait(&mut ready, flush.due())?;
            // What comes in this round comes at this instant.
            let now = self.clock.tick(Instant::now());
            self.more = false;
            let goes_on = self.perform_commands(now);
            self.read_batch(now);
            self.with_plane(|plane, out| plane.handle_timeout(now, out));
            self.send_gathered(now, goes_on);
            self.hand_over();
            if flush.is_due(now) || !goes_on {
                self.report();
            }
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn wait(&mut self, ready: &mut Events, flush_due: Instant) -> io::Result<()> {
        let timeout = if self.more {
            Duration::ZERO
        } else {
            let due = self.plane.poll_timeout().map_or(flush_due, |at| at.min(flush_due));
            due.saturating_duration_since(self.clock.at(Instant::now())).min(LONGEST_WAIT)
        };
        // Events the hub had no room for are tried again soon.
        let timeout =
            if self.backlog.is_empty() { timeout } else { timeout.min(Duration::from_millis(5)) };
        match self.poll.poll(ready, Some(timeout)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            Err(_) | Ok(()) => Ok(()),
        }
    }

    /// `false` once the shard is to end.
    fn perform_commands(&mut self, now: Instant) -> bool {
        for _ in 0..COMMANDS {
            match self.commands.try_recv() {
                Ok(command) => {
                    if !self.with_plane(|plane, out| plane.command(now, command, out)) {
                        return false;
                    }
                }
                Err(mpsc::error::TryRecvError::Empty) => return true,
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    self.with_plane(|plane, out| plane.command(now, ShardCommand::Stop, out));
                    return false;
                }
            }
        }
        self.more = true;
        true
    }

    fn read_batch(&mut self, now: Instant) {
        let Self { port, inbox, gather, plane, counters, .. } = self;
        for _ in 0..READS {
            let (mut datagrams, mut bytes) = (0, 0);
            let read = port.read(inbox, |source, datagram| {
                (datagrams, bytes) = (datagrams + 1, bytes + datagram.len() as u64);
                let mut out = Gathering { gather, carrier: PortOut { port, counters } };
                plane.receive(now, source, datagram, &mut out);
            });
            counters.datagrams_received += datagrams;
            counters.bytes_received += bytes;
            match read {
                Ok(true) => counters.receive_calls += 1,
                Ok(false) => return,
                // ICMP errors of earlier datagrams come up here on some systems. Never fatal.
                Err(_) => counters.receive_errors += 1,
            }
        }
        self.more = true;
    }

    /// Sends what is gathered. While there is more to read, it may wait a moment for more of the
    /// same.
    fn send_gathered(&mut self, now: Instant, goes_on: bool) {
        if self.gather.is_empty() {
            self.gathered_at = None;
            return;
        }
        let since = *self.gathered_at.get_or_insert(now);
        if self.more && goes_on && now - since < GATHER_FOR {
            return;
        }
        self.gather.flush(&mut PortOut { port: &self.port, counters: &mut self.counters });
        self.gathered_at = None;
    }

    fn with_plane<T>(
        &mut self,
        work: impl FnOnce(&mut Plane, &mut Gathering<'_, PortOut<'_>>) -> T,
    ) -> T {
        let carrier = PortOut { port: &self.port, counters: &mut self.counters };
        work(&mut self.plane, &mut Gathering { gather: &mut self.gather, carrier })
    }

    /// Gives events to the hub as far as it takes them.
    fn hand_over(&mut self) {
        for event in self.plane.events() {
            if self.backlog.len() >= BACKLOG && is_periodic(&event) {
                self.counters.events_dropped += 1;
            } else {
                self.backlog.push_back(event);
            }
        }
        while let Some(event) = self.backlog.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.backlog.push_front(event);
                    return;
                }
                // The hub is gone; its end of the commands is, too, and ends the loop.
                Err(mpsc::error::TrySendError::Closed(_)) => {}
            }
        }
    }

    fn report(&mut self) {
        let media = self.plane.counts;
        self.counters.forwarded = media.forwarded;
        self.counters.gated = media.gated;
        self.counters.discarded = media.discarded;
        self.counters.unsealed = media.unsealed;
        let transport = self.plane.transport_stats();
        self.vitals.media(Instant::now(), transport.connections);
        self.counters.report(&transport);
    }
}

/// Whether the next one of its kind makes up for this event. The others are few: some for each
/// connection.
const fn is_periodic(event: &ShardEvent) -> bool {
    match event {
        ShardEvent::Volumes { .. } => true,
        ShardEvent::AudioAvailable { .. }
        | ShardEvent::VideoAvailable { .. }
        | ShardEvent::Connected { .. }
        | ShardEvent::Closed { .. }
        | ShardEvent::Entered { .. } => false,
    }
}
