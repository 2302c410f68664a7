//! Signalling over TLS, with a certificate of one's own.

use crate::process::run;
use crate::server::Server;

#[test]
fn a_call_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let [cert, key] = [&cert, &key].map(|path| path.to_str().unwrap());

    let server = Server::with(&["--tls-cert", cert, "--tls-key", key]);
    let url = format!("wss://{}", server.http);
    let trusting = ["--server", &url, "--tls-ca", cert, "--json"];
    let bob = server.answer("bob", &[&trusting[..], &["--auto", "--calls", "1"]].concat());
    let alice = server.call("alice", "bob", &[&trusting[..], &["--for", "1"]].concat());
    assert_eq!(alice.finish().exits(0).json()["outcome"], "completed");
    assert_eq!(bob.finish().exits(0).json()["outcome"], "completed");

    let call = ["call", "bob", "--as", "alice", "--data", server.data(), "--server", &url];
    run(call).fails(4, &["no calling server", "certificate"]);
    run([&call[..], &["--tls-ca", "/nowhere.pem"]].concat()).fails(2, &["--tls-ca: cannot read"]);
    run([&call[..], &["--tls-ca", key]].concat()).fails(2, &["--tls-ca: ", "no certificate"]);
}
