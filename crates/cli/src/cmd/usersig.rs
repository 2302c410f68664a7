use calling_model::RoomId;
use calling_signaling::usersig::{Claims, PrivateMapKey, PrivateMapRoom, Privileges, decode};
use serde_json::{Value, json};

use crate::args::UsersigArgs;
use crate::exit::Failure;
use crate::keys::{Signer, now_s, user_id};
use crate::output::{self, BAD, BOLD, GOOD, paint};

/// Issues or reads a UserSig.
pub(crate) fn run(args: &UsersigArgs) -> Result<(), Failure> {
    match (&args.decode, &args.user) {
        (Some(sig), _) => read(sig, args.json),
        (None, Some(user)) => issue(user, args),
        (None, None) => Err(Failure::usage("name an account with --user, or --decode a UserSig")),
    }
}

fn issue(user: &str, args: &UsersigArgs) -> Result<(), Failure> {
    let user = user_id(user)?;
    let signer = Signer::from_args(&args.keys)?;
    let userbuf = match &args.room {
        Some(room) => Some(private_map_key(&user, room, signer.sdk_app_id, args)?),
        None => None,
    };
    let sig = signer.sign(&user, args.expire, userbuf.as_deref());
    if args.json {
        return output::json(&json!({
            "user_id": user,
            "sdk_app_id": signer.sdk_app_id,
            "expires_at_s": now_s() + u64::from(args.expire),
            "user_sig": sig,
        }));
    }
    output::line(sig);
    Ok(())
}

fn private_map_key(
    user: &calling_model::UserId,
    room: &str,
    sdk_app_id: u32,
    args: &UsersigArgs,
) -> Result<Vec<u8>, Failure> {
    let room = match room.parse::<u32>() {
        Ok(number) => PrivateMapRoom::Int(RoomId::new(number).map_err(no_room)?),
        Err(_) => PrivateMapRoom::Str(room.to_owned()),
    };
    let expire_at_s = u32::try_from(now_s().saturating_add(u64::from(args.expire)))
        .map_err(|_| Failure::usage("--expire reaches beyond the year 2106; choose less"))?;
    let key = PrivateMapKey {
        user_id: user.clone(),
        sdk_app_id,
        room,
        expire_at_s,
        privileges: Privileges::from_bits(args.privileges),
    };
    key.encode().map_err(no_room)
}

fn no_room(error: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("--room: {error}"))
}

fn read(sig: &str, as_json: bool) -> Result<(), Failure> {
    let claims = decode(sig).map_err(Failure::usage)?;
    let left = i128::from(claims.expires_at_s()) - i128::from(now_s());
    if as_json {
        return output::json(&json!({
            "user_id": claims.user_id,
            "sdk_app_id": claims.sdk_app_id,
            "issued_at_s": claims.issued_at_s,
            "expires_at_s": claims.expires_at_s(),
            "expired": left <= 0,
            "room": room_of(&claims),
        }));
    }
    row("account", claims.user_id.as_str());
    row("application", claims.sdk_app_id);
    row("issued", format!("{} (Unix seconds)", claims.issued_at_s));
    let state = if left > 0 {
        paint(GOOD, format!("in {left} s"))
    } else {
        paint(BAD, format!("expired {} s ago", -left))
    };
    row("expires", state);
    if let Value::Object(room) = room_of(&claims) {
        row("room", &room["room"]);
        row("privileges", &room["privileges"]);
    }
    row("signature", "not checked here; the server does, with its key");
    Ok(())
}

fn row(name: &str, value: impl std::fmt::Display) {
    output::line(format!("{BOLD}{name:<12}{BOLD:#} {value}"));
}

fn room_of(claims: &Claims) -> Value {
    let Some(key) = claims.userbuf.as_deref().and_then(|bytes| PrivateMapKey::decode(bytes).ok())
    else {
        return Value::Null;
    };
    let room = match &key.room {
        PrivateMapRoom::Int(room) => json!(room.get()),
        PrivateMapRoom::Str(name) => json!(name),
    };
    json!({ "room": room, "privileges": key.privileges.bits() })
}
