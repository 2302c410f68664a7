//! `a=` lines of sections and of the session.

use super::error::SdpFault;
use super::model::{
    Direction, Encoding, ExtensionMap, MediaSection, Msid, Rid, Setup, SimulcastId, SourceGroup,
    SourceSsrc, TransportAttributes,
};
use super::parse::MAX_MID_BYTES;
use super::token::{number, once, pair, payload_type, token};
use crate::Fingerprint;
use crate::ice::{Candidate, IceCredentials, InvalidCandidate};

/// The longest stream, track and canonical name, in bytes (RFC 8830 says 64 for the first two).
const MAX_NAME_BYTES: usize = 256;
const MAX_RID_BYTES: usize = 16;
/// Layers, or alternatives of one, in a simulcast.
const MAX_LAYERS: usize = 16;

/// What stands before the first section and holds for all that do not say otherwise.
#[derive(Default)]
pub(super) struct SessionDefaults {
    transport: TransportAttributes,
    pub(super) direction: Option<Direction>,
    extensions: Vec<ExtensionMap>,
}

impl SessionDefaults {
    pub(super) fn read_attribute(&mut self, attribute: &str) -> Result<(), SdpFault> {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        if let Some(direction) = direction(name) {
            return once(&mut self.direction, direction);
        } else if name == "extmap" {
            add_extension(&mut self.extensions, value)?;
        } else {
            self.transport.read_attribute(name, value)?;
        }
        Ok(())
    }

    pub(super) fn apply(&self, section: &mut MediaSection) -> Result<(), SdpFault> {
        let (own, all) = (&mut section.transport, &self.transport);
        // A fragment and its password belong together.
        if own.ufrag.is_none() && own.pwd.is_none() {
            own.ufrag.clone_from(&all.ufrag);
            own.pwd.clone_from(&all.pwd);
        }
        own.fingerprint = own.fingerprint.or(all.fingerprint);
        own.setup = own.setup.or(all.setup);
        for extension in &self.extensions {
            if !section.extensions.contains(extension) {
                push_extension(&mut section.extensions, extension.clone())?;
            }
        }
        Ok(())
    }
}

impl TransportAttributes {
    fn read_attribute(&mut self, name: &str, value: &str) -> Result<(), SdpFault> {
        match name {
            "ice-ufrag" => {
                let ufrag = checked(value, "pwdpwdpwdpwdpwdpwdpwdpwd")?.ufrag().to_owned();
                once(&mut self.ufrag, ufrag)
            }
            "ice-pwd" => once(&mut self.pwd, checked("ufrag", value)?.pwd().to_owned()),
            "setup" => once(&mut self.setup, setup(value)?),
            "fingerprint" => self.read_fingerprint(value),
            _ => Ok(()),
        }
    }

    fn read_fingerprint(&mut self, value: &str) -> Result<(), SdpFault> {
        let (hash, _) = pair(value, SdpFault::Fingerprint)?;
        if !hash.eq_ignore_ascii_case("sha-256") {
            return Ok(());
        }
        let fingerprint: Fingerprint = value.parse().map_err(|_| SdpFault::Fingerprint)?;
        // The same again says nothing; another would be a second certificate.
        if self.fingerprint == Some(fingerprint) {
            return Ok(());
        }
        once(&mut self.fingerprint, fingerprint)
    }
}

impl MediaSection {
    pub(super) fn read_attribute(&mut self, attribute: &str) -> Result<(), SdpFault> {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        match name {
            "mid" => once(&mut self.mid, token(value, MAX_MID_BYTES)?.to_owned())?,
            "rtcp-mux" => self.rtcp_mux = true,
            "rtcp-rsize" => self.rtcp_rsize = true,
            "bundle-only" => self.bundle_only = true,
            "end-of-candidates" => self.end_of_candidates = true,
            "rtpmap" if self.is_rtp() => self.read_rtpmap(value)?,
            "fmtp" if self.is_rtp() => self.read_fmtp(value)?,
            "rtcp-fb" if self.is_rtp() => self.read_feedback(value)?,
            "extmap" => add_extension(&mut self.extensions, value)?,
            "msid" => self.read_msid(value)?,
            "ssrc" => self.read_ssrc(value)?,
            "ssrc-group" => self.read_ssrc_group(value)?,
            "rid" => self.read_rid(value)?,
            "simulcast" => self.read_simulcast(value)?,
            "candidate" => self.read_candidate(attribute)?,
            _ => self.transport.read_attribute(name, value)?,
        }
        Ok(())
    }

    fn codec_mut(&mut self, number: &str) -> Result<&mut super::model::Codec, SdpFault> {
        let number = payload_type(number)?;
        let codec = self.codecs.iter_mut().find(|codec| codec.payload_type == number);
        codec.ok_or(SdpFault::UnknownPayloadType)
    }

    fn read_rtpmap(&mut self, value: &str) -> Result<(), SdpFault> {
        let (number, encoding) = pair(value, SdpFault::RtpMap)?;
        let codec = self.codec_mut(number)?;
        once(&mut codec.encoding, encoding_of(encoding)?)
    }

    fn read_fmtp(&mut self, value: &str) -> Result<(), SdpFault> {
        let (number, parameters) = pair(value, SdpFault::Parameters)?;
        let codec = self.codec_mut(number)?;
        if !codec.parameters.is_empty() {
            return Err(SdpFault::Duplicate);
        }
        codec.parameters = parameters.trim_end_matches(' ').to_owned();
        Ok(())
    }

    fn read_feedback(&mut self, value: &str) -> Result<(), SdpFault> {
        let (number, feedback) = pair(value, SdpFault::Parameters)?;
        let all =
            if number == "*" { &mut self.feedback } else { &mut self.codec_mut(number)?.feedback };
        all.push(feedback.trim_end_matches(' ').to_owned());
        Ok(())
    }

    fn read_msid(&mut self, value: &str) -> Result<(), SdpFault> {
        // RFC 8830 says tokens of 64 characters; others write '@' and longer ones.
        let name = |text: &str| {
            let fits = (1..=MAX_NAME_BYTES).contains(&text.len()) && !text.contains(' ');
            if fits { Ok(text.to_owned()) } else { Err(SdpFault::Msid) }
        };
        let msid = match value.split_once(' ') {
            Some((stream, track)) => Msid { stream: name(stream)?, track: Some(name(track)?) },
            None => Msid { stream: name(value)?, track: None },
        };
        self.msids.push(msid);
        Ok(())
    }

    /// `<ssrc> <attribute>[:<value>]`, several lines for one source (RFC 5576 section 4.1).
    fn read_ssrc(&mut self, value: &str) -> Result<(), SdpFault> {
        let (ssrc, attribute) = pair(value, SdpFault::Source)?;
        let ssrc = number(ssrc).map_err(|_| SdpFault::Source)?;
        let index = match self.ssrcs.iter().position(|it| it.ssrc == ssrc) {
            Some(index) => index,
            None => {
                self.ssrcs.push(SourceSsrc { ssrc, cname: None });
                self.ssrcs.len() - 1
            }
        };
        let Some(cname) = attribute.strip_prefix("cname:") else { return Ok(()) };
        if cname.is_empty() || cname.len() > MAX_NAME_BYTES || cname.contains(' ') {
            return Err(SdpFault::Source);
        }
        once(&mut self.ssrcs[index].cname, cname.to_owned())
    }

    fn read_ssrc_group(&mut self, value: &str) -> Result<(), SdpFault> {
        let (semantics, ssrcs) = pair(value, SdpFault::Source)?;
        let semantics = token(semantics, MAX_RID_BYTES).map_err(|_| SdpFault::Source)?.to_owned();
        let ssrcs = ssrcs.split(' ').filter(|ssrc| !ssrc.is_empty()).map(number);
        let ssrcs = ssrcs.collect::<Result<_, _>>().map_err(|_| SdpFault::Source)?;
        self.ssrc_groups.push(SourceGroup { semantics, ssrcs });
        Ok(())
    }

    fn read_rid(&mut self, value: &str) -> Result<(), SdpFault> {
        let (id, rest) = pair(value, SdpFault::Rid)?;
        let (direction, restrictions) = rest.split_once(' ').unwrap_or((rest, ""));
        let sent = match direction {
            "send" => true,
            "recv" => false,
            _ => return Err(SdpFault::Rid),
        };
        let id = rid(id).ok_or(SdpFault::Rid)?;
        if self.rids.iter().any(|it| it.id == id) {
            return Err(SdpFault::Duplicate);
        }
        self.rids.push(Rid { id, sent, restrictions: restrictions.trim().to_owned() });
        Ok(())
    }

    /// `send h;m;~l recv 1,2` (RFC 8853 section 5.1).
    fn read_simulcast(&mut self, value: &str) -> Result<(), SdpFault> {
        let mut words = value.split(' ').filter(|word| !word.is_empty());
        while let Some(direction) = words.next() {
            let layers = layers(words.next().ok_or(SdpFault::Simulcast)?)?;
            let place = match direction {
                "send" => &mut self.simulcast_send,
                "recv" => &mut self.simulcast_receive,
                _ => return Err(SdpFault::Simulcast),
            };
            if !place.is_empty() {
                return Err(SdpFault::Duplicate);
            }
            *place = layers;
        }
        Ok(())
    }

    fn read_candidate(&mut self, attribute: &str) -> Result<(), SdpFault> {
        match attribute.parse::<Candidate>() {
            Ok(candidate) => self.candidates.push(candidate),
            // Host names (of mDNS above all), TCP and separate RTCP are of no use to a server that
            // learns addresses from checks, and no fault of the offer.
            Err(
                InvalidCandidate::Address
                | InvalidCandidate::Component
                | InvalidCandidate::Transport
                | InvalidCandidate::Type,
            ) => {}
            Err(
                InvalidCandidate::Foundation
                | InvalidCandidate::Port
                | InvalidCandidate::Syntax
                | InvalidCandidate::Priority
                | InvalidCandidate::TooLong,
            ) => return Err(SdpFault::Candidate),
        }
        Ok(())
    }
}

pub(super) fn direction(name: &str) -> Option<Direction> {
    Some(match name {
        "sendrecv" => Direction::SendRecv,
        "sendonly" => Direction::SendOnly,
        "recvonly" => Direction::RecvOnly,
        "inactive" => Direction::Inactive,
        _ => return None,
    })
}

fn checked(ufrag: &str, pwd: &str) -> Result<IceCredentials, SdpFault> {
    IceCredentials::new(ufrag, pwd).map_err(|_| SdpFault::Credentials)
}

fn setup(value: &str) -> Result<Setup, SdpFault> {
    Ok(match value {
        "active" => Setup::Active,
        "passive" => Setup::Passive,
        "actpass" => Setup::ActPass,
        "holdconn" => Setup::HoldConn,
        _ => return Err(SdpFault::Setup),
    })
}

/// `<name>/<clock rate>[/<channels>]`.
fn encoding_of(text: &str) -> Result<Encoding, SdpFault> {
    let mut parts = text.trim_end_matches(' ').split('/');
    let mut part = || parts.next().ok_or(SdpFault::RtpMap);
    let name = token(part()?, 64).map_err(|_| SdpFault::RtpMap)?.to_owned();
    let clock_rate = number(part()?).map_err(|_| SdpFault::RtpMap)?;
    let channels = match parts.next() {
        Some(channels) => number(channels).map_err(|_| SdpFault::RtpMap)?,
        None => 1,
    };
    if clock_rate == 0 || channels == 0 || parts.next().is_some() {
        return Err(SdpFault::RtpMap);
    }
    Ok(Encoding { name, clock_rate, channels })
}

/// `<id>[/<direction>] <URI> [<attributes>]` (RFC 8285 section 8).
fn add_extension(extensions: &mut Vec<ExtensionMap>, value: &str) -> Result<(), SdpFault> {
    let (id, uri) = pair(value, SdpFault::Extension)?;
    let (id, way) = id.split_once('/').map_or((id, None), |(id, way)| (id, Some(way)));
    let direction = match way {
        Some(way) => direction(way).ok_or(SdpFault::Extension)?,
        None => Direction::SendRecv,
    };
    let id: u16 = number(id).map_err(|_| SdpFault::Extension)?;
    // Ids from 4096 on mark alternatives of an offer, of which nothing is chosen here.
    if (4_096..=4_351).contains(&id) {
        return Ok(());
    }
    let id = u8::try_from(id).ok().filter(|id| *id != 0).ok_or(SdpFault::Extension)?;
    let uri = uri.split(' ').next().unwrap_or_default();
    push_extension(extensions, ExtensionMap { id, direction, uri: uri.to_owned() })
}

/// One id names one extension.
fn push_extension(
    extensions: &mut Vec<ExtensionMap>,
    extension: ExtensionMap,
) -> Result<(), SdpFault> {
    if extensions.iter().any(|it| it.id == extension.id) {
        return Err(SdpFault::Duplicate);
    }
    extensions.push(extension);
    Ok(())
}

fn rid(text: &str) -> Option<String> {
    let accepts = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let fits = (1..=MAX_RID_BYTES).contains(&text.len()) && text.bytes().all(accepts);
    fits.then(|| text.to_owned())
}

fn layers(text: &str) -> Result<Vec<Vec<SimulcastId>>, SdpFault> {
    let layers: Vec<&str> = text.split(';').take(MAX_LAYERS + 1).collect();
    if layers.len() > MAX_LAYERS {
        return Err(SdpFault::Simulcast);
    }
    layers.into_iter().map(alternatives).collect()
}

fn alternatives(text: &str) -> Result<Vec<SimulcastId>, SdpFault> {
    let one = |text: &str| {
        let (text, paused) = text.strip_prefix('~').map_or((text, false), |rest| (rest, true));
        rid(text).map(|rid| SimulcastId { rid, paused }).ok_or(SdpFault::Simulcast)
    };
    let all: Vec<&str> = text.split(',').take(MAX_LAYERS + 1).collect();
    if all.len() > MAX_LAYERS {
        return Err(SdpFault::Simulcast);
    }
    all.into_iter().map(one).collect()
}
