//! Fragments of descriptions that only ICE concerns (RFC 8840 section 9).

use std::fmt::Write as _;

use calling_transport::IceCredentials;
use calling_transport::sdp::{MAX_LINE_BYTES, MAX_SECTIONS, MediaSection, SessionDescription};

/// What a client's fragment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    /// Of its ICE session.
    pub(super) credentials: IceCredentials,
}

/// Why a text is no fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FragmentError {
    #[error("line {0} of the fragment: a line reads a=<attribute> or m=<section>")]
    Syntax(usize),
    #[error("line {0} of the fragment: a second ICE session")]
    Second(usize),
    #[error("a fragment has at most {MAX_SECTIONS} sections")]
    TooManySections,
    #[error("the fragment needs a=ice-ufrag and a=ice-pwd as RFC 8839 has them")]
    Credentials,
}

impl Fragment {
    /// Reads a fragment. Its candidates are read over: an ICE-lite server learns addresses from
    /// checks (RFC 8445 section 7.3.1.3).
    pub(super) fn read(text: &str) -> Result<Self, FragmentError> {
        let (mut ufrag, mut pwd, mut sections) = (None, None, 0);
        let lines = text.lines().map(str::trim_end).enumerate();
        for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
            let number = index + 1;
            check(line).map_err(|()| FragmentError::Syntax(number))?;
            sections += usize::from(line.starts_with("m="));
            let place = if let Some(value) = line.strip_prefix("a=ice-ufrag:") {
                (&mut ufrag, value)
            } else if let Some(value) = line.strip_prefix("a=ice-pwd:") {
                (&mut pwd, value)
            } else {
                continue;
            };
            // All sections share one transport; saying the same again is no fault.
            match place {
                (Some(before), value) if *before != value => {
                    return Err(FragmentError::Second(number));
                }
                (place, value) => *place = Some(value),
            }
        }
        if sections > MAX_SECTIONS {
            return Err(FragmentError::TooManySections);
        }
        let (ufrag, pwd) = ufrag.zip(pwd).ok_or(FragmentError::Credentials)?;
        let credentials =
            IceCredentials::new(ufrag, pwd).map_err(|_| FragmentError::Credentials)?;
        Ok(Self { credentials })
    }
}

fn check(line: &str) -> Result<(), ()> {
    let known = line.starts_with("a=") || line.starts_with("m=");
    let clean = line.len() <= MAX_LINE_BYTES && !line.chars().any(char::is_control);
    if known && clean { Ok(()) } else { Err(()) }
}

/// The ICE part of an answer, as a fragment of its own; `None` if it has none.
pub(super) fn of_answer(answer: &str) -> Option<String> {
    let answer: SessionDescription = answer.parse().ok()?;
    let section = answer.sections.iter().find(|section| section.port != 0)?;
    let MediaSection { transport, candidates, mid, .. } = section;
    let (ufrag, pwd) = (transport.ufrag.as_ref()?, transport.pwd.as_ref()?);
    let mut text = format!("a=ice-lite\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n");
    // RFC 8840 section 9: the line only says which section it is, by its mid.
    text.push_str("m=audio 9 RTP/AVP 0\r\n");
    // Writing to a String cannot fail.
    if let Some(mid) = mid {
        let _ = write!(text, "a=mid:{mid}\r\n");
    }
    for candidate in candidates {
        let _ = write!(text, "a={candidate}\r\n");
    }
    text.push_str("a=end-of-candidates\r\n");
    Some(text)
}

/// Any bytes as a fragment, and as an answer.
pub(crate) fn fuzz(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(Fragment { credentials }) = Fragment::read(&text) {
        assert!(text.contains(credentials.ufrag()) && text.contains(credentials.pwd()));
    }
    if let Some(fragment) = of_answer(&text) {
        Fragment::read(&fragment).expect("what is made of an answer is a fragment");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRICKLED: &str = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
        m=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
        a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0\r\n\
        a=end-of-candidates\r\n";

    #[test]
    fn the_ice_session_is_what_counts() {
        let Fragment { credentials } = Fragment::read(TRICKLED).unwrap();
        assert_eq!(credentials.ufrag(), "EsAw");
        assert_eq!(credentials.pwd(), "P2uYro0UCOQ4zxjKXaWCBui1");
        Fragment::read(&TRICKLED.replace("\r\n", "\n")).unwrap();
        let again = TRICKLED.replace("a=mid:0", "a=mid:0\r\na=ice-ufrag:EsAw");
        Fragment::read(&again).unwrap();
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let second = TRICKLED.replace("a=mid:0", "a=mid:0\r\na=ice-ufrag:other");
        let long = TRICKLED.replace("generation 0", &"x".repeat(MAX_LINE_BYTES));
        for (text, error) in [
            (second, FragmentError::Second(5)),
            (long, FragmentError::Syntax(5)),
            (TRICKLED.replace("a=mid", "mid"), FragmentError::Syntax(4)),
            (TRICKLED.replace("a=mid", "a=\0mid"), FragmentError::Syntax(4)),
            (TRICKLED.replace("EsAw", "E"), FragmentError::Credentials),
            (TRICKLED.replace("a=ice-pwd", "a=pwd"), FragmentError::Credentials),
            ("m=audio 9 RTP/AVP 0\n".repeat(MAX_SECTIONS + 1), FragmentError::TooManySections),
            (String::new(), FragmentError::Credentials),
        ] {
            assert_eq!(Fragment::read(&text), Err(error), "{text:.200}");
        }
    }

    #[test]
    fn an_answer_gives_the_fragment_of_its_transport() {
        let answer = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\na=ice-ufrag:abcd\r\n\
            a=ice-pwd:0123456789012345678901\r\n\
            a=candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host\r\n";
        let fragment = of_answer(answer).unwrap();
        assert_eq!(
            fragment,
            "a=ice-lite\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n\
             m=audio 9 RTP/AVP 0\r\na=mid:a\r\n\
             a=candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host\r\na=end-of-candidates\r\n"
        );
        assert_eq!(of_answer("garbage"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(data: Vec<u8>) {
            fuzz(&data);
        }

        #[test]
        fn no_part_of_a_fragment_panics(end in 0..TRICKLED.len()) {
            fuzz(&TRICKLED.as_bytes()[..end]);
        }
    }
}
