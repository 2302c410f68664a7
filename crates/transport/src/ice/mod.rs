mod candidate;
mod credentials;
mod stun_discard;

pub use candidate::{Candidate, CandidateKind, InvalidCandidate};
pub use credentials::{IceCredentials, InvalidCredentials};
pub use stun_discard::StunDiscard;
