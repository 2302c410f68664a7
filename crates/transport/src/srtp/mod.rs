mod cipher;
mod cm;
mod context;
mod error;
mod gcm;
mod index;
mod kdf;
mod profile;
mod rtcp;
mod table;
mod window;

pub use context::SrtpContext;
pub use error::{InvalidKeys, SealError, SrtpDiscard};
pub use profile::SrtpProfile;
