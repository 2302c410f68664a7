//! No microphone is opened, no media packet leaves and none is played before the call is answered,
//! whatever the server says in whatever order.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[macro_use]
mod common;

use calling::{ClientPhase, Code, ListenerEvent, MediaType, Role};
use calling_signaling::protocol::{CallReply, Event, Reply, Request};
use common::fake::{CALL, FORWARDED, Fake, Script, call_reply, facts};
use common::{Person, until, user};

/// What a server may say around the answer of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// Its half of the media connection; the connection is then completed.
    Media,
    /// The other one is in the room, and their voice is forwarded, answered or not.
    Entered,
    /// The other one's voice is there.
    Audio,
    /// Somebody accepted.
    Accepted,
}

const ALL: [Word; 4] = [Word::Media, Word::Entered, Word::Audio, Word::Accepted];

fn orders(words: &[Word]) -> Vec<Vec<Word>> {
    if words.is_empty() {
        return vec![vec![]];
    }
    words
        .iter()
        .flat_map(|first| {
            let rest: Vec<_> = words.iter().copied().filter(|word| word != first).collect();
            orders(&rest).into_iter().map(|mut order| {
                order.insert(0, *first);
                order
            })
        })
        .collect()
}

/// A client with a call under way, and the server's end of it.
struct Stage {
    fake: Fake,
    script: Script,
    person: Person,
    offer: (u64, calling_signaling::protocol::MediaOffer),
    other: &'static str,
    marks: u64,
}

impl Stage {
    async fn signed_in(name: &str) -> (Fake, Script, Person) {
        let fake = Fake::start().await;
        let config = fake.config(name);
        let (script, person) = tokio::join!(fake.sign_in(), Person::new(config));
        (fake, script, person)
    }

    /// Bob's phone rings.
    async fn callee() -> Self {
        let (fake, mut script, person) = Self::signed_in("bob").await;
        script.event(Event::invited(facts(), 30_000)).await;
        let offer = script.offer().await;
        Self { fake, script, person, offer, other: "alice", marks: 0 }
    }

    /// Alice's call rings.
    async fn caller() -> Self {
        let (fake, mut script, person) = Self::signed_in("alice").await;
        let engine = person.engine.clone();
        let call = tokio::spawn(async move { engine.call(user("bob"), MediaType::Audio).await });
        let request = script.request(|request| matches!(request, Request::Call(_))).await;
        script.reply(request.id, call_reply(Role::Caller, false)).await;
        call.await.unwrap().unwrap();
        let offer = script.offer().await;
        Self { fake, script, person, offer, other: "bob", marks: 0 }
    }

    async fn say(&mut self, word: Word) {
        let (call_id, user) = (facts().call_id, user(self.other));
        match word {
            Word::Media => {
                let answer = self.fake.media.answer(&self.offer.1);
                self.script.reply(self.offer.0, answer).await;
                until("DTLS", || self.fake.media.connected() == 1).await;
            }
            Word::Entered => {
                self.script
                    .event(Event::UserEntered {
                        call_id,
                        user,
                        audio_ssrc: FORWARDED,
                        video: Vec::new(),
                    })
                    .await;
            }
            Word::Audio => {
                self.script.event(Event::AudioAvailable { call_id, user, available: true }).await;
            }
            Word::Accepted => {
                let user = common::user("bob");
                self.script.event(Event::Accepted { call_id, user }).await;
            }
        }
        if self.fake.media.connected() == 1 {
            self.fake.media.forward(3);
        }
        self.settle().await;
    }

    /// Waits until the client has handled everything said so far, its media thread included.
    async fn settle(&mut self) {
        self.marks += 1;
        let mark = self.marks;
        self.script.mark(mark).await;
        let heard = when!(ListenerEvent::Message(message), message.seq == mark => ());
        self.person.event("the mark", heard).await;
        self.person.engine.stats().await.unwrap();
    }

    fn assert_closed(&self, context: &dyn std::fmt::Debug) {
        let devices = &self.person.devices;
        assert_eq!(devices.microphones_opened(), 0, "{context:?}");
        assert_eq!(devices.loudspeakers_opened(), 0, "{context:?}");
        assert_eq!(devices.samples_read(), 0, "{context:?}");
        assert_eq!(self.fake.media.rtp_received(), 0, "{context:?}");
        assert_eq!(self.fake.media.rtcp_received(), 0, "{context:?}");
    }

    /// The call is answered and media connected: sound flows.
    async fn assert_opens(&mut self, context: &dyn std::fmt::Debug) {
        until(&format!("media after {context:?}"), || {
            self.person.devices.microphones_opened() == 1 && self.fake.media.rtp_received() > 0
        })
        .await;
        assert_eq!(self.person.engine.state().phase, ClientPhase::Connected, "{context:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_did_not_answer_stays_shut_in_every_order() {
    for order in orders(&ALL) {
        let mut stage = Stage::callee().await;
        for word in &order {
            stage.say(*word).await;
            stage.assert_closed(&order);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_asked_to_answer_stays_shut_until_the_server_grants_it() {
    for order in orders(&[Word::Media, Word::Entered, Word::Audio]) {
        let mut stage = Stage::callee().await;
        let engine = stage.person.engine.clone();
        let accept = tokio::spawn(async move { engine.accept().await });
        let request =
            stage.script.request(|request| matches!(request, Request::Accept { .. })).await;
        for word in &order {
            stage.say(*word).await;
            stage.assert_closed(&order);
        }
        stage.script.reply(request.id, call_reply(Role::Callee, true)).await;
        accept.await.unwrap().unwrap();
        stage.assert_opens(&order).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_opens_with_the_accept_and_not_before_in_every_order() {
    for order in orders(&ALL) {
        let mut stage = Stage::caller().await;
        let mut accepted = false;
        for word in &order {
            stage.say(*word).await;
            accepted |= *word == Word::Accepted;
            if !accepted {
                stage.assert_closed(&order);
            }
        }
        stage.assert_opens(&order).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_answer_opens_nothing() {
    let mut stage = Stage::callee().await;
    stage.say(Word::Media).await;
    let engine = stage.person.engine.clone();
    let accept = tokio::spawn(async move { engine.accept().await });
    let request = stage.script.request(|request| matches!(request, Request::Accept { .. })).await;
    stage.script.refuse(request.id, Code::InviteNotFound).await;
    assert_eq!(accept.await.unwrap().unwrap_err().code(), Code::InviteNotFound);
    stage.settle().await;
    stage.assert_closed(&"refused");
    let phase = stage.person.engine.state().phase;
    assert!(matches!(phase, ClientPhase::Closing | ClientPhase::Idle), "{phase:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_forwards_too_early_is_counted_and_never_played() {
    let mut stage = Stage::callee().await;
    stage.say(Word::Media).await;
    stage.say(Word::Entered).await;
    let counted = async {
        while stage.person.engine.stats().await.unwrap().discarded.get("gate_closed") != Some(&6) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    common::soon("six discards", counted).await;
    stage.assert_closed(&"early");
    assert_eq!(stage.person.engine.stats().await.unwrap().packets_received(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_about_another_call_open_nothing() {
    let mut stage = Stage::callee().await;
    stage.say(Word::Media).await;
    let other = calling::CallId::new("another").unwrap();
    assert_ne!(other.as_str(), CALL);
    for event in [
        Event::Accepted { call_id: other.clone(), user: user("bob") },
        Event::UserEntered {
            call_id: other.clone(),
            user: user("mallory"),
            audio_ssrc: 5,
            video: Vec::new(),
        },
        Event::Volumes { call_id: other.clone(), volumes: vec![], total: calling::Volume::SILENT },
    ] {
        stage.script.event(event).await;
    }
    let mut elsewhere = facts();
    elsewhere.call_id = other;
    let reply =
        CallReply { facts: elsewhere, role: Role::Callee, connected: true, members: Vec::new() };
    stage.script.reply(4_711, Reply::Call(reply)).await;
    stage.settle().await;
    stage.assert_closed(&"another call");
    assert_eq!(stage.person.engine.state().phase, ClientPhase::Incoming);
}
