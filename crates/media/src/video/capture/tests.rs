use calling_testkit::{drain, epoch};

use super::*;
use crate::video::TestPattern;

fn settings() -> CaptureSettings {
    CaptureSettings { bitrate_bps: 400_000, most_pixels: [320, 180], ..Default::default() }
}

fn pattern() -> Box<dyn VideoSource> {
    Box::new(TestPattern::new(320, 180, 30))
}

fn run(capture: &mut VideoCapture, until_ms: u64) -> Vec<CaptureOutput> {
    let until = epoch() + Duration::from_millis(until_ms);
    drain(capture).run_until(capture, until).outputs
}

fn encoded(outputs: &[CaptureOutput]) -> Vec<(u64, bool)> {
    outputs
        .iter()
        .filter_map(|output| match output {
            CaptureOutput::Encoded { picture, captured } => {
                Some(((*captured - epoch()).as_millis() as u64, picture.is_key))
            }
            CaptureOutput::Taken(_) | CaptureOutput::Ended | CaptureOutput::Failed(_) => None,
        })
        .collect()
}

fn keys(outputs: &[CaptureOutput]) -> Vec<u64> {
    encoded(outputs).into_iter().filter(|(_, key)| *key).map(|(at, _)| at).collect()
}

struct Short(u32);

impl VideoSource for Short {
    fn read(&mut self) -> Option<I420Frame> {
        self.0 = self.0.checked_sub(1)?;
        Some(TestPattern::new(128, 64, 30).picture(self.0))
    }

    fn frame_rate(&self) -> u32 {
        30
    }
}

#[test]
fn pictures_come_at_the_rate_of_the_source_and_one_key_frame_begins_them() {
    let mut capture = VideoCapture::new(settings(), pattern(), epoch());
    let outputs = run(&mut capture, 999);
    assert_eq!(encoded(&outputs).len(), 30);
    assert_eq!(keys(&outputs), [0]);
    assert_eq!(capture.stats().taken, 30);
}

#[test]
fn key_frames_come_when_asked_for_but_not_in_a_storm() {
    let mut capture = VideoCapture::new(settings(), pattern(), epoch());
    let mut outputs = run(&mut capture, 500);
    for at in 500..1_500 {
        let Ok(()) =
            capture.handle_input(epoch() + Duration::from_millis(at), CaptureInput::KeyFrame);
        outputs.extend(run(&mut capture, at));
    }
    let keys = keys(&outputs);
    assert!((4..=5).contains(&keys.len()), "{keys:?}");
    assert!(keys.windows(2).all(|pair| pair[1] - pair[0] >= 300), "{keys:?}");
}

#[test]
fn a_pause_reads_nothing_and_ends_with_a_key_frame() {
    let mut capture = VideoCapture::new(settings(), pattern(), epoch());
    run(&mut capture, 400);
    let pause = |capture: &mut VideoCapture, at, paused| {
        let at = epoch() + Duration::from_millis(at);
        let Ok(()) = capture.handle_input(at, CaptureInput::Pause(paused));
    };
    pause(&mut capture, 400, true);
    assert!(run(&mut capture, 2_000).is_empty());
    pause(&mut capture, 2_000, false);
    let outputs = run(&mut capture, 2_200);
    assert_eq!(keys(&outputs), [2_000]);
}

#[test]
fn a_source_that_ends_says_so_once_and_another_goes_on() {
    let mut capture = VideoCapture::new(settings(), Box::new(Short(3)), epoch());
    let outputs = run(&mut capture, 1_000);
    let ended = outputs.iter().filter(|output| matches!(output, CaptureOutput::Ended)).count();
    assert_eq!((encoded(&outputs).len(), ended), (3, 1));
    let at = epoch() + Duration::from_secs(1);
    let Ok(()) = capture.handle_input(at, CaptureInput::Source(pattern()));
    assert_eq!(keys(&run(&mut capture, 1_100)), [1_000]);
}

#[test]
fn less_bitrate_makes_the_picture_smaller() {
    let wide = CaptureSettings { most_pixels: [640, 360], bitrate_bps: 600_000, ..settings() };
    let source = Box::new(TestPattern::new(640, 360, 30));
    let mut capture = VideoCapture::new(wide, source, epoch());
    run(&mut capture, 4_000);
    assert_eq!(capture.stats().rung.unwrap().width, 640);
    let at = epoch() + Duration::from_secs(4);
    let Ok(()) = capture.handle_input(at, CaptureInput::Bitrate(100_000));
    let outputs = run(&mut capture, 6_000);
    let rung = capture.stats().rung.unwrap();
    assert_eq!((rung.width, rung.height, rung.frame_rate), (320, 180, 15));
    assert_eq!(keys(&outputs).len(), 1, "the new size begins with one");
    let spent: usize = outputs
        .iter()
        .map(|output| match output {
            CaptureOutput::Encoded { picture, .. } => picture.data.len(),
            CaptureOutput::Taken(_) | CaptureOutput::Ended | CaptureOutput::Failed(_) => 0,
        })
        .sum();
    assert!(spent * 8 < 2 * 2 * 100_000, "{spent} bytes in two seconds");
    let half = outputs.iter().filter(|o| matches!(o, CaptureOutput::Taken(_))).count();
    assert!(half > 55 && capture.stats().encoded < capture.stats().taken);
}

#[test]
fn who_is_behind_skips_and_does_not_catch_up() {
    let mut capture = VideoCapture::new(settings(), pattern(), epoch());
    run(&mut capture, 100);
    let late = epoch() + Duration::from_secs(5);
    capture.handle_timeout(late);
    let drained = drain(&mut capture);
    assert_eq!(encoded(&drained.outputs).len(), 1);
    assert!(drained.timeout.unwrap().0 > late);
    assert!(capture.stats().skipped > 140);
}

#[test]
fn shapes_are_kept_upright_ones_too() {
    assert_eq!(fit([1_920, 1_080], [640, 360]), [640, 360]);
    assert_eq!(fit([1_080, 1_920], [640, 360]), [360, 640]);
    assert_eq!(fit([640, 480], [640, 360]), [480, 360]);
    assert_eq!(fit([100, 50], [640, 360]), [100, 50]);
}
