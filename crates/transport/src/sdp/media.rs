//! The `m=` line, and what has to hold once a section is complete.

use std::collections::BTreeSet;

use super::MAX_FORMATS;
use super::attribute::SessionDefaults;
use super::error::SdpFault;
use super::model::{Codec, MediaKind, MediaSection, Protocol};
use super::token::{number, payload_type, token};

const MAX_NAME_BYTES: usize = 64;

/// Reads `<kind> <port>[/<count>] <protocol> <format> …` (RFC 8866 section 5.14).
pub(super) fn read(value: &str) -> Result<MediaSection, SdpFault> {
    let mut fields = value.split(' ').filter(|field| !field.is_empty());
    let mut field = || fields.next().ok_or(SdpFault::Media);
    let kind = kind(field()?)?;
    let port = port(field()?)?;
    let protocol = protocol(field()?)?;
    let formats: Vec<&str> = fields.take(MAX_FORMATS + 1).collect();
    if formats.is_empty() {
        return Err(SdpFault::Media);
    }
    if formats.len() > MAX_FORMATS {
        return Err(SdpFault::TooManyFormats);
    }
    let mut section = MediaSection { kind, port, protocol, ..MediaSection::default() };
    if section.is_rtp() {
        section.codecs = codecs(&formats)?;
    } else {
        let names = formats.into_iter().map(|it| token(it, MAX_NAME_BYTES).map(str::to_owned));
        section.other_formats = names.collect::<Result<_, _>>()?;
    }
    Ok(section)
}

fn kind(name: &str) -> Result<MediaKind, SdpFault> {
    Ok(match name {
        "audio" => MediaKind::Audio,
        "video" => MediaKind::Video,
        "application" => MediaKind::Application,
        other => MediaKind::Other(token(other, MAX_NAME_BYTES)?.to_owned()),
    })
}

fn port(text: &str) -> Result<u16, SdpFault> {
    match text.split_once('/') {
        Some((port, count)) => number::<u16>(count).and_then(|_| number(port)),
        None => number(text),
    }
}

fn protocol(name: &str) -> Result<Protocol, SdpFault> {
    Ok(match name {
        "UDP/TLS/RTP/SAVPF" => Protocol::DtlsSavpf,
        "UDP/TLS/RTP/SAVP" => Protocol::DtlsSavp,
        other => {
            if other.len() > MAX_NAME_BYTES {
                return Err(SdpFault::Token);
            }
            for part in other.split('/') {
                token(part, MAX_NAME_BYTES)?;
            }
            Protocol::Other(other.to_owned())
        }
    })
}

fn codecs(formats: &[&str]) -> Result<Vec<Codec>, SdpFault> {
    let mut seen = [false; 128];
    let codec = |format: &&str| {
        let number = payload_type(format)?;
        let twice = std::mem::replace(&mut seen[usize::from(number)], true);
        if twice { Err(SdpFault::Duplicate) } else { Ok(Codec::new(number)) }
    };
    formats.iter().map(codec).collect()
}

impl MediaSection {
    /// Takes what stood for all sections, and checks what only the whole tells.
    pub(super) fn finish(&mut self, defaults: &SessionDefaults) -> Result<(), SdpFault> {
        defaults.apply(self)?;
        self.check_repairs()?;
        self.check_simulcast()
    }

    /// Each retransmission repairs one payload type of the section, and each is repaired by one
    /// (RFC 4588 section 8.6).
    fn check_repairs(&self) -> Result<(), SdpFault> {
        let mut repaired = BTreeSet::new();
        for rtx in self.codecs.iter().filter(|codec| codec.is_rtx()) {
            let apt = rtx.parameter("apt").and_then(|apt| payload_type(apt).ok());
            let apt = apt.ok_or(SdpFault::Apt)?;
            let known = self.codecs.iter().any(|it| it.payload_type == apt && !it.is_rtx());
            if !known || !repaired.insert(apt) {
                return Err(SdpFault::Apt);
            }
        }
        Ok(())
    }

    fn check_simulcast(&self) -> Result<(), SdpFault> {
        for (layers, sent) in [(&self.simulcast_send, true), (&self.simulcast_receive, false)] {
            let known = |rid: &str| self.rids.iter().any(|it| it.id == rid && it.sent == sent);
            if !layers.iter().flatten().all(|layer| known(&layer.rid)) {
                return Err(SdpFault::Simulcast);
            }
        }
        Ok(())
    }
}
