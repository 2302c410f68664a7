//! `calling usersig`: what is issued is what is read.

use serde_json::json;

use crate::process::run;

/// A data folder with a key.
fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret.key"), "0123456789abcdef".repeat(4)).unwrap();
    folder
}

#[test]
fn what_is_issued_can_be_read() {
    let folder = data();
    let key = ["--data", folder.path().to_str().unwrap()];
    let issue = ["usersig", "--user", "alice", "--expire", "600", "--json"];
    let issued = run([&issue[..], &key].concat()).exits(0).json();
    let sig = issued["user_sig"].as_str().unwrap();
    let read = run(["usersig", "--decode", sig, "--json"]).exits(0).json();
    assert_eq!(read["user_id"], "alice");
    assert_eq!(read["sdk_app_id"], issued["sdk_app_id"]);
    assert_eq!(read["expired"], false);
    assert_eq!(read["room"], serde_json::Value::Null);
    let times = ["issued_at_s", "expires_at_s"].map(|name| read[name].as_u64().unwrap());
    assert_eq!(times[1] - times[0], 600);
    assert!(issued["expires_at_s"].as_u64().unwrap().abs_diff(times[1]) <= 1);

    let people = run(["usersig", "--decode", sig]).exits(0).stdout;
    for row in ["account      alice", "not checked here"] {
        assert!(people.contains(row), "no {row:?} in\n{people}");
    }
}

#[test]
fn a_room_is_granted_by_number_or_by_name() {
    let folder = data();
    let key = ["--data", folder.path().to_str().unwrap(), "--sdk-app-id", "7"];
    for (room, expected) in [
        ("4294967294", json!({ "room": 4_294_967_294_u32, "privileges": 255 })),
        ("kitchen", json!({ "room": "kitchen", "privileges": 255 })),
        ("-5", json!({ "room": "-5", "privileges": 255 })),
    ] {
        let room = format!("--room={room}");
        let issue = ["usersig", "--user", "alice", &room];
        let sig = run([&issue[..], &key].concat()).exits(0).stdout;
        let read = run(["usersig", "--decode", &sig, "--json"]).exits(0).json();
        assert_eq!(read["room"], expected);
        assert_eq!(read["sdk_app_id"], 7);
    }
    let issue = ["usersig", "--user", "alice", "--room", "1", "--privileges", "10"];
    let sig = run([&issue[..], &key].concat()).exits(0).stdout;
    let people = run(["usersig", "--decode", &sig]).exits(0).stdout;
    assert!(people.contains("privileges   10"), "{people}");
    run([&["usersig", "--user", "alice", "--room", "0"], &key[..]].concat())
        .fails(2, &["--room: "]);
    let long = format!("--room={}", "x".repeat(70_000));
    run([&["usersig", "--user", "alice", &long], &key[..]].concat()).fails(2, &["--room: "]);
}

#[test]
fn an_expired_or_foreign_text_is_told() {
    let folder = data();
    let issue = ["usersig", "--user", "alice", "--expire", "0", "--data"];
    let sig = run([&issue[..], &[folder.path().to_str().unwrap()]].concat()).exits(0).stdout;
    let read = run(["usersig", "--decode", &sig, "--json"]).exits(0).json();
    assert_eq!(read["expired"], true);
    run(["usersig", "--decode", "garbage"]).fails(2, &["is not one"]);
    run(["usersig", "--decode", ""]).fails(2, &["empty"]);
    run(["usersig", "--user", "", "--data", "/nowhere"]).fails(2, &["is no account"]);
}
