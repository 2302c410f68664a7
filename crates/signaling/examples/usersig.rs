//! Makes a UserSig, checks it, and shows what becomes of a stolen, changed or old one.
//!
//! `cargo run -p calling-signaling --example usersig`
#![allow(clippy::print_stdout, reason = "an example talks to people")]

use calling_model::{RoomId, UserId};
use calling_signaling::usersig::{
    Params, PrivateMapKey, PrivateMapRoom, Privileges, VerifyParams, decode, sign, verify,
};

const APP: u32 = 1_400_000_000;
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const NOW: u64 = 1_700_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let alice = UserId::new("alice")?;
    let mallory = UserId::new("mallory")?;

    // On the application's server, which alone knows the key.
    let issue = |userbuf| Params {
        sdk_app_id: APP,
        user_id: &alice,
        key: KEY,
        now_s: NOW,
        expire_s: 86_400,
        userbuf,
    };
    let sig = sign(&issue(None));
    println!("UserSig: {sig}");

    // On the call server.
    let check = |user_id, now_s| VerifyParams { sdk_app_id: APP, user_id, key: KEY, now_s };
    let claims = verify(&sig, &check(&alice, NOW))?;
    println!("valid until second {}", claims.expires_at_s());

    let cut = &sig[..sig.len() - 8];
    for (what, outcome) in [
        ("stolen", verify(&sig, &check(&mallory, NOW))),
        ("cut short", verify(cut, &check(&alice, NOW))),
        ("a day later", verify(&sig, &check(&alice, NOW + 86_400))),
    ] {
        if let Err(error) = outcome {
            println!("{what}: {} (code {})", error, i32::from(error.code()));
        }
    }

    // With a permission for one room inside.
    let permission = PrivateMapKey {
        user_id: alice.clone(),
        sdk_app_id: APP,
        room: PrivateMapRoom::Int(RoomId::new(10_001)?),
        expire_at_s: u32::try_from(NOW + 3_600)?,
        privileges: Privileges::AUDIENCE,
    };
    let sig = sign(&issue(Some(&permission.encode()?)));
    let userbuf = decode(&sig)?.userbuf.unwrap_or_default();
    let permission = PrivateMapKey::decode(&userbuf)?;
    println!("may listen: {}", permission.allows(Privileges::RECEIVE_AUDIO, NOW));
    println!("may speak: {}", permission.allows(Privileges::SEND_AUDIO, NOW));
    Ok(())
}
