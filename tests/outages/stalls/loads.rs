//! What other clients ask for meanwhile.

use std::time::{Duration, Instant};

use futures_util::future::{LocalBoxFuture, join_all};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use ringwarden::wire::v1;
use ringwarden::wire::v1::case_service_client::CaseServiceClient;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use ringwarden::wire::v1::number_service_client::NumberServiceClient;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use tonic::transport::Channel;

use super::QUIET;
use crate::support::program::Program;

/// Numbers and cases of the store.
const NUMBERS: f64 = 100_000.0;
const CASES: f64 = 30_000.0;
/// The number that ten thousand people report.
const TARGET: &str = "+14155550199";
/// The number that fifty thousand people have reported before.
const MUCH_REPORTED: &str = "+14155550198";
const MUCH: f64 = 50_000.0;
/// Reports of a batch.
const BATCH: usize = 5_000;
/// Streams of lookups at the same time.
const STREAMS: usize = 4;
/// How long the loads that have no end of their own last.
const LOAD: Duration = Duration::from_secs(4);

/// The server and what it holds.
pub(super) struct Scene {
    channel: Channel,
    http: std::net::SocketAddr,
    pub(super) numbers: usize,
    pub(super) cases: usize,
}

type Load = fn(&Scene) -> LocalBoxFuture<'_, ()>;

/// The loads. The first is none.
pub(super) const LOADS: &[(&str, Load)] = &[
    ("nothing else", |_| tokio::time::sleep(QUIET).boxed_local()),
    ("5,000 reports by 5,000 people on one number", |scene| {
        scene.report(0).boxed_local()
    }),
    ("5,000 more on the same number", |scene| scene.report(1).boxed_local()),
    ("256 ListNumbers at once", |scene| scene.list_at_once().boxed_local()),
    ("three analysts page through ListNumbers", |scene| {
        scene.page_numbers().boxed_local()
    }),
    ("ListCases with pages of one", |scene| scene.page_cases().boxed_local()),
    ("Search", |scene| scene.search().boxed_local()),
    ("ListSimilarNumbers", |scene| scene.similar().boxed_local()),
    ("GetNumber of a number with 10,000 reports", |scene| {
        scene.get_number(TARGET).boxed_local()
    }),
    ("GetNumber of a number with 50,000 reports", |scene| {
        scene.get_number(MUCH_REPORTED).boxed_local()
    }),
    ("ListReports of a number with 50,000 reports", |scene| {
        scene.list_reports().boxed_local()
    }),
    ("ListAuditEvents", |scene| scene.audit_events().boxed_local()),
    ("ExportReports", |scene| scene.export().boxed_local()),
    ("BatchLookup of 1,000", |scene| scene.batch_lookup().boxed_local()),
    ("StreamLookup without a pause", |scene| {
        scene.stream_lookup().boxed_local()
    }),
    ("four of these streams", |scene| {
        join_all((0..STREAMS).map(|_| scene.stream_lookup()))
            .map(drop)
            .boxed_local()
    }),
    ("/metrics", |scene| scene.metrics().boxed_local()),
];

impl Scene {
    /// Fills a server with reports and cases.
    pub(super) async fn set(program: &Program, share: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let count = |all: f64| (all * share) as usize;
        let scene = Self {
            channel: program.connect().await,
            http: program.http(),
            numbers: count(NUMBERS),
            cases: count(CASES),
        };
        let reports = (0..scene.numbers).map(|n| v1::Report {
            report_id: format!("seed-{n}"),
            number: format!("+1415{:07}", 2_000_000 + n * 37),
            category: v1::Category::TechSupportScam.into(),
            source: v1::Source::RegulatorFeed.into(),
            ..v1::Report::default()
        });
        let reports: Vec<_> = reports.collect();
        for part in reports.chunks(BATCH) {
            scene.submit(part.to_vec()).await;
        }
        let people: Vec<_> = (0..count(MUCH)).map(|n| of_person(MUCH_REPORTED, "much", n)).collect();
        for part in people.chunks(BATCH) {
            scene.submit(part.to_vec()).await;
        }
        let creating = stream::iter(0..scene.cases).map(|n| {
            let mut cases = CaseServiceClient::new(scene.channel.clone());
            async move {
                let case = v1::CreateCaseRequest {
                    case_id: format!("case-{n:06}"),
                    title: format!("Network {n}"),
                    category: v1::Category::TechSupportScam.into(),
                    status: v1::CaseStatus::Corroborated.into(),
                    source: v1::Source::RegulatorFeed.into(),
                    actor: "ana".into(),
                    request_id: format!("create-{n}"),
                    ..v1::CreateCaseRequest::default()
                };
                cases.create_case(case).await.unwrap();
            }
        });
        creating.buffer_unordered(64).for_each(std::future::ready).await;
        scene
    }

    fn numbers(&self) -> NumberServiceClient<Channel> {
        NumberServiceClient::new(self.channel.clone()).max_decoding_message_size(64 << 20)
    }

    async fn submit(&self, reports: Vec<v1::Report>) {
        let mut client = ReportServiceClient::new(self.channel.clone());
        let request = v1::BatchSubmitReportsRequest { reports };
        let answer = client.batch_submit_reports(request).await.unwrap().into_inner();
        assert_eq!(answer.failed, 0, "{:?}", answer.results.first());
    }

    async fn report(&self, batch: usize) {
        let reports = (0..BATCH).map(|n| of_person(TARGET, &format!("target-{batch}"), n));
        let began = Instant::now();
        self.submit(reports.collect()).await;
        eprintln!("the batch took {:?}", began.elapsed());
    }

    async fn list_at_once(&self) {
        let began = Instant::now();
        let lists = (0..256).map(|_| {
            let mut numbers = self.numbers();
            async move { numbers.list_numbers(by_score(50, String::new())).await.unwrap() }
        });
        join_all(lists).await;
        eprintln!("all lists took {:?}", began.elapsed());
    }

    async fn page_numbers(&self) {
        let analyst = || async {
            let mut token = String::new();
            repeat(async || {
                let page = self.numbers().list_numbers(by_score(50, token.clone())).await.unwrap();
                token = page.into_inner().next_page_token;
            })
            .await;
        };
        join_all((0..3).map(|_| analyst())).await;
    }

    async fn page_cases(&self) {
        let mut token = String::new();
        repeat(async || {
            let request = v1::ListCasesRequest {
                page_size: 1,
                page_token: token.clone(),
                ..v1::ListCasesRequest::default()
            };
            let page = CaseServiceClient::new(self.channel.clone())
                .list_cases(request)
                .await
                .unwrap();
            token = page.into_inner().next_page_token;
        })
        .await;
    }

    async fn search(&self) {
        repeat(async || {
            let text = ["network 17", "4155", "case-01", "microsoft"];
            for text in text {
                let request = v1::SearchRequest {
                    text: text.into(),
                    ..v1::SearchRequest::default()
                };
                self.numbers().search(request).await.unwrap();
            }
        })
        .await;
    }

    async fn similar(&self) {
        repeat(async || {
            let request = v1::ListSimilarNumbersRequest {
                number: TARGET.into(),
                ..v1::ListSimilarNumbersRequest::default()
            };
            self.numbers().list_similar_numbers(request).await.unwrap();
        })
        .await;
    }

    async fn get_number(&self, number: &str) {
        repeat(async || {
            let request = v1::GetNumberRequest {
                number: number.into(),
                ..v1::GetNumberRequest::default()
            };
            self.numbers().get_number(request).await.unwrap();
        })
        .await;
    }

    async fn list_reports(&self) {
        let mut token = String::new();
        repeat(async || {
            let request = v1::ListReportsRequest {
                number: MUCH_REPORTED.into(),
                page_size: 1_000,
                page_token: token.clone(),
                ..v1::ListReportsRequest::default()
            };
            let mut client = ReportServiceClient::new(self.channel.clone()).max_decoding_message_size(64 << 20);
            token = client.list_reports(request).await.unwrap().into_inner().next_page_token;
        })
        .await;
    }

    /// The creation of each case is an event. None is of this actor, so a page reads as many events as it may.
    async fn audit_events(&self) {
        let mut token = String::new();
        repeat(async || {
            let request = v1::ListAuditEventsRequest {
                actor: "nobody".into(),
                page_size: 1_000,
                page_token: token.clone(),
                ..v1::ListAuditEventsRequest::default()
            };
            let page = self.numbers().list_audit_events(request).await.unwrap();
            token = page.into_inner().next_page_token;
        })
        .await;
    }

    async fn export(&self) {
        repeat(async || {
            let mut client = ReportServiceClient::new(self.channel.clone());
            let parts = client
                .export_reports(v1::ExportReportsRequest::default())
                .await
                .unwrap();
            let mut parts = parts.into_inner();
            while let Some(part) = parts.next().await {
                part.unwrap();
            }
        })
        .await;
    }

    async fn batch_lookup(&self) {
        repeat(async || {
            let requests = (0..1_000).map(question).collect();
            let mut client = LookupServiceClient::new(self.channel.clone());
            client.batch_lookup(v1::BatchLookupRequest { requests }).await.unwrap();
        })
        .await;
    }

    async fn stream_lookup(&self) {
        let end = Instant::now() + LOAD;
        let questions = stream::iter((0..).map(question)).take_while(move |_| std::future::ready(Instant::now() < end));
        let mut client = LookupServiceClient::new(self.channel.clone());
        let mut answers = client.stream_lookup(questions).await.unwrap().into_inner();
        while let Some(answer) = answers.next().await {
            answer.unwrap();
        }
    }

    async fn metrics(&self) {
        repeat(async || {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let mut stream = tokio::net::TcpStream::connect(self.http).await.unwrap();
            let request = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
            stream.write_all(request).await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap();
        })
        .await;
    }
}

/// A report of a person of its own.
fn of_person(number: &str, group: &str, n: usize) -> v1::Report {
    v1::Report {
        report_id: format!("{group}-{n}"),
        number: number.into(),
        category: v1::Category::TechSupportScam.into(),
        source: v1::Source::AppFeedback.into(),
        reporter_id: format!("person-{group}-{n}"),
        ..v1::Report::default()
    }
}

fn question(n: usize) -> v1::LookupRequest {
    v1::LookupRequest {
        number: format!("+1415{:07}", 2_000_000 + (n % 100_000) * 37),
        ..v1::LookupRequest::default()
    }
}

fn by_score(page_size: u32, page_token: String) -> v1::ListNumbersRequest {
    v1::ListNumbersRequest {
        page_size,
        page_token,
        sort: v1::NumberSort::Score.into(),
        ..v1::ListNumbersRequest::default()
    }
}

/// Repeats something for as long as a load lasts.
async fn repeat(mut step: impl AsyncFnMut()) {
    let end = Instant::now() + LOAD;
    while Instant::now() < end {
        step().await;
    }
}
