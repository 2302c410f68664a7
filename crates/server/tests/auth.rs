//! Who signs in, who does not, and where the secrets live.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calling_model::{DeviceId, UnixMillis};
use calling_server::auth::{Authenticator, Secrets, SecretsError};
use calling_server::config::{Config, SecretKey};
use calling_server::storage::Storage;
use calling_signaling::protocol::{Code, SignInParams};
use common::{START, user};
use proptest::prelude::*;

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct World {
    _dir: tempfile::TempDir,
    storage: Storage,
    auth: Authenticator,
    now: Instant,
}

async fn world(change: impl FnOnce(&mut Config)) -> World {
    let dir = tempfile::tempdir().unwrap();
    let secret_key = Some(SecretKey::new(KEY).unwrap());
    let mut config = Config { data: dir.path().into(), secret_key, ..Config::default() };
    change(&mut config);
    let storage = Storage::open(dir.path()).await.unwrap();
    let auth = Authenticator::new(&config, Secrets::load(&config).unwrap(), storage.clone());
    World { _dir: dir, storage, auth, now: calling_testkit::epoch() }
}

fn params(user_sig: &str) -> SignInParams {
    SignInParams {
        sdk_app_id: 1_400_000_000,
        user_id: user("alice"),
        user_sig: user_sig.to_owned(),
        device_id: DeviceId::new("phone").unwrap(),
    }
}

impl World {
    async fn sign_in(&self, params: &SignInParams, at: UnixMillis) -> Result<(), (Code, String)> {
        let result = self.auth.sign_in(HOME, params, self.now, at).await;
        result.map_err(|error| (error.code, error.message))
    }

    fn sig(&self, name: &str, expire_s: u64) -> String {
        self.auth.issue(&user(name), expire_s, START)
    }
}

fn later(seconds: u64) -> UnixMillis {
    UnixMillis(START.0 + seconds * 1_000)
}

#[tokio::test]
async fn the_known_vector_signs_in() {
    let world = world(|_| {}).await;
    let sig = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwok5mcmpUInilOzEgoLMFCUrQxMDKIDIlGTmpipZGZqj\
               iqZWFGQWpSpZWZiZwISKM9OVrJSczS2Sg8xNMoyzs5NMozz9jCI8I-ILXUIMTUoKwnKyK3wDjZKK3LUTHQ2S\
               bZVqAW6CL9s_";
    world.sign_in(&params(sig), START).await.unwrap();
    assert!(world.storage.account_exists(&user("alice")).await.unwrap());
}

#[tokio::test]
async fn every_refusal_has_its_code_and_makes_no_account() {
    let world = world(|config| config.limits.failed_sign_ins_per_minute = 1_000).await;
    let good = world.sig("alice", 60);
    let foreign_key = {
        let key = "f".repeat(64);
        let params = calling_signaling::usersig::Params {
            sdk_app_id: 1_400_000_000,
            user_id: &user("alice"),
            key: &key,
            now_s: START.as_secs(),
            expire_s: 60,
            userbuf: None,
        };
        calling_signaling::usersig::sign(&params)
    };
    let cases = [
        ("".to_owned(), Code::UserSigEmpty),
        ("\0".to_owned(), Code::UserSigMalformed),
        ("é".to_owned(), Code::UserSigMalformed),
        (good[..good.len() / 2].to_owned(), Code::UserSigMalformed),
        (format!("{good}{good}"), Code::UserSigMalformed),
        (zlib_bomb(), Code::UserSigMalformed),
        ("A".repeat(1_000_000), Code::UserSigMalformed),
        (world.sig("bob", 60), Code::UserSigWrongUser),
        (foreign_key, Code::UserSigWrongKey),
        (world.sig("alice", 0), Code::UserSigExpired),
    ];
    for (sig, code) in cases {
        let (told, sentence) = world.sign_in(&params(&sig), START).await.unwrap_err();
        assert_eq!(told, code, "{sig:.20}");
        assert!(sentence.contains("UserSig") && !sentence.contains('\n'), "{sentence}");
    }
    let mut other_app = params(&good);
    other_app.sdk_app_id = 7;
    assert_eq!(world.sign_in(&other_app, START).await.unwrap_err().0, Code::UserSigWrongApp);
    assert_eq!(world.sign_in(&params(&good), later(60)).await.unwrap_err().0, Code::UserSigExpired);
    assert!(!world.storage.account_exists(&user("alice")).await.unwrap());
    world.sign_in(&params(&good), later(59)).await.unwrap();
}

/// A UserSig that unpacks to 16 MiB.
fn zlib_bomb() -> String {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..16 {
        packed.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let text = STANDARD.encode(packed.finish().unwrap());
    text.replace('+', "*").replace('/', "-").replace('=', "_")
}

#[tokio::test]
async fn a_validity_of_an_eternity_is_no_overflow() {
    let world = world(|_| {}).await;
    let sig = world.sig("alice", u64::MAX);
    world.sign_in(&params(&sig), UnixMillis(u64::MAX)).await.unwrap();
    world.sign_in(&params(&sig), START).await.unwrap();
}

#[tokio::test]
async fn accounts_can_be_left_to_the_operator() {
    let world = world(|config| config.auto_create_accounts = false).await;
    let sig = world.sig("alice", 60);
    let (code, sentence) = world.sign_in(&params(&sig), START).await.unwrap_err();
    assert_eq!(code, Code::UserNotFound);
    assert_eq!(sentence, "there is no such account; ask the operator of the server to make it");
    world.storage.create_account(&user("alice"), START).await.unwrap();
    world.sign_in(&params(&sig), START).await.unwrap();
}

#[tokio::test]
async fn a_source_that_fails_too_often_waits_and_locks_out_nobody_else_behind_it() {
    let mut world = world(|config| config.limits.failed_sign_ins_per_minute = 5).await;
    let good = world.sig("alice", 600);
    for _ in 0..5 {
        let (code, _) = world.sign_in(&params("x"), START).await.unwrap_err();
        assert_eq!(code, Code::UserSigMalformed);
        world.sign_in(&params(&good), START).await.unwrap();
    }
    let (code, sentence) = world.sign_in(&params("x"), START).await.unwrap_err();
    assert_eq!(code, Code::TooManyFailures);
    assert_eq!(sentence, "too many failed attempts from this address; wait 12 s");
    world.sign_in(&params(&good), START).await.unwrap();
    world.now += Duration::from_secs(12);
    let (code, _) = world.sign_in(&params("x"), START).await.unwrap_err();
    assert_eq!(code, Code::UserSigMalformed);
}

#[tokio::test]
async fn a_failing_database_is_not_blamed_on_the_client() {
    let world = world(|_| {}).await;
    let sig = world.sig("alice", 60);
    world.storage.close().await;
    let (code, sentence) = world.sign_in(&params(&sig), START).await.unwrap_err();
    assert_eq!(code, Code::Internal);
    assert_eq!(sentence, "the server cannot reach its database; try again in a moment");
}

#[tokio::test]
async fn only_the_admin_token_is_the_admin_token() {
    let world = world(|config| config.limits.failed_sign_ins_per_minute = 1_000).await;
    let token = std::fs::read_to_string(world.storage.dir().join("admin.token")).unwrap();
    let token = token.trim();
    assert_eq!(token.len(), 64);
    let is_admin = |token: &str| world.auth.is_admin(HOME, token, world.now).unwrap();
    assert!(is_admin(token));
    for wrong in ["", &token[1..], &token[..63], &token.to_uppercase(), &format!("{token}0"), KEY] {
        assert!(!is_admin(wrong) || wrong == token, "{wrong}");
    }
}

#[test]
fn secrets_are_made_once_and_for_the_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let config = Config { data: data.clone(), ..Config::default() };
    let made = Secrets::load(&config).unwrap();
    assert_eq!(Secrets::load(&config).unwrap(), made);
    assert_ne!(made.secret_key.reveal(), made.admin_token.reveal());
    let shown = format!("{made:?}");
    assert!(
        !shown.contains(made.secret_key.reveal()) && !shown.contains(made.admin_token.reveal())
    );
    #[cfg(unix)]
    for file in ["secret.key", "admin.token"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(data.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let other = Config { data: dir.path().join("other"), ..Config::default() };
    assert_ne!(Secrets::load(&other).unwrap(), made);
}

#[test]
fn a_secret_that_is_none_is_explained_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config { data: dir.path().into(), ..Config::default() };
    for content in ["", "short\n", "with spaces with spaces with spaces with spaces"] {
        let path = dir.path().join("secret.key");
        std::fs::write(&path, content).unwrap();
        let error = Secrets::load(&config).unwrap_err();
        assert!(matches!(error, SecretsError::Unusable { .. }));
        let text = error.to_string();
        assert!(text.contains("secret.key must be at least 32 printable"), "{text}");
        assert!(text.ends_with("or delete the file and a new one is made at start"), "{text}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_changed_signature_never_signs_in(at in 0..400_usize, to in "[A-Za-z0-9*_-]") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = world(|_| {}).await;
            let mut sig = world.sig("alice", 60);
            let at = at % sig.len();
            let was = sig[at..=at].to_owned();
            sig.replace_range(at..=at, &to);
            let result = world.sign_in(&params(&sig), START).await;
            // Bits of base64 padding and of the zlib header mean nothing; nothing else may change.
            let same = calling_signaling::usersig::decode(&sig).ok()
                == calling_signaling::usersig::decode(&world.sig("alice", 60)).ok();
            assert!(result.is_err() || was == to || same);
        });
    }
}
