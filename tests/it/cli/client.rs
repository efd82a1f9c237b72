//! Client commands against a server that fails in chosen ways.
#![allow(clippy::disallowed_methods, reason = "a fake server ends with its test")]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use clap::Parser as _;
use ringwarden::cli::args::Cli;
use ringwarden::cli::import::ImportError;
use ringwarden::cli::{self, CliError};
use ringwarden::grpc::servers::report_service_server::{ReportService, ReportServiceServer};
use ringwarden::wire::v1::batch_submit_result::Result as Submitted;
use ringwarden::wire::v1::{
    BatchSubmitReportsRequest, BatchSubmitReportsResponse, BatchSubmitResult, CallOutcome, ExportReportsRequest,
    ExportReportsResponse, ItemError, ListPendingCommentsRequest, ListPendingCommentsResponse,
    ListReporterReportsRequest, ListReporterReportsResponse, ListReportsRequest, ListReportsResponse,
    ModerateCommentRequest, ModerateCommentResponse, Report, SubmitCallOutcomesResponse, SubmitOutcome,
    SubmitReportRequest, SubmitReportResponse, WithdrawReportRequest, WithdrawReportResponse, WithdrawReportsRequest,
    WithdrawReportsResponse,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status, Streaming};

/// Remembers reports by (id, number), as the real one does, and fails as told.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    kept: HashSet<(String, String)>,
    /// Every request is first answered UNAVAILABLE, after it was applied.
    loses_first_answers: bool,
    /// The first time, every third report of a request is answered so.
    item_error: Option<Code>,
    /// Every request is answered so.
    refusal: Option<Code>,
    answered: HashSet<String>,
    calls: usize,
}

impl Fake {
    fn keep(state: &mut State, report: &Report) -> SubmitOutcome {
        match state.kept.insert((report.report_id.clone(), report.number.clone())) {
            true => SubmitOutcome::Accepted,
            false => SubmitOutcome::AlreadyKnown,
        }
    }

    fn batch(&self, reports: &[Report]) -> Result<BatchSubmitReportsResponse, Status> {
        let mut state = self.0.lock().unwrap();
        state.calls += 1;
        if let Some(code) = state.refusal {
            return Err(Status::new(code, "no"));
        }
        let is_first = state.answered.insert(reports[0].report_id.clone());
        let mut results = Vec::new();
        for (index, report) in reports.iter().enumerate() {
            let result = match state.item_error {
                Some(code) if is_first && index % 3 == 0 => Submitted::Error(ItemError {
                    code: code.into(),
                    field: String::new(),
                    message: "not now".to_owned(),
                    retry_after: None,
                }),
                _ => Submitted::Response(SubmitReportResponse {
                    outcome: Self::keep(&mut state, report).into(),
                    ..Default::default()
                }),
            };
            results.push(BatchSubmitResult { result: Some(result) });
        }
        if state.loses_first_answers && is_first {
            return Err(Status::unavailable("may have been applied: retry with the same id"));
        }
        Ok(BatchSubmitReportsResponse {
            results,
            ..Default::default()
        })
    }
}

#[tonic::async_trait]
impl ReportService for Fake {
    async fn submit_report(
        &self,
        request: Request<SubmitReportRequest>,
    ) -> Result<Response<SubmitReportResponse>, Status> {
        let report = request.into_inner().report.unwrap();
        assert_eq!(report.number, "+12125550123");
        let mut state = self.0.lock().unwrap();
        state.calls += 1;
        let outcome = Self::keep(&mut state, &report);
        if state.loses_first_answers && state.answered.insert(report.report_id.clone()) {
            return Err(Status::unavailable("may have been applied: retry with the same id"));
        }
        Ok(Response::new(SubmitReportResponse {
            e164: report.number,
            report_id: report.report_id,
            outcome: outcome.into(),
        }))
    }

    async fn batch_submit_reports(
        &self,
        request: Request<BatchSubmitReportsRequest>,
    ) -> Result<Response<BatchSubmitReportsResponse>, Status> {
        self.batch(&request.into_inner().reports).map(Response::new)
    }

    type ExportReportsStream = tokio_stream::Empty<Result<ExportReportsResponse, Status>>;

    /// A stream that ends before it has told the total.
    async fn export_reports(
        &self,
        _request: Request<ExportReportsRequest>,
    ) -> Result<Response<Self::ExportReportsStream>, Status> {
        Ok(Response::new(tokio_stream::empty()))
    }

    async fn submit_call_outcomes(
        &self,
        _request: Request<Streaming<CallOutcome>>,
    ) -> Result<Response<SubmitCallOutcomesResponse>, Status> {
        Err(Status::unimplemented("not part of these tests"))
    }

    async fn withdraw_report(
        &self,
        _request: Request<WithdrawReportRequest>,
    ) -> Result<Response<WithdrawReportResponse>, Status> {
        Err(Status::unimplemented("not part of these tests"))
    }

    async fn withdraw_reports(
        &self,
        _request: Request<WithdrawReportsRequest>,
    ) -> Result<Response<WithdrawReportsResponse>, Status> {
        Err(Status::unimplemented("not part of these tests"))
    }

    async fn list_reporter_reports(
        &self,
        _request: Request<ListReporterReportsRequest>,
    ) -> Result<Response<ListReporterReportsResponse>, Status> {
        Err(Status::unimplemented("not part of these tests"))
    }

    async fn list_pending_comments(
        &self,
        _request: Request<ListPendingCommentsRequest>,
    ) -> Result<Response<ListPendingCommentsResponse>, Status> {
        Err(Status::unimplemented("not part of these tests"))
    }

    async fn moderate_comment(
        &self,
        _request: Request<ModerateCommentRequest>,
    ) -> Result<Response<ModerateCommentResponse>, Status> {
        Err(Status::unimplemented("not part of these tests"))
    }

    async fn list_reports(
        &self,
        _request: Request<ListReportsRequest>,
    ) -> Result<Response<ListReportsResponse>, Status> {
        Err(Status::unimplemented("not part of these tests"))
    }
}

/// Starts the server; the address is its own.
async fn serve(state: State) -> (Fake, String) {
    let fake = Fake(Arc::new(Mutex::new(state)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = ReportServiceServer::new(fake.clone()).max_decoding_message_size(16 << 20);
    let server = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    (fake, format!("http://{address}"))
}

async fn run(words: &[&str]) -> Result<(), CliError> {
    let all = ["ringwarden"].iter().chain(words);
    cli::execute(Cli::try_parse_from(all).unwrap().command).await
}

async fn import(file: &Path, server: &str) -> Result<(), CliError> {
    let file = file.to_str().unwrap();
    run(&["import", "ftc", file, "--server", server, "--batch", "100", "--json"]).await
}

/// A file of 1,000 complaints, two of them equal.
fn complaints() -> tempfile::NamedTempFile {
    let mut text = "created_date,number,consumer_area_code\n2020-02-14,2125550000,603\n".to_owned();
    for number in 0..999 {
        writeln!(text, "2020-02-14,212555{number:04},603").unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[tokio::test]
async fn an_import_run_again_changes_nothing() {
    let (fake, server) = serve(State::default()).await;
    let file = complaints();
    for _ in 0..2 {
        import(file.path(), &server).await.unwrap();
        assert_eq!(fake.0.lock().unwrap().kept.len(), 1_000);
    }
    assert_eq!(fake.0.lock().unwrap().calls, 20);
}

#[tokio::test]
async fn lost_answers_are_asked_for_again() {
    let state = State {
        loses_first_answers: true,
        ..State::default()
    };
    let (fake, server) = serve(state).await;
    import(complaints().path(), &server).await.unwrap();
    let state = fake.0.lock().unwrap();
    assert_eq!((state.kept.len(), state.calls), (1_000, 20));
}

#[tokio::test]
async fn items_that_were_not_taken_are_sent_again_alone() {
    let state = State {
        item_error: Some(Code::Unavailable),
        ..State::default()
    };
    let (fake, server) = serve(state).await;
    import(complaints().path(), &server).await.unwrap();
    let state = fake.0.lock().unwrap();
    assert_eq!((state.kept.len(), state.calls), (1_000, 20));
}

#[tokio::test]
async fn items_that_are_refused_are_rejected_rows() {
    let state = State {
        item_error: Some(Code::InvalidArgument),
        ..State::default()
    };
    let (fake, server) = serve(state).await;
    let (file, rejects) = (complaints(), tempfile::NamedTempFile::new().unwrap());
    let (path, rejects) = (file.path().to_str().unwrap(), rejects.path().to_str().unwrap());
    run(&[
        "import",
        "ftc",
        path,
        "--server",
        &server,
        "--batch",
        "100",
        "--rejects",
        rejects,
    ])
    .await
    .unwrap();
    assert_eq!(fake.0.lock().unwrap().kept.len(), 660);
    let rejected = std::fs::read_to_string(rejects).unwrap();
    assert_eq!(rejected.lines().count(), 341);
    assert!(
        rejected.contains("2,server: not now (INVALID_ARGUMENT),\"2020-02-14,2125550000,603\""),
        "{rejected}"
    );
}

#[tokio::test]
async fn a_refused_batch_ends_the_import() {
    let state = State {
        refusal: Some(Code::PermissionDenied),
        ..State::default()
    };
    let (fake, server) = serve(state).await;
    let end = import(complaints().path(), &server).await;
    assert!(matches!(end, Err(CliError::Import(ImportError::Refused(_)))), "{end:?}");
    assert!(fake.0.lock().unwrap().calls <= 2, "those on their way, and no more");
}

#[tokio::test]
async fn a_report_is_sent_again_under_its_id() {
    let state = State {
        loses_first_answers: true,
        ..State::default()
    };
    let (fake, server) = serve(state).await;
    run(&["report", "+12125550123", "--category", "phishing", "--server", &server])
        .await
        .unwrap();
    let state = fake.0.lock().unwrap();
    assert_eq!((state.kept.len(), state.calls), (1, 2));
}

#[tokio::test]
async fn an_absent_server_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = run(&["lookup", "+12125550123", "--server", &server]).await.unwrap_err();
    assert_eq!(error.to_string(), format!("no server answers at {server}"));
    assert!(error.next_step().unwrap().contains("ringwarden serve"));
}

#[tokio::test]
async fn an_export_that_ends_early_leaves_no_file() {
    let (_fake, server) = serve(State::default()).await;
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("reports.csv");
    let ended = run(&["report", "export", "--out", path.to_str().unwrap(), "--server", &server]).await;
    assert!(matches!(ended, Err(CliError::Incomplete(_))), "{ended:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
