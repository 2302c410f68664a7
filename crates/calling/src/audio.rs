use std::fmt;
use std::sync::Arc;

use calling_media::{AudioSink, AudioSource};
use calling_model::CallId;
use serde::Serialize;

/// A microphone, a loudspeaker or a file that could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeviceError(pub String);

/// Where the voice of others comes out; a hint that the application's sink may follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioRoute {
    /// 0: loud, for a room.
    Speaker,
    /// 1: quiet, at the ear; how voice calls begin.
    #[default]
    Earpiece,
}

type OpenSource = dyn Fn(&CallId) -> Result<Box<dyn AudioSource>, DeviceError> + Send + Sync;
type OpenSink = dyn Fn(&CallId) -> Result<Box<dyn AudioSink>, DeviceError> + Send + Sync;
type FollowRoute = dyn Fn(AudioRoute) + Send + Sync;

/// How calls get their microphone and their loudspeaker.
///
/// Both are opened once per call and only after the call was answered; before that neither
/// factory is called. They run on the call's own media thread, where nothing else waits, and
/// must not block for longer than a few milliseconds.
#[derive(Clone)]
pub struct Audio {
    source: Arc<OpenSource>,
    sink: Arc<OpenSink>,
    route: Option<Arc<FollowRoute>>,
}

impl Audio {
    /// Opens the microphone with `source` and the loudspeaker with `sink`.
    pub fn new<S, K>(source: S, sink: K) -> Self
    where
        S: Fn(&CallId) -> Result<Box<dyn AudioSource>, DeviceError> + Send + Sync + 'static,
        K: Fn(&CallId) -> Result<Box<dyn AudioSink>, DeviceError> + Send + Sync + 'static,
    {
        Self { source: Arc::new(source), sink: Arc::new(sink), route: None }
    }

    /// Says nothing and throws away what it hears.
    pub fn silent() -> Self {
        Self::new(
            |_| Ok(Box::new(calling_media::SilenceSource)),
            |_| Ok(Box::new(crate::echo::Discard)),
        )
    }

    /// Says what it hears, as the bot `echo` does.
    pub fn echo() -> Self {
        let rings = Arc::new(crate::echo::Rings::default());
        let heard = Arc::clone(&rings);
        Self::new(
            move |call| Ok(Box::new(rings.source(call))),
            move |call| Ok(Box::new(heard.sink(call))),
        )
    }

    /// With this microphone.
    #[must_use]
    pub fn with_source<S>(mut self, source: S) -> Self
    where
        S: Fn(&CallId) -> Result<Box<dyn AudioSource>, DeviceError> + Send + Sync + 'static,
    {
        self.source = Arc::new(source);
        self
    }

    /// With this loudspeaker.
    #[must_use]
    pub fn with_sink<K>(mut self, sink: K) -> Self
    where
        K: Fn(&CallId) -> Result<Box<dyn AudioSink>, DeviceError> + Send + Sync + 'static,
    {
        self.sink = Arc::new(sink);
        self
    }

    /// Calls `follow` when the route changes.
    #[must_use]
    pub fn with_route(mut self, follow: impl Fn(AudioRoute) + Send + Sync + 'static) -> Self {
        self.route = Some(Arc::new(follow));
        self
    }

    /// The microphone for `call`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open_source(&self, call: &CallId) -> Result<Box<dyn AudioSource>, DeviceError> {
        (self.source)(call)
    }

    /// The loudspeaker for `call`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open_sink(&self, call: &CallId) -> Result<Box<dyn AudioSink>, DeviceError> {
        (self.sink)(call)
    }

    /// Tells the hook of [`with_route`](Self::with_route), if there is one.
    pub fn follow(&self, route: AudioRoute) {
        if let Some(follow) = &self.route {
            follow(route);
        }
    }
}

impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audio").finish_non_exhaustive()
    }
}
