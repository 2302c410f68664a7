//! The call machine's mirror in a client.

mod config;
mod event;
mod input;
mod output;

use std::collections::VecDeque;
use std::time::Instant;

use calling_model::{Machine, UserId};

pub use config::ClientConfig;
pub use event::{Connection, ListenerEvent, NetworkQuality, UserQuality};
pub use input::{ClientInput, Command, CommandToken, MediaState};
pub use output::ClientOutput;

use crate::call::CallFacts;
use crate::protocol::Code;

/// A command that makes no sense now; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientMisuse {
    /// A call was asked for during another.
    #[error("this device is in a call; hang up before calling again")]
    AlreadyInCall,
    /// Accept, reject or ignore without an incoming call.
    #[error("no call is coming in; wait for Invited before answering")]
    NoIncomingCall,
    /// The incoming call was answered or declined already.
    #[error("the call was answered or declined already; wait for what comes of it")]
    AlreadyAnswered,
    /// Hang up without a call.
    #[error("there is no call to hang up")]
    NotInCall,
    /// A call without signalling.
    #[error("not connected to the server; sign in, or wait for Recovered, and try again")]
    NotSignedIn,
    /// A call to nobody.
    #[error("name somebody to call")]
    NobodyNamed,
    /// A call to oneself.
    #[error("one cannot call oneself; name somebody else")]
    CallYourself,
    /// Too much `user_data`.
    #[error("user_data is at most {limit} bytes; send less")]
    UserDataTooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

impl ClientMisuse {
    /// The stable code, as the server would give it.
    pub const fn code(self) -> Code {
        match self {
            Self::AlreadyInCall | Self::NoIncomingCall | Self::NotInCall => Code::WrongState,
            Self::AlreadyAnswered => Code::Repeated,
            Self::NotSignedIn => Code::NotInitialised,
            Self::NobodyNamed | Self::CallYourself | Self::UserDataTooLong { .. } => {
                Code::BadParameter
            }
        }
    }
}

/// Why [`ClientCalls`] has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClientReason {
    /// A request has had no answer.
    RequestTimeout,
    /// A call rang longer than the server should have let it.
    RingTimeout,
    /// Signalling has not come back during a call.
    SignallingLost,
    /// The server did not say how a call ended.
    Closing,
}

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientPhase {
    /// In no call.
    Idle,
    /// Asked the server to place a call.
    Requested,
    /// The call it placed rings.
    Outgoing,
    /// A call comes in.
    Incoming,
    /// In conversation.
    Connected,
    /// Hung up or answered too late; waits for the server's last word.
    Closing,
}

/// One client's view of its call.
#[derive(Debug)]
pub struct ClientCalls {
    outputs: VecDeque<ClientOutput>,
    next_id: u64,
}

impl ClientCalls {
    /// In no call, signed out.
    pub fn new(_config: ClientConfig, _user: UserId) -> Self {
        Self { outputs: VecDeque::new(), next_id: 1 }
    }

    /// An id for a request the driver sends itself (`sign_in`, `ping`, `connect_media`…), distinct
    /// from the mirror's own on the same connection.
    pub const fn take_request_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Where the client stands.
    pub const fn phase(&self) -> ClientPhase {
        ClientPhase::Idle
    }

    /// The facts of the call it is in; `None` when idle or before the server has placed it.
    pub const fn call(&self) -> Option<&CallFacts> {
        None
    }

    /// Whether the microphone is muted.
    pub const fn is_muted(&self) -> bool {
        false
    }
}

impl Machine for ClientCalls {
    type Input<'a> = ClientInput;
    type Output = ClientOutput;
    type Misuse = ClientMisuse;
    type Reason = ClientReason;

    fn handle_input(&mut self, _now: Instant, _input: ClientInput) -> Result<(), ClientMisuse> {
        Ok(())
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn poll_output(&mut self) -> Option<ClientOutput> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, ClientReason)> {
        None
    }
}
