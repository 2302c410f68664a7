//! What a packet costs the receiver, without the decoder.

fn main() {}
