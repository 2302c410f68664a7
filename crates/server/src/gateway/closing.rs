use axum::extract::ws::{CloseFrame, Utf8Bytes, close_code};

/// Why the server closes a signalling connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// The client left or the network took it.
    Gone,
    /// The server stops.
    ServerStops,
    /// The same device signed in on a newer connection, or too many devices did.
    Replaced,
    /// The client does not read what it is sent.
    TooSlow,
    /// Nothing was heard for too long.
    Silent,
    /// No valid sign-in in time.
    SignInTimeout,
    /// Too many sign-ins failed.
    SignInRefused,
    /// Too many frames in too little time.
    Flood,
    /// Too many frames that were not understood.
    BadFrames,
    /// A frame no honest program sends: nested too deep.
    Hostile,
    /// A frame larger than allowed.
    Oversize,
    /// A binary frame.
    Binary,
    /// Not WebSocket (RFC 6455) at all.
    BrokenProtocol,
}

impl Closing {
    /// The close code: of RFC 6455 section 7.4.1 where one fits, else of the private range 4000+.
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Gone => close_code::NORMAL,
            Self::ServerStops => close_code::AWAY,
            Self::BrokenProtocol => close_code::PROTOCOL,
            Self::Binary => close_code::UNSUPPORTED,
            Self::Flood | Self::BadFrames | Self::Hostile => close_code::POLICY,
            Self::Oversize => close_code::SIZE,
            Self::SignInTimeout => 4001,
            Self::SignInRefused => 4002,
            Self::Replaced => 4003,
            Self::TooSlow => 4004,
            Self::Silent => 4005,
        }
    }

    /// One line for people, sent along with the code.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Gone => "",
            Self::ServerStops => "the server stops; come back in a moment",
            Self::Replaced => "this account signed in elsewhere",
            Self::TooSlow => "the client does not read what it is sent",
            Self::Silent => "nothing was heard for too long; send a ping at the interval told",
            Self::SignInTimeout => "no valid sign-in in time",
            Self::SignInRefused => "too many sign-ins failed",
            Self::Flood => "too many frames; slow down",
            Self::BadFrames => "too many frames were not understood",
            Self::Hostile => "the frame nests too deep",
            Self::Oversize => "a frame is at most 65536 bytes",
            Self::Binary => "frames are text",
            Self::BrokenProtocol => "not a WebSocket frame",
        }
    }

    /// The `reason` label of the metric.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::ServerStops => "server_stops",
            Self::Replaced => "replaced",
            Self::TooSlow => "too_slow",
            Self::Silent => "silent",
            Self::SignInTimeout => "sign_in_timeout",
            Self::SignInRefused => "sign_in_refused",
            Self::Flood => "flood",
            Self::BadFrames => "bad_frames",
            Self::Hostile => "hostile",
            Self::Oversize => "oversize",
            Self::Binary => "binary",
            Self::BrokenProtocol => "broken_protocol",
        }
    }

    pub(crate) const fn frame(self) -> CloseFrame {
        CloseFrame { code: self.code(), reason: Utf8Bytes::from_static(self.sentence()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_fit_a_control_frame() {
        // RFC 6455 section 5.5: 125 bytes with the code.
        for closing in [Closing::Silent, Closing::ServerStops, Closing::TooSlow] {
            assert!(closing.sentence().len() <= 123);
        }
    }
}
