//! Configuration: every mistake is explained with its place, and the layers win in their order.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use calling_server::config::{
    Config, KEYS, LogFormat, Origin, Overrides, Sources, check, check_file,
};
use calling_server::fuzz;
use proptest::prelude::*;

fn explain(text: &str) -> String {
    let problems = check(Path::new("calling.toml"), text);
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn load(file: Option<&str>, env: &[(&str, &str)], overrides: Overrides) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = file.map(|text| {
        let path = dir.path().join("calling.toml");
        std::fs::write(&path, text).unwrap();
        path
    });
    let env = env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let place = format!("{}/", dir.path().display());
    Config::load(&Sources { file, env, overrides })
        .map_err(|error| error.to_string().replace(&place, ""))
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(load(Some(""), &[], Overrides::default()), Ok(Config::default()));
    assert_eq!(load(None, &[], Overrides::default()), Ok(Config::default()));
}

#[test]
fn every_kind_of_mistake_is_explained() {
    insta::assert_snapshot!(explain(
        r#"
htpp = "127.0.0.1:8080"
http = 8080
media = "0.0.0.0"
public_ip = "example.org"
data = ["a"]
trusted_proxies = ["10.0.0.1", "proxy"]
sdk_app_id = 0
secret_key = "tiny"
auto_create_accounts = "yes"
demo = 1
ring_timeout_s = 5
colour = "blue"
ice_servers = [{ urls = ["http://example.org"] }]
signaling = "fast"

[call]
ring_timeout_s = 301
max_call_s = -1
volume_interval_ms = 99.5
ringtone = "x"

[limits]
connection = 5
calls = 0x0

[log]
filter = "inof"
format = "xml"

[limts]
calls = 1
"#
    ));
}

#[test]
fn addresses_are_explained() {
    let text = |address| explain(&format!("http = \"{address}\""));
    let all = ["127.0.0.1", "8080", ":8080", "localhost:8080", "127.0.0.1:99999", "[::1]", ""];
    insta::assert_snapshot!(all.map(text).join("\n"));
}

#[test]
fn broken_toml_is_explained_where_it_breaks() {
    let all = ["http = ", "http = \"a", "[call", "a = 1\na = 2", "\u{7}", "x = 1 y = 2", "= 3"];
    insta::assert_snapshot!(all.map(explain).join("\n"));
}

#[test]
fn ice_servers_are_explained() {
    let all = [
        "ice_servers = \"stun:a\"",
        "ice_servers = [1]",
        "[[ice_servers]]\nurl = \"stun:a\"",
        "[[ice_servers]]\nusername = \"a\"",
        "[[ice_servers]]\nurls = \"stun:a\"",
        "[[ice_servers]]\nurls = [\"stun://a\"]",
        "[[ice_servers]]\nurls = [\"stun:a\"]\ncredential = 5",
        "[turn]\nurls = [\"stun:a\"]\nsecret = \"short\"",
        "[turn]\nurls = [\"turn://a\"]\nttl_s = 59",
    ];
    insta::assert_snapshot!(all.map(explain).join("\n"));
}

#[test]
fn columns_count_characters() {
    let problems = check(Path::new("a.toml"), "# é\ndata = \"ü\" # ü\nlog = { format = \"ü\" }");
    let places: Vec<_> = problems.iter().map(|p| (p.line(), p.column())).collect();
    assert_eq!(places, [(Some(3), Some(18))]);
}

#[test]
fn secrets_are_never_repeated() {
    let told = explain("secret_key = \"short-but-secret\"\n");
    assert!(!told.is_empty() && !told.contains("secret\""), "{told}");
    let told = explain("secret_key = 31415926535897932384626433832795028841971");
    assert!(!told.is_empty() && !told.contains("3141"), "{told}");
    let key = "k".repeat(40);
    let config = load(Some(&format!("secret_key = \"{key}\"")), &[], Overrides::default()).unwrap();
    assert!(!format!("{config:?}").contains(&key));
}

#[test]
fn what_concerns_two_settings_is_told_at_one() {
    let all = [
        "[call]\nring_timeout_s = 200",
        "[call]\nmax_ring_timeout_s = 10",
        "[turn]\nurls = [\"turn:a\"]",
        "[turn]\nsecret = \"0123456789abcdef0123456789abcdef\"",
        "[tls]\ncert = \"cert.pem\"",
        "[tls]\nkey = \"key.pem\"",
        "[tls]\ncert = \"/nowhere/cert.pem\"\nkey = \"/nowhere/key.pem\"",
        "[tls]\ncert = \"/dev/zero\"\nkey = \"/nowhere/key.pem\"",
    ];
    insta::assert_snapshot!(all.map(explain).join("\n"));
}

#[test]
fn a_tls_file_without_a_certificate_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let cert = dir.path().join("cert.pem");
    std::fs::write(&cert, "hello").unwrap();
    let told = explain(&format!("[tls]\ncert = {cert:?}\nkey = {cert:?}"));
    assert!(told.starts_with("calling.toml:2:8: tls.cert: "), "{told}");
    assert!(told.ends_with("holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"));
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("calling.toml");
    let missing = check_file(&path);
    assert_eq!(missing[0].message, "there is no such file; check --config");
    std::fs::write(&path, b"http = \"\xff\"").unwrap();
    let not_text = check_file(&path);
    assert_eq!((not_text[0].line(), not_text[0].column()), (Some(1), Some(9)));
    assert_eq!(not_text[0].message, "is not UTF-8 text; save it as UTF-8");
}

#[test]
fn flags_win_over_environment_and_environment_over_file() {
    let file = "http = \"127.0.0.1:1\"\nmedia = \"127.0.0.1:1\"\ndata = \"file\"\ndemo = false";
    let env = [
        ("CALLING_HTTP", "127.0.0.1:2"),
        ("CALLING_DATA", "env"),
        ("CALLING_CALL_RING_TIMEOUT_S", "7"),
        ("CALLING_DEMO", "1"),
        ("CALLING_TRUSTED_PROXIES", "127.0.0.1, ::1"),
        ("CALLING_ICE_SERVERS", "stun:a:3478, turn:b:3478"),
        ("CALLING_TURN_URLS", "turn:c:3478, turns:d"),
        ("CALLING_TURN_SECRET", "0123456789abcdef0123456789abcdef"),
        ("CALLING_TURN_TTL_S", "600"),
        ("CALLING_LOG_FORMAT", "json"),
        ("HOME", "/nowhere"),
        ("CALLING_SOMETHING_OF_ANOTHER_PROGRAM", "x"),
    ];
    let flags = Overrides { http: Some("127.0.0.1:3".into()), ..Overrides::default() };
    let config = load(Some(file), &env, flags).unwrap();
    assert_eq!(config.http, SocketAddr::from(([127, 0, 0, 1], 3)));
    assert_eq!(config.media, SocketAddr::from(([127, 0, 0, 1], 1)));
    assert_eq!(config.data, PathBuf::from("env"));
    assert_eq!(config.call.ring_timeout_s, 7);
    assert!(config.demo);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.ice_servers.len(), 2);
    assert_eq!(config.turn.urls, ["turn:c:3478", "turns:d"]);
    assert!(config.turn.secret.is_some() && config.turn.ttl_s == 600);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn mistakes_in_environment_and_flags_read_like_those_in_files() {
    let env = [
        ("CALLING_HTPP", "x"),
        ("CALLING_DEMO", "maybe"),
        ("CALLING_CALL_MAX_CALL_S", "1e9"),
        ("CALLING_PUBLIC_IP", "0.0.0.0"),
    ];
    let flags = Overrides {
        media: Some("8081".into()),
        tls_cert: Some("cert.pem".into()),
        ..Overrides::default()
    };
    insta::assert_snapshot!(load(Some("x = 1"), &env, flags).unwrap_err());
}

#[test]
fn the_example_is_valid_and_shows_every_key_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("calling.example.toml");
    assert_eq!(check_file(&path), []);
    let text = std::fs::read_to_string(path).unwrap();
    let uncommented: String = text
        .lines()
        .map(|line| line.trim_start_matches("#: "))
        .fold(String::new(), |all, line| all + line + "\n");
    let problems = check(Path::new("example"), &uncommented);
    let unreadable = |key: &str| key.starts_with("tls.");
    assert!(problems.iter().all(|problem| unreadable(&problem.key)), "{problems:?}");
    for key in KEYS {
        let name = key.name.rsplit('.').next().unwrap();
        let shown = text.contains(&format!("{name} = ")) || text.contains(&format!("[[{name}]]"));
        assert!(shown, "{} is missing in the example", key.name);
    }
}

#[test]
fn the_manual_lists_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let text = std::fs::read_to_string(path).unwrap();
    let row = |key: &calling_server::config::Key| {
        let flag = key.flag.map_or("–".to_owned(), |flag| format!("`{flag}`"));
        let (name, env, default, help) = (key.name, key.env(), key.default, key.help);
        format!("| `{name}` | `{env}` | {flag} | {default} | {help} |")
    };
    let missing: Vec<_> = KEYS.iter().map(row).filter(|row| !text.contains(row)).collect();
    assert!(missing.is_empty(), "docs/configuration.md lacks:\n{}", missing.join("\n"));
}

#[test]
fn problems_know_where_they_are_from() {
    let flags = Overrides { http: Some("x".into()), ..Overrides::default() };
    let sources = Sources { file: None, env: Vec::new(), overrides: flags };
    let error = Config::load(&sources).unwrap_err();
    assert_eq!(error.problems[0].origin, Origin::Flag("--http"));
    assert_eq!(error.problems[0].key, "http");
}

/// Words a mutated file is made of, so that mutations reach beyond the parser.
fn words() -> impl Strategy<Value = String> {
    let names: Vec<&str> = KEYS.iter().flat_map(|key| key.name.split('.')).collect();
    let name = prop::sample::select(names).prop_map(str::to_owned);
    let value = prop::sample::select(vec!["1", "-1", "true", "\"x\"", "[1]", "{}", "0xff", "1e3"])
        .prop_map(str::to_owned);
    let glue = prop::sample::select(vec![" = ", "\n", "[", "]", ".", "[[", "]]", "\"", "é", "\0"])
        .prop_map(str::to_owned);
    prop_oneof![name, value, glue]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_explained_without_a_panic(words in prop::collection::vec(words(), 0..20)) {
        fuzz::config(words.concat().as_bytes());
    }

    #[test]
    fn any_bytes_are_explained_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        fuzz::config(&bytes);
    }
}
