//! The screen of an X server, shared: Debian's `xvfb` is one that shows nothing to anybody.
#![cfg(feature = "screen")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

#[macro_use]
mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use calling::devices::ScreenSource;
use calling::{I420Frame, MediaType, Video, VideoFrame, VideoSize, VideoSource, VideoTrack};
use common::{Person, World, until, user};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, CreateGCAux, Rectangle};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// Red, green, blue and white in RGB, and in BT.601 (luma, blue, red).
const QUARTERS: [(u32, [u8; 3]); 4] = [
    (0xff_0000, [82, 90, 240]),
    (0x00_ff00, [145, 54, 34]),
    (0x00_00ff, [41, 240, 110]),
    (0xff_ffff, [235, 128, 128]),
];
const SIZE: [u16; 2] = [640, 360];

/// An X server of our own.
struct Xvfb {
    child: Child,
    display: String,
}

impl Xvfb {
    /// `None`, and a sentence, where there is no Xvfb.
    fn start() -> Option<Self> {
        let [width, height] = SIZE;
        let screen = format!("{width}x{height}x24");
        let mut command = Command::new("Xvfb");
        // It takes a number that is free, and says which; what was painted outlives who painted it.
        command.args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp", "-noreset"]);
        let started = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = started else {
            let why = "skipped: there is no Xvfb; on Debian it is in the package xvfb";
            eprintln!("{why}");
            return None;
        };
        let mut number = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Some(Self { child, display: format!(":{}", number.trim()) })
    }

    /// Fills the quarters of the screen.
    fn paint(&self) {
        let (connection, number) = RustConnection::connect(Some(&self.display)).unwrap();
        let root = connection.setup().roots[number].root;
        let (width, height) = (SIZE[0] / 2, SIZE[1] / 2);
        for (index, (colour, _)) in QUARTERS.into_iter().enumerate() {
            let [x, y] = [(index % 2) as u16 * width, (index / 2) as u16 * height];
            let context = connection.generate_id().unwrap();
            let with = CreateGCAux::new().foreground(colour);
            connection.create_gc(context, root, &with).unwrap();
            let area = Rectangle { x: x as i16, y: y as i16, width, height };
            connection.poly_fill_rectangle(root, context, &[area]).unwrap();
        }
        connection.sync().unwrap();
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How far the middles of the quarters are from what was painted.
fn error(picture: &I420Frame) -> u8 {
    let (width, height) = (picture.width(), picture.height());
    let errors = QUARTERS.into_iter().enumerate().flat_map(|(index, (_, meant))| {
        let [x, y] = [index % 2, index / 2].map(|at| 2 * at + 1);
        let seen = picture.pixel(x * width / 4, y * height / 4);
        seen.into_iter().zip(meant).map(|(seen, meant)| seen.abs_diff(meant))
    });
    errors.max().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_is_read_and_seen_by_others() {
    let Some(server) = Xvfb::start() else { return };
    server.paint();
    let mut source = ScreenSource::open(Some(&server.display)).unwrap();
    assert_eq!(source.size(), SIZE);
    assert!(error(&source.read().unwrap()) <= 1);

    let world = World::new().await;
    let display = server.display.clone();
    let video = Video::none().with_screen("screen", "Screen", move |_| {
        Ok(Box::new(ScreenSource::open(Some(&display))?))
    });
    let mut alice = Person::new(world.config("alice").with_video(video)).await;
    let mut bob = Person::new(world.config("bob")).await;
    alice.talk_by(MediaType::Video, &mut bob).await;
    let seen = Arc::<Mutex<Option<Arc<I420Frame>>>>::default();
    let last = Arc::clone(&seen);
    let sink = move |frame: &VideoFrame| {
        *last.lock().unwrap() = Some(Arc::clone(&frame.picture));
    };
    let (screen, large) = (VideoTrack::Screen, VideoSize::Large);
    bob.engine.start_remote_view(user("alice"), screen, large, sink).unwrap();
    alice.engine.start_screen_share(None).unwrap();
    let is_right = || seen.lock().unwrap().as_ref().is_some_and(|picture| error(picture) < 12);
    until("what was painted", is_right).await;

    // With the X server the sharing ends.
    drop(server);
    until("its end", || !alice.engine.state().screen_shared).await;
}

#[test]
fn without_a_server_the_error_says_what_is_missing() {
    let error = ScreenSource::open(Some(":5999")).unwrap_err();
    assert!(error.0.contains("DISPLAY"), "{error}");
}
