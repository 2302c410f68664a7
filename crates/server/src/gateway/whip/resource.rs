//! One session: from the offer until it ends.

use std::time::Duration;

use axum::http::StatusCode;
use calling_model::{Endpoint, UserId};
use calling_signaling::protocol::{CallReply, MemberState, Reply};
use calling_transport::IceCredentials;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::line::Line;
use super::offer::{self, PostedOffer};
use super::refusal::Refusal;
use super::table::{Place, Subject};
use super::{Kind, fragment};
use crate::gateway::Gateway;
use crate::gateway::people::join_request;
use crate::hub::HubRequest;

/// How long a session waits for somebody to receive.
const SOMEBODY: Duration = Duration::from_secs(2);

/// What a session is made of.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) subject: Subject,
    pub(super) offer: PostedOffer,
    /// Whom to receive; others fill the places that are left.
    pub(super) wanted: Vec<UserId>,
}

/// The answer to an offer.
#[derive(Debug)]
pub(super) struct Created {
    pub(super) sdp: String,
    pub(super) etag: String,
}

/// What a request wants of a session.
#[derive(Debug)]
pub(super) enum Order {
    /// Candidates, or other credentials for the ICE session.
    Patch {
        /// `If-Match`.
        condition: String,
        credentials: IceCredentials,
        reply: oneshot::Sender<Result<Patched, Refusal>>,
    },
    /// The end; what is sent back is that it came.
    End { done: oneshot::Sender<()> },
}

/// What became of a patch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Patched {
    /// There was nothing to do.
    Same,
    /// ICE begins anew.
    Restarted { fragment: String, etag: String },
}

struct Resource {
    line: Line,
    plan: Plan,
    /// Whom the sections receive.
    people: Vec<UserId>,
    /// Names the ICE session.
    etag: String,
}

/// Makes a session, says so, and keeps it until it ends.
pub(super) async fn run(
    gateway: Gateway,
    mut place: Place,
    plan: Plan,
    created: oneshot::Sender<Result<Created, Refusal>>,
) {
    let stop = gateway.inner.stop.clone();
    let call_id = plan.subject.call_id.clone();
    let (mut resource, sdp) = match Resource::open(&gateway, plan).await {
        Ok(opened) => opened,
        Err(refusal) => {
            drop(place);
            // Whoever asked may have left.
            let _ = created.send(Err(refusal));
            return;
        }
    };
    let etag = resource.etag.clone();
    if created.send(Ok(Created { sdp, etag })).is_err() {
        // Nobody learns of the session, so that nobody could use it.
        return resource.line.sign_out().await;
    }
    tracing::debug!(call = ?call_id, "a session of WHIP or WHEP begins");
    let ended = loop {
        if resource.is_over() {
            break None;
        }
        tokio::select! {
            () = resource.line.listen() => resource.follow().await,
            Some(order) = place.orders.recv() => match order {
                Order::Patch { condition, credentials, reply } => {
                    let _ = reply.send(resource.patch(&condition, credentials).await);
                }
                Order::End { done } => break Some(done),
            },
            () = stop.cancelled() => break None,
        }
    };
    resource.line.sign_out().await;
    drop(place);
    if let Some(done) = ended {
        let _ = done.send(());
    }
    tracing::debug!(call = ?call_id, "a session of WHIP or WHEP ends");
}

impl Resource {
    async fn open(gateway: &Gateway, plan: Plan) -> Result<(Self, String), Refusal> {
        let Subject { kind, call_id, user } = plan.subject.clone();
        let request = join_request(gateway, &user, call_id.clone()).await??;
        let endpoint = Endpoint { user, device: kind.device() };
        let line = Line::sign_in(gateway, endpoint, call_id).await?;
        let mut resource = Self { line, plan, people: Vec::new(), etag: new_etag() };
        match resource.begin(request).await {
            Ok(sdp) => Ok((resource, sdp)),
            Err(refusal) => {
                resource.line.sign_out().await;
                Err(refusal)
            }
        }
    }

    async fn begin(&mut self, join: HubRequest) -> Result<String, Refusal> {
        let joined = self.line.ask(join).await;
        // Who takes the place of an older session is in the call already: the next answer tells.
        let call = match (self.look_up().await, joined) {
            (Ok(call), _) => call,
            (Err(_), Err(refusal)) | (Err(refusal), Ok(_)) => return Err(refusal),
        };
        let places = self.plan.offer.places();
        if places > 0 {
            self.people = self.somebody(&call, places).await?;
        }
        let sdp = self.connect().await?;
        if self.plan.subject.kind == Kind::Publish && !offer::takes_all(&sdp) {
            // RFC 9725 section 4.4.3.
            let sentence = "not everybody in the call can be shown what is offered; offer VP8";
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, sentence));
        }
        Ok(sdp)
    }

    /// How the call stands. The hub answers after it has told who is in the room.
    async fn look_up(&mut self) -> Result<CallReply, Refusal> {
        let call_id = self.plan.subject.call_id.clone();
        let reply = self.line.ask(HubRequest::GetCall { call_id }).await?;
        if let Reply::Call(call) = reply { Ok(call) } else { Err(unexpected(&reply)) }
    }

    /// Whom to receive: those who are wanted, then all others as they came to the call.
    async fn somebody(&mut self, call: &CallReply, places: usize) -> Result<Vec<UserId>, Refusal> {
        let wanted = self.plan.wanted.clone();
        let are_here = |line: &Line| match wanted.len() {
            0 => !line.present().is_empty(),
            _ => wanted.iter().take(places).all(|user| line.present().contains(user)),
        };
        let arrival = async {
            while !are_here(&self.line) && !self.line.is_over() {
                self.line.listen().await;
            }
        };
        let _ = timeout(SOMEBODY, arrival).await;
        if !are_here(&self.line) {
            let sentence = if wanted.is_empty() {
                "nobody in the call sends yet; try again in a moment"
            } else {
                "who is asked for does not send in the call; try again in a moment"
            };
            return Err(Refusal::new(StatusCode::CONFLICT, sentence).later(2));
        }
        let present = self.line.present();
        let members = call.members.iter().filter(|it| it.state == MemberState::Connected);
        let known = wanted.iter().chain(members.map(|member| &member.user)).chain(present);
        let mut people: Vec<UserId> = Vec::new();
        for user in known.filter(|user| present.contains(*user)) {
            if !people.contains(user) && people.len() < places {
                people.push(user.clone());
            }
        }
        Ok(people)
    }

    async fn connect(&mut self) -> Result<String, Refusal> {
        let call_id = self.plan.subject.call_id.clone();
        // What came until now is in the answer.
        self.line.came_anew(&[]);
        let offer = self.plan.offer.of(&self.people).into();
        let reply = self.line.ask(HubRequest::ConnectMedia { call_id, offer }).await?;
        if let Reply::MediaSdp(answer) = reply { Ok(answer.sdp) } else { Err(unexpected(&reply)) }
    }

    /// Receives somebody again who left and came back: behind the same section, by the same offer.
    async fn follow(&mut self) {
        if self.line.came_anew(&self.people)
            && let Err(refusal) = self.connect().await
        {
            tracing::debug!(?refusal, "somebody who came back is not received");
        }
    }

    /// It is out of the call, or nobody is left whom it receives: then its client is better told.
    fn is_over(&self) -> bool {
        let alone = !self.people.is_empty()
            && !self.people.iter().any(|user| self.line.present().contains(user));
        self.line.is_over() || alone
    }

    /// RFC 9725 section 4.3: trickled candidates are for the present ICE session; other
    /// credentials begin another.
    async fn patch(
        &mut self,
        condition: &str,
        credentials: IceCredentials,
    ) -> Result<Patched, Refusal> {
        let restarts = credentials.ufrag() != self.plan.offer.ufrag();
        if !matches(condition, &self.etag, restarts) {
            let sentence = "If-Match is not the entity tag of the present ICE session";
            return Err(Refusal::new(StatusCode::PRECONDITION_FAILED, sentence));
        }
        if !restarts {
            return Ok(Patched::Same);
        }
        let before = self.plan.offer.clone();
        self.plan.offer = before.restarted(credentials);
        let answered = self.connect().await.and_then(|sdp| {
            fragment::of_answer(&sdp).ok_or_else(|| {
                Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer has no ICE session")
            })
        });
        match answered {
            Ok(fragment) => {
                self.etag = new_etag();
                Ok(Patched::Restarted { fragment, etag: self.etag.clone() })
            }
            Err(refusal) => {
                self.plan.offer = before;
                Err(refusal)
            }
        }
    }
}

/// Whether `If-Match` is fulfilled: by one of its tags, or by `*` where that is allowed.
fn matches(condition: &str, etag: &str, any: bool) -> bool {
    let mut tags = condition.split(',').map(str::trim);
    tags.any(|tag| tag == etag || (any && matches!(tag, "*" | "\"*\"")))
}

/// A strong entity tag (RFC 9110 section 8.8.3).
fn new_etag() -> String {
    format!("\"{:016x}\"", rand::random::<u64>())
}

fn unexpected(reply: &Reply) -> Refusal {
    tracing::error!(?reply, "the hub answered something else");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the server answered itself wrongly")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        assert!(matches("\"a\"", "\"a\"", false));
        assert!(matches("\"b\", \"a\"", "\"a\"", true));
        assert!(!matches("\"b\"", "\"a\"", true));
        assert!(!matches("", "\"a\"", true));
        // Candidates are for one ICE session; which one, `*` does not say.
        assert!(!matches("*", "\"a\"", false));
        assert!(matches("*", "\"a\"", true));
        assert!(matches("\"*\"", "\"a\"", true));
    }

    #[test]
    fn tags_are_strong_and_new_each_time() {
        let (one, other) = (new_etag(), new_etag());
        assert_ne!(one, other);
        assert!(one.starts_with('"') && one.ends_with('"') && one.len() == 18);
    }
}
