//! Fuzz bodies: each takes any bytes and never panics.
