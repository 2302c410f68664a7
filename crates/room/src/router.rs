use std::collections::BTreeMap;
use std::time::Instant;

use calling_model::ParticipantId;

use crate::leg::Leg;
use crate::{Arrived, Forward, Forwarder, Forwards, HeaderRewrite};

/// Who receives whom: for each publisher the legs to its receivers.
#[derive(Debug, Default)]
pub struct Router {
    publishers: BTreeMap<ParticipantId, Vec<Leg>>,
}

impl Router {
    /// A router without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Routes `publisher` to `receiver` through `forwarder`. A route that exists is replaced.
    pub fn connect(
        &mut self,
        publisher: ParticipantId,
        receiver: ParticipantId,
        forwarder: Forwarder,
    ) {
        let legs = self.publishers.entry(publisher).or_default();
        legs.retain(|leg| leg.to != receiver);
        legs.push(Leg::new(receiver, forwarder));
    }

    /// Ends every route from and to `participant`.
    pub fn remove(&mut self, participant: ParticipantId) {
        self.publishers.remove(&participant);
        for legs in self.publishers.values_mut() {
            legs.retain(|leg| leg.to != participant);
        }
    }

    /// The legs from and to `participant`.
    pub(crate) fn legs_of(&self, participant: ParticipantId) -> impl Iterator<Item = &Leg> {
        let is_its = move |(from, leg): &(ParticipantId, &Leg)| {
            *from == participant || leg.to == participant
        };
        self.legs().filter(is_its).map(|(_, leg)| leg)
    }

    /// Whether `receiver` gets what `publisher` sends; `false` if there is no such route.
    pub fn set_subscribed(
        &mut self,
        publisher: ParticipantId,
        receiver: ParticipantId,
        subscribed: bool,
    ) -> bool {
        let Some(leg) = self.leg_mut(publisher, receiver) else { return false };
        leg.is_subscribed = subscribed;
        leg.forwarder.pause();
        true
    }

    /// Says how headers change on a route beside their numbers.
    pub(crate) fn set_rewrite(
        &mut self,
        publisher: ParticipantId,
        receiver: ParticipantId,
        rewrite: Option<HeaderRewrite>,
    ) {
        if let Some(leg) = self.leg_mut(publisher, receiver) {
            leg.rewrite = rewrite;
        }
    }

    /// Whether `receiver` is to get what `publisher` sends; a route that is as it should be is not
    /// touched.
    pub(crate) fn want(&mut self, publisher: ParticipantId, receiver: ParticipantId, wanted: bool) {
        let leg = self.leg_mut(publisher, receiver);
        if leg.is_some_and(|leg| leg.is_subscribed != wanted) {
            self.set_subscribed(publisher, receiver, wanted);
        }
    }

    /// The publisher stops for a while on purpose: its gap must not look like loss.
    pub fn pause(&mut self, publisher: ParticipantId) {
        for leg in self.legs_mut(publisher) {
            leg.forwarder.pause();
        }
    }

    /// Adds to `forwards` whom the packet goes to, and under which header.
    pub fn route(&mut self, now: Instant, packet: &Arrived, forwards: &mut Forwards) {
        for leg in self.legs_mut(packet.source).iter_mut().filter(|leg| leg.is_subscribed) {
            let without = leg.rewrite.is_some_and(|rewrite| rewrite.takes_copies_out());
            let own_len = packet.own.filter(|_| without).map(|own| own.len());
            let payload_len = own_len.unwrap_or(packet.payload_len);
            let sent = Arrived { payload_len, ..*packet };
            let Some(header) = leg.forwarder.rewrite(now, &sent) else { continue };
            forwards.push(Forward {
                to: leg.to,
                ssrc: header.ssrc,
                sequence_number: header.sequence_number,
                timestamp: header.timestamp,
                rewrite: leg.rewrite,
                own: packet.own,
            });
        }
    }

    pub(crate) fn legs(&self) -> impl Iterator<Item = (ParticipantId, &Leg)> {
        self.publishers.iter().flat_map(|(from, legs)| legs.iter().map(|leg| (*from, leg)))
    }

    pub(crate) fn legs_mut(&mut self, publisher: ParticipantId) -> &mut [Leg] {
        self.publishers.get_mut(&publisher).map_or(&mut [], Vec::as_mut_slice)
    }

    pub(crate) fn leg_mut(
        &mut self,
        publisher: ParticipantId,
        receiver: ParticipantId,
    ) -> Option<&mut Leg> {
        self.legs_mut(publisher).iter_mut().find(|leg| leg.to == receiver)
    }
}
