//! A server with both edges on its own ports, over the store in memory, and a client for each edge.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use ringwarden::api::{Api, ApiSettings};
use ringwarden::clock::Clock;
use ringwarden::config::{self, ServeArgs};
use ringwarden::grpc;
use ringwarden::http;
use ringwarden::number;
use ringwarden::service::ServiceSettings;
use ringwarden::store::memory::MemoryStore;
use ringwarden::store::{LogHead, Store};
use ringwarden::tasks::{Heavy, Tasks};
use ringwarden::tokens::Tokens;
use ringwarden::wire::v1::case_service_client::CaseServiceClient;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use ringwarden::wire::v1::note_service_client::NoteServiceClient;
use ringwarden::wire::v1::number_service_client::NumberServiceClient;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tonic::transport::{Channel, Endpoint};

use super::instance::{Instance, evidence_version};

const DRAIN: Duration = Duration::from_secs(10);
const WRITE_TIMEOUT: Duration = Duration::from_millis(500);
const LOOKUP_BUDGET: Duration = Duration::from_secs(10);

/// A running server.
pub struct Server {
    pub instance: Instance,
    pub store: Arc<dyn Store>,
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    pub channel: Channel,
    tasks: Tasks,
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    pub body: String,
}

impl Server {
    /// A server whose index is loaded.
    pub async fn start() -> Self {
        let server = Self::start_unloaded().await;
        server.instance.follower.bootstrap().await.unwrap();
        server
    }

    /// A server that has not read its store yet.
    pub async fn start_unloaded() -> Self {
        Self::over(Arc::new(MemoryStore::new(evidence_version()).unwrap())).await
    }

    /// A server that has not read this store yet, and gives a change half a second.
    pub async fn over(store: Arc<dyn Store>) -> Self {
        Self::at(Clock::system(), store).await
    }

    /// The same, where this clock says what time it is.
    pub async fn at(clock: Clock, store: Arc<dyn Store>) -> Self {
        Self::with(clock, store, ApiSettings::default()).await
    }

    /// A server whose index is loaded, that accepts these tokens.
    pub async fn with_tokens(clock: Clock, tokens: Arc<Tokens>) -> Self {
        let settings = ApiSettings {
            tokens: Some(tokens),
            ..ApiSettings::default()
        };
        let server = Self::with(clock, Arc::new(MemoryStore::new(evidence_version()).unwrap()), settings).await;
        server.instance.follower.bootstrap().await.unwrap();
        server
    }

    /// The same, with these settings of the handlers.
    pub async fn with(clock: Clock, store: Arc<dyn Store>, settings: ApiSettings) -> Self {
        // As the program does before it serves: else the first change pays for it, out of its half second.
        number::warm_up();
        // A test that means deadlines says so in its questions; others may run on a machine that is busy.
        let services = ServiceSettings {
            write_timeout: WRITE_TIMEOUT,
            lookup_budget: LOOKUP_BUDGET,
            ..ServiceSettings::default()
        };
        let instance = Instance::unloaded_by(Arc::clone(&store), clock, services);
        let api = Api::with_settings(Arc::clone(&instance.services), None, settings);
        let tasks = Tasks::with_heavy(Heavy::start(1).unwrap());
        let config = config::load(&ServeArgs::default(), std::iter::empty(), |_| Ok(String::new())).unwrap();
        let (grpc_listener, grpc) = listen().await;
        let (http_listener, http) = listen().await;
        let serving = grpc::serve(
            grpc_listener,
            api.clone(),
            grpc::GrpcLimits::from(&config.limits),
            tasks.clone(),
        );
        tasks.spawn("grpc", serving);
        let serving = http::serve(http_listener, api, http::HttpSettings::from(&config), tasks.clone());
        tasks.spawn("http", serving);
        let endpoint = Endpoint::from_shared(format!("http://{grpc}")).unwrap();
        Self {
            instance,
            store,
            grpc,
            http,
            channel: endpoint.connect().await.unwrap(),
            tasks,
        }
    }

    /// Asks the server to end; whether it did in time.
    pub async fn stop(&self) -> bool {
        self.tasks.drain(DRAIN).await
    }

    /// Stops the only worker of heavy work, until something is sent to it.
    pub async fn hold_heavy(&self) -> SyncSender<()> {
        let (release, released) = sync_channel(1);
        let (hold, held) = oneshot::channel();
        let shutdown = self.tasks.shutdown_requested();
        self.tasks.spawn_heavy("held", async move {
            hold.send(()).unwrap();
            released.recv().ok(); // blocks the worker
            shutdown.await;
        });
        held.await.unwrap();
        release
    }

    pub fn request_shutdown(&self) {
        self.tasks.request_shutdown();
    }

    pub fn lookups(&self) -> LookupServiceClient<Channel> {
        LookupServiceClient::new(self.channel.clone())
    }

    pub fn reports(&self) -> ReportServiceClient<Channel> {
        ReportServiceClient::new(self.channel.clone())
    }

    pub fn numbers(&self) -> NumberServiceClient<Channel> {
        NumberServiceClient::new(self.channel.clone())
    }

    pub fn cases(&self) -> CaseServiceClient<Channel> {
        CaseServiceClient::new(self.channel.clone())
    }

    pub fn notes(&self) -> NoteServiceClient<Channel> {
        NoteServiceClient::new(self.channel.clone())
    }

    /// The ends of the store's logs: they move with every write.
    pub async fn heads(&self) -> Vec<LogHead> {
        self.store.heads().await.unwrap()
    }

    /// Sends bytes to the HTTP edge and reads what comes until the server hangs up; none if it says nothing.
    pub async fn send(&self, request: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.http).await.unwrap();
        // A server that refuses a body does not wait for all of it.
        drop(stream.write_all(request).await);
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        Answer::parse(&answer)
    }

    /// A `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        self.send(request.as_bytes()).await.unwrap()
    }

    /// Any method, with a body of JSON.
    pub async fn request(&self, method: &str, path: &str, body: &str) -> Answer {
        self.send(&request(method, path, "application/json", body.as_bytes()))
            .await
            .unwrap()
    }

    /// A `POST` of JSON.
    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(&post(path, "application/json", body.as_bytes()))
            .await
            .unwrap()
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        Some(Self {
            status: head.split(' ').nth(1)?.parse().ok()?,
            head: head.to_lowercase(),
            body: body.to_owned(),
        })
    }
}

/// The bytes of a `POST`.
pub fn post(path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    request("POST", path, content_type, body)
}

/// The bytes of a request with a body.
pub fn request(method: &str, path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}
