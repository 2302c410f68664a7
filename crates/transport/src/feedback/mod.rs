//! Congestion feedback on the wire: when each packet of a transport came, told to its sender
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01).
//!
//! [`Arrivals`] stores, [`Statuses`] writes one feedback packet, [`TransportFeedback`] decides
//! when.

mod arrivals;
mod reporter;
mod statuses;
mod unreported;

pub use reporter::TransportFeedback;
pub use unreported::Unreported;

use arrivals::{Arrivals, Noted};
use statuses::Statuses;
