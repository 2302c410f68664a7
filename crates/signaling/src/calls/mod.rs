//! The call machine, authoritative on the server.

mod config;
mod input;
mod output;

use std::collections::VecDeque;
use std::time::Instant;

use calling_model::{CallId, Endpoint, Machine};

pub use config::CallsConfig;
pub use input::{CallAction, CallsInput, RequestToken};
pub use output::CallsOutput;

use crate::protocol::{CallReply, Code, ProtocolError};

/// The shell asked for something the machine cannot do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallsMisuse {
    /// A device signed in although [`CallsConfig::max_endpoints`] are.
    #[error("{limit} devices are signed in; refuse the connection or raise max_endpoints")]
    Full {
        /// The limit.
        limit: usize,
    },
}

/// Why [`Calls`] has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallsReason {
    /// A call has rung long enough.
    RingTimeout,
    /// A device that dropped out has not come back.
    PeerLost,
    /// A call has lasted the longest time allowed.
    MaxLength,
}

/// All calls of one server.
#[derive(Debug)]
pub struct Calls {
    outputs: VecDeque<CallsOutput>,
}

impl Calls {
    /// No calls yet. `seed` is the source of every id: 32 bytes of the operating system's
    /// randomness in production, a constant in tests.
    pub fn new(_config: CallsConfig, _seed: [u8; 32]) -> Self {
        Self { outputs: VecDeque::new() }
    }

    /// Whether `endpoint` may open a media connection for the call: the caller's device, any
    /// device of the callee while it rings, then only the one that answered.
    pub fn may_connect_media(&self, _call_id: &CallId, _endpoint: &Endpoint) -> bool {
        false
    }

    /// The call `endpoint` is in: ringing or connected.
    pub fn call_of(&self, _endpoint: &Endpoint) -> Option<CallReply> {
        None
    }

    /// How many calls are alive.
    pub fn live_calls(&self) -> usize {
        0
    }
}

impl Machine for Calls {
    type Input<'a> = CallsInput;
    type Output = CallsOutput;
    type Misuse = CallsMisuse;
    type Reason = CallsReason;

    fn handle_input(&mut self, _now: Instant, input: CallsInput) -> Result<(), CallsMisuse> {
        if let CallsInput::Request { from, request, .. } = input {
            let result = Err(ProtocolError::new(Code::Internal, "Calls are not served yet."));
            self.outputs.push_back(CallsOutput::Reply { to: from, request, result });
        }
        Ok(())
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn poll_output(&mut self) -> Option<CallsOutput> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, CallsReason)> {
        None
    }
}
