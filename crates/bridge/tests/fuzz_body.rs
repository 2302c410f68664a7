//! The fuzz target's body on seeded scripts.

use calling_bridge::fuzz::bridge_operations;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

#[test]
fn random_days() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..400 {
        let length = rng.random_range(0..300);
        let script: Vec<u8> = (0..length).map(|_| rng.random()).collect();
        bridge_operations(&script);
    }
}

#[test]
fn any_message() {
    let invite = r#"{"actionType":3,"businessID":1,"inviteID":"X","inviter":"alice","inviteeList":["bob"],"data":"{\"version\":4,\"businessID\":\"av_call\",\"platform\":\"Calling\",\"call_type\":2,\"room_id\":7,\"data\":{\"cmd\":\"videoCall\"}}"}"#;
    bridge_operations(invite.as_bytes());
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..400 {
        let mut text = invite.as_bytes().to_vec();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(1..text.len());
            text[at] = rng.random();
        }
        bridge_operations(&text);
    }
}
