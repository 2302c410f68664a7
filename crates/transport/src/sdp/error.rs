use super::{MAX_ATTRIBUTES, MAX_BYTES, MAX_FORMATS, MAX_LINE_BYTES, MAX_SECTIONS};

/// A text that is no session description: where, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the SDP: {fault}")]
pub struct SdpError {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong with it.
    pub fault: SdpFault,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpFault {
    /// The whole is longer than [`MAX_BYTES`].
    #[error("a description is at most {MAX_BYTES} bytes")]
    TooLong,
    /// The line is longer than [`MAX_LINE_BYTES`].
    #[error("a line is at most {MAX_LINE_BYTES} bytes")]
    LineTooLong,
    /// More than [`MAX_SECTIONS`].
    #[error("there are at most {MAX_SECTIONS} m= lines")]
    TooManySections,
    /// More than [`MAX_ATTRIBUTES`].
    #[error("a section has at most {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
    /// More than [`MAX_FORMATS`].
    #[error("an m= line has at most {MAX_FORMATS} formats")]
    TooManyFormats,
    /// A NUL or another control character.
    #[error("control characters are not allowed")]
    ControlCharacter,
    /// Not `<letter>=<value>`.
    #[error("a line reads <letter>=<value>")]
    Syntax,
    /// A letter that RFC 8866 does not know, or not here.
    #[error("no such line is expected here")]
    UnexpectedLine,
    /// `v=0`, `o=`, `s=` or `t=` is missing.
    #[error("a description begins with v=0, o=, s= and has t=")]
    MissingLine,
    /// The `o=` line.
    #[error("an origin reads o=<name> <number> <number> IN <IP4 or IP6> <address>")]
    Origin,
    /// The `m=` line.
    #[error("a section reads m=<kind> <port> <protocol> <format> …")]
    Media,
    /// Not a number, or one too large.
    #[error("a number is malformed or too large")]
    Number,
    /// A payload type above 127.
    #[error("a payload type is 0 to 127")]
    PayloadType,
    /// An attribute names a payload type that its `m=` line does not.
    #[error("the payload type is not on the m= line")]
    UnknownPayloadType,
    /// A name with characters that RFC 8866 does not allow there, or too long.
    #[error("a name is malformed or too long")]
    Token,
    /// What may stand there once stands there twice.
    #[error("the same stands there twice")]
    Duplicate,
    /// Two sections have the same mid.
    #[error("two sections have the same mid")]
    DuplicateMid,
    /// A group names a mid that no section has.
    #[error("a group names a mid that no section has")]
    UnknownMid,
    /// `a=rtpmap`.
    #[error("a mapping reads a=rtpmap:<payload type> <name>/<clock rate>[/<channels>]")]
    RtpMap,
    /// `a=fmtp` or `a=rtcp-fb`.
    #[error("parameters read <payload type> <text>")]
    Parameters,
    /// `apt` of a repair stream names nothing that can be repaired, or what another repairs.
    #[error("apt names no payload type of the section, or one that is taken")]
    Apt,
    /// `a=extmap`.
    #[error("an extension reads a=extmap:<1 to 255>[/<direction>] <URI>")]
    Extension,
    /// `a=ice-ufrag` or `a=ice-pwd`.
    #[error("ICE credentials are outside RFC 8839")]
    Credentials,
    /// `a=fingerprint`.
    #[error("a fingerprint is malformed")]
    Fingerprint,
    /// `a=setup`.
    #[error("setup is active, passive, actpass or holdconn")]
    Setup,
    /// `a=candidate`.
    #[error("a candidate is malformed")]
    Candidate,
    /// `a=ssrc` or `a=ssrc-group`.
    #[error("a source is malformed")]
    Source,
    /// `a=msid`.
    #[error("a stream reads a=msid:<stream> [<track>]")]
    Msid,
    /// `a=rid`.
    #[error("a restriction reads a=rid:<id> <send or recv> [<parameters>]")]
    Rid,
    /// `a=simulcast`.
    #[error("simulcast is malformed, or names a rid that the section does not have")]
    Simulcast,
}

/// Why a description is no offer that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// It is no description at all.
    #[error(transparent)]
    Syntax(#[from] SdpError),
    /// No section can be accepted.
    #[error(
        "the offer needs a section in the BUNDLE group: of audio with opus/48000/2, or of video \
         with VP8, H264, VP9 or AV1"
    )]
    NothingAcceptable,
    /// The offerer is ICE-lite, as the answerer is: nobody would check.
    #[error("an ICE-lite endpoint cannot offer to an ICE-lite server")]
    BothLite,
    /// `a=ice-ufrag` or `a=ice-pwd` is missing.
    #[error("the offer needs a=ice-ufrag and a=ice-pwd")]
    NoCredentials,
    /// No SHA-256 fingerprint.
    #[error("the offer needs an a=fingerprint of sha-256")]
    NoFingerprint,
    /// The offerer will not be the DTLS client.
    #[error("the offer needs a=setup:actpass or active: the server is the passive side")]
    Setup,
    /// A section without `a=rtcp-mux`.
    #[error("the offer needs a=rtcp-mux: RTP and RTCP share the port")]
    NoRtcpMux,
    /// A section of a bundle without a mid.
    #[error("sections of a BUNDLE group need a=mid")]
    NoMid,
    /// Sections of the bundle give one number to different codecs or extensions.
    #[error("sections of a BUNDLE group must use the same payload types and extension ids")]
    Conflict,
}
