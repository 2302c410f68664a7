//! A web server that receives webhooks and answers as the test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::client::PATIENCE;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
    /// What it was answered with.
    pub(crate) status: u16,
}

type Answer = dyn FnMut(&Value) -> u16 + Send;

#[derive(Clone)]
struct Shared {
    posted: mpsc::UnboundedSender<Posted>,
    answer: Arc<Mutex<Box<Answer>>>,
}

/// The server; dropping it closes its port.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    posted: mpsc::UnboundedReceiver<Posted>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        Self::answering(|_| 200).await
    }

    /// One that answers each body with a status.
    pub(crate) async fn answering(answer: impl FnMut(&Value) -> u16 + Send + 'static) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), answer).await
    }

    pub(crate) async fn at(
        address: SocketAddr,
        answer: impl FnMut(&Value) -> u16 + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, posted) = mpsc::unbounded_channel();
        let shared = Shared { posted: sender, answer: Arc::new(Mutex::new(Box::new(answer))) };
        let router = Router::new().fallback(receive).with_state(shared);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, posted, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks?own=1", self.address)
    }

    /// The next request, taken or not.
    pub(crate) async fn posted(&mut self) -> Posted {
        timeout(PATIENCE, self.posted.recv()).await.expect("nothing was posted").unwrap()
    }

    /// The next request that was taken.
    pub(crate) async fn taken(&mut self) -> Posted {
        loop {
            let posted = self.posted().await;
            if posted.status == 200 {
                return posted;
            }
        }
    }

    /// The names of events taken, up to and including `last`.
    pub(crate) async fn events_until(&mut self, last: &str) -> Vec<String> {
        let mut events = Vec::new();
        loop {
            let posted = self.taken().await;
            let event = posted.body["Event"].as_str().unwrap().to_owned();
            events.push(event.clone());
            if event == last {
                return events;
            }
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> StatusCode {
    let text = String::from_utf8(bytes.into()).unwrap();
    let body: Value = serde_json::from_str(&text).unwrap();
    let status = (shared.answer.lock().unwrap())(&body);
    let _ = shared.posted.send(Posted { uri, headers, text, body, status });
    StatusCode::from_u16(status).unwrap()
}
