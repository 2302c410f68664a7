//! The fuzz targets' bodies on seeded mutations of good input.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use calling_model::UserId;
use calling_signaling::fuzz;
use calling_signaling::usersig::{Params, sign};
use calling_testkit::seed;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const FRAME: &str = r#"{"id":7,"method":"call","params":{"callees":["bob"],"media_type":"audio"}}"#;
const EVENT: &str = r#"{"event":"user_left","params":{"call_id":"c","user":"bob","reason":1}}"#;
const INVITE: &str = r#"{"actionType":1,"businessID":1,"data":"{\"version\":4,\"businessID\":\"av_call\",\"call_type\":2,\"call_end\":65,\"data\":{\"cmd\":\"hangup\"}}","inviteID":"x","inviteeList":["B"],"inviter":"A","timeout":0}"#;
const PUSH: &str = r#"{"entity":{"action":2,"sender":"A","sendTime":1,"content":"{\"action\":1,\"call_id\":\"i\",\"call_type\":2,\"room_id\":7,\"invited_list\":[\"B\"],\"timeout\":30}"}}"#;
const ATTRIBUTE: &str = r#"{"business_type":"callkit","room_id":"7","room_id_type":1,"call_media_type":"audio","user_list":[{"userid":"A"}]}"#;
const MAP_KEY: &str = "010005616c69636553724e000000000065554280000000ff000000000006726f6f6d2d78";

/// Some bytes of `good` changed, removed, doubled or put elsewhere.
fn mutate(rng: &mut ChaCha8Rng, good: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..rng.random_range(0..6) {
        let at = rng.random_range(0..bytes.len().max(1));
        match rng.random_range(0..4) {
            0 if at < bytes.len() => bytes[at] = rng.random(),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.insert(at.min(bytes.len()), b"{}[]\",:\\01.e-"[rng.random_range(0..13)]),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn feed(number: u64, good: &[u8], body: fn(&[u8])) {
    let mut rng = ChaCha8Rng::from_seed(seed(number));
    body(good);
    for _ in 0..400 {
        body(&mutate(&mut rng, good));
        let length = rng.random_range(0..64);
        let noise: Vec<u8> = (0..length).map(|_| rng.random()).collect();
        body(&noise);
    }
}

#[test]
fn frames() {
    feed(1, FRAME.as_bytes(), fuzz::frames);
    feed(2, EVENT.as_bytes(), fuzz::frames);
}

#[test]
fn codec() {
    let mut stream = vec![0, 0, 0, u8::try_from(FRAME.len()).unwrap()];
    stream.extend(FRAME.as_bytes());
    feed(3, &stream, fuzz::codec);
}

#[test]
fn envelope() {
    feed(4, INVITE.as_bytes(), fuzz::envelope);
}

#[test]
fn invite_texts() {
    feed(7, PUSH.as_bytes(), fuzz::invite_texts);
    feed(8, ATTRIBUTE.as_bytes(), fuzz::invite_texts);
}

#[test]
fn usersig() {
    let user_id = UserId::new("alice").unwrap();
    let userbuf = hex::decode(MAP_KEY).unwrap();
    let params = Params {
        sdk_app_id: 1,
        user_id: &user_id,
        key: "k",
        now_s: 1,
        expire_s: 1,
        userbuf: Some(&userbuf),
    };
    feed(5, sign(&params).as_bytes(), fuzz::usersig);
    feed(6, &userbuf, fuzz::usersig);
}
