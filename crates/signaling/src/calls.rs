//! The call machine, authoritative on the server.
