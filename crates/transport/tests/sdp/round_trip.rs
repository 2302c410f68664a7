//! What is written is read the same.

use calling_transport::sdp::{
    Codec, Direction, Encoding, ExtensionMap, MediaKind, MediaSection, Msid, Protocol, Rid,
    SessionDescription, Setup, SimulcastId, SourceGroup, SourceSsrc, TransportAttributes,
};
use calling_transport::{Candidate, Fingerprint};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use crate::GOLDEN;

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::SendRecv),
        Just(Direction::SendOnly),
        Just(Direction::RecvOnly),
        Just(Direction::Inactive),
    ]
}

fn setup() -> impl Strategy<Value = Setup> {
    prop_oneof![
        Just(Setup::Active),
        Just(Setup::Passive),
        Just(Setup::ActPass),
        Just(Setup::HoldConn),
    ]
}

fn transport() -> impl Strategy<Value = TransportAttributes> {
    let fingerprint = any::<[u8; 4]>().prop_map(|bytes| Fingerprint::of(&bytes));
    (of("[a-zA-Z0-9+/]{4,20}"), of("[a-zA-Z0-9+/]{22,30}"), of(fingerprint), of(setup())).prop_map(
        |(ufrag, pwd, fingerprint, setup)| TransportAttributes { ufrag, pwd, fingerprint, setup },
    )
}

fn codec(payload_type: u8) -> impl Strategy<Value = Codec> {
    let encoding = ("[a-qs-z][a-z0-9-]{0,10}", 1_u32.., 1_u8..)
        .prop_map(|(name, clock_rate, channels)| Encoding { name, clock_rate, channels });
    (of(encoding), "([!-~]([ -~]{0,20}[!-~])?)?", vec("[!-~]([ -~]{0,20}[!-~])?", 0..3)).prop_map(
        move |(encoding, parameters, feedback)| Codec {
            payload_type,
            encoding,
            parameters,
            feedback,
        },
    )
}

fn codecs() -> impl Strategy<Value = Vec<Codec>> {
    prop::collection::btree_set(0_u8..128, 1..6)
        .prop_flat_map(|numbers| numbers.into_iter().map(codec).collect::<Vec<_>>())
}

fn extensions() -> impl Strategy<Value = Vec<ExtensionMap>> {
    prop::collection::btree_map(1_u8.., (direction(), "[!-~]{1,30}"), 0..4).prop_map(|all| {
        let all = all.into_iter();
        all.map(|(id, (direction, uri))| ExtensionMap { id, direction, uri }).collect()
    })
}

fn sources() -> impl Strategy<Value = (Vec<Msid>, Vec<SourceSsrc>, Vec<SourceGroup>)> {
    let msid =
        ("[!-~]{1,10}", of("[!-~]{1,10}")).prop_map(|(stream, track)| Msid { stream, track });
    let ssrcs = prop::collection::btree_map(any::<u32>(), of("[!-~]{1,10}"), 0..3);
    let ssrcs = ssrcs
        .prop_map(|all| all.into_iter().map(|(ssrc, cname)| SourceSsrc { ssrc, cname }).collect());
    let group = ("[A-Z-]{1,6}", vec(any::<u32>(), 1..3))
        .prop_map(|(semantics, ssrcs)| SourceGroup { semantics, ssrcs });
    (vec(msid, 0..2), ssrcs, vec(group, 0..2))
}

fn rids() -> impl Strategy<Value = (Vec<Rid>, Vec<Vec<SimulcastId>>)> {
    let rids = prop::collection::btree_map("[a-zA-Z0-9_-]{1,16}", "([!-~]{1,10})?", 1..4);
    (rids, any::<bool>()).prop_map(|(rids, paused)| {
        let layers = rids.keys().map(|rid| vec![SimulcastId { rid: rid.clone(), paused }]);
        let layers = layers.collect();
        let rids = rids.into_iter();
        let rids = rids.map(|(id, restrictions)| Rid { id, sent: true, restrictions });
        (rids.collect(), layers)
    })
}

fn section() -> impl Strategy<Value = MediaSection> {
    let candidate = (any::<[u8; 4]>(), 1_u16.., any::<u16>())
        .prop_map(|(ip, port, preference)| Candidate::host((ip, port).into(), preference));
    let kind = prop_oneof![
        Just(MediaKind::Audio),
        Just(MediaKind::Video),
        Just(MediaKind::Other("text".to_owned())),
    ];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let head = (kind, any::<u16>(), codecs(), direction(), transport(), flags);
    let tail = (extensions(), sources(), of(rids()), vec(candidate, 0..3), vec("[!-~]{1,9}", 0..2));
    (head, tail).prop_map(|((kind, port, codecs, direction, transport, flags), tail)| {
        let (extensions, (msids, ssrcs, ssrc_groups), layers, candidates, feedback) = tail;
        let (rids, simulcast_send) = layers.unwrap_or_default();
        MediaSection {
            kind,
            port,
            protocol: Protocol::DtlsSavpf,
            codecs,
            other_formats: Vec::new(),
            mid: None,
            direction,
            transport,
            rtcp_mux: flags.0,
            rtcp_rsize: flags.1,
            bundle_only: flags.2,
            feedback,
            extensions,
            msids,
            ssrcs,
            ssrc_groups,
            rids,
            simulcast_send,
            simulcast_receive: Vec::new(),
            candidates,
            end_of_candidates: flags.3,
        }
    })
}

fn description() -> impl Strategy<Value = SessionDescription> {
    (any::<u64>(), any::<u64>(), any::<bool>(), vec(section(), 0..4)).prop_map(
        |(session_id, session_version, ice_lite, mut sections)| {
            let mids: Vec<String> = (0..sections.len()).map(|index| index.to_string()).collect();
            for (section, mid) in sections.iter_mut().zip(&mids) {
                section.mid = Some(mid.clone());
            }
            SessionDescription { session_id, session_version, ice_lite, bundle: mids, sections }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_written_is_read(description in description()) {
        let text = description.to_string();
        prop_assert_eq!(text.parse(), Ok(description), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "([a-z]=[ -~]{0,40}\r?\n){0,20}") {
        let _ = text.parse::<SessionDescription>();
    }

    #[test]
    fn a_changed_offer_is_read_or_refused(
        which in 0..GOLDEN.len(), at in any::<prop::sample::Index>(), with in "[ -~\n]{0,4}",
    ) {
        let mut text = GOLDEN[which].to_owned();
        let at = at.index(text.len());
        text.replace_range(at..=at, &with);
        if let Ok(read) = text.parse::<SessionDescription>() {
            prop_assert_eq!(read.to_string().parse(), Ok(read));
        }
    }
}

#[test]
fn golden_offers_round_trip() {
    for text in GOLDEN {
        let read: SessionDescription = text.parse().unwrap();
        assert_eq!(read.to_string().parse(), Ok(read));
    }
}
