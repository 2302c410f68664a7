//! Builds a voice packet, says what a datagram is, and reads it back without copying.
//!
//! `cargo run -p calling-wire --example look_inside`

use std::io::{self, Write};

use calling_model::AudioLevel;
use calling_wire::{
    AudioLevelExtension, RtpHeader, RtpView, SequenceExtender, classify, write_header,
};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut extender = SequenceExtender::new();
    for sequence_number in [65_534, 65_535, 1, 0] {
        let datagram = voice_packet(sequence_number).map_err(io::Error::other)?;
        let kind = classify(&datagram);
        let view = RtpView::parse(&datagram).map_err(io::Error::other)?;
        let audio = view.extension(1).and_then(AudioLevelExtension::parse);
        writeln!(
            out,
            "{kind:?}: {} extends to {}, {} ticks, {} bytes of payload, {audio:?}",
            view.sequence_number(),
            extender.extend(view.sequence_number()),
            view.timestamp(),
            view.payload().len(),
        )?;
    }
    Ok(())
}

fn voice_packet(sequence_number: u16) -> Result<Vec<u8>, calling_wire::WriteHeaderError> {
    let header = RtpHeader {
        payload_type: 111,
        marker: false,
        sequence_number,
        timestamp: u32::from(sequence_number) * 960,
        ssrc: 0x1234_5678,
    };
    let level = AudioLevelExtension { level: AudioLevel::from_neg_dbov(30), voice: true };
    let mut packet = vec![0; 100];
    write_header(&header, &[(1, &[level.to_byte()])], &mut packet)?;
    Ok(packet)
}
