mod error;
mod extension;
mod mutate;
mod view;
mod write;

pub use error::RtpError;
pub use extension::Extensions;
pub use mutate::{RtpViewMut, rename_extensions};
pub use view::{ProtectedHeader, RtpView};
pub use write::{RtpHeader, WriteHeaderError, write_header};

/// The fixed part of the header, in bytes (RFC 3550 section 5.1).
const FIXED_HEADER_LEN: usize = 12;
const VERSION: u8 = 2;
