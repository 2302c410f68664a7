//! Pictures: who wants to see which, and who turned theirs off.

use calling_model::{CallId, VideoTrack};
use calling_signaling::protocol::{ProtocolError, Reply, VideoView};

use super::CallStore;
use super::actor::Actor;
use super::asked::Asker;

impl<S: CallStore> Actor<S> {
    pub(super) async fn subscribe_video(
        &mut self,
        asker: Asker,
        call_id: &CallId,
        _views: Vec<VideoView>,
    ) {
        let result: Result<Reply, ProtocolError> =
            self.check_part(&asker, call_id).map(|()| Reply::Done {});
        self.answer(&asker, result);
    }

    pub(super) async fn set_video_mute(
        &mut self,
        asker: Asker,
        call_id: &CallId,
        _track: VideoTrack,
        _muted: bool,
    ) {
        let result: Result<Reply, ProtocolError> =
            self.check_part(&asker, call_id).map(|()| Reply::Done {});
        self.answer(&asker, result);
    }
}
