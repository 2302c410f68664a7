mod common;
use calling::{MediaType, Timings};
use common::{
    AUDIBLE, BOB_HZ, Person, World,
    proxy::{Ether, Wire},
    soon, until, user,
};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn adhoc() {
    let world = World::new().await;
    let d = Duration::from_millis(25);
    let wire = Wire::to(world.server.http_addr(), d).await;
    let ether = Ether::to(world.server.media_addr(), d).await;
    let wire2 = Wire::to(world.server.http_addr(), d).await;
    let ether2 = Ether::to(world.server.media_addr(), d).await;
    let mk = |name: &str, w: &Wire, e: &Ether| {
        let mut c = world.config(name);
        c.server = format!("ws://{}", w.address);
        c.ice.media_via = Some(e.address);
        c
    };
    let mut alice = Person::new(mk("alice", &wire, &ether)).await;
    let mut bob = Person::new(mk("bob", &wire2, &ether2)).await;
    let mut all = vec![];
    for _ in 0..20 {
        alice.devices.forget();
        bob.devices.forget();
        alice.calling.call(user("bob"), MediaType::Audio).await.unwrap();
        bob.invited().await;
        for p in [&alice, &bob] {
            while p.engine.stats().await.unwrap().timings.dtls_done.is_none() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        }
        soon("accept", bob.engine.accept()).await.unwrap();
        until("x", || alice.devices.hears(BOB_HZ) > AUDIBLE).await;
        let a = alice.engine.stats().await.unwrap();
        let b = bob.engine.stats().await.unwrap();
        all.push(Timings::ms_between(b.timings.accept_asked, a.timings.first_audio).unwrap());
        println!(
            "{:?}\n{:?} ice {:?} dtls {:?}",
            b.timings.to_ms(),
            a.timings.to_ms(),
            a.ice_ms(),
            a.dtls_ms()
        );
        println!(
            "ms accept->accepted(bob) {:?} ->sent {:?} alice accepted {:?} ->recv {:?} ->audio {:?}",
            Timings::ms_between(b.timings.accept_asked, b.timings.accepted),
            Timings::ms_between(b.timings.accept_asked, b.timings.first_packet_sent),
            Timings::ms_between(b.timings.accept_asked, a.timings.accepted),
            Timings::ms_between(b.timings.accept_asked, a.timings.first_packet_received),
            Timings::ms_between(b.timings.accept_asked, a.timings.first_audio)
        );
        alice.engine.hangup().await.unwrap();
        bob.ended().await;
        alice.ended().await;
    }
    all.sort_by(f64::total_cmp);
    println!("{all:?}");
}
