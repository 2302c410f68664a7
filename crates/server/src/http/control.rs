use calling_model::{CallId, DeviceId, UserId};
use calling_signaling::protocol::{CallReply, Code, ProtocolError};

use crate::hub::{AdminCommand, Hub, HubGone, LiveCall, OperatorCall, SessionId, Told};

/// What REST can do with the running server beside reading its database.
#[derive(Clone, Debug, Default)]
pub struct Control {
    hub: Option<Hub>,
}

impl Control {
    /// For routes without a server behind them: there are no calls and no devices.
    pub fn absent() -> Self {
        Self::default()
    }

    pub(crate) const fn new(hub: Hub) -> Self {
        Self { hub: Some(hub) }
    }

    pub(crate) async fn calls(&self) -> Result<Vec<LiveCall>, ProtocolError> {
        self.hub()?.ask(AdminCommand::ListCalls).await.map_err(gone)
    }

    pub(crate) async fn start_call(&self, call: OperatorCall) -> Result<CallReply, ProtocolError> {
        self.hub()?.ask(|reply| AdminCommand::StartCall(call, reply)).await.map_err(gone)?
    }

    pub(crate) async fn end_call(&self, call_id: CallId) -> Result<bool, ProtocolError> {
        self.hub()?.ask(|reply| AdminCommand::EndCall(call_id, reply)).await.map_err(gone)
    }

    pub(crate) async fn devices(&self, user: UserId) -> Result<Vec<DeviceId>, ProtocolError> {
        self.hub()?.ask(|reply| AdminCommand::Devices(user, reply)).await.map_err(gone)
    }

    pub(crate) async fn kick(
        &self,
        user: UserId,
        device: Option<DeviceId>,
    ) -> Result<usize, ProtocolError> {
        self.hub()?.ask(|reply| AdminCommand::Kick(user, device, reply)).await.map_err(gone)
    }

    /// Has devices told; nobody if the server stops, which they are told otherwise.
    pub(crate) async fn tell(&self, told: Vec<Told>, except: Option<SessionId>) {
        if let Some(hub) = &self.hub {
            let _ = hub.tell(told, except).await;
        }
    }

    fn hub(&self) -> Result<&Hub, ProtocolError> {
        self.hub.as_ref().ok_or_else(|| gone(HubGone))
    }
}

fn gone(error: HubGone) -> ProtocolError {
    ProtocolError::new(Code::Internal, error.to_string())
}
