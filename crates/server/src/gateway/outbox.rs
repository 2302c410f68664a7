use axum::extract::ws::Utf8Bytes;
use calling_signaling::protocol::{self, ServerFrame};
use tokio::sync::{mpsc, oneshot};

use super::Closing;

/// How many frames wait for one client before it counts as too slow.
pub(crate) const OUTBOX_FRAMES: usize = 256;

/// The hub's end of one signalling connection. Never waits for the client.
#[derive(Debug)]
pub(crate) struct Outbox {
    frames: mpsc::Sender<Utf8Bytes>,
    close: oneshot::Sender<Closing>,
}

/// The connection's end.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) frames: mpsc::Receiver<Utf8Bytes>,
    pub(crate) close: oneshot::Receiver<Closing>,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued,
    /// The client does not read; the frame is lost and the connection has to go.
    Full,
    /// The connection is gone already.
    Gone,
}

pub(crate) fn outbox(capacity: usize) -> (Outbox, Inbox) {
    let (frames, frames_end) = mpsc::channel(capacity);
    let (close, close_end) = oneshot::channel();
    (Outbox { frames, close }, Inbox { frames: frames_end, close: close_end })
}

impl Outbox {
    pub(crate) fn push(&self, frame: &ServerFrame) -> Pushed {
        self.push_text(protocol::encode(frame).into())
    }

    pub(crate) fn push_text(&self, text: Utf8Bytes) -> Pushed {
        match self.frames.try_send(text) {
            Ok(()) => Pushed::Queued,
            Err(mpsc::error::TrySendError::Full(_)) => Pushed::Full,
            Err(mpsc::error::TrySendError::Closed(_)) => Pushed::Gone,
        }
    }

    /// Has the connection closed, once what is queued was sent unless the client is too slow.
    pub(crate) fn close(self, closing: Closing) {
        // An error means that the connection is gone already.
        let _ = self.close.send(closing);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.frames.is_closed()
    }
}
