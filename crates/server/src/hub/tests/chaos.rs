//! Devices that do anything, over a database that fails now and then.

use std::collections::BTreeMap;

use calling_model::{CallId, VideoTrack};
use calling_signaling::protocol::{Event, Reply};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::world::{Device, World, settle};
use super::{HubCommand, HubRequest};
use crate::gateway::Closing;
use crate::shard::ShardCommand;

const PEOPLE: [(&str, &str); 5] =
    [("alice", "a"), ("bob", "b"), ("bob", "c"), ("carol", "d"), ("dave", "e")];

/// What the test knows from outside.
struct Chaos {
    world: World,
    devices: Vec<Device>,
    rng: ChaCha12Rng,
    known: Vec<CallId>,
}

impl Chaos {
    async fn new(seed: u64) -> Self {
        let mut world = World::new();
        let mut devices = Vec::new();
        for (user, device) in PEOPLE {
            devices.push(world.sign_in(user, device).await);
        }
        let rng = ChaCha12Rng::from_seed(calling_testkit::seed(seed));
        Self { world, devices, rng, known: Vec::new() }
    }

    async fn step(&mut self) {
        match self.rng.random_range(0..20) {
            0 => self.world.store.set_failing(true),
            1..=3 => self.world.store.set_failing(false),
            4 => self.come_back().await,
            _ => self.ask().await,
        }
        self.play_shard();
        settle().await;
        self.listen();
    }

    /// A device is cut off and signs in again.
    async fn come_back(&mut self) {
        let index = self.rng.random_range(0..PEOPLE.len());
        let session = self.devices[index].session.clone();
        self.world.hub.send(HubCommand::Disconnected { session }).await.unwrap();
        let (user, device) = PEOPLE[index];
        // What was asked on the older connection and not answered yet is answered to nobody.
        self.devices[index] = self.world.sign_in(user, device).await;
    }

    async fn ask(&mut self) {
        let index = self.rng.random_range(0..PEOPLE.len());
        let callee = PEOPLE.choose(&mut self.rng).unwrap().0;
        let call_id = self.known.choose(&mut self.rng).cloned();
        let device = &mut self.devices[index];
        let Some(call_id) = call_id else { return device.call(callee).await };
        match self.rng.random_range(0..10) {
            0 => device.call(callee).await,
            1 => device.connect_media(&call_id).await,
            number => {
                let request = match number {
                    2 | 3 => HubRequest::Accept { call_id },
                    4 => HubRequest::Reject { call_id, busy: false },
                    5 => HubRequest::GetCall { call_id },
                    6 => HubRequest::SetMicMute { call_id, muted: true },
                    8 => {
                        HubRequest::SetVideoMute { call_id, track: VideoTrack::Camera, muted: true }
                    }
                    9 => HubRequest::SubscribeVideo { call_id, views: Vec::new() },
                    _ => HubRequest::Hangup { call_id },
                };
                device.request(request).await;
            }
        }
    }

    /// The media thread does what it is told.
    fn play_shard(&mut self) {
        while let Ok(command) = self.world.shard.commands.try_recv() {
            if let ShardCommand::OpenGate { done, .. } = command {
                let _ = done.send(());
            } else if let ShardCommand::SetMuted { done, .. }
            | ShardCommand::SetVideoMuted { done, .. }
            | ShardCommand::SetViews { done, .. } = command
            {
                let _ = done.send(());
            } else if let ShardCommand::Connect { reply, .. } = command {
                let _ = reply.send(Ok(super::world::local_params()));
            }
        }
    }

    fn listen(&mut self) {
        for device in &mut self.devices {
            device.receive_all();
            for reply in device.replies.drain(..) {
                if let Ok(Reply::Call(call)) = reply {
                    self.known.push(call.facts.call_id);
                }
            }
            for event in device.events.drain(..) {
                if let Event::Invited { facts, .. } = event {
                    self.known.push(facts.call_id);
                }
            }
        }
        let newest = self.known.len().saturating_sub(4);
        self.known.drain(..newest);
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_they_do_each_stored_call_ends_once() {
    for seed in 0..20 {
        let mut chaos = Chaos::new(seed).await;
        for _ in 0..150 {
            chaos.step().await;
        }
        chaos.world.store.set_failing(false);
        let (store, hub) = (chaos.world.store.clone(), chaos.world.hub.clone());
        let (done, mut stopped) = tokio::sync::oneshot::channel();
        hub.send(HubCommand::Stop { done }).await.unwrap();
        while stopped.try_recv().is_err() {
            chaos.play_shard();
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            chaos.listen();
        }
        let mut ended: BTreeMap<CallId, usize> = BTreeMap::new();
        for call in store.ended() {
            *ended.entry(call.facts.call_id).or_default() += 1;
        }
        let started: BTreeMap<_, _> = store.started().into_iter().map(|id| (id, 1)).collect();
        assert_eq!(ended, started, "seed {seed}");
        assert!(!ended.is_empty(), "seed {seed}: no call was placed");
        for device in &mut chaos.devices {
            // Who had more frames coming than it read was let go.
            if device.inbox.close.try_recv() == Ok(Closing::TooSlow) {
                continue;
            }
            assert_eq!(device.open_requests(), 0, "seed {seed}: {:?}", device.endpoint);
        }
    }
}
