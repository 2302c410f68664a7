//! Descriptions as text, lines ending with CRLF.

use std::fmt::{Display, Formatter, Result};

use super::model::{
    Codec, Direction, ExtensionMap, MediaKind, MediaSection, Protocol, SessionDescription, Setup,
    SimulcastId, TransportAttributes,
};

impl Display for SessionDescription {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { session_id, session_version, ice_lite, bundle, sections } = self;
        f.write_str("v=0\r\n")?;
        // The address is a placeholder: only ICE tells addresses (RFC 8829 section 5.2.1).
        write!(f, "o=- {session_id} {session_version} IN IP4 0.0.0.0\r\n")?;
        f.write_str("s=-\r\nt=0 0\r\n")?;
        if *ice_lite {
            f.write_str("a=ice-lite\r\n")?;
        }
        if !bundle.is_empty() {
            write!(f, "a=group:BUNDLE {}\r\n", bundle.join(" "))?;
        }
        sections.iter().try_for_each(|section| section.fmt(f))
    }
}

impl Display for MediaSection {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "m={} {} {}", self.kind, self.port, self.protocol)?;
        for codec in &self.codecs {
            write!(f, " {}", codec.payload_type)?;
        }
        for format in &self.other_formats {
            write!(f, " {format}")?;
        }
        f.write_str("\r\nc=IN IP4 0.0.0.0\r\n")?;
        if let Some(mid) = &self.mid {
            write!(f, "a=mid:{mid}\r\n")?;
        }
        write!(f, "{}a={}\r\n", self.transport, self.direction)?;
        for (said, name) in [
            (self.rtcp_mux, "rtcp-mux"),
            (self.rtcp_rsize, "rtcp-rsize"),
            (self.bundle_only, "bundle-only"),
        ] {
            if said {
                write!(f, "a={name}\r\n")?;
            }
        }
        self.codecs.iter().try_for_each(|codec| codec.fmt(f))?;
        for feedback in &self.feedback {
            write!(f, "a=rtcp-fb:* {feedback}\r\n")?;
        }
        self.extensions.iter().try_for_each(|extension| extension.fmt(f))?;
        self.write_sources(f)?;
        self.write_layers(f)?;
        for candidate in &self.candidates {
            write!(f, "a={candidate}\r\n")?;
        }
        if self.end_of_candidates {
            f.write_str("a=end-of-candidates\r\n")?;
        }
        Ok(())
    }
}

impl MediaSection {
    fn write_sources(&self, f: &mut Formatter<'_>) -> Result {
        for msid in &self.msids {
            write!(f, "a=msid:{}", msid.stream)?;
            if let Some(track) = &msid.track {
                write!(f, " {track}")?;
            }
            f.write_str("\r\n")?;
        }
        for group in &self.ssrc_groups {
            write!(f, "a=ssrc-group:{}", group.semantics)?;
            for ssrc in &group.ssrcs {
                write!(f, " {ssrc}")?;
            }
            f.write_str("\r\n")?;
        }
        for source in &self.ssrcs {
            match &source.cname {
                Some(cname) => write!(f, "a=ssrc:{} cname:{cname}\r\n", source.ssrc)?,
                // A line needs an attribute (RFC 5576); this one says nothing.
                None => write!(f, "a=ssrc:{} label:-\r\n", source.ssrc)?,
            }
        }
        Ok(())
    }

    fn write_layers(&self, f: &mut Formatter<'_>) -> Result {
        for rid in &self.rids {
            let way = if rid.sent { "send" } else { "recv" };
            let space = if rid.restrictions.is_empty() { "" } else { " " };
            write!(f, "a=rid:{} {way}{space}{}\r\n", rid.id, rid.restrictions)?;
        }
        let (send, receive) = (&self.simulcast_send, &self.simulcast_receive);
        let ways = [("send", send), ("recv", receive)];
        let ways: Vec<String> = ways
            .into_iter()
            .filter(|(_, layers)| !layers.is_empty())
            .map(|(way, all)| format!("{way} {}", layers(all)))
            .collect();
        if ways.is_empty() { Ok(()) } else { write!(f, "a=simulcast:{}\r\n", ways.join(" ")) }
    }
}

fn layers(layers: &[Vec<SimulcastId>]) -> String {
    let id = |it: &SimulcastId| format!("{}{}", if it.paused { "~" } else { "" }, it.rid);
    let alternatives = |all: &Vec<SimulcastId>| all.iter().map(id).collect::<Vec<_>>().join(",");
    layers.iter().map(alternatives).collect::<Vec<_>>().join(";")
}

impl Display for TransportAttributes {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(ufrag) = &self.ufrag {
            write!(f, "a=ice-ufrag:{ufrag}\r\n")?;
        }
        if let Some(pwd) = &self.pwd {
            write!(f, "a=ice-pwd:{pwd}\r\n")?;
        }
        if let Some(fingerprint) = &self.fingerprint {
            write!(f, "a=fingerprint:{fingerprint}\r\n")?;
        }
        if let Some(setup) = &self.setup {
            write!(f, "a=setup:{setup}\r\n")?;
        }
        Ok(())
    }
}

impl Display for Codec {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { payload_type, encoding, parameters, feedback } = self;
        if let Some(encoding) = encoding {
            write!(f, "a=rtpmap:{payload_type} {}/{}", encoding.name, encoding.clock_rate)?;
            if encoding.channels != 1 {
                write!(f, "/{}", encoding.channels)?;
            }
            f.write_str("\r\n")?;
        }
        if !parameters.is_empty() {
            write!(f, "a=fmtp:{payload_type} {parameters}\r\n")?;
        }
        feedback.iter().try_for_each(|it| write!(f, "a=rtcp-fb:{payload_type} {it}\r\n"))
    }
}

impl Display for ExtensionMap {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "a=extmap:{}", self.id)?;
        if self.direction != Direction::SendRecv {
            write!(f, "/{}", self.direction)?;
        }
        write!(f, " {}\r\n", self.uri)
    }
}

impl Display for MediaKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Application => "application",
            Self::Other(name) => name,
        })
    }
}

impl Display for Protocol {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::DtlsSavpf => "UDP/TLS/RTP/SAVPF",
            Self::DtlsSavp => "UDP/TLS/RTP/SAVP",
            Self::Other(name) => name,
        })
    }
}

impl Display for Direction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        })
    }
}

impl Display for Setup {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActPass => "actpass",
            Self::HoldConn => "holdconn",
        })
    }
}
