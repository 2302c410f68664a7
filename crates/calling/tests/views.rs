//! Call windows of two people on a real server.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::{Arc, Mutex};

use calling::view::{CallPhase, CallView, CallViewState, LeftReason, MemberState, ViewEnd};
use calling::{MediaType, Outcome};
use common::{Person, World, soon, until, user};

/// A view that remembers what it was told.
#[derive(Default)]
struct Recorder(Mutex<Vec<(&'static str, Arc<CallViewState>)>>);

impl Recorder {
    fn note(&self, what: &'static str, call: Arc<CallViewState>) {
        self.0.lock().unwrap().push((what, call));
    }

    /// What was told, without repetitions.
    fn told(&self) -> Vec<&'static str> {
        let mut told: Vec<_> = self.0.lock().unwrap().iter().map(|(what, _)| *what).collect();
        told.dedup();
        told
    }

    fn last(&self) -> Option<Arc<CallViewState>> {
        self.0.lock().unwrap().last().map(|(_, call)| Arc::clone(call))
    }

    fn is(&self, reached: impl Fn(&CallViewState) -> bool) -> bool {
        self.last().is_some_and(|call| reached(&call))
    }
}

impl CallView for Recorder {
    fn show_incoming(&self, call: Arc<CallViewState>) {
        self.note("incoming", call);
    }

    fn show_call(&self, call: Arc<CallViewState>) {
        self.note("call", call);
    }

    fn update(&self, call: Arc<CallViewState>) {
        self.note("update", call);
    }

    fn close(&self, call: Arc<CallViewState>) {
        self.note("close", call);
    }
}

fn viewed(person: &Person) -> Arc<Recorder> {
    let recorder = Arc::new(Recorder::default());
    person.calling.set_view(Arc::clone(&recorder) as Arc<dyn CallView>);
    recorder
}

#[tokio::test(flavor = "multi_thread")]
async fn both_windows_follow_the_call_from_ring_to_end() {
    let world = World::new().await;
    let (alice, mut bob) = world.pair().await;
    let (hers, his) = (viewed(&alice), viewed(&bob));
    bob.calling.set_display_name(user("alice"), "Alice");
    alice.calling.call(user("bob"), MediaType::Audio).await.unwrap();
    bob.invited().await;
    until("his phone rings", || his.is(|call| call.phase == CallPhase::Incoming)).await;
    assert_eq!(his.last().unwrap().caller().unwrap().display_name, "Alice");
    let rings = |call: &CallViewState| call.members[1].state == MemberState::Ringing;
    until("she sees it ring", || hers.is(rings)).await;
    bob.engine.accept().await.unwrap();
    for view in [&hers, &his] {
        let heard = |call: &CallViewState| {
            call.phase == CallPhase::Connected
                && call.others().all(|other| other.audio_available && other.volume.percent() > 0)
        };
        until("the other is heard", || view.is(heard)).await;
    }
    alice.engine.set_mic_mute(true).await.unwrap();
    until("she is mute", || hers.is(|call| call.muted)).await;
    let silent = |call: &CallViewState| call.others().all(|other| other.volume.percent() == 0);
    until("he sees her silent", || his.is(silent)).await;
    bob.engine.hangup().await.unwrap();
    for view in [&hers, &his] {
        until("the window closes", || view.is(CallViewState::is_over)).await;
        let CallPhase::Ended { end, by, .. } = &view.last().unwrap().phase else { unreachable!() };
        assert_eq!((end, by), (&ViewEnd::Outcome(Outcome::Completed), &Some(user("bob"))));
    }
    assert_eq!(hers.told(), ["call", "update", "close"]);
    let told = his.told();
    assert_eq!((told.first(), told.last()), (Some(&"incoming"), Some(&"close")));
    assert!(told.contains(&"call"), "{told:?}");
    assert_eq!(alice.calling.call_view(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn custom_views_stop_windows_and_nothing_else() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    let (hers, his) = (viewed(&alice), viewed(&bob));
    for person in [&alice, &bob] {
        person.calling.enable_custom_view_route(true);
        assert!(person.calling.custom_view_route());
    }
    // The call of the facade itself is placed, rings, is answered and heard.
    alice.talk_with(&mut bob).await;
    assert_eq!((hers.told(), his.told()), (vec![], vec![]));
    assert!(alice.calling.call_view().is_some(), "the application can still look");
    // Taken back, the running call is shown at once; enabled again, its window closes.
    bob.calling.enable_custom_view_route(false);
    until("the window", || his.is(|call| call.phase == CallPhase::Connected)).await;
    bob.calling.enable_custom_view_route(true);
    until("its end", || his.told().last() == Some(&"close")).await;
    assert!(!his.last().unwrap().is_over(), "the call goes on");
    alice.engine.hangup().await.unwrap();
    let (outcome, ..) = alice.ended().await;
    assert_eq!(outcome, Outcome::Completed);
    assert_eq!(hers.told(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_view_takes_the_running_call_over() {
    let world = World::new().await;
    let (alice, bob) = world.talking().await;
    let first = viewed(&bob);
    until("the first window", || first.is(|call| call.phase == CallPhase::Connected)).await;
    let second = viewed(&bob);
    until("the second window", || second.is(|call| call.phase == CallPhase::Connected)).await;
    until("the first closes", || first.told().last() == Some(&"close")).await;
    bob.calling.remove_view();
    until("the second closes", || second.told().last() == Some(&"close")).await;
    until("the views are let go", || Arc::strong_count(&second) == 1).await;
    drop(alice);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_call_tells_both_why() {
    let world = World::new().await;
    let (alice, mut bob) = world.pair().await;
    let (hers, his) = (viewed(&alice), viewed(&bob));
    alice.calling.call(user("bob"), MediaType::Video).await.unwrap();
    bob.invited().await;
    bob.engine.reject().await.unwrap();
    for view in [&hers, &his] {
        until("the window closes", || view.is(CallViewState::is_over)).await;
        let last = view.last().unwrap();
        let CallPhase::Ended { end, .. } = &last.phase else { unreachable!() };
        assert_eq!(*end, ViewEnd::Outcome(Outcome::Rejected));
        assert_eq!(last.media_type, MediaType::Video);
    }
    let bobs = &hers.last().unwrap().members[1];
    assert_eq!(bobs.state, MemberState::Left(LeftReason::Rejected));
}

#[tokio::test(flavor = "multi_thread")]
async fn destroying_closes_the_window() {
    let world = World::new().await;
    let (alice, bob) = world.talking().await;
    let his = viewed(&bob);
    until("the window", || his.last().is_some()).await;
    soon("the end", bob.calling.destroy()).await;
    until("the window closes", || his.is(CallViewState::is_over)).await;
    until("the view is let go", || Arc::strong_count(&his) == 1).await;
    drop(alice);
}
