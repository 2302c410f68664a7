//! What happens to a room on account of pictures.

use std::time::Instant;

use calling_model::{ParticipantId, VideoSize, VideoTrack};
use calling_wire::RtpView;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::side::index_of;
use super::{Found, Published, VideoLeg, VideoTerms, VideoViews};
use crate::forwards::Forwards;
use crate::room::Room;
use crate::{Forwarder, NotInRoom, RoomOutput, RtpDiscard, VideoLegStats, VideoStream};

impl Room {
    /// Other terms on pictures were agreed with a participant; at first it neither sends nor takes
    /// any. What stays the same goes on without a gap.
    ///
    /// # Errors
    /// It is not in the room.
    pub fn negotiate_video(
        &mut self,
        now: Instant,
        participant: ParticipantId,
        terms: VideoTerms,
    ) -> Result<(), NotInRoom> {
        let found = self.participants.get_mut(&participant).ok_or(NotInRoom)?;
        let before: Vec<bool> = found.video.tracks.iter().map(Published::is_available).collect();
        found.video.negotiate(terms);
        let gone = found.video.tracks.iter().zip(before);
        let gone = gone.filter(|(published, before)| *before && !published.is_available());
        let gone: Vec<VideoTrack> = gone.map(|(published, _)| published.track).collect();
        for track in gone {
            self.tell_video(participant, track, false);
        }
        self.update_views(now, participant);
        Ok(())
    }

    /// All that a participant wants to see; nothing at first. It may name users who are not in the
    /// room: their pictures come once they are.
    ///
    /// # Errors
    /// It is not in the room.
    pub fn set_views(
        &mut self,
        now: Instant,
        participant: ParticipantId,
        views: VideoViews,
    ) -> Result<(), NotInRoom> {
        self.participants.get_mut(&participant).ok_or(NotInRoom)?.video.views = views;
        self.update_views(now, participant);
        Ok(())
    }

    /// A participant turns a picture off or on. While it is off nothing of it is forwarded, and
    /// its receivers see no loss.
    ///
    /// # Errors
    /// It is not in the room.
    pub fn set_video_muted(
        &mut self,
        participant: ParticipantId,
        track: VideoTrack,
        muted: bool,
    ) -> Result<(), NotInRoom> {
        let found = self.participants.get_mut(&participant).ok_or(NotInRoom)?;
        if found.video.track_mut(track).set_muted(muted) {
            self.tell_video(participant, track, false);
        }
        Ok(())
    }

    /// How each picture goes to each receiver, by who sends it.
    pub fn video_leg_stats(
        &self,
    ) -> impl Iterator<Item = (ParticipantId, VideoTrack, VideoLegStats)> + '_ {
        self.participants.iter().flat_map(|(publisher, present)| {
            present.video.tracks.iter().flat_map(|published| {
                let legs = published.legs.iter();
                legs.map(|leg| (*publisher, published.track, leg.stats()))
            })
        })
    }

    /// Takes a packet that is not of its sender's audio, `raw` being all of it.
    pub(crate) fn forward_video(
        &mut self,
        now: Instant,
        from: ParticipantId,
        packet: &RtpView<'_>,
        raw: &[u8],
        forwards: &mut Forwards,
    ) -> Result<(), RtpDiscard> {
        let sender = self.participants.get_mut(&from).ok_or(RtpDiscard::UnknownParticipant)?;
        let found = sender.video.find(packet)?;
        let published = sender.video.track_mut(found.track);
        let was_available = published.is_available();
        let is_news = if found.is_rtx {
            let (list, repaired) = forwards.repair(packet, raw, &found, published)?;
            let packet = RtpView::parse(repaired).map_err(RtpDiscard::Malformed)?;
            published.take(now, &found, &packet, repaired, list)?
        } else {
            published.take(now, &found, packet, raw, forwards.list())?
        };
        if !was_available && published.is_available() {
            self.flow_due.get_or_insert(now + self.config.flow_timeout);
            self.tell_video(from, found.track, true);
        }
        if is_news {
            self.ask_senders(now, [from]);
        } else {
            self.ask_sender(now, from, found);
        }
        Ok(())
    }

    /// Others see what a newcomer sends, and it sees theirs, as far as they want.
    pub(crate) fn connect_video(&mut self, now: Instant, joining: ParticipantId) {
        let others: Vec<ParticipantId> =
            self.participants.keys().copied().filter(|other| *other != joining).collect();
        for other in others {
            self.update_legs(joining, other);
        }
        self.update_views(now, joining);
    }

    pub(crate) fn disconnect_video(&mut self, leaving: ParticipantId) {
        for present in self.participants.values_mut() {
            for published in &mut present.video.tracks {
                published.forget(leaving);
            }
        }
    }

    pub(crate) fn tell_video(
        &mut self,
        participant: ParticipantId,
        track: VideoTrack,
        available: bool,
    ) {
        let Some(present) = self.participants.get(&participant) else { return };
        let user = present.user.clone();
        self.output(RoomOutput::VideoAvailable { user, participant, track, available });
    }

    /// Has the legs to `receiver` follow what it wants and may have.
    fn update_views(&mut self, now: Instant, receiver: ParticipantId) {
        let others: Vec<ParticipantId> =
            self.participants.keys().copied().filter(|other| *other != receiver).collect();
        for other in &others {
            self.update_legs(*other, receiver);
        }
        self.ask_senders(now, others);
    }

    fn update_legs(&mut self, publisher: ParticipantId, receiver: ParticipantId) {
        for track in VideoTrack::ALL {
            let wants = self.wants(publisher, track, receiver);
            let Some(terms) = self.participants.get(&receiver).map(|it| it.video.terms.clone())
            else {
                return;
            };
            let (participants, rng) = (&mut self.participants, &mut self.rng);
            let Some(present) = participants.get_mut(&publisher) else { return };
            let make = |ssrc, rtx_ssrc| new_leg(rng, receiver, ssrc, rtx_ssrc);
            present.video.track_mut(track).set_view(receiver, wants, &terms, make);
        }
    }

    fn wants(
        &self,
        publisher: ParticipantId,
        track: VideoTrack,
        receiver: ParticipantId,
    ) -> Option<VideoSize> {
        let sends = self.participants.get(&publisher)?;
        let sees = &self.participants.get(&receiver)?.video;
        let stream = sends.video.tracks[index_of(track)].ssrc;
        if sees.views.is_empty() || !sees.terms.receives.includes(stream) {
            return None;
        }
        sees.views.get(&(sends.user.clone(), track)).copied()
    }

    fn ask_sender(&mut self, now: Instant, sender: ParticipantId, found: Found) {
        let Some(present) = self.participants.get_mut(&sender) else { return };
        let Some(layer) = present.video.track_mut(found.track).layers.get_mut(found.layer) else {
            return;
        };
        let due = [layer.key_frames.due(now), layer.missing.due()];
        let Some(due) = due.into_iter().flatten().min() else { return };
        if due <= now {
            self.ask_senders(now, [sender]);
        } else {
            self.video_due = Some(self.video_due.map_or(due, |before| before.min(due)));
        }
    }
}

/// Numbering begins in the lower half, for both streams; see `new_forwarder`.
fn new_leg(rng: &mut ChaCha8Rng, to: ParticipantId, ssrc: u32, rtx_ssrc: u32) -> VideoLeg {
    let forwarder = Forwarder::video(ssrc, rng.random_range(0..1 << 15), rng.random());
    VideoLeg::new(to, forwarder, rtx_ssrc, rng.random_range(0..1 << 15))
}

impl Published {
    pub(crate) const fn stream(&self) -> VideoStream {
        VideoStream { track: self.track, ssrc: self.ssrc, rtx_ssrc: self.rtx_ssrc }
    }
}
