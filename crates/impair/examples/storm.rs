//! What a storm does to one second of voice packets.

use std::time::{Duration, Instant};

use calling_impair::{Impairment, Link};

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "this is the shell")]
fn main() {
    let storm = Impairment {
        delay: Duration::from_millis(25),
        jitter: Duration::from_millis(30),
        loss: 0.1,
        burst: Duration::from_millis(60),
        ..Impairment::default()
    };
    let mut link = Link::new(storm, 7);
    let begin = Instant::now();
    for number in 0..50_u32 {
        link.send(begin + Duration::from_millis(20) * number, number);
    }
    let end = begin + Duration::from_secs(2);
    while let Some((at, number)) = link.receive(end) {
        let sent = Duration::from_millis(20) * number;
        println!("packet {number:2} took {:?}", at - begin - sent);
    }
}
