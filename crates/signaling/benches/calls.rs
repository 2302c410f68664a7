//! What one call costs the server's machine, alone and among many others.

use std::hint::black_box;
use std::time::{Duration, Instant};

use calling_model::{Endpoint, Machine, MediaType, UnixMillis};
use calling_signaling::calls::{
    CallAction, Calls, CallsConfig, CallsInput, CallsOutput, RequestToken,
};
use calling_signaling::protocol::{CallParams, Reply};
use calling_testkit::{epoch, seed};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn endpoint(user: &str) -> Endpoint {
    let device = "phone".parse().expect("a word");
    Endpoint { user: user.parse().expect("a word"), device }
}

/// A server with `live` calls ringing, and two more people.
fn server(live: usize) -> (Calls, Endpoint, Endpoint) {
    let unthrottled = CallsConfig { call_interval: Duration::ZERO, ..CallsConfig::default() };
    let mut calls = Calls::new(unthrottled, seed(1));
    let sign_in = |calls: &mut Calls, user: &str| {
        let endpoint = endpoint(user);
        let input = CallsInput::SignedIn { endpoint: endpoint.clone() };
        calls.handle_input(epoch(), input).expect("room");
        endpoint
    };
    for number in 0..live {
        let caller = sign_in(&mut calls, &format!("caller{number}"));
        call(&mut calls, epoch(), &caller, &endpoint(&format!("callee{number}")));
    }
    let (alice, bob) = (sign_in(&mut calls, "alice"), sign_in(&mut calls, "bob"));
    (calls, alice, bob)
}

fn call(calls: &mut Calls, now: Instant, from: &Endpoint, to: &Endpoint) -> Option<Reply> {
    let params = CallParams {
        callees: vec![to.user.clone()],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: None,
        user_data: String::new(),
        sent_at: None,
    };
    let action =
        CallAction::Call { params, unknown: Vec::new(), outsiders: Vec::new(), at: UnixMillis(1) };
    ask(calls, now, from, action)
}

fn ask(calls: &mut Calls, now: Instant, from: &Endpoint, action: CallAction) -> Option<Reply> {
    let (from, request) = (from.clone(), RequestToken(1));
    let input = CallsInput::Request { from, request, action };
    calls.handle_input(now, input).expect("no misuse");
    let mut reply = None;
    while let Some(output) = calls.poll_output() {
        if let CallsOutput::Reply { result, .. } = black_box(output) {
            reply = result.ok();
        }
    }
    reply
}

fn lifecycle(calls: &mut Calls, now: Instant, alice: &Endpoint, bob: &Endpoint) {
    let Some(Reply::Call(placed)) = call(calls, now, alice, bob) else { panic!("refused") };
    let call_id = placed.facts.call_id;
    ask(calls, now, bob, CallAction::Accept { call_id: call_id.clone() }).expect("granted");
    ask(calls, now, alice, CallAction::Hangup { call_id }).expect("granted");
}

fn lifecycles(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("call_accept_hangup");
    for live in [0, 100, 10_000] {
        let (mut calls, alice, bob) = server(live);
        group.bench_function(BenchmarkId::new("live_calls", live), |bencher| {
            bencher.iter(|| lifecycle(&mut calls, epoch(), &alice, &bob));
        });
    }
    group.finish();
}

criterion_group!(benches, lifecycles);
criterion_main!(benches);
