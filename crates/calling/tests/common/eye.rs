//! Screens that can be asked what they showed.

use std::sync::{Arc, Mutex};

use calling::{I420Frame, TestPattern, VideoFrame, VideoSink};

/// What one view showed.
#[derive(Clone, Default)]
pub struct Screen(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    /// The numbers of the pattern's pictures, in the order shown.
    numbers: Vec<u32>,
    /// Pictures that show no number.
    unreadable: usize,
    last: Option<Arc<I420Frame>>,
}

impl VideoSink for Screen {
    fn show(&mut self, frame: &VideoFrame) {
        let mut seen = self.0.lock().unwrap();
        match TestPattern::number_of(&frame.picture) {
            Some(number) => seen.numbers.push(number),
            None => seen.unreadable += 1,
        }
        seen.last = Some(Arc::clone(&frame.picture));
    }
}

impl Screen {
    pub fn shown(&self) -> usize {
        self.0.lock().unwrap().numbers.len()
    }

    pub fn numbers(&self) -> Vec<u32> {
        self.0.lock().unwrap().numbers.clone()
    }

    pub fn unreadable(&self) -> usize {
        self.0.lock().unwrap().unreadable
    }

    /// Forgets what was shown.
    pub fn forget(&self) {
        *self.0.lock().unwrap() = Seen::default();
    }

    /// The size of the last picture.
    pub fn size(&self) -> (usize, usize) {
        let seen = self.0.lock().unwrap();
        seen.last.as_ref().map_or((0, 0), |picture| (picture.width(), picture.height()))
    }

    /// How far each of the pattern's eight colours is from what the last picture shows, at most
    /// and in any of luma and chroma. Where the bar travels is not looked at.
    pub fn colour_error(&self) -> u8 {
        let seen = self.0.lock().unwrap();
        let picture = seen.last.as_ref().expect("something was shown");
        let (width, height) = (picture.width(), picture.height());
        let error = |(index, colour): (usize, [u8; 3])| {
            let pixel = picture.pixel((2 * index + 1) * width / 16, height / 3);
            pixel.iter().zip(colour).map(|(seen, meant)| seen.abs_diff(meant)).max().unwrap()
        };
        TestPattern::colours().into_iter().enumerate().map(error).max().unwrap()
    }
}
