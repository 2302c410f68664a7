mod candidate;
mod credentials;
mod request;
mod response;
mod stun_discard;

pub use candidate::{Candidate, CandidateKind, InvalidCandidate};
pub use credentials::{IceCredentials, InvalidCredentials};
pub(crate) use request::{BindingRequest, Claims};
pub(crate) use response::Answer;
pub use stun_discard::StunDiscard;
