//! What the application wants to see and show. It lasts as long as the call.

use std::collections::{BTreeMap, BTreeSet};

use calling_model::{CallId, UserId, VideoSize, VideoTrack};
use calling_signaling::client::ClientPhase;
use calling_signaling::protocol::{Request, VideoView};

use super::Session;
use super::signalling::Own;
use crate::driver::media::{MediaCommand, VideoCommand};
use crate::video::{VideoQuality, View};

/// Views of others at once.
const MOST_VIEWS: usize = 64;

/// What the application asks about pictures.
pub(crate) enum VideoWish {
    /// Open this camera, or share this screen.
    Open {
        track: VideoTrack,
        id: String,
    },
    /// Send nothing of it any more.
    Close(VideoTrack),
    /// Show nothing of the camera to anybody, or again.
    Mute(bool),
    LocalView(Option<View>),
    RemoteView {
        user: UserId,
        track: VideoTrack,
        size: VideoSize,
        view: View,
    },
    RemoteSize {
        user: UserId,
        track: VideoTrack,
        size: VideoSize,
    },
    NoRemoteView {
        user: UserId,
        track: VideoTrack,
    },
    Quality(VideoQuality),
}

/// What is wanted, and what the server knows of it.
#[derive(Default)]
pub(super) struct Pictures {
    /// What is open, by its id.
    open: BTreeMap<VideoTrack, String>,
    /// What was open at any time in this call.
    opened: BTreeSet<VideoTrack>,
    muted: bool,
    local: Option<View>,
    quality: Option<VideoQuality>,
    remote: BTreeMap<(UserId, VideoTrack), (VideoSize, View)>,
    /// Who is in the room, for a bot that watches everybody.
    present: BTreeSet<UserId>,
    told_views: Option<(CallId, Vec<VideoView>)>,
    /// What the server was told is hidden, or is not any more.
    told_hidden: BTreeMap<VideoTrack, (CallId, bool)>,
}

impl Pictures {
    pub(super) fn is_open(&self, track: VideoTrack) -> bool {
        self.open.contains_key(&track)
    }

    /// Whether the camera is muted.
    pub(super) const fn is_muted(&self) -> bool {
        self.muted
    }

    /// Whether nobody is to see it: muted, or closed, which others are to learn at once.
    fn is_hidden(&self, track: VideoTrack) -> bool {
        let is_muted = track == VideoTrack::Camera && self.muted;
        is_muted || (self.opened.contains(&track) && !self.is_open(track))
    }

    fn views(&self, watches_all: bool) -> Vec<VideoView> {
        let all = self.present.iter().filter(|_| watches_all).map(|user| VideoView {
            user: user.clone(),
            track: VideoTrack::Camera,
            size: VideoSize::Large,
        });
        let wanted = self.remote.iter().map(|((user, track), (size, _))| VideoView {
            user: user.clone(),
            track: *track,
            size: *size,
        });
        // The server takes no picture twice.
        let all = all.filter(|view| !self.remote.contains_key(&(view.user.clone(), view.track)));
        wanted.chain(all).collect()
    }

    /// What a new media thread must know.
    fn commands(&self) -> Vec<VideoCommand> {
        let mut commands = vec![VideoCommand::Mute(self.muted)];
        commands.extend(self.quality.map(VideoCommand::Quality));
        commands.extend(self.local.clone().map(|view| VideoCommand::LocalView(Some(view))));
        commands.extend(self.remote.iter().map(|((user, track), (_, view))| {
            let (user, track, view) = (user.clone(), *track, view.clone());
            VideoCommand::RemoteView { user, track, view }
        }));
        commands.extend(self.open.iter().map(|(track, id)| {
            let (track, id) = (*track, id.clone());
            VideoCommand::Open { track, id }
        }));
        commands
    }
}

impl Session {
    pub(super) fn wish_video(&mut self, wish: VideoWish) {
        let pictures = &mut self.pictures;
        let command = match wish {
            VideoWish::Open { track, id } => {
                pictures.open.insert(track, id.clone());
                pictures.opened.insert(track);
                VideoCommand::Open { track, id }
            }
            VideoWish::Close(track) => {
                pictures.open.remove(&track);
                VideoCommand::Close(track)
            }
            VideoWish::Mute(muted) => {
                pictures.muted = muted;
                VideoCommand::Mute(muted)
            }
            VideoWish::LocalView(view) => {
                pictures.local = view.clone();
                VideoCommand::LocalView(view)
            }
            VideoWish::RemoteView { user, track, size, view } => {
                let known = pictures.remote.contains_key(&(user.clone(), track));
                if !known && pictures.remote.len() >= MOST_VIEWS {
                    tracing::warn!("too many views; this one is not shown");
                    return;
                }
                pictures.remote.insert((user.clone(), track), (size, view.clone()));
                VideoCommand::RemoteView { user, track, view }
            }
            VideoWish::RemoteSize { user, track, size } => {
                if let Some(view) = pictures.remote.get_mut(&(user, track)) {
                    view.0 = size;
                }
                return;
            }
            VideoWish::NoRemoteView { user, track } => {
                pictures.remote.remove(&(user.clone(), track));
                VideoCommand::NoRemoteView { user, track }
            }
            VideoWish::Quality(quality) => {
                pictures.quality = Some(quality);
                VideoCommand::Quality(quality)
            }
        };
        self.media.tell(MediaCommand::Video(command));
    }

    /// What a picture was read from has ended, or did not open.
    pub(super) fn video_ended(&mut self, track: VideoTrack) {
        self.pictures.open.remove(&track);
    }

    /// Somebody is in the room.
    pub(super) fn sees(&mut self, user: &UserId) {
        self.pictures.present.insert(user.clone());
    }

    /// Somebody left the room.
    pub(super) fn sees_no_more(&mut self, user: &UserId) {
        self.pictures.present.remove(user);
    }

    /// A media thread began: it learns what is wanted.
    pub(super) fn video_to_new_thread(&mut self) {
        for command in self.pictures.commands() {
            self.media.tell(MediaCommand::Video(command));
        }
    }

    /// The call is over: the next one begins with no camera and no views.
    pub(super) fn forget_video(&mut self) {
        let quality = self.pictures.quality;
        self.pictures = Pictures { quality, ..Pictures::default() };
    }

    /// The server may have forgotten what it was told, as after a new connection.
    pub(super) fn tell_video_again(&mut self) {
        self.pictures.told_views = None;
        self.pictures.told_hidden.clear();
    }

    /// Tells the server what changed, once the call is connected.
    pub(super) async fn sync_video(&mut self) {
        if self.mirror.phase() != ClientPhase::Connected || !self.signalling.is_up() {
            return;
        }
        let Some(call_id) = self.mirror.call().map(|facts| facts.call_id.clone()) else { return };
        let views = self.pictures.views(self.config.video.is_echo());
        let asked = Some((call_id.clone(), views.clone()));
        let nothing_yet = self.pictures.told_views.is_none() && views.is_empty();
        if self.pictures.told_views != asked && !nothing_yet {
            self.pictures.told_views = asked;
            let request = Request::SubscribeVideo { call_id: call_id.clone(), views };
            self.ask(request, Own::Video).await;
        }
        for track in VideoTrack::ALL {
            let muted = self.pictures.is_hidden(track);
            let said = (call_id.clone(), muted);
            let told = self.pictures.told_hidden.get(&track);
            if told != Some(&said) && (muted || told.is_some()) {
                self.pictures.told_hidden.insert(track, said);
                let call_id = call_id.clone();
                self.ask(Request::SetVideoMute { call_id, track, muted }, Own::Video).await;
            }
        }
    }
}
