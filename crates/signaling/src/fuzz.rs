//! Bodies of the fuzz targets: they take any bytes and never panic. What holds for every input is
//! asserted here, so that each target is one line.

use calling_model::UserId;
use tokio_util::bytes::BytesMut;
use tokio_util::codec::Decoder as _;

use crate::invite::{self, GroupCallAttribute, Message, PushExt};
use crate::protocol::{self, ClientCodec, FrameError, MAX_FRAME_BYTES, ServerCodec};
use crate::usersig::{self, PrivateMapKey, VerifyParams};
pub use crate::world::call_operations;

/// Frames of both directions, as text.
pub fn frames(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    check(text, protocol::decode_client_frame);
    check(text, protocol::decode_server_frame);
}

/// What was understood is understood again; what was not is answered in bounds.
fn check<T: serde::Serialize + PartialEq + std::fmt::Debug>(
    text: &str,
    decode: impl Fn(&str) -> Result<T, FrameError>,
) {
    match decode(text) {
        // Escapes can make the same frame longer than it came.
        Ok(frame) if text.len() * 6 < MAX_FRAME_BYTES => {
            assert_eq!(decode(&protocol::encode(&frame)).as_ref(), Ok(&frame));
        }
        Ok(_) => {}
        Err(error) => assert!(error.error.message.len() < 512),
    }
}

/// Frames of both directions, as a stream of bytes.
pub fn codec(data: &[u8]) {
    let mut buffer = BytesMut::from(data);
    while let Ok(Some(_)) = ServerCodec::new().decode(&mut buffer) {}
    let mut buffer = BytesMut::from(data);
    while let Ok(Some(_)) = ClientCodec::new().decode(&mut buffer) {}
}

/// Envelopes and payloads.
pub fn envelope(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(payload) = invite::decode_payload(text) {
        let _ = (payload.generation(), payload.sync_info());
    }
    if let Ok(Message::Signalling(envelope)) = invite::decode_message(text) {
        let signal = envelope.signal();
        let _ = (envelope.payload.mid_call(), PushExt::of(&envelope, 0));
        // Canonical text can be longer than what was read, so it may exceed the limit.
        if let Ok(again) = invite::decode_envelope(&envelope.encode()) {
            assert_eq!(again.signal(), signal);
        }
    }
}

/// What travels beside envelopes: the `ext` of a push, the attribute of a group.
pub fn invite_texts(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Canonical text can be longer than what was read, so it may exceed the limit.
    if let Ok(push) = PushExt::decode(text)
        && let Ok(again) = PushExt::decode(&push.encode())
    {
        assert_eq!(again, push);
    }
    if let Ok(call) = GroupCallAttribute::decode(text)
        && let Ok(again) = GroupCallAttribute::decode(&call.encode())
    {
        assert_eq!(again, call);
    }
}

/// UserSigs, and the permissions within.
pub fn usersig(data: &[u8]) {
    let _ = PrivateMapKey::decode(data).map(|key| {
        assert_eq!(key.encode().as_deref(), Ok(data));
    });
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(claims) = usersig::decode(text) else {
        return;
    };
    // Nobody can sign without the key, whatever the claims say.
    let user_id: &UserId = &claims.user_id;
    let params = VerifyParams { sdk_app_id: claims.sdk_app_id, user_id, key: KEY, now_s: 0 };
    assert!(usersig::verify(text, &params).is_err());
}

/// Known to no fuzzer.
const KEY: &str = "6f1c0a3d9e5b47c28d10f4a7be93c65d";
