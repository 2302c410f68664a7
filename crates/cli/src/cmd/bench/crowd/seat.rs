use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::{CallId, UserId};
use calling_signaling::protocol::{CallParams, Event, Reply, Request};
use calling_transport::sdp::SessionDescription;
use calling_transport::{Certificate, IceCredentials};

use super::film::{Film, Sends};
use super::guest::{Counts, Guest};
use super::offer::Offerer;
use super::{Child, Common, Shape};
use crate::cmd::bench::line::Line;
use crate::exit::Failure;

/// Until everybody is in the room and known to all.
const ENTER_WITHIN: Duration = Duration::from_secs(120);
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// A guest's signalling, and what its media is known by.
pub(super) struct Seat {
    line: Line,
    certificate: Arc<Certificate>,
    credentials: IceCredentials,
    room: u32,
    number: u32,
    common: Common,
}

impl Seat {
    /// The seats of one call, all signed in; the first is the caller's.
    pub(super) async fn take_all(
        server: &Child,
        room: u32,
        common: &Common,
    ) -> Result<Vec<Self>, Failure> {
        let certificate = Arc::new(Certificate::generate().map_err(Failure::machine)?);
        let mut seats = Vec::new();
        for number in 0..common.shape.people() {
            let line = Line::sign_in(server, Shape::user(room, number)?).await?;
            let certificate = Arc::clone(&certificate);
            let credentials = IceCredentials::generate(&mut rand::rng());
            let common = common.clone();
            seats.push(Self { line, certificate, credentials, room, number, common });
        }
        Ok(seats)
    }

    /// Comes to the call, sees the others, and stays until all is over.
    pub(super) async fn attend(mut self) -> Result<Counts, Failure> {
        let call = if self.number == 0 { self.call().await? } else { self.accept().await? };
        let answer = self.offer(&call, 1, &[]).await?;
        let film = Film::new(self.audio_ssrc(), self.sends());
        let certificate = Arc::clone(&self.certificate);
        let guest =
            Guest::connect(&answer, &self.credentials, certificate, film, self.common.clone());
        let guest = guest.await?;
        let running = tokio::spawn(guest.run());
        self.see_the_others(&call).await?;
        let _ = self.common.ready.send(()).await;
        let mut line = self.line;
        // Reads on, so that the server finds everybody awake.
        let reading = tokio::spawn(async move { line.event(|_| None::<()>).await });
        let counts = running.await.map_err(Failure::internal)?;
        reading.abort();
        counts
    }

    async fn call(&mut self) -> Result<CallId, Failure> {
        let shape = self.common.shape;
        let others = (1..shape.people()).map(|number| Shape::user(self.room, number));
        let params = CallParams {
            callees: others.collect::<Result<_, _>>()?,
            media_type: shape.media_type(),
            group_id: None,
            timeout_s: None,
            user_data: String::new(),
            sent_at: None,
        };
        let Reply::Call(reply) = self.line.ask(Request::Call(params)).await? else {
            return Err(Failure::server("no call came of a request to call"));
        };
        Ok(reply.facts.call_id)
    }

    async fn accept(&mut self) -> Result<CallId, Failure> {
        let invited = self.line.event(|event| {
            let Event::Invited { facts, .. } = event else { return None };
            Some(facts.call_id.clone())
        });
        let call_id = invited.await?;
        self.line.ask(Request::Accept { call_id: call_id.clone() }).await?;
        Ok(call_id)
    }

    /// Offers places for all who send, until all of them are in the room.
    async fn see_the_others(&mut self, call: &CallId) -> Result<(), Failure> {
        let senders = (0..self.common.shape.publishers).filter(|number| *number != self.number);
        let others: Vec<UserId> =
            senders.map(|number| Shape::user(self.room, number)).collect::<Result<_, _>>()?;
        let wanted = others.len() * if self.common.shape.sends.has_pictures() { 2 } else { 1 };
        let give_up = Instant::now() + ENTER_WITHIN;
        let mut version = 1;
        loop {
            version += 1;
            let answer = self.offer(call, version, &others).await?;
            let received = answer.sections.iter().filter(|section| section.direction.sends());
            if received.count() == wanted {
                return Ok(());
            }
            if Instant::now() > give_up {
                return Err(Failure::server("not everybody was in the room within two minutes"));
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    async fn offer(
        &mut self,
        call: &CallId,
        version: u64,
        others: &[UserId],
    ) -> Result<SessionDescription, Failure> {
        let offerer = Offerer {
            session: u64::from(self.number) + 1,
            version,
            credentials: &self.credentials,
            fingerprint: self.certificate.fingerprint(),
            audio_ssrc: self.audio_ssrc(),
            has_pictures: self.common.shape.sends.has_pictures(),
        };
        let offer = offerer.offer(others).into();
        let request = Request::ConnectMedia { call_id: call.clone(), offer };
        let Reply::MediaSdp(answer) = self.line.ask(request).await? else {
            return Err(Failure::server("no answer came to an offer"));
        };
        answer.sdp.parse().map_err(Failure::server)
    }

    fn sends(&self) -> Option<Sends> {
        (self.number < self.common.shape.publishers).then_some(self.common.shape.sends)
    }

    const fn audio_ssrc(&self) -> u32 {
        (self.number + 1) * 1_000
    }
}
