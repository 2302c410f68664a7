//! Replays the corpus of every fuzz target on stable, and holds that none is forgotten: a body
//! without a target, a target without a corpus, a corpus without a replay.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// One test per target: what its one-liner in `fuzz/fuzz_targets` calls.
macro_rules! replay {
    ($($target:ident: $body:expr,)+) => {
        const REPLAYED: &[&str] = &[$(stringify!($target)),+];

        $(
            #[test]
            fn $target() {
                replay(stringify!($target), $body);
            }
        )+
    };
}

replay! {
    bandwidth_operations: |data| calling_bandwidth::fuzz::operations(calling_testkit::epoch(), data),
    bridge_operations: calling_bridge::fuzz::bridge_operations,
    calling_pipeline: calling::fuzz::pipeline,
    calling_view: calling::fuzz::view,
    callrecord_call_message: calling_callrecord::fuzz::call_message,
    callrecord_language: calling_callrecord::fuzz::language,
    lab_trace_file: calling_lab::fuzz::trace_file,
    media_opus_payload: calling_media::fuzz::opus_payload,
    media_receiver_model: calling_media::fuzz::receiver_model,
    media_receiver_operations: calling_media::fuzz::receiver_operations,
    media_red_payload: calling_media::fuzz::red_payload,
    media_video_ivf: calling_media::video::fuzz::video_ivf,
    media_video_payloads: calling_media::video::fuzz::video_payloads,
    media_video_receiver: calling_media::video::fuzz::video_receiver,
    media_video_y4m: calling_media::video::fuzz::video_y4m,
    opus_dred_parse: calling_opus_dred::fuzz::parse,
    room_operations: |data| calling_room::fuzz::room_operations(calling_testkit::epoch(), data),
    room_picture_operations: |data| calling_room::fuzz::picture_operations(calling_testkit::epoch(), data),
    server_config: calling_server::fuzz::config,
    server_ice_fragment: calling_server::fuzz::ice_fragment,
    server_resume_token: calling_server::fuzz::resume_token,
    signaling_call_operations: calling_signaling::world::call_operations,
    signaling_codec: calling_signaling::fuzz::codec,
    signaling_envelope: calling_signaling::fuzz::envelope,
    signaling_frames: calling_signaling::fuzz::frames,
    signaling_invite_texts: calling_signaling::fuzz::invite_texts,
    signaling_usersig: calling_signaling::fuzz::usersig,
    transport_feedback: calling_transport::fuzz::feedback,
    transport_sdp: calling_transport::fuzz::sdp,
    transport_server: calling_transport::fuzz::server,
    transport_srtp: calling_transport::fuzz::srtp,
    transport_text: calling_transport::fuzz::text,
    wire_rtcp_parse: calling_wire::fuzz::rtcp_parse,
    wire_rtp_parse: calling_wire::fuzz::rtp_parse,
}

fn replay(target: &str, body: fn(&[u8])) {
    let inputs = entries(&fuzz().join("corpus").join(target));
    assert!(!inputs.is_empty(), "the corpus of {target} is empty");
    for input in inputs {
        let data = fs::read(&input).unwrap();
        assert!(catch_unwind(|| body(&data)).is_ok(), "{} breaks its body", input.display());
    }
}

#[test]
fn every_target_has_a_source_a_corpus_and_a_replay() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let targets = manifest["bin"].as_array().unwrap().iter();
    let targets: BTreeSet<_> =
        targets.map(|bin| bin["name"].as_str().unwrap().to_owned()).collect();

    assert_eq!(targets, REPLAYED.iter().map(ToString::to_string).collect(), "replayed here");
    assert_eq!(targets, stems(&fuzz().join("corpus")), "directories of fuzz/corpus");
    assert_eq!(targets, stems(&fuzz().join("fuzz_targets")), "files of fuzz/fuzz_targets");
}

#[test]
fn every_body_has_a_target() {
    let sources = entries(&fuzz().join("fuzz_targets"));
    let sources: String = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let bodies = bodies();
    assert!(!bodies.is_empty());
    for body in bodies {
        assert!(sources.contains(&format!("::{body}(")), "no target in fuzz/ calls {body}");
    }
}

/// The names of all fuzz bodies: public functions of bytes in a `fuzz.rs`.
fn bodies() -> Vec<String> {
    let mut bodies = Vec::new();
    let mut paths = entries(&fuzz().join("../crates"));
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(entries(&path));
        } else if path.ends_with("fuzz.rs") && !path.ends_with("tests/fuzz.rs") {
            let source = fs::read_to_string(path).unwrap();
            let names = source.lines().filter(|line| line.contains("data: &[u8])"));
            let names = names.filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next());
            bodies.extend(names.map(str::to_owned));
        }
    }
    bodies
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// What is in a directory, in the order of names.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn stems(directory: &Path) -> BTreeSet<String> {
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries(directory).iter().map(stem).collect()
}
