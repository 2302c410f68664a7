//! What a thousand clients that only wait cost.

use crate::client::Client;
use crate::killed::Killable;

/// Resident memory of the server with 1,000 idle signed-in clients, in KiB.
const MOST_KIB: u64 = 60 * 1024;

#[tokio::test]
async fn a_thousand_idle_clients_fit_into_60_mib() {
    let dir = tempfile::tempdir().unwrap();
    let (server, address) = Killable::start(dir.path()).await;
    let mut clients = Vec::new();
    for number in 0..1_000 {
        clients.push(Client::signed_in(address, &format!("user{number}"), "phone").await);
    }
    let resident = server.resident_kib();
    println!("resident with {} clients: {resident} KiB", clients.len());
    assert!(resident <= MOST_KIB, "{resident} KiB");
}
