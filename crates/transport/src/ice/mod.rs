mod candidate;
mod credentials;
mod message;
mod request;
mod response;
mod stun_discard;

pub use candidate::{Candidate, CandidateKind, InvalidCandidate};
pub use credentials::{IceCredentials, InvalidCredentials};
pub(crate) use request::{BindingRequest, BindingSuccess, Claims};
pub(crate) use response::{Answer, encode_challenge};
pub use stun_discard::StunDiscard;
