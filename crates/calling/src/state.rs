use calling_signaling::call::CallFacts;
use calling_signaling::client::ClientPhase;

/// Where this device stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallState {
    /// In which part of a call, or in none.
    pub phase: ClientPhase,
    /// The facts of the call; `None` when idle or before the server has placed it.
    pub call: Option<CallFacts>,
    /// Whether the microphone is muted.
    pub mic_muted: bool,
    /// Whether a camera was opened.
    pub camera_open: bool,
    /// Whether nothing of the camera is shown to anybody.
    pub video_muted: bool,
    /// Whether a screen is shared.
    pub screen_shared: bool,
    /// Whether the server's signalling is reachable at present.
    pub signed_in: bool,
}

impl Default for CallState {
    fn default() -> Self {
        Self {
            phase: ClientPhase::Idle,
            call: None,
            mic_muted: false,
            camera_open: false,
            video_muted: false,
            screen_shared: false,
            signed_in: false,
        }
    }
}
