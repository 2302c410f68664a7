use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calling_model::{RoomId, UserId};
use flate2::write::ZlibEncoder;
use proptest::prelude::*;
use std::io::Write as _;

use super::claims::Document;
use super::sign::document;
use super::verify::parse;
use super::wrapping::{unwrap, wrap};
use super::*;
use crate::protocol::{Code, ProtocolError};

const APP: u32 = 1_400_000_000;
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const TIME: u64 = 1_700_000_000;
const DAY: u64 = 86_400;

/// The same signature, compressed by another zlib.
const FOREIGN: &str = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwok5mcmpUInilOzEgoLMFCUrQxMDKIDIlGTmpipZGZqjiqZWFGQWpSpZWZiZwISKM9OVrJSczS2Sg8xNMoyzs5NMozz9jCI8I-ILXUIMTUoKwnKyK3wDjZKK3LUTHQ2SbZVqAW6CL9s_";

fn alice() -> UserId {
    UserId::new("alice").unwrap()
}

fn signing<'a>(user_id: &'a UserId, userbuf: Option<&'a [u8]>) -> Params<'a> {
    Params { sdk_app_id: APP, user_id, key: KEY, now_s: TIME, expire_s: DAY, userbuf }
}

fn signed() -> String {
    sign(&signing(&alice(), None))
}

fn verify_at(sig: &str, now_s: u64) -> Result<Claims, UserSigError> {
    verify(sig, &VerifyParams { sdk_app_id: APP, user_id: &alice(), key: KEY, now_s })
}

/// A UserSig around any content.
fn around(json: &str) -> String {
    wrap(json)
}

/// The JSON of the valid UserSig, to be tampered with.
fn inner() -> String {
    unwrap(&signed()).unwrap()
}

fn map_key(room: PrivateMapRoom) -> PrivateMapKey {
    PrivateMapKey {
        user_id: alice(),
        sdk_app_id: APP,
        room,
        expire_at_s: u32::try_from(TIME + DAY).unwrap(),
        privileges: Privileges::ALL,
    }
}

#[test]
fn signature_matches_the_vector() {
    let user = alice();
    assert_eq!(document(&signing(&user, None)).sig, "C78cR74h3kkb5ZIN2XIXoqDT14tpVlkxMQ2brG+aA0c=");
}

#[test]
fn a_foreign_compressor_makes_no_difference() {
    let claims = verify_at(FOREIGN, TIME).unwrap();
    assert_eq!(claims, verify_at(&signed(), TIME).unwrap());
    assert_eq!((claims.sdk_app_id, claims.expires_at_s()), (APP, TIME + DAY));
}

#[test]
fn json_has_the_fields_of_the_format() {
    let json = inner();
    assert_eq!(
        json,
        r#"{"TLS.ver":"2.0","TLS.identifier":"alice","TLS.sdkappid":1400000000,"TLS.time":1700000000,"TLS.expire":86400,"TLS.sig":"C78cR74h3kkb5ZIN2XIXoqDT14tpVlkxMQ2brG+aA0c="}"#
    );
}

#[test]
fn private_map_keys_match_the_vectors() {
    let numbered = map_key(PrivateMapRoom::Int(RoomId::new(10_001).unwrap()));
    let named = map_key(PrivateMapRoom::Str("room-x".to_owned()));
    let vectors = [
        (
            numbered,
            "000005616c69636553724e000000271165554280000000ff00000000",
            "7bDiKr/wfbku8VHfe9FMZiu356XANXLVv0kGIxC/AKE=",
        ),
        (
            named,
            "010005616c69636553724e000000000065554280000000ff000000000006726f6f6d2d78",
            "O9JtzeVaf5Yba4xtzU5ykaxLoNkbUQA/6pMJ+yf7OLE=",
        ),
    ];
    for (key, bytes, code) in vectors {
        let encoded = key.encode().unwrap();
        assert_eq!(hex::encode(&encoded), bytes);
        assert_eq!(PrivateMapKey::decode(&encoded).unwrap(), key);
        let user = alice();
        assert_eq!(document(&signing(&user, Some(&encoded))).sig, code);
        let claims = verify_at(&sign(&signing(&user, Some(&encoded))), TIME).unwrap();
        assert_eq!(PrivateMapKey::decode(&claims.userbuf.unwrap()).unwrap(), key);
    }
}

#[test]
fn privileges_are_the_documented_bits() {
    assert_eq!(Privileges::ALL.bits(), 255);
    assert_eq!(Privileges::AUDIENCE.bits(), 42);
    let key = map_key(PrivateMapRoom::Str("r".into()));
    assert!(key.allows(Privileges::SEND_AUDIO.union(Privileges::JOIN_ROOM), TIME));
    assert!(!key.allows(Privileges::JOIN_ROOM, TIME + DAY), "expired");
    let audience = PrivateMapKey { privileges: Privileges::AUDIENCE, ..key };
    assert!(!audience.allows(Privileges::SEND_AUDIO, TIME));
}

#[test]
fn every_truncation_of_a_private_map_key_errs() {
    for room in [
        PrivateMapRoom::Int(RoomId::new(10_001).unwrap()),
        PrivateMapRoom::Str("room-x".to_owned()),
    ] {
        let bytes = map_key(room).encode().unwrap();
        for length in 0..bytes.len() {
            assert!(PrivateMapKey::decode(&bytes[..length]).is_err(), "{length}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(PrivateMapKey::decode(&longer), Err(PrivateMapKeyError::Trailing));
    }
}

#[test]
fn private_map_keys_that_cannot_be_are_refused() {
    let encode = |name: &str| map_key(PrivateMapRoom::Str(name.to_owned())).encode();
    assert_eq!(encode(""), Err(PrivateMapKeyError::Room));
    assert_eq!(encode(&"x".repeat(65)), Err(PrivateMapKeyError::Room));
    assert!(encode(&"x".repeat(64)).is_ok());
    let mut bytes = map_key(PrivateMapRoom::Int(RoomId::new(1).unwrap())).encode().unwrap();
    bytes[0] = 2;
    assert_eq!(PrivateMapKey::decode(&bytes), Err(PrivateMapKeyError::Version(2)));
    bytes[0] = 0;
    *bytes.last_mut().unwrap() = 1;
    assert_eq!(PrivateMapKey::decode(&bytes), Err(PrivateMapKeyError::AccountType(1)));
    bytes[3] = b'\n';
    assert_eq!(PrivateMapKey::decode(&bytes), Err(PrivateMapKeyError::Account));
}

/// How a UserSig is told apart from a good one.
#[track_caller]
fn refused(outcome: Result<Claims, UserSigError>, code: Code) {
    let error = ProtocolError::from(outcome.unwrap_err());
    assert_eq!(error.code, code, "{error}");
    assert!(!error.message.contains("alice") && error.message.len() < 160, "{error}");
}

#[test]
fn empty() {
    refused(verify_at("", TIME), Code::UserSigEmpty);
}

#[test]
fn another_application() {
    let user = alice();
    let params = VerifyParams { sdk_app_id: APP + 1, user_id: &user, key: KEY, now_s: TIME };
    refused(verify(&signed(), &params), Code::UserSigWrongApp);
}

#[test]
fn another_account() {
    let bob = UserId::new("bob").unwrap();
    let params = VerifyParams { sdk_app_id: APP, user_id: &bob, key: KEY, now_s: TIME };
    refused(verify(&signed(), &params), Code::UserSigWrongUser);
}

#[test]
fn another_key() {
    let user = alice();
    for key in ["", "0123456789abcdef", &KEY.to_uppercase()] {
        let params = VerifyParams { sdk_app_id: APP, user_id: &user, key, now_s: TIME };
        refused(verify(&signed(), &params), Code::UserSigWrongKey);
    }
}

#[test]
fn valid_until_the_second_before_it_expires() {
    assert!(verify_at(&signed(), TIME + DAY - 1).is_ok());
    assert_eq!(verify_at(&signed(), TIME + DAY), Err(UserSigError::Expired { ago_s: 0 }));
    refused(verify_at(&signed(), TIME + DAY + 7), Code::UserSigExpired);
    let user = alice();
    let never = sign(&Params { expire_s: 0, ..signing(&user, None) });
    refused(verify_at(&never, TIME), Code::UserSigExpired);
}

#[test]
fn clocks_a_day_apart() {
    // The verifier a day behind: issued in its future, still only by a holder of the key.
    assert!(verify_at(&signed(), TIME - DAY).is_ok());
    // The verifier a day ahead: a day's UserSig is over, a week's is not.
    refused(verify_at(&signed(), TIME + DAY), Code::UserSigExpired);
    let user = alice();
    let week = sign(&Params { expire_s: 7 * DAY, ..signing(&user, None) });
    assert!(verify_at(&week, TIME + DAY).is_ok());
}

#[test]
fn huge_times_do_not_overflow() {
    let user = alice();
    let forever = sign(&Params { expire_s: u64::MAX, ..signing(&user, None) });
    let claims = verify_at(&forever, u64::MAX - 1).unwrap();
    assert_eq!(claims.expires_at_s(), u64::MAX);
    let late = sign(&Params { now_s: u64::MAX, ..signing(&user, None) });
    assert!(verify_at(&late, TIME).is_ok());
    let beyond = inner().replace("86400", "18446744073709551616");
    refused(verify_at(&around(&beyond), TIME), Code::UserSigMalformed);
    let negative = inner().replace("86400", "-1");
    refused(verify_at(&around(&negative), TIME), Code::UserSigMalformed);
}

#[test]
fn every_truncation_errs() {
    for sig in [signed(), FOREIGN.to_owned()] {
        for length in 1..sig.len() {
            refused(verify_at(&sig[..length], TIME), Code::UserSigMalformed);
        }
    }
}

#[test]
fn every_bit_flip_errs() {
    let sig = signed();
    for index in 0..sig.len() {
        for bit in 0..7 {
            let mut bytes = sig.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            let flipped = String::from_utf8(bytes).unwrap();
            // The fill bits before the padding carry nothing; a strict decoder refuses them too.
            assert!(verify_at(&flipped, TIME).is_err(), "byte {index} bit {bit}");
        }
    }
}

#[test]
fn every_changed_claim_errs() {
    let json = inner();
    for (from, to) in [
        ("1700000000", "1700000001"),
        ("86400", "86401"),
        ("C78cR7", "C78cR8"),
        (r#""TLS.sig""#, r#""TLS.userbuf":"AAAA","TLS.sig""#),
    ] {
        let changed = json.replace(from, to);
        assert_ne!(changed, json);
        refused(verify_at(&around(&changed), TIME), Code::UserSigWrongKey);
    }
}

#[test]
fn another_algorithm_is_not_offered() {
    for version in [r#""1.0""#, r#""3.0""#, r#""none""#, r#""""#, "2.0", "null"] {
        let json = inner().replace(r#""2.0""#, version);
        refused(verify_at(&around(&json), TIME), Code::UserSigMalformed);
    }
    for code in ["", "AAAA"] {
        let sig = "C78cR74h3kkb5ZIN2XIXoqDT14tpVlkxMQ2brG+aA0c=";
        refused(verify_at(&around(&inner().replace(sig, code)), TIME), Code::UserSigWrongKey);
    }
}

#[test]
fn a_line_break_in_the_account_cannot_pose_as_another_field() {
    let json = inner().replace("alice", r"alice\nTLS.sdkappid:1");
    refused(verify_at(&around(&json), TIME), Code::UserSigMalformed);
}

#[test]
fn confusable_and_overlong_accounts() {
    for account in ["\u{430}lice", "alice\\u0000", "", "a b", &"x".repeat(33)] {
        let json = inner().replace("alice", account);
        refused(verify_at(&around(&json), TIME), Code::UserSigMalformed);
    }
}

#[test]
fn duplicate_keys() {
    for (first, second) in
        [(r#""TLS.expire":86400"#, r#""TLS.expire":1"#), (r#""x":1"#, r#""\u0078":2"#)]
    {
        let json = format!("{},{first},{second}}}", inner().trim_end_matches('}'));
        refused(verify_at(&around(&json), TIME), Code::UserSigMalformed);
    }
}

#[test]
fn not_utf8_and_nul() {
    let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"{\"TLS.ver\":\"\xff\"}").unwrap();
    let sig = STANDARD.encode(encoder.finish().unwrap());
    let sig = sig.replace('+', "*").replace('/', "-").replace('=', "_");
    assert_eq!(verify_at(&sig, TIME), Err(UserSigError::Malformed("its content is not UTF-8")));
    refused(verify_at(&around(&inner().replace('{', "{\0")), TIME), Code::UserSigMalformed);
    refused(verify_at(&format!("{}\0", signed()), TIME), Code::UserSigMalformed);
}

#[test]
fn a_zlib_bomb_stops_at_the_limit() {
    let bomb = wrap(&" ".repeat(2_000_000));
    assert!(bomb.len() < 4096, "{}", bomb.len());
    assert_eq!(verify_at(&bomb, TIME), Err(UserSigError::Malformed("its content is too long")));
    refused(verify_at(&"A".repeat(100_000), TIME), Code::UserSigMalformed);
}

#[test]
fn bytes_after_the_end() {
    let text = signed().replace('*', "+").replace('-', "/").replace('_', "=");
    let mut bytes = STANDARD.decode(text).unwrap();
    bytes.push(0);
    let sig = STANDARD.encode(bytes);
    let sig = sig.replace('+', "*").replace('/', "-").replace('=', "_");
    assert_eq!(verify_at(&sig, TIME), Err(UserSigError::Malformed("something follows its end")));
}

#[test]
fn plain_base64_is_not_the_alphabet() {
    let sig = FOREIGN.replace('_', "=");
    refused(verify_at(&sig, TIME), Code::UserSigMalformed);
}

#[test]
fn decode_looks_without_trusting() {
    let tampered = around(&inner().replace("86400", "99999"));
    assert_eq!(decode(&tampered).unwrap().expire_s, 99_999);
    refused(verify_at(&tampered, TIME), Code::UserSigWrongKey);
}

#[test]
fn debug_shows_neither_key_nor_account() {
    let user = alice();
    let shown = format!(
        "{:?} {:?} {:?}",
        signing(&user, None),
        VerifyParams { sdk_app_id: APP, user_id: &user, key: KEY, now_s: TIME },
        verify_at(&signed(), TIME),
    );
    assert!(!shown.contains(KEY) && !shown.contains("alice"), "{shown}");
}

#[test]
fn foreign_field_order_and_spacing_are_fine() {
    let document: serde_json::Value = serde_json::from_str(&inner()).unwrap();
    let pretty = serde_json::to_string_pretty(&document).unwrap();
    assert!(verify_at(&around(&pretty), TIME).is_ok());
    let with_null = inner().replace(r#""TLS.sig""#, r#""TLS.userbuf":null,"TLS.sig""#);
    assert!(verify_at(&around(&with_null), TIME).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_signed_verifies(
        user in "[A-Za-z0-9_-]{1,32}", key in ".{0,80}", app in any::<u32>(),
        now_s in 0..u64::MAX / 2, expire_s in 1..u64::MAX / 2,
        userbuf in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..140)),
    ) {
        let user_id = UserId::new(user).unwrap();
        let sig = sign(&Params {
            sdk_app_id: app, user_id: &user_id, key: &key, now_s, expire_s,
            userbuf: userbuf.as_deref(),
        });
        let check = VerifyParams { sdk_app_id: app, user_id: &user_id, key: &key, now_s };
        let claims = verify(&sig, &check).unwrap();
        prop_assert_eq!(&claims.userbuf, &userbuf);
        prop_assert_eq!(decode(&sig).unwrap(), claims);
    }

    #[test]
    fn private_map_keys_round_trip(
        room in prop_oneof![
            (1..u32::MAX).prop_map(|room| PrivateMapRoom::Int(RoomId::new(room).unwrap())),
            "[ -~]{1,64}".prop_map(PrivateMapRoom::Str),
        ],
        expire_at_s in any::<u32>(), bits in any::<u32>(),
    ) {
        let key = PrivateMapKey {
            expire_at_s, privileges: Privileges::from_bits(bits), ..map_key(room)
        };
        prop_assert_eq!(PrivateMapKey::decode(&key.encode().unwrap()).unwrap(), key);
    }

    #[test]
    fn garbage_never_panics(
        text in any::<String>(), alphabet in "[A-Za-z0-9*_-]{0,200}",
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        prop_assert!(verify_at(&text, TIME).is_err());
        prop_assert!(verify_at(&alphabet, TIME).is_err());
        let _ = PrivateMapKey::decode(&bytes);
        let _ = parse(&text).map(|document: Document<'_>| document.claims());
    }
}
