use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// One address of one side, in the form `candidate:<foundation> 1 udp <priority> <ip> <port> typ
/// <type>` (RFC 8839 section 5.1). UDP only, component 1 only: RTP and RTCP share one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Groups candidates of the same kind, base and server; 1 to 32 ICE characters.
    pub foundation: String,
    /// Higher is tried first, 1..2^31 (RFC 8445 section 5.1.2).
    pub priority: u32,
    /// The address.
    pub address: SocketAddr,
    /// How it was obtained.
    pub kind: CandidateKind,
}

/// How a candidate was obtained (RFC 8445 section 5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateKind {
    /// An address of the machine itself.
    Host,
    /// Seen by the peer during checks.
    PeerReflexive,
    /// Lent by a TURN server.
    Relayed,
    /// Seen by a STUN server.
    ServerReflexive,
}

/// Why a text is no usable candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCandidate {
    /// The address is a host name (as of mDNS) or malformed.
    #[error("the candidate's address is no IP address")]
    Address,
    /// A component other than 1; RTP and RTCP share one port.
    #[error("the candidate's component must be 1")]
    Component,
    /// The foundation is not 1 to 32 ICE characters.
    #[error("the candidate's foundation is 1 to 32 characters of A-Z, a-z, 0-9, '+' and '/'")]
    Foundation,
    /// The port is not 1 to 65535.
    #[error("the candidate's port must be 1 to 65535")]
    Port,
    /// `candidate:` or a field is missing.
    #[error("a candidate reads \"candidate:<foundation> 1 udp <priority> <ip> <port> typ <type>\"")]
    Syntax,
    /// The priority is not 1 to 2^31 − 1.
    #[error("the candidate's priority must be 1 to 2147483647")]
    Priority,
    /// Longer than any sensible candidate.
    #[error("the candidate is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Another transport than UDP.
    #[error("only UDP candidates are supported")]
    Transport,
    /// A type other than host, srflx, prflx and relay.
    #[error("the candidate's type must be host, srflx, prflx or relay")]
    Type,
}

const MAX_BYTES: usize = 512;

impl Candidate {
    /// The host candidate of an ICE-lite agent. `preference` orders several, 0 first.
    pub fn host(address: SocketAddr, preference: u16) -> Self {
        // RFC 8445 section 5.1.2.1 with type preference 126 and component 1.
        let local_preference = u32::from(u16::MAX - preference);
        Self {
            foundation: format!("host{preference}"),
            priority: 126 << 24 | local_preference << 8 | 255,
            address,
            kind: CandidateKind::Host,
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { foundation, priority, address, kind } = self;
        let (ip, port) = (address.ip(), address.port());
        write!(f, "candidate:{foundation} 1 udp {priority} {ip} {port} typ {}", kind.name())?;
        match kind {
            CandidateKind::Host => Ok(()),
            // RFC 8839 section 5.1 requires a related address; this one discloses nothing.
            CandidateKind::PeerReflexive
            | CandidateKind::Relayed
            | CandidateKind::ServerReflexive => {
                let unspecified = if address.is_ipv4() { "0.0.0.0" } else { "::" };
                write!(f, " raddr {unspecified} rport 9")
            }
        }
    }
}

impl FromStr for Candidate {
    type Err = InvalidCandidate;

    /// Reads one candidate; an `a=` in front and attributes after the type are passed over.
    fn from_str(text: &str) -> Result<Self, InvalidCandidate> {
        if text.len() > MAX_BYTES {
            return Err(InvalidCandidate::TooLong);
        }
        let text = text.strip_prefix("a=").unwrap_or(text);
        let text = text.strip_prefix("candidate:").ok_or(InvalidCandidate::Syntax)?;
        let mut fields = text.split_ascii_whitespace();
        let mut field = || fields.next().ok_or(InvalidCandidate::Syntax);
        let foundation = parse_foundation(field()?)?;
        parse_component(field()?)?;
        parse_transport(field()?)?;
        let priority = parse_priority(field()?)?;
        let ip: IpAddr = field()?.parse().map_err(|_| InvalidCandidate::Address)?;
        let port = parse_port(field()?)?;
        if field()? != "typ" {
            return Err(InvalidCandidate::Syntax);
        }
        let kind = CandidateKind::from_name(field()?).ok_or(InvalidCandidate::Type)?;
        Ok(Self { foundation, priority, address: SocketAddr::new(ip, port), kind })
    }
}

impl CandidateKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::PeerReflexive => "prflx",
            Self::Relayed => "relay",
            Self::ServerReflexive => "srflx",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Host, Self::PeerReflexive, Self::Relayed, Self::ServerReflexive]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

fn parse_foundation(text: &str) -> Result<String, InvalidCandidate> {
    let is_ice_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    // Browsers also write '-' and '_' here; nothing of ours depends on the alphabet.
    let accepts = |byte: u8| is_ice_char(byte) || byte == b'-' || byte == b'_';
    if text.is_empty() || text.len() > 32 || !text.bytes().all(accepts) {
        return Err(InvalidCandidate::Foundation);
    }
    Ok(text.to_owned())
}

fn parse_component(text: &str) -> Result<(), InvalidCandidate> {
    if text == "1" { Ok(()) } else { Err(InvalidCandidate::Component) }
}

fn parse_transport(text: &str) -> Result<(), InvalidCandidate> {
    if text.eq_ignore_ascii_case("udp") { Ok(()) } else { Err(InvalidCandidate::Transport) }
}

fn parse_priority(text: &str) -> Result<u32, InvalidCandidate> {
    match text.parse() {
        Ok(priority) if (1..1 << 31).contains(&priority) => Ok(priority),
        _ => Err(InvalidCandidate::Priority),
    }
}

fn parse_port(text: &str) -> Result<u16, InvalidCandidate> {
    match text.parse() {
        Ok(port) if port != 0 => Ok(port),
        _ => Err(InvalidCandidate::Port),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_host_candidate_reads_as_in_rfc_8839() {
        let candidate = Candidate::host("192.0.2.1:3478".parse().unwrap(), 0);
        assert_eq!(
            candidate.to_string(),
            "candidate:host0 1 udp 2130706431 192.0.2.1 3478 typ host"
        );
    }

    #[test]
    fn earlier_addresses_have_the_higher_priority() {
        let address = "[2001:db8::1]:4000".parse().unwrap();
        assert!(Candidate::host(address, 0).priority > Candidate::host(address, 1).priority);
    }

    #[test]
    fn what_others_write_is_read() {
        for (text, kind) in [
            ("candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host", CandidateKind::Host),
            (
                "a=candidate:2 1 udp 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport \
                 8998",
                CandidateKind::ServerReflexive,
            ),
            (
                "candidate:842163049 1 udp 1677729535 192.0.2.9 5 typ relay raddr 0.0.0.0 rport 0 \
                 generation 0 ufrag abcd network-cost 999",
                CandidateKind::Relayed,
            ),
        ] {
            assert_eq!(text.parse::<Candidate>().unwrap().kind, kind, "{text}");
        }
    }

    #[test]
    fn each_bad_field_has_its_error() {
        use InvalidCandidate as E;
        for (text, error) in [
            ("", E::Syntax),
            ("candidate:", E::Syntax),
            ("candidate:1 1 udp 1 192.0.2.1 9", E::Syntax),
            ("candidate:1 1 udp 1 192.0.2.1 9 type host", E::Syntax),
            ("candidate:ä 1 udp 1 192.0.2.1 9 typ host", E::Foundation),
            ("candidate:1 2 udp 1 192.0.2.1 9 typ host", E::Component),
            ("candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active", E::Transport),
            ("candidate:1 1 udp 0 192.0.2.1 9 typ host", E::Priority),
            ("candidate:1 1 udp 2147483648 192.0.2.1 9 typ host", E::Priority),
            ("candidate:1 1 udp 1 example.org 9 typ host", E::Address),
            ("candidate:1 1 udp 1 3f2a.local 9 typ host", E::Address),
            ("candidate:1 1 udp 1 192.0.2.1 0 typ host", E::Port),
            ("candidate:1 1 udp 1 192.0.2.1 65536 typ host", E::Port),
            ("candidate:1 1 udp 1 192.0.2.1 9 typ other", E::Type),
            (&format!("candidate:{}", "x".repeat(600)), E::TooLong),
        ] {
            assert_eq!(text.parse::<Candidate>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(ip: IpAddr, port in 1..=u16::MAX, priority in 1..1_u32 << 31, kind in 0..4) {
            let kind = [
                CandidateKind::Host,
                CandidateKind::PeerReflexive,
                CandidateKind::Relayed,
                CandidateKind::ServerReflexive,
            ][kind as usize];
            let address = SocketAddr::new(ip, port);
            let candidate = Candidate { foundation: "f1".into(), priority, address, kind };
            prop_assert_eq!(candidate.to_string().parse(), Ok(candidate));
        }

        #[test]
        fn any_text_parses_or_errs(text in any::<String>()) {
            let _ = text.parse::<Candidate>();
            let _ = format!("candidate:{text}").parse::<Candidate>();
        }
    }
}
