//! A server that is asked to end: it answers the requests in progress, ends open streams with a status, and exits with
//! 0.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use ringwarden::wire::v1::stream_lookup_response::Result as Answer;
use ringwarden::wire::v1::{LookupRequest, StreamLookupResponse};
use tokio::time::{Instant, sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::support::program::Program;
use crate::support::random::Random;
use crate::support::report_writers::Writers;
use crate::support::sent_reports::{SentReports, number};

/// The default of `--drain-deadline`.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// Questions of a stream that may be in progress.
const QUESTIONS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_to_end_finishes_what_is_under_way() {
    let mut random = Random::from_environment();
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("store").display());
    let sent_reports = Arc::new(SentReports::default());
    let mut program = Program::serve(&store).await;
    let writers = Writers::start(4, 0, &program.channel(), &sent_reports, &mut random);
    let streamed = AtomicUsize::new(0);
    let stream = ask_until_the_end(program.channel(), &streamed);
    let asked_to_end = async {
        sleep(Duration::from_millis(700)).await;
        // Longer on a busy machine.
        let is_busy = async || streamed.load(Ordering::Relaxed) > 100 && sent_reports.counts().acknowledged > 50;
        program.wait_for("requests", is_busy).await;
        program.terminate();
        let began = Instant::now();
        let status = program.ended().await;
        (status, began.elapsed())
    };
    let (answered, (status, took)) = tokio::join!(stream, asked_to_end);
    writers.end().await;
    eprintln!(
        "{} streamed, {:?}, ended in {took:?}",
        answered.count,
        sent_reports.counts()
    );
    assert_eq!(status.code(), Some(0), "{}", program.log());
    assert!(took < DRAIN_DEADLINE, "{took:?}");
    assert!(answered.count > 100, "{}", answered.count);
    assert_eq!(answered.end.code(), Code::Unavailable, "{:?}", answered.end);
    assert!(
        answered.end.message().contains("the server is shutting down"),
        "{:?}",
        answered.end
    );

    assert!(sent_reports.counts().acknowledged > 50, "{:?}", sent_reports.counts());
    let program = Program::serve(&store).await;
    sent_reports.check(program.channel()).await;
}

/// The result of a stream.
struct Answered {
    /// The number of questions that were answered, in order.
    count: usize,
    /// The status that ended it.
    end: Status,
}

/// Asks in one stream for as long as the server answers, and counts the answers in `streamed` meanwhile.
async fn ask_until_the_end(channel: Channel, streamed: &AtomicUsize) -> Answered {
    let (questions, asked) = tokio::sync::mpsc::channel(QUESTIONS);
    let ask = async move {
        for index in 0.. {
            let question = LookupRequest {
                number: number(index % 10),
                request_id: index.to_string(),
                ..LookupRequest::default()
            };
            if questions.send(question).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    let hear = async move {
        let mut client = LookupServiceClient::new(channel);
        let mut answers = client
            .stream_lookup(ReceiverStream::new(asked))
            .await
            .unwrap()
            .into_inner();
        let mut count = 0;
        loop {
            match answers.message().await {
                Ok(Some(answer)) => {
                    check(&answer, count);
                    count += 1;
                    streamed.store(count, Ordering::Relaxed);
                }
                Ok(None) => panic!("the stream ended without a word after {count} answers"),
                Err(end) => return Answered { count, end },
            }
        }
    };
    // The questions end once nobody takes them any more.
    let (answered, ()) = tokio::join!(hear, ask);
    answered
}

fn check(answer: &StreamLookupResponse, count: usize) {
    assert_eq!(answer.request_id, count.to_string());
    assert!(matches!(answer.result, Some(Answer::Response(_))), "{answer:?}");
}
