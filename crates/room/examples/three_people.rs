//! Three people in a room: the gate opens, one speaks, everybody is told how loud.
//!
//! `cargo run -p calling-room --example three_people`

use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use calling_model::{Machine, ParticipantId, UserId};
use calling_room::{Forwards, Room, RoomConfig, RoomOutput};
use calling_wire::{RtpHeader, write_header};

const ALICE: ParticipantId = ParticipantId(1);

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let mut now = calling_testkit::epoch();
    let mut room = Room::new(RoomConfig::default(), [7; 32]);
    for (number, name) in (1..).zip(["alice", "bob", "carol"]) {
        let (participant, user) = (ParticipantId(number), UserId::new(name)?);
        let ssrc = room.join(now, participant, user, 1_000 + number as u32)?;
        writeln!(out, "{name} joins and will be heard as SSRC {ssrc:08x}")?;
    }

    let mut forwards = Forwards::new();
    let ringing = room.handle_rtp(now, ALICE, &voice(0)?, &mut forwards);
    writeln!(out, "before the call is accepted: {ringing:?}")?;
    room.open(now);

    for number in 1..=15 {
        room.handle_rtp(now, ALICE, &voice(number)?, &mut forwards)?;
        for forward in forwards.iter().filter(|_| number <= 2) {
            writeln!(out, "packet {number} goes out as {forward:?}")?;
        }
        now += Duration::from_millis(20);
        tell(&mut room, now, &mut out)?;
    }
    Ok(())
}

/// Fires timers and prints what the room wants told.
fn tell(room: &mut Room, now: Instant, out: &mut impl Write) -> io::Result<()> {
    if room.poll_timeout().is_some_and(|(due, _)| due <= now) {
        room.handle_timeout(now);
    }
    while let Some(output) = room.poll_output() {
        match output {
            RoomOutput::UserEntered { user, .. } => writeln!(out, "{} is there", user.as_str())?,
            RoomOutput::UserLeft { user, reason, .. } => {
                writeln!(out, "{} left: {reason:?}", user.as_str())?;
            }
            RoomOutput::AudioAvailable { user, available, .. } => {
                writeln!(out, "audio of {}: {available}", user.as_str())?;
            }
            RoomOutput::VideoAvailable { user, track, available, .. } => {
                writeln!(out, "{}: {} available {available}", user.as_str(), track.name())?;
            }
            RoomOutput::Volumes { volumes, total } => {
                let heard = volumes.iter().map(|(user, volume)| (user.as_str(), volume.percent()));
                let heard: Vec<_> = heard.collect();
                writeln!(out, "volumes: {heard:?}, together {}", total.percent())?;
            }
            RoomOutput::Rtcp { to, packet } | RoomOutput::Rtp { to, packet } => {
                writeln!(out, "{} bytes of RTCP to {to:?}", packet.len())?;
            }
        }
    }
    Ok(())
}

/// Packet `number` of Alice's stream, at −20 dBov.
fn voice(number: u16) -> Result<Vec<u8>, calling_wire::WriteHeaderError> {
    let header = RtpHeader {
        payload_type: 111,
        marker: number == 0,
        sequence_number: number,
        timestamp: u32::from(number) * 960,
        ssrc: 1_001,
    };
    let mut packet = vec![0; 100];
    write_header(&header, &[(1, &[0x80 | 20])], &mut packet)?;
    Ok(packet)
}
