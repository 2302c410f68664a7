//! What a message costs: frames in both directions, invites, UserSigs.
#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use calling_model::UserId;
use calling_signaling::invite::decode_envelope;
use calling_signaling::protocol::{decode_client_frame, decode_server_frame, encode};
use calling_signaling::usersig::{Params, VerifyParams, sign, verify};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const ACCEPT: &str =
    r#"{"id":7,"method":"accept","params":{"call_id":"0123456789abcdef0123456789abcdef"}}"#;
const PING: &str = r#"{"id":7,"method":"ping","params":{}}"#;
const VOLUMES: &str = r#"{"event":"volumes","params":{"call_id":"0123456789abcdef0123456789abcdef","volumes":[{"user":"alice","volume":40},{"user":"bob","volume":0}],"total":40}}"#;
const INVITE: &str = include_str!("../tests/golden/canonical/invite_audio.json");
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    for (name, text) in [("ping", PING), ("accept", ACCEPT)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("decode/{name}"), |bencher| {
            bencher.iter(|| decode_client_frame(black_box(text)).unwrap());
        });
    }
    group.throughput(Throughput::Bytes(VOLUMES.len() as u64));
    group.bench_function("decode/volumes", |bencher| {
        bencher.iter(|| decode_server_frame(black_box(VOLUMES)).unwrap());
    });
    let volumes = decode_server_frame(VOLUMES).unwrap();
    group.bench_function("encode/volumes", |bencher| bencher.iter(|| encode(black_box(&volumes))));
    // The worst that passes the size limit: nesting is found before anything is built.
    let deep = "[".repeat(64 * 1024);
    group.throughput(Throughput::Bytes(deep.len() as u64));
    group.bench_function("refuse/deep", |bencher| {
        bencher.iter(|| decode_client_frame(black_box(&deep)).unwrap_err());
    });
    let long = format!("{{\"id\":1,\"method\":\"{}\"}}", "x".repeat(60 * 1024));
    group.bench_function("refuse/long", |bencher| {
        bencher.iter(|| decode_client_frame(black_box(&long)).unwrap_err());
    });
    group.finish();
}

fn invites(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("invite");
    group.throughput(Throughput::Bytes(INVITE.len() as u64));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| decode_envelope(black_box(INVITE)).unwrap());
    });
    let envelope = decode_envelope(INVITE).unwrap();
    group.bench_function("encode", |bencher| bencher.iter(|| black_box(&envelope).encode()));
    group.finish();
}

fn usersigs(criterion: &mut Criterion) {
    let user_id = UserId::new("alice").unwrap();
    let params = Params {
        sdk_app_id: 1,
        user_id: &user_id,
        key: KEY,
        now_s: 1,
        expire_s: 86_400,
        userbuf: None,
    };
    let sig = sign(&params);
    let check = VerifyParams { sdk_app_id: 1, user_id: &user_id, key: KEY, now_s: 1 };
    criterion.bench_function("usersig/sign", |bencher| {
        bencher.iter(|| sign(black_box(&params)));
    });
    criterion.bench_function("usersig/verify", |bencher| {
        bencher.iter(|| verify(black_box(&sig), &check).unwrap());
    });
}

criterion_group!(benches, frames, invites, usersigs);
criterion_main!(benches);
