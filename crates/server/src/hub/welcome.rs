use calling_model::{UnixMillis, UserId};
use calling_signaling::protocol::{IceServersReply, SignInReply};

use crate::ice_servers::IceServers;

/// What a device is told as it signs in, or takes up its session, whoever it turns out to be.
#[derive(Debug)]
pub(crate) struct Welcome {
    pub(crate) ping_interval_ms: u32,
    pub(crate) ice_servers: IceServers,
    pub(crate) server_time: UnixMillis,
}

impl Welcome {
    /// The same to a device of `user`.
    pub(super) fn reply(&self, user: &UserId, resume_token: Option<String>) -> SignInReply {
        let Self { ping_interval_ms, ice_servers, server_time } = self;
        let IceServersReply { ice_servers, ice_expire_s } = ice_servers.told(user, *server_time);
        SignInReply {
            ping_interval_ms: *ping_interval_ms,
            ice_servers,
            ice_expire_s,
            server_time: Some(*server_time),
            resume_token,
        }
    }
}
