//! Zero-copy RTP and RTCP views, extenders and datagram classification.
