//! The small pieces of which lines are made.

use super::error::SdpFault;

/// A `token` of RFC 8866 section 9 of at most `max` bytes.
pub(super) fn token(text: &str, max: usize) -> Result<&str, SdpFault> {
    let is_token = |byte: u8| {
        matches!(byte, 0x21 | 0x23..=0x27 | 0x2a..=0x2b | 0x2d..=0x2e | 0x30..=0x39 | 0x41..=0x5a
            | 0x5e..=0x7e)
    };
    let fits = !text.is_empty() && text.len() <= max && text.bytes().all(is_token);
    if fits { Ok(text) } else { Err(SdpFault::Token) }
}

/// Digits alone; unlike `str::parse` no sign.
pub(super) fn number<T: std::str::FromStr>(text: &str) -> Result<T, SdpFault> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SdpFault::Number);
    }
    text.parse().map_err(|_| SdpFault::Number)
}

/// 0..=127.
pub(super) fn payload_type(text: &str) -> Result<u8, SdpFault> {
    match number(text) {
        Ok(number @ 0..=127) => Ok(number),
        Ok(_) | Err(_) => Err(SdpFault::PayloadType),
    }
}

/// Cuts at the first space; a missing or empty half is `fault`.
pub(super) fn pair(text: &str, fault: SdpFault) -> Result<(&str, &str), SdpFault> {
    let (first, second) = text.split_once(' ').ok_or(fault)?;
    let second = second.trim_start_matches(' ');
    if first.is_empty() || second.is_empty() { Err(fault) } else { Ok((first, second)) }
}

/// Fills `place`, which must be empty.
pub(super) fn once<T>(place: &mut Option<T>, value: T) -> Result<(), SdpFault> {
    if place.replace(value).is_some() { Err(SdpFault::Duplicate) } else { Ok(()) }
}
