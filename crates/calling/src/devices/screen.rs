//! The screen of an X server.

use calling_media::video::{I420Frame, VideoSource};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, ImageFormat, ImageOrder, Window};
use x11rb::rust_connection::RustConnection;

use super::convert;
use crate::audio::DeviceError;

/// Pictures per second: what people read moves little, and each costs the X server a copy.
const FRAME_RATE: u32 = 15;

/// The whole screen of an X server, without the pointer.
///
/// Each picture is asked of the server when it is [`read`](VideoSource::read), which takes as long
/// as the server takes to send it: some ten milliseconds for full HD. It ends with the server.
pub struct ScreenSource {
    connection: RustConnection,
    root: Window,
    size: [u16; 2],
}

impl std::fmt::Debug for ScreenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScreenSource").field("size", &self.size).finish_non_exhaustive()
    }
}

impl ScreenSource {
    /// Opens the screen of `display`, as `:0`, or of the environment's `DISPLAY`.
    ///
    /// # Errors
    /// There is no X server, it does not let this program in, or its screen has another layout than
    /// 24-bit colours in 32 bits.
    pub fn open(display: Option<&str>) -> Result<Self, DeviceError> {
        let failed = |error: &dyn std::fmt::Display| {
            let sentence = format!(
                "no screen of an X server: {error}; is DISPLAY set? Wayland alone is not enough"
            );
            DeviceError(sentence)
        };
        let (connection, number) =
            RustConnection::connect(display).map_err(|error| failed(&error))?;
        let setup = connection.setup();
        let screen = setup.roots.get(number).ok_or_else(|| failed(&"it has no such screen"))?;
        let layout = setup.pixmap_formats.iter().find(|it| it.depth == screen.root_depth);
        let is_bgrx = layout.is_some_and(|layout| layout.bits_per_pixel == 32)
            && matches!(screen.root_depth, 24 | 32)
            && setup.image_byte_order == ImageOrder::LSB_FIRST;
        if !is_bgrx {
            return Err(failed(&"its colours have another layout than 32 bits of BGRX"));
        }
        let size = [screen.width_in_pixels, screen.height_in_pixels];
        let root = screen.root;
        Ok(Self { connection, root, size })
    }

    /// Pixels a line, and lines.
    pub const fn size(&self) -> [u16; 2] {
        self.size
    }

    fn take(&mut self) -> Option<I420Frame> {
        // Whoever turns or resizes a screen changes its root window.
        let root = self.connection.get_geometry(self.root).ok()?.reply().ok()?;
        self.size = [root.width, root.height];
        let [width, height] = self.size;
        let (format, planes) = (ImageFormat::Z_PIXMAP, u32::MAX);
        let asked =
            self.connection.get_image(format, self.root, 0, 0, width, height, planes).ok()?;
        let image = asked.reply().ok()?;
        let (width, height) = (usize::from(width), usize::from(height));
        convert::bgrx(width, height, 4 * width, &image.data).ok()
    }
}

impl VideoSource for ScreenSource {
    fn read(&mut self) -> Option<I420Frame> {
        self.take()
    }

    fn frame_rate(&self) -> u32 {
        FRAME_RATE
    }
}
