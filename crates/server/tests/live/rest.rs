//! What operators do over REST, to a running server.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use calling_signaling::call::Outcome;
use calling_signaling::protocol::{ChatEvent, Event};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::PATIENCE;
use crate::receiver::Receiver;
use crate::server::TestServer;

/// A program of an operator.
pub(crate) struct Rest {
    server: SocketAddr,
    token: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

impl Rest {
    /// With the token in the file.
    pub(crate) fn root(server: &TestServer) -> Self {
        let token = std::fs::read_to_string(server.dir.path().join("admin.token")).unwrap();
        Self { server: server.running.http_addr(), token: token.trim().to_owned() }
    }

    fn with(&self, token: &str) -> Self {
        Self { server: self.server, token: token.to_owned() }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map_or_else(String::new, |body| body.to_string());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.server,
            self.token,
            body.len()
        );
        let exchange = async {
            let mut stream = TcpStream::connect(self.server).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let answer = timeout(PATIENCE, exchange).await.expect("no answer");
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), text: text.to_owned() }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    async fn status(&self, method: &str, path: &str, body: Option<Value>) -> u16 {
        self.ask(method, path, body).await.status
    }
}

#[tokio::test]
async fn calls_in_progress_are_listed_and_ended() {
    let server = TestServer::start().await;
    let rest = Rest::root(&server);
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut carol = server.client("carol", "phone").await;
    let mut dave = server.client("dave", "phone").await;
    let talking = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    bob.accept(&talking).await;
    alice.accepted().await;
    let ringing = carol.call("dave").await.unwrap().facts.call_id;
    dave.invited().await;

    let listed = rest.get("/v1/calls").await;
    let calls: BTreeMap<&str, &Value> = listed["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| (call["call_id"].as_str().unwrap(), call))
        .collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[talking.as_str()]["caller"], "alice");
    assert!(calls[talking.as_str()]["connected_at"].is_u64());
    assert!(calls[ringing.as_str()].get("connected_at").is_none());
    let one = rest.get(&format!("/v1/calls/{}", talking.as_str())).await;
    assert_eq!(one["callees"], json!(["bob"]));

    for call_id in [&talking, &ringing] {
        let path = format!("/v1/calls/{}", call_id.as_str());
        assert_eq!(rest.status("DELETE", &path, None).await, 204);
    }
    let ended =
        |event: &Event, wanted| matches!(event, Event::Ended { outcome, .. } if *outcome == wanted);
    assert!(ended(&alice.ended().await, Outcome::Interrupted));
    assert!(ended(&bob.ended().await, Outcome::Interrupted));
    assert!(ended(&carol.ended().await, Outcome::Interrupted));
    dave.event(|event| matches!(event, Event::Cancelled { .. })).await;
    for call_id in [talking.as_str(), "unknown", "a%20b"] {
        let path = format!("/v1/calls/{call_id}");
        assert_eq!(rest.status("DELETE", &path, None).await, 404);
        assert_eq!(rest.status("GET", &path, None).await, 404);
    }
    assert_eq!(server.stop().await.len(), 2);
}

#[tokio::test]
async fn a_call_is_started_in_the_name_of_an_account() {
    let server = TestServer::start().await;
    let rest = Rest::root(&server);
    let mut bob = server.client("bob", "phone").await;
    let body = |caller: &str, callee: &str| {
        Some(json!({ "caller": caller, "callees": [callee], "media_type": "audio" }))
    };
    assert_eq!(rest.status("POST", "/v1/calls", body("robot", "bob")).await, 404);
    rest.ask("POST", "/v1/accounts", Some(json!({ "user_id": "robot" }))).await;
    assert_eq!(rest.status("POST", "/v1/calls", body("robot", "nobody")).await, 404);
    assert_eq!(rest.status("POST", "/v1/calls", body("robot", "robot")).await, 400);

    let placed = rest.ask("POST", "/v1/calls", body("robot", "bob")).await;
    assert_eq!(placed.status, 201, "{placed:?}");
    let call_id = bob.invited().await;
    assert_eq!(placed.json()["call_id"], call_id.as_str());
    // An account is in one call at a time, this one as well.
    assert_eq!(rest.status("POST", "/v1/calls", body("robot", "bob")).await, 409);
    bob.accept(&call_id).await;
    let path = format!("/v1/calls/{}", call_id.as_str());
    assert!(rest.get(&path).await["connected_at"].is_u64());
    bob.hang_up(&call_id).await;
    bob.ended().await;

    // Its device went with the call: the next call is a new one.
    let again = rest.ask("POST", "/v1/calls", body("robot", "bob")).await;
    assert_eq!(again.status, 201, "{again:?}");
    let second = bob.invited().await;
    assert_ne!(second, call_id);
    assert_eq!(rest.get("/v1/accounts/robot/devices").await["devices"], json!([]));
    let path = format!("/v1/calls/{}", second.as_str());
    assert_eq!(rest.status("DELETE", &path, None).await, 204);
    bob.event(|event| matches!(event, Event::Cancelled { .. })).await;
    let outcomes: Vec<_> = server.stop().await.iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, [Outcome::Interrupted, Outcome::Completed]);
}

#[tokio::test]
async fn devices_are_listed_and_kicked() {
    let server = TestServer::start().await;
    let rest = Rest::root(&server);
    let mut alice = server.client("alice", "phone").await;
    let mut phone = server.client("bob", "phone").await;
    let mut tablet = server.client("bob", "tablet").await;
    let devices = rest.get("/v1/accounts/bob/devices").await;
    assert_eq!(devices["devices"], json!(["phone", "tablet"]));
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    phone.invited().await;
    phone.accept(&call_id).await;
    alice.accepted().await;
    assert_eq!(rest.status("DELETE", "/v1/accounts/bob/devices/phone", None).await, 200);
    phone.event(|event| matches!(event, Event::KickedOffline {})).await;
    assert_eq!(phone.closed().await, 4003);
    let ended = alice.ended().await;
    assert!(
        matches!(ended, Event::Ended { outcome: Outcome::Completed, .. }),
        "it left: {ended:?}"
    );
    assert_eq!(rest.status("DELETE", "/v1/accounts/bob/devices/phone", None).await, 404);
    assert_eq!(rest.status("DELETE", "/v1/accounts/bob", None).await, 204);
    assert_eq!(tablet.closed().await, 4003, "a deleted account is signed out");
    assert_eq!(rest.status("GET", "/v1/accounts/bob", None).await, 404);
}

#[tokio::test]
async fn messages_of_operators_reach_devices() {
    let server = TestServer::start().await;
    let rest = Rest::root(&server);
    let mut bob = server.client("bob", "phone").await;
    let hostile = "'); DROP TABLE messages; -- %s%n \u{202e}";
    let account = json!({ "user_id": "news", "nickname": hostile });
    assert_eq!(rest.status("POST", "/v1/accounts", Some(account)).await, 201);
    assert_eq!(rest.get("/v1/accounts/news").await["nickname"], hostile);

    let message = json!({ "from": "news", "user": "bob", "text": hostile, "client_id": "n-1" });
    assert_eq!(rest.status("POST", "/v1/messages", Some(message.clone())).await, 201);
    assert_eq!(rest.status("POST", "/v1/messages", Some(message)).await, 200, "sent before");
    let event = bob.event(|event| matches!(event, Event::Message(_))).await;
    let Event::Message(told) = event else { unreachable!() };
    assert_eq!(told.text.as_deref(), Some(hostile));

    let group =
        json!({ "group_id": "a/b?c", "name": hostile, "owner": "news", "members": ["bob"] });
    assert_eq!(rest.status("POST", "/v1/groups", Some(group.clone())).await, 201);
    assert_eq!(rest.status("POST", "/v1/groups", Some(group)).await, 409);
    assert_eq!(rest.get("/v1/groups/a%2Fb%3Fc").await["name"], hostile);
    let members = rest.get("/v1/groups/a%2Fb%3Fc/members").await;
    assert_eq!(members["members"][0]["user_id"], "bob");
    let message = json!({ "from": "news", "group": "a/b?c", "custom": "{}" });
    let sent = rest.ask("POST", "/v1/messages", Some(message)).await.json();
    bob.event(|event| matches!(event, Event::Message(told) if told.group_id.is_some())).await;

    let path = format!("/v1/messages?group=a%2Fb%3Fc&seq={}", sent["seq"]);
    assert_eq!(rest.status("DELETE", &path, None).await, 204, "a custom one, too");
    let recalled =
        |event: &Event| matches!(event, Event::Chat(ChatEvent::MessageRecalled { by: None, .. }));
    bob.event(recalled).await;
    let listed = rest.get("/v1/messages?group=a%2Fb%3Fc").await;
    assert_eq!(
        (&listed["messages"][0]["recalled"], &listed["messages"][0]["custom"]),
        (&true.into(), &"".into())
    );
    let listed = rest.get("/v1/messages?user=bob&peer=news").await;
    assert_eq!(listed["messages"][0]["text"], hostile);
    let conversations = rest.get("/v1/accounts/bob/conversations?limit=1").await;
    assert_eq!(conversations["conversations"][0]["conversation"], json!({ "group": "a/b?c" }));
    let next = conversations["next"].as_str().unwrap().replace('/', "%2F").replace('?', "%3F");
    let rest_of_it = rest.get(&format!("/v1/accounts/bob/conversations?after={next}")).await;
    assert_eq!(rest_of_it["conversations"][0]["unread"], 1);

    for (method, path, body, expected) in [
        ("POST", "/v1/messages", json!({ "from": "nobody", "user": "bob", "text": "x" }), 404),
        ("POST", "/v1/messages", json!({ "from": "bob", "group": "nowhere", "text": "x" }), 404),
        ("POST", "/v1/messages", json!({ "from": "bob", "user": "news" }), 400),
        ("POST", "/v1/messages", json!({ "from": "bob", "text": "x" }), 400),
        ("POST", "/v1/groups/a%2Fb%3Fc/members", json!({ "users": ["nobody"] }), 404),
        ("PATCH", "/v1/groups/a%2Fb%3Fc/members/bob", json!({ "role": "king" }), 400),
        ("PATCH", "/v1/groups/a%2Fb%3Fc/members/bob", json!({ "role": "owner" }), 204),
        ("DELETE", "/v1/groups/a%2Fb%3Fc/members/news", json!({}), 204),
        ("DELETE", "/v1/groups/a%2Fb%3Fc/members/news", json!({}), 404),
        ("PATCH", "/v1/groups/a%2Fb%3Fc", json!({ "name": "x".repeat(501) }), 400),
        ("DELETE", "/v1/groups/a%2Fb%3Fc", json!({}), 204),
        ("GET", "/v1/groups/a%2Fb%3Fc", json!({}), 404),
    ] {
        assert_eq!(rest.status(method, path, Some(body)).await, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn tokens_open_what_their_scope_says_until_they_are_withdrawn() {
    let server = TestServer::start().await;
    let root = Rest::root(&server);
    let make = async |name: &str, scope: &str| {
        let body = json!({ "name": name, "scope": scope });
        root.ask("POST", "/v1/tokens", Some(body)).await
    };
    let reader = root.with(make("reader", "read").await.json()["token"].as_str().unwrap());
    let writer = root.with(make("writer", "write").await.json()["token"].as_str().unwrap());
    assert_eq!(make("writer", "read").await.status, 409);
    for name in ["", "admin", "a b", &"x".repeat(65), "'--"] {
        assert_eq!(make(name, "read").await.status, 400, "{name}");
    }
    let account = || Some(json!({ "user_id": "bob" }));
    reader.get("/v1/accounts").await;
    reader.get("/v1/audit").await;
    assert_eq!(reader.status("POST", "/v1/accounts", account()).await, 403);
    assert_eq!(reader.status("DELETE", "/v1/records?user=bob", None).await, 403);
    assert_eq!(writer.status("POST", "/v1/accounts", account()).await, 201);
    let token = || Some(json!({ "name": "mine", "scope": "write" }));
    assert_eq!(writer.status("POST", "/v1/tokens", token()).await, 403, "only the one in the file");
    assert_eq!(writer.status("DELETE", "/v1/tokens/reader", None).await, 403);

    let listed = root.ask("GET", "/v1/tokens", None).await;
    let names: Vec<_> = listed.json()["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| (token["name"].clone(), token["scope"].clone()))
        .collect();
    assert_eq!(names, [("reader".into(), "read".into()), ("writer".into(), "write".into())]);
    assert!(!listed.text.contains(&reader.token));
    assert_eq!(root.status("DELETE", "/v1/tokens/writer", None).await, 204);
    assert_eq!(writer.status("GET", "/v1/accounts", None).await, 401);
    assert_eq!(root.status("DELETE", "/v1/tokens/writer", None).await, 404);

    // Neither is in the database, whoever reads it.
    let dir = server.dir;
    server.running.stop().await;
    let database = std::fs::read(dir.path().join("calling.db")).unwrap();
    for token in [&reader.token, &writer.token] {
        let found = database.windows(token.len()).any(|part| part == token.as_bytes());
        assert!(!found);
    }
}

#[tokio::test]
async fn every_change_is_in_the_audit_log_with_who_what_and_how_it_went() {
    let server = TestServer::start().await;
    let root = Rest::root(&server);
    let token = json!({ "name": "shop", "scope": "write" });
    let token = root.ask("POST", "/v1/tokens", Some(token)).await.json();
    let shop = root.with(token["token"].as_str().unwrap());
    shop.status("POST", "/v1/accounts", Some(json!({ "user_id": "bob" }))).await;
    shop.status("DELETE", "/v1/calls/unknown", None).await;
    shop.get("/v1/accounts").await;
    let log = root.get("/v1/audit").await;
    let rows: Vec<_> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            assert_eq!(entry["source"], "127.0.0.1");
            (text("who"), text("action"), text("target"), entry["status"].as_u64().unwrap())
        })
        .collect();
    let row = |who: &str, action: &str, target: &str, status| {
        (who.to_owned(), action.to_owned(), target.to_owned(), status)
    };
    assert_eq!(
        rows,
        [
            row("shop", "end_call", "unknown", 404),
            row("shop", "create_account", "bob", 201),
            row("admin", "create_token", "shop", 201),
        ]
    );
    let page = root.get("/v1/audit?limit=1&before=2").await;
    assert_eq!(page["entries"][0]["seq"], 1);
}

/// What each route that changes something takes to get as far as doing it.
fn body_of(path: &str, method: &str) -> Option<Value> {
    let body = match (method, path) {
        ("post", "/v1/accounts") => json!({ "user_id": "x" }),
        ("post", "/v1/usersig") => json!({ "user_id": "x" }),
        ("post", "/v1/groups") => json!({ "owner": "x" }),
        ("post", "/v1/groups/{group_id}/members") => json!({ "users": [] }),
        ("post", "/v1/messages") => json!({ "from": "x", "user": "y", "text": "z" }),
        ("post", "/v1/calls") => json!({ "caller": "x", "callees": ["y"], "media_type": "audio" }),
        ("post", "/v1/tokens") => json!({ "name": "x", "scope": "read" }),
        ("patch", "/v1/groups/{group_id}") => json!({ "name": "x" }),
        ("patch", _) => json!({}),
        _ => return None,
    };
    Some(body)
}

#[tokio::test]
async fn every_described_route_is_there_closed_to_strangers_and_noted_when_it_changes_something() {
    let server = TestServer::start().await;
    let root = Rest::root(&server);
    let nobody = root.with("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    let document = root.get("/v1/openapi.json").await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let mut noted = 0;
    let mut routes = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            routes += 1;
            assert!(operation["tags"][0].is_string() && operation["summary"].is_string());
            let query = match (path.as_str(), method.as_str()) {
                ("/v1/messages", "get") => "?user=x&peer=y",
                ("/v1/messages", _) => "?user=x&peer=y&seq=1",
                ("/v1/records", "delete") => "?user=x",
                _ => "",
            };
            let url = format!("{path}{query}")
                .replace("{user_id}", "x")
                .replace("{group_id}", "g")
                .replace("{call_id}", "c")
                .replace("{device_id}", "d")
                .replace("{event_id}", "e")
                .replace("{name}", "n");
            let verb = method.to_uppercase();
            let asked = root.ask(&verb, &url, body_of(path, method)).await;
            let known = [200, 201, 204, 404, 409];
            assert!(known.contains(&asked.status), "{verb} {url}: {asked:?}");
            assert!(!asked.text.contains("there is nothing here"), "{verb} {url}: {asked:?}");
            noted += usize::from(method != "get");
            if routes <= 5 {
                // Beyond, the address has to wait, which closes as well.
                assert_eq!(nobody.ask(&verb, &url, body_of(path, method)).await.status, 401);
            }
        }
    }
    assert!(routes > 35 && noted > 20, "{routes} {noted}");
    let log = root.get("/v1/audit?limit=1000").await;
    assert_eq!(log["entries"].as_array().unwrap().len(), noted);
}

#[tokio::test]
async fn the_page_that_shows_rest_loads_nothing_from_elsewhere() {
    let server = TestServer::start().await;
    let page = Rest::root(&server).with("").ask("GET", "/docs", None).await;
    // Credentials that are none are not looked at where nobody needs any.
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-security-policy: default-src 'none'; style-src 'sha256-"));
    assert!(!page.head.contains("unsafe"));
    for loading in ["src=", "http:", "https:", "//", "@import", "url(", " style=", " onclick="] {
        assert!(!page.text.contains(loading), "the page loads or inlines by {loading}");
    }
    assert!(page.text.contains("fetch(\"/v1/openapi.json\")"));
}

#[tokio::test]
async fn a_token_that_floods_is_slowed_down_and_no_other() {
    let server = TestServer::with(|config| config.limits.rest_requests_per_second = 1).await;
    let root = Rest::root(&server);
    let body = json!({ "name": "flood", "scope": "read" });
    let made = root.ask("POST", "/v1/tokens", Some(body)).await.json();
    let flood = root.with(made["token"].as_str().unwrap());
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(flood.status("GET", "/v1/accounts", None).await);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(statuses[..2], [200, 200]);
    assert_eq!(root.status("GET", "/v1/accounts", None).await, 200);
}

#[tokio::test]
async fn records_are_filtered_paged_and_deleted() {
    let server = TestServer::start().await;
    let rest = Rest::root(&server);
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut ids = Vec::new();
    for reject in [true, false, true, false] {
        let (caller, callee) = if reject { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
        let called = if reject { "bob" } else { "alice" };
        let call_id = caller.call(called).await.unwrap().facts.call_id;
        callee.invited().await;
        if reject {
            let request = calling_signaling::protocol::Request::Reject {
                call_id: call_id.clone(),
                busy: false,
            };
            callee.ask(request).await.unwrap();
            callee.ended().await;
        } else {
            caller.hang_up(&call_id).await;
            callee.event(|event| matches!(event, Event::Cancelled { .. })).await;
        }
        caller.ended().await;
        ids.push(call_id.as_str().to_owned());
    }
    let listed = async |query: &str| -> Vec<String> {
        let page = rest.get(&format!("/v1/records?{query}")).await;
        let records = page["records"].as_array().unwrap();
        records.iter().map(|record| record["call_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed("outcome=rejected").await, [ids[2].clone(), ids[0].clone()]);
    assert_eq!(listed("user=bob&outcome=cancelled&limit=1").await, [ids[3].clone()]);
    let page = rest.get("/v1/records?outcome=cancelled&limit=1").await;
    let next = page["next"].as_str().unwrap();
    assert_eq!(listed(&format!("outcome=cancelled&before={next}")).await, [ids[1].clone()]);
    let third = rest.get(&format!("/v1/records/{}", ids[2])).await["started_at"].clone();
    assert_eq!(listed(&format!("from={third}")).await.len(), 2);
    assert_eq!(listed(&format!("until={third}&user=alice")).await.len(), 2);
    assert_eq!(listed("user=mallory").await.len(), 0);

    assert_eq!(rest.status("DELETE", "/v1/records", None).await, 400, "never all by mistake");
    let path = format!("/v1/records/{}", ids[0]);
    assert_eq!(rest.status("DELETE", &path, None).await, 204);
    assert_eq!(rest.status("DELETE", &path, None).await, 404);
    let deleted = rest.ask("DELETE", "/v1/records?outcome=cancelled&user=bob", None).await;
    assert_eq!(deleted.json()["deleted"], 2);
    assert_eq!(listed("").await, [ids[2].clone()]);
}

#[tokio::test]
async fn dead_letters_are_listed_sent_again_and_deleted() {
    let refuse = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let refused = std::sync::Arc::clone(&refuse);
    let mut receiver = Receiver::answering(move |_| {
        if refused.load(std::sync::atomic::Ordering::Relaxed) { 500 } else { 200 }
    })
    .await;
    let server = TestServer::with(|config| {
        config.webhooks.url = Some(receiver.url());
        config.webhooks.max_attempts = 1;
    })
    .await;
    let rest = Rest::root(&server);
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    alice.event(|event| matches!(event, Event::Ringing { .. })).await;
    alice.hang_up(&call_id).await;
    alice.ended().await;
    let names = [
        "caller_start_call",
        "callee_receive_call",
        "caller_cancel_call",
        "callee_call_canceled",
        "record",
    ];
    for _ in names {
        assert_eq!(receiver.posted().await.status, 500);
    }
    // They are noted a moment after they were answered.
    let dead = loop {
        let dead = rest.get("/v1/webhooks/dead").await["dead"].as_array().unwrap().clone();
        if dead.len() == names.len() {
            break dead;
        }
    };
    let events: Vec<_> = dead.iter().map(|one| one["body"]["Event"].as_str().unwrap()).collect();
    assert_eq!(events, names);
    assert_eq!(dead[0]["last_error"], "it was answered with 500");
    assert_eq!(rest.get("/v1/webhooks").await, json!({ "pending": 0, "dead": 5 }));
    let page = rest.get(&format!("/v1/webhooks/dead?limit=1&after={}", dead[1]["seq"])).await;
    assert_eq!(page["dead"][0]["event_id"], dead[2]["event_id"]);

    refuse.store(false, std::sync::atomic::Ordering::Relaxed);
    let path = |at: usize| format!("/v1/webhooks/dead/{}", dead[at]["event_id"].as_str().unwrap());
    assert_eq!(rest.status("DELETE", &path(1), None).await, 204);
    assert_eq!(rest.status("DELETE", &path(1), None).await, 404);
    assert_eq!(rest.status("POST", &format!("{}/resend", path(3)), None).await, 200);
    assert_eq!(receiver.posted().await.body["Event"], "callee_call_canceled");
    assert_eq!(rest.status("POST", "/v1/webhooks/dead/unknown/resend", None).await, 404);
    let resent = rest.ask("POST", "/v1/webhooks/dead/resend", None).await;
    assert_eq!(resent.json()["resent"], 3);
    for name in ["caller_start_call", "caller_cancel_call", "record"] {
        assert_eq!(receiver.posted().await.body["Event"], name);
    }
}

#[tokio::test]
async fn a_record_of_others_cannot_be_had_by_guessing() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    alice.hang_up(&call_id).await;
    alice.ended().await;
    let root = Rest::root(&server);
    let sig = root.ask("POST", "/v1/usersig", Some(json!({ "user_id": "mallory" }))).await.json();
    let sig = sig["user_sig"].as_str().unwrap();
    let ask = async |method: &str, path: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: UserSig mallory:{sig}\r\n\
             connection: close\r\n\r\n"
        );
        let mut stream = TcpStream::connect(server.running.http_addr()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse::<u16>().unwrap(), text.to_owned())
    };
    let guessed = ask("GET", &format!("/v1/records/{}", call_id.as_str())).await;
    let unknown = ask("GET", &format!("/v1/records/{}", "0".repeat(32))).await;
    assert_eq!(guessed, unknown);
    assert_eq!(guessed.0, 404);
    assert_eq!(ask("DELETE", &format!("/v1/records/{}", call_id.as_str())).await.0, 403);
    for path in ["/v1/calls", "/v1/accounts", "/v1/audit", "/v1/messages?user=alice&peer=bob"] {
        assert_eq!(ask("GET", path).await.0, 403, "{path}");
    }
}
