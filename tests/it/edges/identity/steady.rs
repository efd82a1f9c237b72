//! Credentials that change under clients that ask all the time: the change is in force without a restart, and no lookup is
//! lost.
#![allow(clippy::disallowed_methods, reason = "a client ends with its test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use ringwarden::domain::identity::Role;
use ringwarden::wire::v1;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use serde_json::json;
use tokio::task::JoinHandle;
use tonic::Request;
use tonic::transport::Channel;

use super::closed::{Closed, now, of};
use super::{bearer, key};
use crate::support::oidc::{ISSUER, SigningKey, claims, key_set};
use crate::support::tls::open;

/// The lookups that each client must get answered before and after a change.
const LOOKUPS: usize = 20;

/// Clients that ask without a pause, until they are ended.
struct Clients {
    answered: Arc<[AtomicUsize; 3]>,
    lost: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Clients {
    /// A client over gRPC with a connection of its own, by a key; one over HTTPS with a new connection for each lookup; and one
    /// over gRPC with the token that is there now.
    fn start(closed: &Arc<Closed>, channel: &Channel, token: &Arc<Mutex<String>>) -> Self {
        let mut clients = Self {
            answered: Arc::default(),
            lost: Arc::default(),
            ended: Arc::default(),
            tasks: Vec::new(),
        };
        let by_key = format!("Bearer {}", key(Role::Carrier.code()).text());
        let of_key = channel.clone();
        clients.spawn(0, move || {
            let (channel, by_key) = (of_key.clone(), by_key.clone());
            async move { look_up(&channel, &by_key).await }.boxed()
        });
        let over_https = Arc::clone(closed);
        clients.spawn(1, move || {
            let closed = Arc::clone(&over_https);
            async move {
                let (status, text) = closed.ask("GET", "/v1/cid/+14155550199", &of(Role::App), "").await;
                if status == 200 {
                    Ok(())
                } else {
                    Err(format!("{status} {text}"))
                }
            }
            .boxed()
        });
        let (of_token, token) = (channel.clone(), Arc::clone(token));
        clients.spawn(2, move || {
            let (channel, by_token) = (of_token.clone(), format!("Bearer {}", token.lock()));
            async move { look_up(&channel, &by_token).await }.boxed()
        });
        clients
    }

    fn spawn(&mut self, client: usize, ask: impl Fn() -> BoxFuture<'static, Result<(), String>> + Send + 'static) {
        let (answered, lost) = (Arc::clone(&self.answered), Arc::clone(&self.lost));
        let ended = Arc::clone(&self.ended);
        self.tasks.push(tokio::spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                match ask().await {
                    Ok(()) => answered[client].fetch_add(1, Ordering::Relaxed),
                    Err(problem) => {
                        lost.lock().push(format!("client {client}: {problem}"));
                        return;
                    }
                };
            }
        }));
    }

    /// Waits until each client has had some more answers. None may be lost.
    async fn go_on(&self, closed: &Closed, after: &str) {
        let before = self.counts();
        let is_so = async || {
            let more = self
                .counts()
                .iter()
                .zip(before)
                .all(|(now, before)| now - before >= LOOKUPS);
            more || !self.lost.lock().is_empty()
        };
        closed.server.program.wait_for("lookups", is_so).await;
        assert_eq!(*self.lost.lock(), Vec::<String>::new(), "after: {after}");
    }

    fn counts(&self) -> [usize; 3] {
        [0, 1, 2].map(|client| self.answered[client].load(Ordering::Relaxed))
    }

    async fn end(self) {
        self.ended.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        assert_eq!(*self.lost.lock(), Vec::<String>::new());
    }
}

async fn look_up(channel: &Channel, authorization: &str) -> Result<(), String> {
    let mut request = Request::new(v1::LookupRequest {
        number: "+14155550199".into(),
        ..v1::LookupRequest::default()
    });
    let value = authorization.parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    let answer = LookupServiceClient::new(channel.clone()).lookup(request).await;
    answer.map(drop).map_err(|status| status.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_change_without_a_restart_and_without_a_lost_lookup() {
    let closed = Arc::new(Closed::start(&[]).await);
    closed.principals().await;
    closed.principal("old", Role::Carrier, 51, json!({})).await;
    let subjects = json!({"subjects": [{"issuer": ISSUER, "subject": "sub-1"}]});
    closed.principal("reader", Role::Analyst, 52, subjects).await;
    let token = Arc::new(Mutex::new(closed.token("sub-1")));
    let channel = closed.channel().await;
    let clients = Clients::start(&closed, &channel, &token);
    clients.go_on(&closed, "the start").await;

    // A key is revoked: the next request with it is refused.
    let of_old = bearer(&key(51).text());
    assert_eq!(closed.ask("GET", "/v1/caller", &of_old, "").await.0, 200);
    let revoke = json!({"requestId": "revoke"}).to_string();
    let path = "/v1/keys/0000000000000033:revoke";
    assert_eq!(closed.ask("POST", path, &of(Role::Admin), &revoke).await.0, 200);
    assert_eq!(closed.ask("GET", "/v1/caller", &of_old, "").await.0, 401);
    clients.go_on(&closed, "the revocation").await;

    // The certificate of the server is replaced.
    let served = async || {
        let stream = open(&closed.client, closed.server.program.http()).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    };
    let first = served().await;
    closed.files.serve(&closed.files.authority.sign("localhost"));
    closed.server.program.reload();
    let is_replaced = async || served().await != first;
    closed.server.program.wait_for("the new certificate", is_replaced).await;
    clients.go_on(&closed, "the new certificate").await;

    // The key set of the provider is rotated: first the new key comes, then the old one goes.
    let next = SigningKey::ed25519();
    let (of_first, of_next) = (closed.token("sub-1"), next.token("k2", &claims("sub-1", now())));
    let accepted = async |token: &str| closed.ask("GET", "/v1/caller", &bearer(token), "").await.0 == 200;
    let both = [closed.signing.public("k1"), next.public("k2")];
    closed.files.write("keys.json", &key_set(&both));
    closed.server.program.reload();
    closed
        .server
        .program
        .wait_for("the new key", async || accepted(&of_next).await)
        .await;
    assert!(accepted(&of_first).await);
    token.lock().clone_from(&of_next);
    clients.go_on(&closed, "the new key of the provider").await;
    closed.files.write("keys.json", &key_set(&both[1..]));
    closed.server.program.reload();
    let is_gone = async || !accepted(&of_first).await;
    closed.server.program.wait_for("the end of the old key", is_gone).await;
    clients.go_on(&closed, "the end of the old key").await;
    clients.end().await;
}
