use std::sync::Arc;
use std::time::Instant;

use calling_model::{CallId, GroupId, MediaType, UserId};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::bell::Bell;
use super::chat::Chat;
use super::engine::{CallEngine, MOST_COMMANDS};
use super::events::{Events, Fanout};
use super::link::sign_in;
use super::server_url::ServerUrl;
use super::session::{Session, SessionCommand, SessionStart, mirror};
use super::shared;
use crate::bell::CallingBell;
use crate::config::Config;
use crate::error::{CommandError, InitError};
use crate::listener::CallingListener;
use crate::state::CallState;
use crate::view::{CallView, CallViewState, ViewInput};

/// One signed-in device: place calls and hear of those that come.
///
/// Dropping it ends a running call (as far as the server can still be told), signs out and frees all
/// sockets, tasks and threads; [`destroy`](Self::destroy) does the same and waits for it.
///
/// ```no_run
/// use calling::{Calling, Config, ListenerEvent, MediaType, UserId};
///
/// # async fn talk(user_sig: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let alice = UserId::new("alice")?;
/// let calling = Calling::init(Config::new("ws://127.0.0.1:8080", 1, alice, user_sig)).await?;
/// let mut events = calling.events();
/// calling.call(UserId::new("echo")?, MediaType::Audio).await?;
/// while let Some(happened) = events.next().await {
///     if let ListenerEvent::CallEnd { .. } = happened.event {
///         break;
///     }
/// }
/// calling.destroy().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Calling {
    engine: CallEngine,
    runtime: Handle,
    bell: Bell,
    _stop: DropGuard,
}

impl Calling {
    /// Connects to the server and signs in. Must be called within a tokio runtime.
    ///
    /// Cancel-safe: dropping the future closes the connection and leaves nothing behind.
    ///
    /// # Errors
    /// See [`InitError`]; each has a stable code and a plain sentence.
    pub async fn init(config: Config) -> Result<Self, InitError> {
        let url = ServerUrl::parse(&config.server, config.extra_roots_pem.as_deref())?;
        let mut mirror = mirror(&config);
        let ids = std::array::from_fn(|_| mirror.take_request_id());
        let signed_in = sign_in(&url, &config, ids, None).await?;
        let config = Arc::new(config);
        let fanout = Arc::new(Fanout::new(config.user_id.clone()));
        let (commands, told) = mpsc::channel(MOST_COMMANDS);
        let (state, seen) = watch::channel(CallState { signed_in: true, ..CallState::default() });
        let session = Session::new(SessionStart {
            config: Arc::clone(&config),
            url,
            mirror,
            signed_in,
            commands: told,
            fanout: Arc::clone(&fanout),
            state,
        });
        let stop = CancellationToken::new();
        let runtime = Handle::current();
        runtime.spawn(session.run(stop.clone()));
        Ok(Self {
            engine: CallEngine::new(commands, seen, config, fanout),
            runtime,
            bell: Bell::new(),
            _stop: stop.drop_guard(),
        })
    }

    /// As [`init`](Self::init), kept for the whole process: see
    /// [`shared_instance`](Self::shared_instance).
    ///
    /// # Errors
    /// As [`init`](Self::init); [`InitError::AlreadyShared`] if there is one.
    pub async fn init_shared(config: Config) -> Result<Arc<Self>, InitError> {
        shared::init(config).await
    }

    /// The one instance made by [`init_shared`](Self::init_shared). This is the only process-wide
    /// state of the crate; nothing else reads it.
    pub fn shared_instance() -> Option<Arc<Self>> {
        shared::get()
    }

    /// Destroys the shared instance, if there is one.
    pub async fn destroy_shared_instance() {
        shared::destroy().await;
    }

    /// Calls `user`; see [`CallEngine::call`].
    ///
    /// # Errors
    /// As [`CallEngine::call`].
    pub async fn call(&self, user: UserId, media_type: MediaType) -> Result<CallId, CommandError> {
        self.engine.call(user, media_type).await
    }

    /// Calls several; see [`CallEngine::group_call`].
    ///
    /// # Errors
    /// As [`CallEngine::group_call`].
    pub async fn group_call(
        &self,
        users: Vec<UserId>,
        media_type: MediaType,
        group_id: Option<GroupId>,
    ) -> Result<CallId, CommandError> {
        self.engine.group_call(users, media_type, group_id).await
    }

    /// Ends a running call, signs out and waits until all is freed. Afterwards every command gives
    /// [`CommandError::SignedOut`]. A second call does nothing.
    pub async fn destroy(&self) {
        let (done, ended) = oneshot::channel();
        if self.engine.tell_patiently(SessionCommand::Destroy { done }).await.is_ok() {
            // An error says that it has ended already.
            let _ = ended.await;
        }
    }

    /// Calls `listener` from a task of its own from now on. Adding it twice changes nothing.
    pub fn add_listener(&self, listener: Arc<dyn CallingListener>) {
        self.engine.fanout.add(&self.runtime, listener);
    }

    /// Takes `listener` out; a callback under way runs to its end.
    pub fn remove_listener(&self, listener: &Arc<dyn CallingListener>) {
        self.engine.fanout.remove(listener);
    }

    /// Everything that happens from now on, as a stream. May be called any number of times.
    pub fn events(&self) -> Events {
        self.engine.fanout.events()
    }

    /// A handle for what is done with calls.
    pub fn engine(&self) -> CallEngine {
        self.engine.clone()
    }

    /// The chat of this account: conversations, groups, profiles.
    pub fn chat(&self) -> Chat {
        self.engine.chat()
    }

    /// Rings `bell` while a call comes in, in place of the one before; `None` rings nothing, which
    /// is how a `Calling` begins. A call that comes in already rings at once.
    pub fn set_calling_bell(&self, bell: Option<Arc<dyn CallingBell>>) {
        self.bell.set(&self.runtime, self.engine.state.clone(), bell);
    }

    /// Whether calls come in silently: the [bell](Self::set_calling_bell) is not rung, and falls
    /// silent if it rings. Nothing else changes.
    pub fn enable_mute_mode(&self, enable: bool) {
        self.bell.mute(enable);
    }

    /// Shows calls by `view` from now on: the running one at once, all others as they come in or
    /// are placed. There is one view at a time; the one before is closed. Without a view nothing is
    /// shown, which is how a `Calling` begins.
    pub fn set_view(&self, view: Arc<dyn CallView>) {
        self.engine.fanout.views.set(&self.runtime, view);
    }

    /// Shows calls no longer; closes the view if it shows one. A callback under way runs to its end.
    pub fn remove_view(&self) {
        self.engine.fanout.views.remove();
    }

    /// The running call as a view shows it now, also without a view; `None` when idle.
    pub fn call_view(&self) -> Option<Arc<CallViewState>> {
        self.engine.fanout.views.current()
    }

    /// What views call `user`: a nickname, a remark. Empty for the account, as without it. Kept
    /// for up to 10,000 users.
    pub fn set_display_name(&self, user: UserId, name: impl Into<String>) {
        let name = ViewInput::DisplayName { user, name: name.into() };
        self.engine.fanout.views.input(Instant::now(), &name);
    }

    /// Says that the application shows call windows itself (`true`): the [view](Self::set_view) is
    /// closed and hears of no call until this is taken back (`false`), which shows it the running
    /// call. Nothing else changes: calls are placed, ring and are answered as before, and
    /// listeners hear of them.
    pub fn enable_custom_view_route(&self, enable: bool) {
        self.engine.fanout.views.set_custom(enable);
    }

    /// Whether the application shows call windows itself.
    pub fn custom_view_route(&self) -> bool {
        self.engine.fanout.views.custom()
    }
}
