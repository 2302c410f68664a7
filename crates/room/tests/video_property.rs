//! Whatever is watched, muted, resized or shown anew: to each receiver a picture is one stream.

mod common;

use std::collections::BTreeMap;

use calling_model::{VideoSize, VideoTrack};
use calling_room::{VideoExtensions, VideoSource, VideoTerms};
use common::pictures::{Frame, Seen, native_terms};
use common::{Table, id};
use proptest::prelude::*;

const RIDS: [&str; 2] = ["q", "f"];

#[derive(Clone, Debug)]
enum Step {
    /// A frame of each size; whether it is a key frame.
    Film([bool; 2]),
    Watch(u64, Option<VideoSize>),
    Mute(bool),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![Just(VideoSize::Small), Just(VideoSize::Large)];
    let key = prop::bool::weighted(0.2);
    prop_oneof![
        12 => [key, key].prop_map(Step::Film),
        3 => (2_u64..4, prop::option::of(size)).prop_map(|(who, size)| Step::Watch(who, size)),
        1 => any::<bool>().prop_map(Step::Mute),
        1 => (0_u64..3_000).prop_map(Step::Pass),
    ]
}

/// Participant 1 films in two sizes, 2 and 3 may watch.
fn table() -> Table {
    let mut table = Table::with_pictures(3);
    let source = VideoSource::Mid { mid: "1".into(), rids: RIDS.map(str::to_owned).to_vec() };
    let extensions = VideoExtensions { mid: Some(4), rid: Some(5), repaired_rid: None };
    let sends = BTreeMap::from([(VideoTrack::Camera, source)]);
    let terms = VideoTerms { extensions, sends, ..native_terms(1) };
    table.room.negotiate_video(table.now, id(1), terms).expect("it is in the room");
    table
}

/// What one receiver is to see.
#[derive(Default)]
struct Viewer {
    size: Option<VideoSize>,
    seen: Vec<Seen>,
    /// The layer of what was seen last, unless something came between.
    layer: Option<usize>,
}

impl Viewer {
    fn take(&mut self, layer: usize, seen: Seen) {
        if self.layer.replace(layer) != Some(layer) {
            assert!(seen.is_key, "it begins with a key frame");
        }
        if let Some(before) = self.seen.last() {
            assert_eq!(seen.sequence_number, before.sequence_number.wrapping_add(1));
            assert_eq!(seen.picture_id, before.picture_id.wrapping_add(1) & 0x7fff);
            assert_eq!(seen.ssrc, before.ssrc);
            let ahead = seen.timestamp.wrapping_sub(before.timestamp);
            assert!(ahead < 1 << 31, "time runs backwards");
        }
        self.seen.push(seen);
    }
}

fn run(steps: Vec<Step>) {
    let mut table = table();
    let mut viewers = BTreeMap::from([(2, Viewer::default()), (3, Viewer::default())]);
    let (mut is_muted, mut number) = (false, 65_500);
    for step in steps {
        match step {
            Step::Film(keys) => {
                number += 1;
                for (layer, is_key) in keys.into_iter().enumerate() {
                    let ssrc = 700 + layer as u32;
                    let at = number + 5_000 * layer as u64;
                    let frame = Frame { ssrc, is_key, ..Frame::nth(1, at) };
                    let tags = [(4, &b"1"[..]), (5, RIDS[layer].as_bytes())];
                    let packet = frame.with_payload(&tags, &frame.payload());
                    let sent = table.send_bytes(1, &packet);
                    assert_eq!(sent.is_err(), is_muted);
                    for (to, packet) in sent.into_iter().flatten() {
                        let viewer = viewers.get_mut(&to).expect("nobody else watches");
                        assert!(viewer.size.is_some(), "it did not ask");
                        viewer.take(layer, Seen::read(&packet));
                    }
                }
                table.pass(33);
            }
            Step::Watch(who, size) => {
                let views = size.map(|size| (1, VideoTrack::Camera, size));
                table.watch(who, views.as_slice());
                let viewer = viewers.get_mut(&who).expect("it is one of the two");
                viewer.size = size;
                if size.is_none() {
                    viewer.layer = None;
                }
            }
            Step::Mute(muted) => {
                is_muted = muted;
                let track = VideoTrack::Camera;
                table.room.set_video_muted(id(1), track, muted).expect("it is in the room");
                if muted {
                    viewers.values_mut().for_each(|viewer| viewer.layer = None);
                }
            }
            Step::Pass(millis) => table.pass(millis),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn each_receiver_sees_one_stream_that_begins_with_key_frames(
        steps in prop::collection::vec(step(), 1..150),
    ) {
        run(steps);
    }
}

#[test]
fn who_watches_from_the_start_sees_every_frame() {
    let mut table = table();
    table.watch_camera(2, 1);
    let mut viewer = Viewer { size: Some(VideoSize::Large), ..Viewer::default() };
    for number in 0..100 {
        let frame = Frame { ssrc: 701, ..Frame::nth(1, number) };
        let packet = frame.with_payload(&[(4, b"1"), (5, b"f")], &frame.payload());
        let sent = table.send_bytes(1, &packet).expect("it is its sender's");
        viewer.take(1, Seen::read(&sent[0].1));
        table.pass(33);
    }
    assert_eq!(viewer.seen.len(), 100);
}
