//! Long work gives way to other requests: counted in pauses, since a busy machine has no use for a limit of time.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ringwarden::api::{Api, ApiSettings, RequestContext};
use ringwarden::clock::monotonic;
use ringwarden::metrics::EdgeLabel;
use ringwarden::wire::v1;
use tonic::Code;

use super::{NUMBER, ask, report};
use crate::support::server::Server;

/// How often work pauses until its end. It must wait for nothing but its turn.
fn pauses<T>(work: impl Future<Output = T>) -> (usize, T) {
    let mut work = pin!(work);
    let mut cx = Context::from_waker(Waker::noop());
    let mut pauses = 0;
    loop {
        match work.as_mut().poll(&mut cx) {
            Poll::Ready(done) => return (pauses, done),
            Poll::Pending => pauses += 1,
        }
        assert!(pauses < 100_000, "it waits for something else");
    }
}

fn context() -> RequestContext {
    RequestContext::open(EdgeLabel::Grpc, monotonic())
}

#[tokio::test]
async fn a_batch_of_lookups_pauses_after_a_few() {
    let server = Server::start().await;
    let api = Api::new(server.instance.services.clone());
    let requests = vec![ask(NUMBER, ""); 1_000];
    let (pauses, answer) = pauses(api.batch_lookup(v1::BatchLookupRequest { requests }, &context()));
    assert_eq!(answer.unwrap().results.len(), 1_000);
    assert!(pauses >= 1_000 / 16, "{pauses}");
}

/// As many batches are answered as the machine has processors, and 16 at most. A further one waits: else the half-made answers
/// of all would be in memory at once.
#[tokio::test]
async fn a_batch_waits_for_those_before_it() {
    let server = Server::start().await;
    let api = Api::new(server.instance.services.clone());
    let context = context();
    let batch = || {
        let requests = vec![ask(NUMBER, ""); 1_000];
        Box::pin(api.batch_lookup(v1::BatchLookupRequest { requests }, &context))
    };
    let at_once = std::thread::available_parallelism().unwrap().get().min(16);
    let mut cx = Context::from_waker(Waker::noop());
    let mut before: Vec<_> = (0..at_once).map(|_| batch()).collect();
    for batch in &mut before {
        assert!(batch.as_mut().poll(&mut cx).is_pending(), "its first turn");
    }
    let mut last = batch();
    // As many turns as a batch takes, and more.
    for _ in 0..1_000 {
        assert!(last.as_mut().poll(&mut cx).is_pending(), "all others are in progress");
    }
    drop(before.pop()); // a client leaves
    let (_, answer) = pauses(last);
    assert_eq!(answer.unwrap().results.len(), 1_000);
    assert!(before.into_iter().all(|batch| pauses(batch).1.is_ok()));
}

/// The runtime limits what one poll may do, so this is awaited, and its polls are counted.
#[tokio::test]
async fn a_batch_of_reports_on_one_number_pauses() {
    let server = Server::start().await;
    let api = Api::new(server.instance.services.clone());
    let reports = (0..2_000).map(|n| v1::Report {
        source: v1::Source::AppFeedback.into(),
        reporter_id: format!("person-{n}"),
        comment: String::new(),
        ..report(&format!("r{n}"), NUMBER)
    });
    let batch = v1::BatchSubmitReportsRequest {
        reports: reports.collect(),
    };
    let context = context();
    let mut work = pin!(api.batch_submit_reports(batch, &context));
    let mut polls = 0;
    let answer = std::future::poll_fn(|cx| {
        polls += 1;
        work.as_mut().poll(cx)
    });
    let answer = answer.await.unwrap();
    assert_eq!(answer.accepted, 2_000, "{:?}", answer.results.first());
    assert!(polls >= 2 * 2_000 / 128, "{polls}"); // they are read, and then they are folded
}

#[tokio::test]
async fn heavy_requests_in_progress_are_limited_and_lookups_are_not() {
    let server = Server::start().await;
    let api = Api::with_settings(
        server.instance.services.clone(),
        None,
        ApiSettings {
            heavy_requests: 1,
            ..ApiSettings::default()
        },
    );
    let admitted = api.admit_heavy(&context()).unwrap();
    let refused = api.admit_heavy(&context()).unwrap_err();
    assert_eq!(
        format!("{:?}", refused.code()),
        format!("{:?}", Code::ResourceExhausted)
    );
    api.lookup(ask(NUMBER, "q"), &context()).unwrap();
    drop(admitted);
    assert!(api.admit_heavy(&context()).is_ok());
}
