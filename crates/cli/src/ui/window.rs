use std::io;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use calling::view::CallViewState;
use calling::{CallEngine, Calling, CommandError};
use crossterm::event::{Event, EventStream, KeyEvent};
use futures_util::StreamExt as _;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::draw::{Scene, draw};
use super::panel::{Action, Panel};
use super::screen::{self, Screen};
use super::view::{Shown, TerminalView};
use crate::exit::Failure;
use crate::stop::Stop;

/// How long the window of a call that is over stays unless a key is pressed.
const LINGER: Duration = Duration::from_millis(1_500);
/// How long a window that should close by itself is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the clock is drawn when nothing happens.
const TICK: Duration = Duration::from_millis(250);
/// The shortest time between two drawings.
const FRAME: Duration = Duration::from_millis(30);

/// The call window of this process. Dropped, it gives the terminal back.
pub(crate) struct Window {
    shown: watch::Receiver<Shown>,
    on_screen: watch::Receiver<bool>,
    ending: CancellationToken,
    ended: mpsc::Receiver<()>,
}

impl Window {
    /// Shows the calls of `calling` from now on. Ctrl-C in the window is a wish to stop as a signal
    /// is.
    pub(crate) fn open(calling: &Calling, stop: &Stop) -> Result<Self, Failure> {
        let (show, shown) = watch::channel(Shown::Nothing);
        let (on_screen, seen) = watch::channel(false);
        let (done, ended) = mpsc::channel();
        let ending = CancellationToken::new();
        let life = Life {
            engine: calling.engine(),
            shown: shown.clone(),
            on_screen,
            stop: stop.nudge(),
            ending: ending.clone(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(Failure::machine)?;
        std::thread::Builder::new()
            .name("call-window".to_owned())
            .spawn(move || {
                runtime.block_on(life.live());
                // Whoever waited may have gone.
                let _ = done.send(());
            })
            .map_err(Failure::machine)?;
        calling.set_view(Arc::new(TerminalView(show)));
        Ok(Self { shown, on_screen: seen, ending, ended })
    }

    /// Waits until the call that ended is off the screen, so that lines can be printed again.
    pub(crate) async fn settled(&mut self) {
        let closed = self.shown.wait_for(|shown| !shown.is_open());
        let _ = tokio::time::timeout(PATIENCE, closed).await;
        let off = self.on_screen.wait_for(|on_screen| !on_screen);
        let _ = tokio::time::timeout(LINGER + PATIENCE, off).await;
        // A window that did not hear of the end in time draws no more.
        screen::restore();
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.ending.cancel();
        // A terminal that stands still is not waited for.
        let _ = self.ended.recv_timeout(PATIENCE);
        screen::restore();
    }
}

/// The thread of the window.
struct Life {
    engine: CallEngine,
    shown: watch::Receiver<Shown>,
    on_screen: watch::Sender<bool>,
    stop: Arc<Notify>,
    ending: CancellationToken,
}

/// What the window woke up for.
enum Wake {
    Ending,
    Changed,
    Key(Option<io::Result<Event>>),
    Done(Action, Result<(), CommandError>),
    Tick,
}

impl Life {
    async fn live(mut self) {
        let ending = self.ending.clone();
        loop {
            tokio::select! {
                () = ending.cancelled() => return,
                open = self.shown.wait_for(Shown::is_open) => {
                    if open.is_err() {
                        return;
                    }
                }
            }
            self.on_screen.send_replace(true);
            let shown = self.show().await;
            self.on_screen.send_replace(false);
            if let Err(error) = shown {
                tracing::warn!(%error, "the call window cannot use this terminal");
                return;
            }
        }
    }

    /// Shows a call until it is over and off the screen.
    async fn show(&mut self) -> io::Result<()> {
        let Shown::Open(call) = self.shown.borrow_and_update().clone() else { return Ok(()) };
        let mut showing = Showing {
            screen: Screen::enter()?,
            keys: EventStream::new(),
            panel: Panel::default(),
            call,
            over: None,
            linger: LINGER,
            commands: JoinSet::new(),
        };
        showing.draw()?;
        loop {
            match showing.wake(&mut self.shown, &self.ending).await {
                Wake::Ending | Wake::Key(None) => return Ok(()),
                Wake::Key(Some(event)) => {
                    if let Event::Key(key) = event? {
                        self.key(&mut showing, key);
                    }
                }
                Wake::Changed => showing.take(self.shown.borrow_and_update().clone()),
                Wake::Done(action, result) => {
                    let refused = result.err().map(|error| error.to_string());
                    showing.panel.done(action, refused, Instant::now());
                }
                Wake::Tick => {}
            }
            if showing.over.is_some_and(|until| until <= Instant::now()) {
                return Ok(());
            }
            showing.draw()?;
        }
    }

    fn key(&self, showing: &mut Showing, key: KeyEvent) {
        let now = Instant::now();
        let Some(action) = showing.panel.key(key, &showing.call) else { return };
        match action {
            Action::Stop => {
                self.stop.notify_one();
                showing.linger = Duration::ZERO;
                showing.dismiss(now);
            }
            Action::Dismiss => showing.dismiss(now),
            Action::Accept
            | Action::Reject
            | Action::Ignore
            | Action::HangUp
            | Action::Mute(_)
            | Action::Camera(_) => {
                let engine = self.engine.clone();
                showing.commands.spawn(async move { (action, act(&engine, action).await) });
            }
        }
    }
}

async fn act(engine: &CallEngine, action: Action) -> Result<(), CommandError> {
    match action {
        Action::Accept => engine.accept().await,
        Action::Reject => engine.reject().await,
        Action::Ignore => engine.ignore().await,
        Action::HangUp => engine.hangup().await,
        Action::Mute(muted) => engine.set_mic_mute(muted).await,
        Action::Camera(on) => turn_camera(engine, on),
        Action::Stop | Action::Dismiss => Ok(()),
    }
}

/// Off is muted, so that the camera need not be opened again.
fn turn_camera(engine: &CallEngine, on: bool) -> Result<(), CommandError> {
    if on && !engine.state().camera_open {
        engine.open_camera(None)?;
    }
    engine.set_video_mute(!on)
}

/// A call on the screen.
struct Showing {
    // Dropped first: the terminal is back before its keys are let go.
    screen: Screen,
    keys: EventStream,
    panel: Panel,
    call: Arc<CallViewState>,
    /// Until when the window of a call that is over stays.
    over: Option<Instant>,
    linger: Duration,
    commands: JoinSet<(Action, Result<(), CommandError>)>,
}

impl Showing {
    /// Waits for something to do. No change is drawn sooner than a frame after the one before.
    async fn wake(
        &mut self,
        shown: &mut watch::Receiver<Shown>,
        ending: &CancellationToken,
    ) -> Wake {
        let tick = self
            .over
            .map_or(TICK, |until| TICK.min(until.saturating_duration_since(Instant::now())));
        let changed = async {
            tokio::time::sleep(FRAME).await;
            shown.changed().await
        };
        tokio::select! {
            biased;
            () = ending.cancelled() => Wake::Ending,
            event = self.keys.next() => Wake::Key(event),
            Some(Ok((action, result))) = self.commands.join_next() => Wake::Done(action, result),
            changed = changed => if changed.is_ok() { Wake::Changed } else { Wake::Ending },
            () = tokio::time::sleep(tick) => Wake::Tick,
        }
    }

    fn take(&mut self, shown: Shown) {
        match shown {
            Shown::Nothing => {}
            Shown::Open(call) => {
                if call.call_id != self.call.call_id {
                    self.panel = Panel::default();
                }
                self.call = call;
                self.over = None;
            }
            Shown::Closed(call) => {
                self.call = call;
                self.over.get_or_insert(Instant::now() + self.linger);
            }
        }
    }

    /// Away with it, if the call is over.
    fn dismiss(&mut self, now: Instant) {
        if self.over.is_some() {
            self.over = Some(now);
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let Self { screen, panel, call, .. } = self;
        screen.draw(|frame| {
            let area = frame.area();
            let scene = Scene { call, panel, now: Instant::now() };
            panel.pages = draw(frame.buffer_mut(), area, scene);
        })
    }
}
