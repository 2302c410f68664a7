//! `webrtc-ice` behind the path traits of `calling-transport`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use calling_signaling::protocol::IceServer;
use calling_transport::{
    Candidate, CandidateKind, IceCredentials, Path, PathError, PathFinder, PathParams,
};
use tokio::sync::{mpsc, watch};
use webrtc_ice::agent::Agent;
use webrtc_ice::agent::agent_config::{AgentConfig, IpFilterFn};
use webrtc_ice::candidate::CandidateType;
use webrtc_ice::candidate::candidate_base::unmarshal_candidate;
use webrtc_ice::mdns::MulticastDnsMode;
use webrtc_ice::network_type::NetworkType;
use webrtc_ice::state::ConnectionState;
use webrtc_ice::url::{SchemeType, Url};
use webrtc_util::Conn;

use crate::config::IceConfig;

/// Between two checks of a chosen path. A server frees a path that was silent for 4 s, so that
/// several in a row may be lost.
const KEEPALIVE: Duration = Duration::from_millis(500);
/// A path on which nothing came for this long is given up and looked for anew, early enough to
/// be replaced before the server gives the participant up.
const SILENCE: Duration = Duration::from_millis(2_500);
/// The agent's own patience; whoever searches has less.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a worse kind of candidate waits for a better one to answer.
const REFLEXIVE_WAIT: Duration = Duration::from_millis(50);
const RELAY_WAIT: Duration = Duration::from_millis(300);

/// A search for a path: a controlling full agent (RFC 8445) that faces the server's ICE-lite.
pub(crate) struct IceFinder {
    agent: Closing,
    credentials: IceCredentials,
    state: watch::Receiver<ConnectionState>,
    media_via: Option<SocketAddr>,
}

/// A path that was found.
pub(crate) struct IcePath {
    agent: Closing,
    conn: Arc<dyn Conn + Send + Sync>,
    state: watch::Receiver<ConnectionState>,
}

/// An agent that is closed when nobody holds it: it would keep its sockets otherwise.
struct Closing(Arc<Agent>);

impl Drop for Closing {
    fn drop(&mut self) {
        let agent = Arc::clone(&self.0);
        // Without a runtime its tasks and sockets are gone already.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // An error says that it is closed already.
                let _ = agent.close().await;
            });
        }
    }
}

impl IceFinder {
    /// Opens an agent. `loopback` says that the server is on this machine.
    pub(crate) async fn open(
        config: &IceConfig,
        servers: &[IceServer],
        credentials: IceCredentials,
        loopback: bool,
    ) -> Result<Self, PathError> {
        let settings = agent_config(config, servers, &credentials, loopback);
        let agent = Closing(Arc::new(Agent::new(settings).await.map_err(refused)?));
        let (told, state) = watch::channel(ConnectionState::New);
        agent.0.on_connection_state_change(Box::new(move |state| {
            told.send_replace(state);
            Box::pin(async {})
        }));
        // The server learns our addresses from checks; gathering only has to have a handler.
        agent.0.on_candidate(Box::new(|_| Box::pin(async {})));
        Ok(Self { agent, credentials, state, media_via: config.media_via })
    }

    fn remote_candidates(&self, remote: &PathParams) -> Vec<Candidate> {
        match self.media_via {
            Some(address) => vec![Candidate::host(address, 0)],
            None => remote.candidates.clone(),
        }
    }
}

impl PathFinder for IceFinder {
    type Path = IcePath;

    /// Begins to gather and gives the credentials; candidates are used as they turn up.
    async fn gather(&mut self) -> Result<PathParams, PathError> {
        self.agent.0.gather_candidates().map_err(refused)?;
        Ok(PathParams { credentials: self.credentials.clone(), candidates: Vec::new() })
    }

    async fn connect(self, remote: PathParams) -> Result<IcePath, PathError> {
        for candidate in self.remote_candidates(&remote) {
            self.agent.0.add_remote_candidate(&foreign(&candidate)?).map_err(refused)?;
        }
        let (_cancel, cancelled) = mpsc::channel(1);
        let (ufrag, pwd) = (remote.credentials.ufrag(), remote.credentials.pwd());
        let mut state = self.state.clone();
        let conn: Arc<dyn Conn + Send + Sync> = tokio::select! {
            dialled = self.agent.0.dial(cancelled, ufrag.to_owned(), pwd.to_owned()) => {
                dialled.map_err(refused)?
            }
            _ = state.wait_for(|state| *state == ConnectionState::Failed) => {
                return Err(PathError::Unreachable("no check was answered".to_owned()));
            }
        };
        Ok(IcePath { agent: self.agent, conn, state: self.state })
    }
}

impl IcePath {
    /// How this side's end of the path was obtained.
    pub(crate) fn local_kind(&self) -> Option<CandidateKind> {
        let pair = self.agent.0.get_selected_candidate_pair()?;
        match pair.local.candidate_type() {
            CandidateType::Unspecified => None,
            CandidateType::Host => Some(CandidateKind::Host),
            CandidateType::ServerReflexive => Some(CandidateKind::ServerReflexive),
            CandidateType::PeerReflexive => Some(CandidateKind::PeerReflexive),
            CandidateType::Relay => Some(CandidateKind::Relayed),
        }
    }
}

impl Path for IcePath {
    async fn send(&self, datagram: &[u8]) -> Result<(), PathError> {
        self.conn.send(datagram).await.map_err(network)?;
        Ok(())
    }

    async fn receive(&self, buffer: &mut [u8]) -> Result<usize, PathError> {
        let mut state = self.state.clone();
        tokio::select! {
            biased;
            received = self.conn.recv(buffer) => received.map_err(|_| PathError::Closed),
            _ = state.wait_for(is_gone) => {
                Err(PathError::Unreachable("the path went silent".to_owned()))
            }
        }
    }

    async fn close(&self) {
        // An error says that it is closed already.
        let _ = self.agent.0.close().await;
    }
}

fn is_gone(state: &ConnectionState) -> bool {
    matches!(
        state,
        ConnectionState::Disconnected | ConnectionState::Failed | ConnectionState::Closed
    )
}

fn agent_config(
    config: &IceConfig,
    servers: &[IceServer],
    credentials: &IceCredentials,
    loopback: bool,
) -> AgentConfig {
    let kinds = candidate_types(config);
    let uses_servers = config.server_reflexive || config.relay;
    AgentConfig {
        urls: if uses_servers { urls(config, servers) } else { Vec::new() },
        local_ufrag: credentials.ufrag().to_owned(),
        local_pwd: credentials.pwd().to_owned(),
        multicast_dns_mode: MulticastDnsMode::Disabled,
        disconnected_timeout: Some(SILENCE),
        failed_timeout: Some(PATIENCE),
        keepalive_interval: Some(KEEPALIVE),
        network_types: vec![NetworkType::Udp4, NetworkType::Udp6],
        candidate_types: kinds,
        check_interval: config.check_interval,
        // Pairs are checked for as long as the search lasts.
        max_binding_requests: Some(u16::MAX),
        is_controlling: true,
        host_acceptance_min_wait: Some(Duration::ZERO),
        srflx_acceptance_min_wait: Some(REFLEXIVE_WAIT),
        prflx_acceptance_min_wait: Some(REFLEXIVE_WAIT),
        relay_acceptance_min_wait: Some(if config.host { RELAY_WAIT } else { Duration::ZERO }),
        ip_filter: Arc::new(Some(Box::new(is_usable) as IpFilterFn)),
        include_loopback: loopback,
        ..AgentConfig::default()
    }
}

/// Link-local addresses of IPv6 need a scope that a candidate cannot carry.
fn is_usable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_unicast_link_local(),
    }
}

fn candidate_types(config: &IceConfig) -> Vec<CandidateType> {
    [
        (config.host, CandidateType::Host),
        (config.server_reflexive, CandidateType::ServerReflexive),
        (config.relay, CandidateType::Relay),
    ]
    .into_iter()
    .filter_map(|(wanted, kind)| wanted.then_some(kind))
    .collect()
}

/// STUN and TURN servers as the agent takes them; what it cannot parse or use is left out.
fn urls(config: &IceConfig, servers: &[IceServer]) -> Vec<Url> {
    let servers = config.servers.iter().chain(servers);
    servers
        .flat_map(|server| server.urls.iter().map(move |url| (server, url)))
        .filter_map(|(server, url)| {
            let mut url = Url::parse_url(url).ok()?;
            url.username.clone_from(&server.username);
            url.password.clone_from(&server.credential);
            is_complete(&url).then_some(url)
        })
        .collect()
}

/// The agent gives up on all relays at the first one without credentials.
fn is_complete(url: &Url) -> bool {
    let needs_credentials = matches!(url.scheme, SchemeType::Turn | SchemeType::Turns);
    !needs_credentials || !(url.username.is_empty() || url.password.is_empty())
}

fn foreign(
    candidate: &Candidate,
) -> Result<Arc<dyn webrtc_ice::candidate::Candidate + Send + Sync>, PathError> {
    let text = candidate.to_string();
    let text = text.strip_prefix("candidate:").unwrap_or(&text);
    Ok(Arc::new(unmarshal_candidate(text).map_err(refused)?))
}

/// The operating system or the agent refused; the text names no address.
fn refused(error: webrtc_ice::Error) -> PathError {
    PathError::Network(error.to_string())
}

fn network(error: webrtc_util::Error) -> PathError {
    PathError::Network(error.to_string())
}
