//! What the routes answer, and to whom.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use calling_server::auth::{Authenticator, Secrets};
use calling_server::config::Config;
use calling_server::http::{
    AppState, Client, Control, DemoAccount, Live, LiveSnapshot, Parts, router,
};
use calling_server::storage::Storage;
use calling_server::telemetry;
use common::{START, call_id, completed, facts, user};
use serde_json::{Value, json};
use tower::ServiceExt as _;

#[derive(Default)]
struct Figures(Mutex<LiveSnapshot>);

impl Live for Figures {
    fn snapshot(&self) -> LiveSnapshot {
        self.0.lock().unwrap().clone()
    }
}

struct World {
    dir: tempfile::TempDir,
    storage: Storage,
    figures: Arc<Figures>,
    auth: Arc<Authenticator>,
    admin: String,
    router: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn error(&self) -> (u16, i64, String) {
        let error = &self.json()["error"];
        let message = error["message"].as_str().unwrap().to_owned();
        (self.status.as_u16(), error["code"].as_i64().unwrap(), message)
    }
}

async fn world(change: impl FnOnce(&mut Config)) -> World {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config { data: dir.path().into(), ..Config::default() };
    change(&mut config);
    let storage = Storage::open(dir.path()).await.unwrap();
    let secrets = Secrets::load(&config).unwrap();
    let admin = secrets.admin_token.reveal().to_owned();
    let auth = Arc::new(Authenticator::new(&config, secrets, storage.clone()));
    let figures = Arc::new(Figures::default());
    let account = DemoAccount { user_id: user("alice"), user_sig: "demo-sig".into() };
    let state = AppState::new(Parts {
        config: Arc::new(config),
        storage: storage.clone(),
        auth: Arc::clone(&auth),
        exporter: telemetry::install(),
        live: Arc::clone(&figures) as Arc<dyn Live>,
        control: Control::absent(),
        demo_accounts: vec![account],
        started: Instant::now(),
        started_at: START,
    });
    World { dir, storage, figures, auth, admin, router: router(state, Router::new()) }
}

impl World {
    async fn ask(&self, request: Request) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8(bytes.into()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(request("GET", path, "192.0.2.1", headers, "")).await
    }

    async fn get_as(&self, path: &str, credentials: &str) -> Answer {
        self.get(path, &[("authorization", credentials)]).await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        let headers = [("authorization", self.as_admin())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.ask(request("POST", path, "192.0.2.1", &headers, body)).await
    }

    fn as_admin(&self) -> String {
        format!("Bearer {}", self.admin)
    }

    fn as_user(&self, name: &str) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let at = calling_model::UnixMillis(u64::try_from(now.as_millis()).unwrap());
        format!("UserSig {name}:{}", self.auth.issue(&user(name), 60, at))
    }
}

fn request(method: &str, path: &str, peer: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body.to_owned())).unwrap();
    let address = peer.parse().unwrap();
    request.extensions_mut().insert(Client { source: address, peer: address });
    request
}

fn ids(answer: &Answer) -> Vec<String> {
    let answer = answer.json();
    let records = answer["records"].as_array().unwrap();
    records.iter().map(|record| record["call_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_status_page_is_whole_and_locked_up() {
    let world = world(|_| {}).await;
    let page = world.get("/status", &[]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    for attribute in ["src=", " style=", " onclick=", "@import", "url("] {
        assert!(!page.text.contains(attribute), "the page loads or inlines by {attribute}");
    }
    for (at, _) in page.text.match_indices("http") {
        let rest = &page.text[at..];
        let allowed = ["http://www.w3.org/2000/svg"].iter().any(|known| rest.starts_with(known));
        assert!(allowed, "the page names another server: {:.60}", rest);
    }
    assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(page.headers[header::X_FRAME_OPTIONS], "DENY");
    assert_eq!(page.headers[header::REFERRER_POLICY], "no-referrer");
}

/// With the client built it is served; without, the page says so. Both are as locked up.
#[tokio::test]
async fn the_web_client_is_served_or_said_to_be_missing() {
    let world = world(|_| {}).await;
    let page = world.get("/", &[]).await;
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert_eq!(page.headers[header::X_FRAME_OPTIONS], "DENY");
    if page.status == StatusCode::NOT_FOUND {
        assert!(page.text.contains("not part of this build"), "{}", page.text);
    } else {
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-cache");
        let (_, rest) = page.text.split_once("src=\"/").expect("the page has a script");
        let script = rest.split('"').next().unwrap();
        let script = world.get(&format!("/{script}"), &[]).await;
        assert_eq!(script.status, StatusCode::OK);
        assert_eq!(script.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    }
    for path in ["/assets/none.js", "/none.js", "/assets/../index.html", "/assets/%2e%2e/x.js"] {
        assert_eq!(world.get(path, &[]).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn status_tells_figures_to_everybody_and_people_to_the_admin() {
    let world = world(|_| {}).await;
    world.storage.end_call(&completed(&facts(1, "alice", "bob")), None).await.unwrap();
    *world.figures.0.lock().unwrap() = LiveSnapshot {
        calls: 3,
        calls_connected: 2,
        signed_in_devices: 7,
        media_connections: 5,
        media_port: 8081,
        ..LiveSnapshot::default()
    };
    let status = world.get("/v1/status", &[]).await;
    let told = status.json();
    assert_eq!(told["calls"], 3);
    assert_eq!(told["calls_connected"], 2);
    assert_eq!(told["signed_in_devices"], 7);
    assert_eq!(told["media_connections"], 5);
    assert_eq!(told["media_port"], 8081);
    assert_eq!(told["started_at"], START.0);
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert!(!status.text.contains("alice") && told.get("records").is_none());

    let status = world.get_as("/v1/status", &world.as_admin()).await;
    assert_eq!(ids(&status), [call_id(1).as_str()]);
    assert!(status.json().get("accounts").is_none(), "there is no demo");
    let wrong = world.get_as("/v1/status", "Bearer wrong").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn demo_signatures_are_shown_at_the_machine_alone() {
    let demo = |config: &mut Config| config.demo = true;
    let home = [("host", "127.0.0.1:8080")];
    let ask = async |world: &World, peer: &str, headers: &[(&str, &str)]| -> bool {
        let answer = world.ask(request("GET", "/v1/status", peer, headers, "")).await;
        assert_eq!(answer.status, StatusCode::OK);
        let shown = answer.text.contains("demo-sig");
        assert_eq!(shown, answer.json().get("records").is_some());
        shown
    };
    let world_at_home = world(demo).await;
    for host in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080", "127.0.0.1"] {
        assert!(ask(&world_at_home, "127.0.0.1", &[("host", host)]).await, "{host}");
    }
    // From elsewhere, by a name that was made to point here, or through a proxy.
    assert!(!ask(&world_at_home, "192.0.2.1", &home).await);
    for host in ["evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "", "["] {
        assert!(!ask(&world_at_home, "127.0.0.1", &[("host", host)]).await, "{host}");
    }
    for mark in ["x-forwarded-for", "forwarded", "via", "x-forwarded-host"] {
        assert!(!ask(&world_at_home, "127.0.0.1", &[home[0], (mark, "x")]).await, "{mark}");
    }
    let open = |config: &mut Config| {
        demo(config);
        config.http = SocketAddr::from(([0, 0, 0, 0], 8080));
    };
    assert!(!ask(&world(open).await, "127.0.0.1", &home).await);
    let proxied = |config: &mut Config| {
        demo(config);
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    };
    assert!(!ask(&world(proxied).await, "127.0.0.1", &home).await);
    assert!(!ask(&world(|_| {}).await, "127.0.0.1", &home).await);
}

#[tokio::test]
async fn everybody_reads_their_own_records_and_the_admin_all() {
    let world = world(|_| {}).await;
    for (number, caller, callee) in [(1, "alice", "bob"), (2, "carol", "dave"), (3, "bob", "carol")]
    {
        world.storage.end_call(&completed(&facts(number, caller, callee)), None).await.unwrap();
    }
    let list = async |path: &str, credentials: &str| -> Vec<String> {
        let answer = world.get_as(path, credentials).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        ids(&answer)
    };
    let call = |number: u64| call_id(number).as_str().to_owned();
    let admin = world.as_admin();
    let bob = world.as_user("bob");
    assert_eq!(list("/v1/records", &admin).await, [call(3), call(2), call(1)]);
    assert_eq!(list("/v1/records?user=carol", &admin).await, [call(3), call(2)]);
    assert_eq!(list("/v1/records", &bob).await, [call(3), call(1)]);
    assert_eq!(list("/v1/records?user=bob", &bob).await, [call(3), call(1)]);

    let of_others = world.get_as("/v1/records?user=alice", &bob).await;
    let message = "these are the records of somebody else".to_owned();
    assert_eq!(of_others.error(), (403, -1101, message));

    // Page by page.
    let page = world.get_as("/v1/records?limit=2", &admin).await;
    assert_eq!(page.json()["next"], json!(call(2)));
    let rest = world.get_as(&format!("/v1/records?limit=2&before={}", call(2)), &admin).await;
    assert_eq!(ids(&rest), [call(1)]);
    assert!(rest.json().get("next").is_none());
}

#[tokio::test]
async fn a_record_of_others_looks_like_none() {
    let world = world(|_| {}).await;
    world.storage.end_call(&completed(&facts(1, "alice", "bob")), None).await.unwrap();
    let path = |number: u64| format!("/v1/records/{}", call_id(number).as_str());
    let own = world.get_as(&path(1), &world.as_user("alice")).await;
    assert_eq!(own.json()["caller"], "alice");
    assert_eq!(world.get_as(&path(1), &world.as_admin()).await.status, StatusCode::OK);
    let of_others = world.get_as(&path(1), &world.as_user("mallory")).await;
    let unknown = world.get_as(&path(2), &world.as_user("mallory")).await;
    let odd = world.get_as("/v1/records/a%00'--%F0%9F%92%A9", &world.as_user("mallory")).await;
    assert_eq!(of_others.error(), (404, 8010, "there is no record of such a call".to_owned()));
    assert_eq!(of_others.text, unknown.text);
    assert_eq!(of_others.text, odd.text);
    assert_eq!(world.get(&path(1), &[]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bad_questions_are_answered_with_what_is_wrong() {
    let world = world(|_| {}).await;
    for (path, expected) in [
        ("/v1/records?limit=0", "limit is 1 to 200"),
        ("/v1/records?limit=201", "limit is 1 to 200"),
        ("/v1/records?limit=x", "limit: invalid digit"),
        ("/v1/records?user=a%20b", "UserId must be 1 to 32 bytes"),
        ("/v1/records?users=a", "unknown field `users`"),
        ("/v1/records?before=", "CallId must be"),
        ("/v1/accounts?limit=100000", "limit is 1 to 1000"),
    ] {
        let (status, code, message) = world.get_as(path, &world.as_admin()).await.error();
        assert_eq!((status, code), (400, -1202), "{path}");
        assert!(message.contains(expected), "{path}: {message}");
    }
    let nowhere = world.get("/v1/nothing", &[]).await;
    assert_eq!(nowhere.error().0, 404);
    assert_eq!(world.get("/favicon.ico", &[]).await.error().0, 404);
    let method = world.ask(request("PUT", "/v1/records", "192.0.2.1", &[], "")).await;
    assert_eq!(method.error().0, 405);
    assert_eq!(method.headers[header::ALLOW], "GET,HEAD,DELETE");
}

#[tokio::test]
async fn credentials_are_checked_and_the_reason_is_told() {
    let world = world(|_| {}).await;
    let foreign = format!("UserSig bob:{}", &world.as_user("alice")[14..]);
    let cases = [
        ("Basic YTpi", 401, "use `Authorization: Bearer"),
        ("Bearer", 401, "not understood"),
        ("Bearer x", 401, "this is not the admin token"),
        ("UserSig alice", 401, "write it as"),
        ("UserSig a b:x", 401, "write it as"),
        ("UserSig alice:", 401, "the UserSig is empty"),
        ("UserSig alice:xxxx", 401, "the UserSig is not one"),
        (foreign.as_str(), 401, "was issued for another account"),
    ];
    for (credentials, expected, sentence) in cases {
        let (status, _, message) = world.get_as("/v1/records", credentials).await.error();
        assert_eq!(status, expected, "{credentials}");
        assert!(message.contains(sentence), "{credentials}: {message}");
    }
}

#[tokio::test]
async fn a_source_that_fails_too_often_waits() {
    let world = world(|config| config.limits.failed_sign_ins_per_minute = 3).await;
    for _ in 0..3 {
        assert_eq!(world.get_as("/v1/records", "Bearer x").await.error().0, 401);
    }
    let (status, code, message) = world.get_as("/v1/records", "Bearer x").await.error();
    assert_eq!((status, code), (429, 70050));
    assert_eq!(message, "too many failed attempts from this address; wait 20 s");
    // Another address is not concerned, nor is what needs no credentials.
    let admin = world.as_admin();
    let headers = [("authorization", admin.as_str())];
    let other = world.ask(request("GET", "/v1/records", "192.0.2.2", &headers, "")).await;
    assert_eq!(other.status, StatusCode::OK);
    assert_eq!(world.get("/v1/status", &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_admin_issues_signatures_that_work() {
    let world = world(|_| {}).await;
    let issued = world.post("/v1/usersig", r#"{"user_id":"alice","expire_s":60}"#).await.json();
    let sig = issued["user_sig"].as_str().unwrap();
    let answer = world.get_as("/v1/records", &format!("UserSig alice:{sig}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(issued["sdk_app_id"], 1_400_000_000);

    let alice = world.as_user("alice");
    let headers = [("authorization", alice.as_str())];
    let body = r#"{"user_id":"bob"}"#;
    let refused = world.ask(request("POST", "/v1/usersig", "192.0.2.1", &headers, body)).await;
    assert_eq!(refused.error().0, 403);
    let nobody = world.ask(request("POST", "/v1/usersig", "192.0.2.1", &[], body)).await;
    assert_eq!(nobody.error().0, 401);
}

#[tokio::test]
async fn bad_bodies_are_answered_with_what_is_wrong() {
    let world = world(|_| {}).await;
    let long = format!(r#"{{"user_id":"{}"}}"#, "x".repeat(20_000));
    let deep = "[".repeat(10_000);
    for (body, status, expected) in [
        ("", 400, "the body is not understood: EOF"),
        ("{}", 400, "missing field `user_id`"),
        (r#"{"user_id":"a b"}"#, 400, "UserId must be 1 to 32 bytes"),
        (r#"{"user_id":"a","admin":true}"#, 400, "unknown field `admin`"),
        (r#"{"user_id":"a","user_id":"b"}"#, 400, "duplicate field `user_id`"),
        (r#"{"user_id":"a","expire_s":0}"#, 400, "expire_s is 1 to 315360000"),
        (r#"{"user_id":"a","expire_s":18446744073709551615}"#, 400, "expire_s is 1 to"),
        (deep.as_str(), 400, "the body is not understood"),
        (long.as_str(), 413, "length limit exceeded"),
    ] {
        let (told, _, message) = world.post("/v1/usersig", body).await.error();
        assert_eq!(told, status, "{body:.40}");
        assert!(message.contains(expected), "{body:.40}: {message}");
    }
}

#[tokio::test]
async fn the_admin_makes_and_lists_accounts() {
    let world = world(|_| {}).await;
    assert_eq!(world.post("/v1/accounts", r#"{"user_id":"bob"}"#).await.status, 201);
    assert_eq!(world.post("/v1/accounts", r#"{"user_id":"bob"}"#).await.status, 200);
    assert_eq!(world.post("/v1/accounts", r#"{"user_id":"alice"}"#).await.status, 201);
    let names = async |path: &str| -> Vec<Value> {
        let listed = world.get_as(path, &world.as_admin()).await.json();
        listed["accounts"].as_array().unwrap().iter().map(|one| one["user_id"].clone()).collect()
    };
    assert_eq!(names("/v1/accounts").await, ["alice", "bob"]);
    assert_eq!(names("/v1/accounts?after=alice").await, ["bob"]);
    assert_eq!(world.get_as("/v1/accounts", &world.as_user("bob")).await.error().0, 403);
}

#[tokio::test]
async fn health_tells_what_fails() {
    let world = world(|_| {}).await;
    let set = |shards_alive| {
        let mut figures = world.figures.0.lock().unwrap();
        *figures = LiveSnapshot { shards: 2, shards_alive, ..LiveSnapshot::default() };
    };
    set(2);
    let well = world.get("/healthz", &[]).await;
    assert_eq!((well.status.as_u16(), well.json()["status"].as_str()), (200, Some("ok")));
    set(1);
    let ill = world.get("/healthz", &[]).await;
    assert_eq!(ill.status.as_u16(), 503);
    assert_eq!(ill.json()["media"], "1 of 2 forwarding threads do not answer");
    set(2);
    world.storage.close().await;
    let ill = world.get("/healthz", &[]).await;
    assert_eq!(ill.status.as_u16(), 503);
    assert_eq!(ill.json()["database"], "the database is closed");
    let records = world.get_as("/v1/records", &world.as_admin()).await;
    assert_eq!(records.error().0, 503);
    drop(world.dir);
}

#[tokio::test]
async fn metrics_are_text_and_name_routes_not_paths() {
    let world = world(|_| {}).await;
    world.figures.0.lock().unwrap().calls = 4;
    let _ = world.get_as("/v1/records/private-call-id", &world.as_admin()).await;
    let _ = world.get("/private-path", &[]).await;
    let metrics = world.get("/metrics", &[]).await;
    assert_eq!(metrics.headers[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    let route = r#"calling_http_requests_total{route="/v1/records/{call_id}",status="404"}"#;
    assert!(metrics.text.contains(route), "{}", metrics.text);
    assert!(metrics.text.contains("# TYPE calling_calls gauge"));
    assert!(!metrics.text.contains("private"), "{}", metrics.text);
}

#[test]
fn the_manual_lists_every_metric() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operating.md");
    let manual = std::fs::read_to_string(path).unwrap();
    let row = |metric: &telemetry::names::Metric| {
        let labels = metric.labels.split(',').filter(|label| !label.is_empty());
        let labels: Vec<_> = labels.map(|label| format!("`{label}`")).collect();
        let kind = format!("{:?}", metric.kind).to_lowercase();
        format!("| `{}` | {kind} | {} | {} |", metric.name, labels.join(", "), metric.help)
    };
    let missing: Vec<_> =
        telemetry::names::ALL.iter().map(row).filter(|row| !manual.contains(row)).collect();
    assert!(missing.is_empty(), "docs/operating.md lacks:\n{}", missing.join("\n"));
}
