//! What can go wrong before anything works: one line that says what to do, and a code.

use std::io::Write;
use std::net::{TcpListener, UdpSocket};

use crate::process::{Process, run};
use crate::server::Server;

fn call(server: &Server, flags: &[&str]) -> crate::process::Finished {
    server.call("alice", "bob", flags).finish()
}

#[test]
fn a_call_that_cannot_be_is_refused_before_any_phone_rings() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let bob = server.answer("bob", &["--auto"]);
    let no_wav = folder.path().join("text.wav");
    std::fs::write(&no_wav, "this is text").unwrap();
    let file = |flag, path: &str| call(&server, &[flag, path]);
    file("--play", no_wav.to_str().unwrap())
        .fails(2, &["text.wav is not a WAV file", "convert it"]);
    file("--play", "/nowhere/a.wav").fails(2, &["cannot read /nowhere/a.wav", "check the path"]);
    file("--play", "/").fails(2, &["cannot read /"]);
    file("--record", "/nowhere/a.wav").fails(5, &["cannot write /nowhere/a.wav", "check that"]);
    for flags in [&[][..], &["--json"]] {
        server.call("alice", "nobody", flags).finish().fails(4, &["no such account", "-2200"]);
        server.call("alice", "alice", flags).finish().fails(4, &["call oneself", "-1202"]);
    }
    server.call("alice", "no body", &[]).finish().fails(2, &["\"no body\" is no account"]);
    server.call("no body", "bob", &[]).finish().fails(2, &["\"no body\" is no account"]);
    assert!(server.records().is_empty(), "{:#?}", server.records());
    bob.signal("INT");
    let bob = bob.finish();
    assert!(!bob.stderr.contains("calls"), "{bob:#?}");
}

#[test]
fn a_wrong_user_sig_is_told_with_its_code() {
    let server = Server::start();
    let with = |sig: &str, flags: &[&str]| {
        call(&server, &[&["--user-sig", sig, "--json"], flags].concat())
    };
    with("garbage", &[]).fails(4, &["is not one", "70003"]);
    let good = server.user_sig("alice", &[]);
    with(&good[..good.len() - 4], &[]).fails(4, &["cut short", "70003"]);
    let other_key = Server::start().user_sig("alice", &[]);
    with(&other_key, &[]).fails(4, &["another secret key", "70009"]);
    with(&server.user_sig("bob", &[]), &[]).fails(4, &["another account", "70013"]);
    with(&server.user_sig("alice", &["--expire", "0"]), &[]).fails(4, &["expired", "70001"]);
    let other_app = server.user_sig("alice", &["--sdk-app-id", "7"]);
    with(&other_app, &[]).fails(4, &["another application", "70014"]);
    with(&good, &["--sdk-app-id", "7"]).fails(4, &["another application", "70014"]);
    with("", &[]).fails(4, &["empty", "70002"]);
}

#[test]
fn no_server_or_another_one_is_told() {
    let server = Server::start();
    let sig = server.user_sig("alice", &[]);
    let at = |url: &str| run(["call", "bob", "--as", "alice", "--user-sig", &sig, "--server", url]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    at(&format!("ws://{free}")).fails(4, &["cannot reach the server", "is it running"]);
    for url in ["http://127.0.0.1:8080", "127.0.0.1:8080", "nonsense", "ws://", ""] {
        at(url).fails(2, &["server: ", "is no address such as ws://127.0.0.1:8080"]);
    }
    for answer in ["220 mail.example.org ESMTP\r\n", "HTTP/1.1 404 Not Found\r\n\r\n", ""] {
        at(&talkative(answer)).fails(4, &["the other end is no calling server"]);
    }
    at(&format!("wss://{}", server.http)).fails(4, &["no calling server"]);
}

/// A TCP server that says one thing to whoever comes, and hangs up.
fn talkative(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        // The client may be gone before it has read the answer.
        let _ = client.write_all(answer.as_bytes());
    });
    format!("ws://{address}")
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_without_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let args = ["call", "bob", "--as", "alice", "--user-sig", "any", "--server", &url];
    run(args).fails(4, &["the server did not answer within"]);
}

#[test]
fn no_key_to_sign_with_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let told = ["cannot read the signing key", "--data", "--user-sig"];
    run(["call", "bob", "--as", "alice", "--data", data]).fails(2, &told);
    run(["usersig", "--user", "alice", "--data", data]).fails(2, &told[..2]);
    std::fs::write(folder.path().join("secret.key"), "tiny").unwrap();
    run(["usersig", "--user", "alice", "--data", data]).fails(2, &["secret.key holds no key"]);
    run(["records", "--data", data]).fails(5, &["there is no database", "--data"]);
    let nobody = run(["answer", "--as", "bob", "--data", data]);
    nobody.fails(2, &["--auto, --reject or --busy"]);
}

/// `calling serve` on a new folder, with `flags` last.
fn serve(flags: &[&str]) -> crate::process::Finished {
    let folder = tempfile::tempdir().unwrap();
    let args = ["serve", "--data", folder.path().to_str().unwrap()];
    let ports = ["--http", "127.0.0.1:0", "--media", "127.0.0.1:0"];
    let kept: Vec<&str> =
        ports.chunks(2).filter(|flag| !flags.contains(&flag[0])).flatten().copied().collect();
    run([&args[..], &kept, flags].concat())
}

#[test]
fn a_taken_port_or_folder_is_told_with_its_owner() {
    let server = Server::start();
    let port = server.http.rsplit(':').next().unwrap();
    let in_use = format!("TCP port {port} is in use by calling");
    serve(&["--http", &server.http]).fails(5, &[&in_use, "stop that or choose another", "--http"]);
    let media = UdpSocket::bind("127.0.0.1:0").unwrap();
    let media_addr = media.local_addr().unwrap();
    let in_use = format!("UDP port {} is in use by", media_addr.port());
    serve(&["--media", &media_addr.to_string()]).fails(5, &[&in_use, "--media"]);
    let args = ["serve", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0", "--data"];
    let second = run([&args[..], &[server.data()]].concat());
    second.fails(5, &["is in use by another server", "choose another"]);
}

#[test]
fn an_unwritable_data_folder_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let args = ["serve", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0", "--data"];
    for data in [file.path().to_str().unwrap(), "/proc/calling"] {
        let told = [data, "make it writable", "--data"];
        run([&args[..], &[data]].concat()).fails(5, &told);
    }
    let out = file.path().join("out");
    run(["demo", "--out", out.to_str().unwrap()]).fails(5, &["cannot make the folder"]);
}

#[test]
fn a_bad_configuration_is_told_by_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calling.toml");
    let path = path.to_str().unwrap();
    std::fs::write(path, "demo = true\nhtpp = \"127.0.0.1:0\"\n").unwrap();
    let place = format!("{path}:2:1");
    run(["serve", "--config", path]).fails(2, &[&place, "http"]);
    run(["serve", "--config", "/nowhere.toml"]).fails(2, &["/nowhere.toml"]);
    serve(&["--http", "8080"]).fails(2, &["--http"]);
    serve(&["--public-ip", "example.org"]).fails(2, &["--public-ip"]);
    let tls = ["--tls-cert", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"];
    serve(&tls).fails(2, &["--tls-cert", "cannot read /nowhere/cert.pem"]);
    let alone = serve(&tls[..2]).exits(2);
    assert!(alone.stderr.contains("--tls-key"), "{alone:#?}");
    let misspelt = Process::start_with(["serve", "--data", "/proc/x"], &[("CALLING_HTPP", "x")]);
    misspelt.finish().fails(2, &["CALLING_HTPP", "did you mean CALLING_HTTP"]);
}
