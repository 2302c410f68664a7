//! ICE, DTLS and SRTP as machines without IO.
