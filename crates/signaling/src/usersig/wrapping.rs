//! The outer layers: JSON text ↔ zlib ↔ base64 in the UserSig alphabet.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use super::UserSigError;

/// The longest UserSig looked at, in characters; one with a privateMapKey has about 400.
const MAX_CHARS: usize = 4096;

/// The longest JSON text inside, in bytes. What inflates further is a bomb.
const MAX_JSON_BYTES: usize = 8192;

pub(super) fn wrap(json: &str) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector cannot fail.
    encoder.write_all(json.as_bytes()).expect("a vector takes everything");
    let compressed = encoder.finish().expect("a vector takes everything");
    STANDARD.encode(compressed).chars().map(to_url).collect()
}

pub(super) fn unwrap(sig: &str) -> Result<String, UserSigError> {
    if sig.is_empty() {
        return Err(UserSigError::Empty);
    }
    if sig.len() > MAX_CHARS {
        return Err(UserSigError::Malformed("it is too long"));
    }
    let compressed = sig
        .bytes()
        .map(from_url)
        .collect::<Option<Vec<u8>>>()
        .and_then(|text| STANDARD.decode(text).ok())
        .ok_or(UserSigError::Malformed("it is not base64 in the alphabet of UserSigs"))?;
    let json = inflate(&compressed)?;
    String::from_utf8(json).map_err(|_| UserSigError::Malformed("its content is not UTF-8"))
}

/// Inflates all of `compressed` into at most [`MAX_JSON_BYTES`].
fn inflate(compressed: &[u8]) -> Result<Vec<u8>, UserSigError> {
    let mut json = Vec::with_capacity(MAX_JSON_BYTES);
    let mut inflater = Decompress::new(true);
    // `decompress_vec` never grows the vector, so this is where a bomb stops.
    let status = inflater.decompress_vec(compressed, &mut json, FlushDecompress::Finish);
    let whole = usize::try_from(inflater.total_in()) == Ok(compressed.len());
    match status {
        Ok(Status::StreamEnd) if whole => Ok(json),
        Ok(Status::StreamEnd) => Err(UserSigError::Malformed("something follows its end")),
        Ok(Status::Ok | Status::BufError) if json.len() == json.capacity() => {
            Err(UserSigError::Malformed("its content is too long"))
        }
        Ok(Status::Ok | Status::BufError) => Err(UserSigError::Malformed("its end is missing")),
        Err(_) => Err(UserSigError::Malformed("it does not decompress")),
    }
}

const fn to_url(character: char) -> char {
    match character {
        '+' => '*',
        '/' => '-',
        '=' => '_',
        other => other,
    }
}

const fn from_url(byte: u8) -> Option<u8> {
    match byte {
        b'*' => Some(b'+'),
        b'-' => Some(b'/'),
        b'_' => Some(b'='),
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => Some(byte),
        _ => None,
    }
}
