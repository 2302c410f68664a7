mod context;
mod error;
mod profile;

pub use context::SrtpContext;
pub use error::{InvalidKeys, SealError, SrtpDiscard};
pub use profile::SrtpProfile;
