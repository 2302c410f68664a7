//! Pictures: who wants to see which, and who turned theirs off.

use std::collections::btree_map::Entry;

use calling_model::{CallId, VideoTrack};
use calling_room::{VideoSourceSsrcs, VideoTerms, VideoViews};
use calling_signaling::protocol::{Code, ProtocolError, VideoStream, VideoView};
use tokio::sync::oneshot;

use super::CallStore;
use super::actor::{Actor, Finished};
use super::asked::Asker;
use crate::shard::ShardCommand;

/// More than anybody can look at.
const MOST_VIEWS: usize = 256;

impl<S: CallStore> Actor<S> {
    /// Answers once the media thread has done it.
    pub(super) async fn subscribe_video(
        &mut self,
        asker: Asker,
        call_id: &CallId,
        views: Vec<VideoView>,
    ) {
        let checked = self.check_part(&asker, call_id).and_then(|()| distinct(views));
        let views = match checked {
            Ok(views) => views,
            Err(error) => return self.answer(&asker, Err(error)),
        };
        let Some(call) = self.running.get_mut(call_id) else { return };
        let (pictures, connection) = call.pictures_mut(&asker.session.endpoint);
        match connection {
            // It has places for what it asked for in its offer; they stay.
            Some((_, true)) => resize(&mut pictures.views, views),
            Some((_, false)) | None => pictures.views = views,
        }
        let views = pictures.views.clone();
        let connection = connection.map(|(connection, _)| connection);
        let (done, set) = oneshot::channel();
        if let Some(connection) = connection {
            self.command_shard(ShardCommand::SetViews { connection, views, done }).await;
        }
        self.answer_after(asker, set);
    }

    /// Answers once the media thread has done it: from then on nothing passes.
    pub(super) async fn set_video_mute(
        &mut self,
        asker: Asker,
        call_id: &CallId,
        track: VideoTrack,
        muted: bool,
    ) {
        if let Err(error) = self.check_part(&asker, call_id) {
            return self.answer(&asker, Err(error));
        }
        let Some(call) = self.running.get_mut(call_id) else { return };
        let (pictures, connection) = call.pictures_mut(&asker.session.endpoint);
        if muted {
            pictures.muted.insert(track);
        } else {
            pictures.muted.remove(&track);
        }
        let (done, set) = oneshot::channel();
        if let Some((connection, _)) = connection {
            let command = ShardCommand::SetVideoMuted { connection, track, muted, done };
            self.command_shard(command).await;
        }
        self.answer_after(asker, set);
    }

    /// If there is no connection, or the media thread is gone, nothing passes either way.
    fn answer_after(&mut self, asker: Asker, set: oneshot::Receiver<()>) {
        self.waiting.push(Box::pin(async move {
            let _ = set.await;
            Finished::Done { asker }
        }));
    }
}

/// What a client that announces its streams may send. Of a track named twice the first counts.
pub(super) fn native_terms(streams: &[VideoStream]) -> VideoTerms {
    VideoTerms::native(streams.iter().rev().map(|stream| {
        let ssrcs = VideoSourceSsrcs { media: stream.ssrc, rtx: Some(stream.rtx_ssrc) };
        (stream.track, ssrcs)
    }))
}

fn distinct(views: Vec<VideoView>) -> Result<VideoViews, ProtocolError> {
    if views.len() > MOST_VIEWS {
        let sentence = format!("`views` names at most {MOST_VIEWS} pictures");
        return Err(ProtocolError::new(Code::BadParameter, sentence));
    }
    let mut distinct = VideoViews::new();
    for VideoView { user, track, size } in views {
        match distinct.entry((user, track)) {
            Entry::Vacant(place) => place.insert(size),
            Entry::Occupied(_) => {
                let sentence = "`views` names the same picture twice";
                return Err(ProtocolError::new(Code::BadParameter, sentence));
            }
        };
    }
    Ok(distinct)
}

fn resize(views: &mut VideoViews, wanted: VideoViews) {
    for (picture, size) in wanted {
        if let Entry::Occupied(mut place) = views.entry(picture) {
            place.insert(size);
        }
    }
}
