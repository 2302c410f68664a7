//! What fuzzing tries: packets of anybody, parsed, prepared and decoded.

use crate::{Channels, Decoder, Dred, DredParser, GRAIN};

/// Parses `data` as a packet and decodes all that it describes, between packets of the same bytes.
///
/// # Panics
/// libopus wrote beyond a length that it told, or no memory was found.
pub fn parse(data: &[u8]) {
    let (Ok(mut parser), Ok(mut dred), Ok(mut decoder)) =
        (DredParser::new(), Dred::new(), Decoder::new(Channels::Stereo))
    else {
        panic!("there is memory for three coders");
    };
    assert!(decoder.set_complexity(5).is_ok(), "5 is a complexity");
    let mut out = vec![0.0; 2 * 48 * GRAIN];
    let _ = decoder.decode(data, &mut out);
    let Ok(Some(span)) = parser.parse(data, 48_000, &mut dred) else {
        assert!(parser.prepare(&mut dred).is_err(), "there is nothing to prepare");
        return;
    };
    assert!(span.reach > span.end);
    let piece = &mut out[..2 * 960];
    assert!(decoder.decode_dred(&dred, span.reach, piece).is_err(), "it is not prepared");
    assert!(parser.prepare(&mut dred).is_ok(), "it was parsed");
    // What lies farther back than a second is made up.
    for back in (1..=span.reach.min(48_000).div_ceil(960)).rev() {
        let made = decoder.decode_dred(&dred, back * 960, piece);
        assert_eq!(made, Ok(960));
    }
    let _ = decoder.decode(data, &mut out);
}
