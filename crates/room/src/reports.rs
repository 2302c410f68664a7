use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use calling_model::ParticipantId;
use calling_wire::DeliveryReport;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::{
    SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem,
};
use webrtc_util::marshal::Marshal;

use crate::leg::Leg;
use crate::participant::Participant;
use crate::publisher::Publisher;
use crate::room::Room;
use crate::video::Published;
use crate::{RoomOutput, Router};

/// Sender reports in one datagram: 20 × (28 bytes + 20 of source description) and a receiver
/// report of seven streams stay below 1,200 bytes, which pass every path (RFC 9000 section 14).
const MAX_SENDER_REPORTS: usize = 20;
/// The largest loss 24 bits signed can tell.
const MAX_CUMULATIVE_LOST: u64 = 0x7f_ffff;

/// What one participant is to be told.
#[derive(Debug, Default)]
struct Report {
    /// On its own streams.
    reception: Vec<ReceptionReport>,
    /// Of the streams it receives.
    senders: Vec<SenderReport>,
    /// What becomes of its own voice.
    delivery: Option<DeliveryReport>,
}

impl Room {
    /// Sends reports if they are due. Who neither sent nor was sent anything gets none.
    pub(crate) fn send_reports(&mut self, now: Instant) {
        let Some(due) = self.reports_due.filter(|due| *due <= now) else { return };
        let next = due + self.config.report_interval;
        self.reports_due = Some(if next > now { next } else { now + self.config.report_interval });

        let mut reports = BTreeMap::<ParticipantId, Report>::new();
        for (participant, present) in &mut self.participants {
            if let Some(report) =
                delivery(now, self.ssrc, present, self.router.legs_mut(*participant))
            {
                reports.entry(*participant).or_default().delivery = Some(report);
            }
            let audio = present.audio_ssrc.map(|ssrc| (ssrc, &mut present.publisher));
            let layers = present.video.layers_mut();
            let video = layers.filter_map(|layer| Some((layer.ssrc?, &mut layer.publisher)));
            for (ssrc, stream) in audio.into_iter().chain(video) {
                if let Some(block) = reception(now, ssrc, stream) {
                    reports.entry(*participant).or_default().reception.push(block);
                }
            }
            add_senders(now, *participant, present, &mut self.router, &mut reports);
            add_video_senders(now, present, &mut reports);
        }
        for (to, report) in reports {
            for packet in report.into_datagrams(self.ssrc) {
                self.output(RoomOutput::Rtcp { to, packet });
            }
        }
    }
}

/// How a stream is received; `None` if nothing came since the last report.
fn reception(now: Instant, ssrc: u32, stream: &mut Publisher) -> Option<ReceptionReport> {
    let fraction_lost = stream.reception.take_fraction_lost()?;
    let (last_sender_report, delay) = stream.last_sender_report(now);
    Some(ReceptionReport {
        ssrc,
        fraction_lost,
        // At most 24 bits by the minimum.
        total_lost: stream.reception.lost().min(MAX_CUMULATIVE_LOST) as u32,
        last_sequence_number: stream.extended_highest().unwrap_or_default(),
        jitter: stream.reception.jitter_ticks(),
        last_sender_report,
        delay,
    })
}

/// What becomes of a voice behind the server, for a sender that can do something about it: one that
/// agreed on copies of earlier frames and sent something since the last report.
fn delivery(
    now: Instant,
    reporter: u32,
    present: &mut Participant,
    legs: &[Leg],
) -> Option<DeliveryReport> {
    present.terms.red_payload_type?;
    let ssrc = present.audio_ssrc.filter(|_| present.publisher.reception.has_news())?;
    let legs = || legs.iter().filter(|leg| leg.is_subscribed);
    let without = |leg: &Leg| leg.rewrite.is_some_and(|rewrite| rewrite.takes_copies_out());
    Some(DeliveryReport {
        reporter,
        ssrc,
        fraction_lost: legs().map(|leg| leg.reports.fraction_lost(now)).max().unwrap_or(0),
        burst_quarters: present.publisher.reception.take_burst_quarters(),
        copies_taken_out: legs().any(without),
    })
}

fn add_senders(
    now: Instant,
    publisher: ParticipantId,
    present: &Participant,
    router: &mut Router,
    reports: &mut BTreeMap<ParticipantId, Report>,
) {
    let Some((ntp_time, media_time)) = present.publisher.clock_at(now) else { return };
    for leg in router
        .legs_mut(publisher)
        .iter_mut()
        .filter(|leg| leg.reports.has_news(leg.forwarder.packets()))
    {
        let Some(rtp_time) = leg.forwarder.timestamp_at(publisher, media_time) else { continue };
        leg.reports.sent(now, ntp_time, leg.forwarder.packets());
        reports.entry(leg.to).or_default().senders.push(SenderReport {
            ssrc: leg.forwarder.ssrc(),
            ntp_time,
            rtp_time,
            // The counts wrap on the wire (RFC 3550 section 6.4.1).
            packet_count: leg.forwarder.packets() as u32,
            octet_count: leg.forwarder.octets() as u32,
            ..SenderReport::default()
        });
    }
}

fn add_video_senders(
    now: Instant,
    present: &mut Participant,
    reports: &mut BTreeMap<ParticipantId, Report>,
) {
    for Published { layers, legs, .. } in &mut present.video.tracks {
        for leg in legs {
            let packets = leg.forwarder.packets();
            let layer = layers.iter().find(|layer| leg.current() == Some(layer.id));
            let Some(layer) = layer.filter(|_| leg.reports.has_news(packets)) else { continue };
            let Some((ntp_time, media_time)) = layer.publisher.clock_at(now) else { continue };
            let Some(rtp_time) = leg.forwarder.timestamp_at(layer.id, media_time) else { continue };
            leg.reports.sent(now, ntp_time, packets);
            reports.entry(leg.to).or_default().senders.push(SenderReport {
                ssrc: leg.forwarder.ssrc(),
                ntp_time,
                rtp_time,
                packet_count: packets as u32,
                octet_count: leg.forwarder.octets() as u32,
                ..SenderReport::default()
            });
        }
    }
}

impl Report {
    fn into_datagrams(self, own_ssrc: u32) -> Vec<Vec<u8>> {
        let mut chunks = self.senders.chunks(MAX_SENDER_REPORTS);
        let mut first = compound(own_ssrc, self.reception, chunks.next().unwrap_or_default());
        first.extend(self.delivery.iter().flat_map(|report| report.to_bytes()));
        let rest = chunks.map(|senders| compound(own_ssrc, Vec::new(), senders));
        std::iter::once(first).chain(rest).collect()
    }
}

/// A receiver report, the sender reports, and who they are from (RFC 3550 section 6.1).
fn compound(own_ssrc: u32, reports: Vec<ReceptionReport>, senders: &[SenderReport]) -> Vec<u8> {
    let receiver = ReceiverReport { ssrc: own_ssrc, reports, profile_extensions: Bytes::new() };
    let sources = std::iter::once(own_ssrc).chain(senders.iter().map(|sender| sender.ssrc));
    let description = SourceDescription { chunks: sources.map(description_of).collect() };
    let mut packet = Vec::new();
    append(&receiver, &mut packet);
    senders.iter().for_each(|sender| append(sender, &mut packet));
    append(&description, &mut packet);
    packet
}

/// The canonical name is the SSRC, which is random and as short-lived as the room (RFC 7022).
fn description_of(ssrc: u32) -> SourceDescriptionChunk {
    let name = Bytes::from(format!("{ssrc:08x}"));
    SourceDescriptionChunk {
        source: ssrc,
        items: vec![SourceDescriptionItem { sdes_type: SdesType::SdesCname, text: name }],
    }
}

pub(crate) fn append(packet: &impl Marshal, out: &mut Vec<u8>) {
    // Fails only above 31 blocks or chunks and 255 bytes of text, which `compound` stays below.
    if let Ok(bytes) = packet.marshal() {
        out.extend_from_slice(&bytes);
    }
}
