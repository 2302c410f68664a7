//! The call machine's mirror in a client.
