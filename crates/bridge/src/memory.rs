//! A messaging service in memory, as bad as one likes.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use calling_impair::{Impairment, Link};
use calling_model::{GroupId, UnixMillis, UserId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::{Address, Incoming, SendOptions, SignalingTransport};

/// How many messages may wait in a mailbox, and at the service. What is more is lost.
const QUEUE: usize = 1_024;

/// A messaging service in memory: a mailbox per device, and between them a network that delays,
/// doubles, reorders and loses as its seed says.
#[derive(Clone, Debug)]
pub struct InMemoryIm {
    posts: mpsc::Sender<Post>,
    clock: Clock,
}

/// One device's connection to an [`InMemoryIm`].
#[derive(Debug)]
pub struct InMemoryTransport {
    user: UserId,
    posts: mpsc::Sender<Post>,
    mailbox: mpsc::Receiver<Incoming>,
    clock: Clock,
}

/// The service is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the messaging service is gone")]
pub struct Disconnected;

#[derive(Debug)]
enum Post {
    SignIn { user: UserId, mailbox: mpsc::Sender<Incoming> },
    Join { group: GroupId, user: UserId },
    Message { from: UserId, to: Address, bytes: Vec<u8>, sent_at: UnixMillis },
    Attribute { group: GroupId, name: String, text: Option<String> },
    Ask { group: GroupId, name: String, answer: oneshot::Sender<Option<String>> },
}

/// The wall clock, read once and carried on by tokio's, so that it follows a paused one.
#[derive(Clone, Copy, Debug)]
struct Clock {
    wall: UnixMillis,
    at: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "a shell reads the clock")]
    fn start() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let wall = UnixMillis(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
        Self { wall, at: Instant::now() }
    }

    fn now(&self) -> UnixMillis {
        self.wall.saturating_add(self.at.elapsed())
    }
}

impl InMemoryIm {
    /// Starts one within the current tokio runtime; it runs until nobody can send any more.
    pub fn start(impairment: Impairment, seed: u64) -> Self {
        let (posts, received) = mpsc::channel(QUEUE);
        let hub = Hub {
            network: Link::new(impairment, seed),
            mailboxes: Vec::new(),
            groups: BTreeMap::new(),
            attributes: BTreeMap::new(),
        };
        tokio::spawn(hub.run(received));
        Self { posts, clock: Clock::start() }
    }

    /// One more device of `user`. It gets what is sent to the user from here on, and what the
    /// user's other devices send.
    ///
    /// # Errors
    /// The service is gone.
    pub async fn sign_in(&self, user: UserId) -> Result<InMemoryTransport, Disconnected> {
        let (mailbox, receiver) = mpsc::channel(QUEUE);
        let post = Post::SignIn { user: user.clone(), mailbox };
        self.posts.send(post).await.map_err(|_| Disconnected)?;
        let (posts, clock) = (self.posts.clone(), self.clock);
        Ok(InMemoryTransport { user, posts, mailbox: receiver, clock })
    }

    /// Makes `user` a member of a group.
    ///
    /// # Errors
    /// The service is gone.
    pub async fn join(&self, group: GroupId, user: UserId) -> Result<(), Disconnected> {
        self.posts.send(Post::Join { group, user }).await.map_err(|_| Disconnected)
    }

    /// An attribute of a group, if it is set.
    ///
    /// # Errors
    /// The service is gone.
    pub async fn group_attribute(
        &self,
        group: GroupId,
        name: &str,
    ) -> Result<Option<String>, Disconnected> {
        let (answer, answered) = oneshot::channel();
        let post = Post::Ask { group, name: name.to_owned(), answer };
        self.posts.send(post).await.map_err(|_| Disconnected)?;
        answered.await.map_err(|_| Disconnected)
    }
}

impl InMemoryTransport {
    async fn post(&self, to: Address, bytes: Vec<u8>) -> Result<(), Disconnected> {
        let (from, sent_at) = (self.user.clone(), self.clock.now());
        let post = Post::Message { from, to, bytes, sent_at };
        self.posts.send(post).await.map_err(|_| Disconnected)
    }
}

impl SignalingTransport for InMemoryTransport {
    type Error = Disconnected;

    async fn send_to_user(
        &self,
        user: &UserId,
        bytes: Vec<u8>,
        _options: &SendOptions,
    ) -> Result<(), Disconnected> {
        self.post(Address::User(user.clone()), bytes).await
    }

    async fn send_to_group(
        &self,
        group: &GroupId,
        bytes: Vec<u8>,
        _options: &SendOptions,
    ) -> Result<(), Disconnected> {
        self.post(Address::Group(group.clone()), bytes).await
    }

    async fn set_group_attribute(
        &self,
        group: &GroupId,
        name: &str,
        text: Option<String>,
    ) -> Result<(), Disconnected> {
        let post = Post::Attribute { group: group.clone(), name: name.to_owned(), text };
        self.posts.send(post).await.map_err(|_| Disconnected)
    }

    async fn receive(&mut self) -> Option<Incoming> {
        self.mailbox.recv().await
    }

    fn now(&self) -> UnixMillis {
        self.clock.now()
    }
}

struct Hub {
    network: Link<(usize, Incoming)>,
    mailboxes: Vec<(UserId, mpsc::Sender<Incoming>)>,
    groups: BTreeMap<GroupId, Vec<UserId>>,
    attributes: BTreeMap<(GroupId, String), String>,
}

impl Hub {
    async fn run(mut self, mut posts: mpsc::Receiver<Post>) {
        loop {
            // Without anything on the way a far deadline stands for none.
            let far = Instant::now() + Duration::from_secs(3_600);
            let arrival = self.network.next_arrival().map_or(far, Instant::from_std);
            tokio::select! {
                post = posts.recv() => match post {
                    Some(post) => self.take(post),
                    None => return,
                },
                () = sleep_until(arrival) => {}
            }
            self.deliver();
        }
    }

    fn take(&mut self, post: Post) {
        match post {
            Post::SignIn { user, mailbox } => self.mailboxes.push((user, mailbox)),
            Post::Join { group, user } => self.groups.entry(group).or_default().push(user),
            Post::Attribute { group, name, text: Some(text) } => {
                self.attributes.insert((group, name), text);
            }
            Post::Attribute { group, name, text: None } => {
                self.attributes.remove(&(group, name));
            }
            Post::Ask { group, name, answer } => {
                // Who asked may be gone.
                let _ = answer.send(self.attributes.get(&(group, name)).cloned());
            }
            Post::Message { from, to, bytes, sent_at } => {
                let group = match &to {
                    Address::User(_) => None,
                    Address::Group(group) => Some(group.clone()),
                };
                let message = Incoming { from, group, bytes, sent_at };
                for device in self.devices(&message.from, &to) {
                    self.network.send(Instant::now().into_std(), (device, message.clone()));
                }
            }
        }
    }

    /// Whom a message goes to: the sender's own devices have it too.
    fn devices(&self, from: &UserId, to: &Address) -> Vec<usize> {
        let members = |group| self.groups.get(group).map_or(&[][..], Vec::as_slice);
        let reached = |user: &UserId| {
            user == from
                || match to {
                    Address::User(to) => user == to,
                    Address::Group(group) => members(group).contains(user),
                }
        };
        let devices = self.mailboxes.iter().enumerate();
        devices.filter(|(_, (user, _))| reached(user)).map(|(device, _)| device).collect()
    }

    fn deliver(&mut self) {
        while let Some((_, (device, message))) = self.network.receive(Instant::now().into_std()) {
            if let Some((_, mailbox)) = self.mailboxes.get(device) {
                // A device that is gone or does not read loses it.
                let _ = mailbox.try_send(message);
            }
        }
    }
}
