//! The fuzz bodies with a few hundred inputs, so that they are tried on every run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use calling_testkit::seed;
use calling_transport::fuzz;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn random(rng: &mut ChaCha8Rng, most: usize) -> Vec<u8> {
    let len = rng.random_range(0..=most);
    (0..len).map(|_| rng.random()).collect()
}

/// Operations whose content often begins like something real.
fn operations(rng: &mut ChaCha8Rng) -> Vec<u8> {
    const BEGINNINGS: [&[u8]; 9] = [
        &[],
        &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42],
        &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 1, 0, 0, 48, 0, 0, 0, 0, 0, 0, 0, 48],
        &[
            22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 1, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0,
            0, 48,
        ],
        &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 20, 11, 0, 0, 8, 0, 1, 0, 0, 0, 0, 0, 8],
        &[20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1],
        &[23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 32],
        &[0x2f, 0, 0, 0, 40],
        &[0x80, 111, 0, 1],
    ];
    let mut data = vec![rng.random()];
    for _ in 0..rng.random_range(1..12) {
        let mut content = BEGINNINGS[rng.random_range(0..BEGINNINGS.len())].to_vec();
        content.extend(random(rng, 80));
        data.push(rng.random());
        data.push(content.len() as u8);
        data.extend(content);
    }
    data
}

#[test]
fn the_server_survives_any_operations() {
    let mut rng = ChaCha8Rng::from_seed(seed(1));
    for _ in 0..250 {
        fuzz::server(&operations(&mut rng));
        fuzz::server(&random(&mut rng, 300));
    }
}

#[test]
fn srtp_survives_any_bytes() {
    let mut rng = ChaCha8Rng::from_seed(seed(2));
    for _ in 0..500 {
        let mut data = random(&mut rng, 300);
        fuzz::srtp(&data);
        if let Some(first) = data.first_mut() {
            *first = 0x80 | (*first & 0x3f);
        }
        fuzz::srtp(&data);
    }
}

#[test]
fn feedback_is_right_whatever_comes() {
    let mut rng = ChaCha8Rng::from_seed(seed(4));
    for _ in 0..200 {
        fuzz::feedback(&random(&mut rng, 2_000));
        let steps = random(&mut rng, 500);
        // Mostly in order.
        let steps: Vec<u8> = steps.iter().flat_map(|byte| [byte & 0x03, 0, *byte, 20]).collect();
        fuzz::feedback(&steps);
    }
}

#[test]
fn text_survives_any_bytes() {
    let mut rng = ChaCha8Rng::from_seed(seed(3));
    let candidate = b"candidate:842163049 1 udp 1677729535 192.0.2.9 5 typ srflx raddr 0.0.0.0";
    for _ in 0..500 {
        fuzz::text(&random(&mut rng, 100));
        let mut data = candidate.to_vec();
        let at = rng.random_range(0..data.len());
        data[at] = rng.random_range(0x20..0x7f);
        fuzz::text(&data);
    }
    fuzz::text(candidate);
}
