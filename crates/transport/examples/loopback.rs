//! DTLS-SRTP between two sessions in memory: they show each other their certificates, agree on
//! keys and protect a packet.
//!
//! Run with `cargo run -p calling-transport --example loopback`.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_transport::{
    Certificate, DtlsRole, Received, SecureSession, SessionConfig, SessionOutput,
};
use calling_wire::{RtpHeader, RtpView, write_header};

fn main() -> Result<(), Box<dyn Error>> {
    // Each side makes a certificate and tells the other its fingerprint over signalling.
    let alices = Arc::new(Certificate::generate()?);
    let bobs = Arc::new(Certificate::generate()?);
    println!("alice announces {}", alices.fingerprint());
    println!("bob announces   {}", bobs.fingerprint());

    // Sessions read no clock. Here time is made up; a driver passes the real one.
    #[expect(clippy::disallowed_methods, reason = "an example is a driver: it may look once")]
    let mut now = Instant::now();
    let config = SessionConfig::new(alices.clone(), DtlsRole::Active, bobs.fingerprint());
    let mut alice = SecureSession::new(config, now);
    let config = SessionConfig::new(bobs, DtlsRole::Passive, alices.fingerprint());
    let mut bob = SecureSession::new(config, now);

    let mut trips = 0;
    while alice.profile().is_none() || bob.profile().is_none() {
        now += Duration::from_millis(10);
        carry("alice", &mut alice, &mut bob, now);
        carry("bob", &mut bob, &mut alice, now);
        trips += 1;
        if trips > 10 {
            return Err("the handshake did not end".into());
        }
    }

    let plain = voice_packet()?;
    let mut packet = plain.clone();
    alice.seal_rtp(&mut packet)?;
    println!("alice protects {} bytes as {}", plain.len(), packet.len());
    println!("  on the wire {}", hex(&packet[12..28]));

    let mut forged = packet.clone();
    forged[20] ^= 1;
    println!("one bit flipped: bob says {:?}", bob.receive(now, &mut forged));

    match bob.receive(now, &mut packet) {
        Received::Rtp(opened) => {
            let view = RtpView::parse(opened).map_err(|error| format!("{error:?}"))?;
            println!("bob reads {:?}", String::from_utf8_lossy(view.payload()));
            assert_eq!(opened, plain);
        }
        other @ (Received::Rtcp(_) | Received::Control | Received::Discarded(_)) => {
            return Err(format!("bob could not open it: {other:?}").into());
        }
    }
    println!("figures of bob: {:?}", bob.stats());
    Ok(())
}

/// Gives what `from` wants sent to `to`, as a network would.
fn carry(name: &str, from: &mut SecureSession, to: &mut SecureSession, now: Instant) {
    from.handle_timeout(now);
    while let Some(output) = from.poll_output() {
        match output {
            SessionOutput::Transmit(mut datagram) => {
                println!("{name} sends {} bytes of handshake", datagram.len());
                to.receive(now, &mut datagram);
            }
            SessionOutput::Connected { profile } => println!("{name} is connected: {profile}"),
            SessionOutput::Closed { reason } => println!("{name} is closed: {reason}"),
        }
    }
}

fn voice_packet() -> Result<Vec<u8>, Box<dyn Error>> {
    let header =
        RtpHeader { payload_type: 111, marker: true, sequence_number: 1, timestamp: 960, ssrc: 42 };
    let mut packet = vec![0; 64];
    let len = write_header(&header, &[], &mut packet)?;
    packet.truncate(len);
    packet.extend_from_slice(b"twenty milliseconds of speech");
    Ok(packet)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
