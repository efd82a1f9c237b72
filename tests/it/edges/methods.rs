//! Every method of the contract once over gRPC, and the same over JSON.

use futures_util::StreamExt as _;
use ringwarden::wire::{Timestamp, v1};
use serde_json::json;

use super::{NUMBER, OTHER, ask, link, new_case, report};
use crate::support::server::Server;

#[tokio::test]
async fn reports_are_filed_listed_and_withdrawn() {
    let server = Server::start().await;
    let mut reports = server.reports();
    let request = v1::SubmitReportRequest {
        report: Some(report("r1", "(315) 232-8257 ")).map(|report| v1::Report {
            default_region: "US".into(),
            callback_numbers: vec![OTHER.into()],
            ..report
        }),
    };
    for outcome in [v1::SubmitOutcome::Accepted, v1::SubmitOutcome::AlreadyKnown] {
        let response = reports.submit_report(request.clone()).await.unwrap().into_inner();
        assert_eq!((response.e164.as_str(), response.outcome()), (NUMBER, outcome));
    }
    let batch = v1::BatchSubmitReportsRequest {
        reports: vec![report("r2", NUMBER), report("r1", NUMBER), report("r3", "garbage")],
    };
    let batch = reports.batch_submit_reports(batch).await.unwrap().into_inner();
    assert_eq!((batch.accepted, batch.failed, batch.results.len()), (1, 2, 3));
    let errors: Vec<_> = batch
        .results
        .iter()
        .map(|result| result.result.clone().unwrap())
        .collect();
    let v1::batch_submit_result::Result::Error(error) = &errors[2] else {
        panic!("{errors:?}");
    };
    assert_eq!((error.code, error.field.as_str()), (3, "reports[2].number"));

    let mut list = v1::ListReportsRequest {
        number: NUMBER.into(),
        page_size: 1,
        ..v1::ListReportsRequest::default()
    };
    let first = reports.list_reports(list.clone()).await.unwrap().into_inner();
    list.page_token = first.next_page_token;
    let second = reports.list_reports(list.clone()).await.unwrap().into_inner();
    assert_eq!((first.reports.len(), second.reports.len()), (1, 1));
    assert_ne!(first.reports[0].report_id, second.reports[0].report_id);
    assert_eq!(second.next_page_token, "");
    assert_eq!(first.reports[0].impersonated_brand, "Microsoft");
    assert_eq!(first.reports[0].comment, "Said my computer\nwas infected");

    let withdrawal = v1::WithdrawReportRequest {
        number: NUMBER.into(),
        report_id: "r1".into(),
        ..v1::WithdrawReportRequest::default()
    };
    assert!(
        reports
            .withdraw_report(withdrawal)
            .await
            .unwrap()
            .into_inner()
            .was_known
    );
    let bulk = v1::WithdrawReportsRequest {
        selector: Some(v1::withdraw_reports_request::Selector::ImportId("import-1".into())),
        request_id: "bulk-1".into(),
        ..v1::WithdrawReportsRequest::default()
    };
    let taken = reports.withdraw_reports(bulk).await.unwrap().into_inner();
    assert_eq!((taken.numbers, taken.reports), (1, 1));
    list.page_token.clear();
    list.include_withdrawn = true;
    list.page_size = 0;
    let left = reports.list_reports(list).await.unwrap().into_inner();
    assert!(
        left.reports
            .iter()
            .all(|report| report.state() == v1::ReportState::Withdrawn)
    );
    assert_eq!(left.reports.len(), 2);
}

#[tokio::test]
async fn lookups_show_reports_and_cases_and_basic_shows_little() {
    let server = Server::start().await;
    let batch = v1::BatchSubmitReportsRequest {
        reports: (0..5).map(|n| report(&format!("r{n}"), NUMBER)).collect(),
    };
    server.reports().batch_submit_reports(batch).await.unwrap();
    server.cases().create_case(new_case("create")).await.unwrap();
    let links = v1::LinkNumbersRequest {
        case_id: "case-a".into(),
        links: vec![link(NUMBER, v1::CaseRole::CallerId)],
        actor: "ana".into(),
        request_id: "link".into(),
    };
    server.cases().link_numbers(links).await.unwrap();

    let mut lookups = server.lookups();
    let full = lookups.lookup(ask(NUMBER, "q1")).await.unwrap().into_inner();
    assert_eq!((full.report_count, full.request_id.as_str()), (5, "q1"));
    assert_eq!(full.risk_score, full.number_score);
    assert!(full.risk_score.unwrap() >= 60.0, "{full:?}");
    assert_eq!(full.cases[0].case_id, "case-a");
    assert_eq!(full.impersonated_brand, "Microsoft");
    assert!(!full.reasons.is_empty() && !full.model_version.is_empty() && full.data_as_of.is_some());
    let number = full.number.as_ref().unwrap();
    assert_eq!(number.national_format, "(315) 232-8257");

    let basic = v1::LookupRequest {
        view: v1::View::Basic.into(),
        ..ask(NUMBER, "q2")
    };
    let basic = lookups.lookup(basic).await.unwrap().into_inner();
    let expected = v1::LookupResponse {
        number: Some(v1::NumberInfo {
            national_format: String::new(),
            international_format: String::new(),
            ..number.clone()
        }),
        risk_score: full.risk_score,
        risk_level: full.risk_level,
        action: full.action,
        basis: full.basis,
        sip: full.sip.clone(),
        cache_ttl: full.cache_ttl,
        decision_id: basic.decision_id.clone(),
        request_id: "q2".into(),
        ..v1::LookupResponse::default()
    };
    assert!(!basic.decision_id.is_empty(), "{basic:?}");
    // Scores decay as time goes by.
    let scores = (basic.risk_score.unwrap(), full.risk_score.unwrap());
    assert!((scores.0 - scores.1).abs() < 0.01, "{scores:?}");
    assert_eq!(
        v1::LookupResponse {
            risk_score: full.risk_score,
            ..basic
        },
        expected
    );

    for (unscored, level) in [
        ("+442079460000", v1::RiskLevel::Unknown),
        ("anonymous", v1::RiskLevel::NotScored),
        ("+1315232825799123", v1::RiskLevel::NotScored),
        ("+131523282579", v1::RiskLevel::Unknown),
        ("+999123456789", v1::RiskLevel::NotScored),
        ("911", v1::RiskLevel::NotScored),
    ] {
        let answer = lookups.lookup(ask(unscored, "")).await.unwrap().into_inner();
        assert_eq!((answer.risk_level(), answer.risk_score), (level, None), "{unscored}");
    }
}

#[tokio::test]
async fn a_batch_of_lookups_gives_a_result_each_and_all_is_counted() {
    let server = Server::start().await;
    let mut lookups = server.lookups();
    let batch = v1::BatchLookupRequest {
        requests: vec![ask(NUMBER, "a"), ask("garbage", "b")],
    };
    let results = lookups.batch_lookup(batch).await.unwrap().into_inner().results;
    assert!(matches!(
        results[0].result,
        Some(v1::batch_lookup_result::Result::Response(_))
    ));
    let Some(v1::batch_lookup_result::Result::Error(error)) = &results[1].result else {
        panic!("{results:?}");
    };
    assert_eq!(error.field, "requests[1].number");

    let untitled = v1::CreateCaseRequest::default();
    server.cases().create_case(untitled).await.unwrap_err();
    let metrics = server.get("/metrics").await.body;
    for line in [
        "ringwarden_lookups_total{edge=\"grpc\",outcome=\"unknown\"} 1",
        "ringwarden_actions_total{action=\"ALLOW\"} 1",
        "ringwarden_lookup_scores_total{band=\"none\"} 1",
        "ringwarden_lookups_total{edge=\"grpc\",outcome=\"invalid\"} 1",
        "ringwarden_mutations_total{method=\"CreateCase\",outcome=\"rejected\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn a_stream_is_answered_in_order_and_ends_with_its_questions() {
    let server = Server::start().await;
    let questions = (0..2_000).map(|n| match n % 3 {
        0 => ask("garbage", &format!("q{n}")),
        _ => ask(&format!("+1315232{n:04}"), &format!("q{n}")),
    });
    let stream = tokio_stream::iter(questions);
    let answers = server.lookups().stream_lookup(stream).await.unwrap().into_inner();
    let answers: Vec<_> = answers.map(Result::unwrap).collect().await;
    assert_eq!(answers.len(), 2_000);
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.request_id, format!("q{n}"));
        let is_error = matches!(answer.result, Some(v1::stream_lookup_response::Result::Error(_)));
        assert_eq!(is_error, n % 3 == 0, "{n}");
    }
}

#[tokio::test]
async fn numbers_get_statuses_and_lose_them() {
    let server = Server::start().await;
    let request = v1::SubmitReportRequest {
        report: Some(report("r1", NUMBER)),
    };
    server.reports().submit_report(request).await.unwrap();
    let mut numbers = server.numbers();
    let set = v1::SetNumberStatusRequest {
        number: NUMBER.into(),
        kind: v1::StatusKind::Blocked.into(),
        reason: "seen in a raid".into(),
        actor: "ana".into(),
        request_id: "set-1".into(),
        ..v1::SetNumberStatusRequest::default()
    };
    let done = numbers.set_number_status(set.clone()).await.unwrap().into_inner();
    let again = numbers.set_number_status(set).await.unwrap().into_inner();
    assert_eq!(done, again);
    assert_eq!(done.statuses[0].kind(), v1::StatusKind::Blocked);

    let get = v1::GetNumberRequest {
        number: NUMBER.into(),
        ..v1::GetNumberRequest::default()
    };
    let dossier = numbers.get_number(get).await.unwrap().into_inner();
    assert_eq!((dossier.version, dossier.report_count), (done.version, 1));
    assert_eq!(dossier.statuses, done.statuses);
    assert_eq!(dossier.category_counts[0].category(), v1::Category::TechSupportScam);
    assert_eq!(dossier.source_counts[0].source(), v1::Source::RegulatorFeed);
    assert_eq!(dossier.latest_reports[0].report_id, "r1");
    assert!(dossier.score.unwrap().number_score.unwrap() >= 95.0);

    let list = v1::ListNumbersRequest {
        prefix: "1315".into(),
        min_score: Some(95.0),
        status: v1::StatusKind::Blocked.into(),
        ..v1::ListNumbersRequest::default()
    };
    let listed = numbers.list_numbers(list).await.unwrap().into_inner();
    assert_eq!(listed.numbers.len(), 1);
    assert_eq!(listed.numbers[0].e164, NUMBER);

    let clear = v1::ClearNumberStatusRequest {
        number: NUMBER.into(),
        target: Some(v1::clear_number_status_request::Target::All(true)),
        actor: "ana".into(),
        request_id: "clear-1".into(),
        expected_version: Some(done.version),
        ..v1::ClearNumberStatusRequest::default()
    };
    let cleared = numbers.clear_number_status(clear).await.unwrap().into_inner();
    assert!(cleared.statuses.is_empty() && cleared.version > done.version);
    let reset = v1::ResetNumberRequest {
        number: NUMBER.into(),
        actor: "ana".into(),
        request_id: "reset-1".into(),
        ..v1::ResetNumberRequest::default()
    };
    let reset = numbers.reset_number(reset).await.unwrap().into_inner();
    assert_eq!(reset.reports_dropped, 1);
}

#[tokio::test]
async fn cases_are_created_changed_moved_and_listed() {
    let server = Server::start().await;
    let mut cases = server.cases();
    let created = cases.create_case(new_case("create")).await.unwrap().into_inner();
    assert_eq!(created.status(), v1::CaseStatus::Corroborated);
    assert_eq!(
        (created.source(), created.history.len()),
        (v1::Source::RegulatorFeed, 1)
    );
    let update = v1::UpdateCaseRequest {
        case_id: "case-a".into(),
        impersonated_brand: Some("WINDOWS SUPPORT".into()),
        last_evidence_at: Some(Timestamp::from_millis(1_600_000_000_000)),
        actor: "ana".into(),
        request_id: "update".into(),
        expected_version: Some(created.version),
        ..v1::UpdateCaseRequest::default()
    };
    let updated = cases.update_case(update).await.unwrap().into_inner();
    assert_eq!(updated.impersonated_brand, "Microsoft");
    assert_eq!(updated.title, created.title);
    let step = v1::TransitionCaseRequest {
        case_id: "case-a".into(),
        to: v1::CaseStatus::Referred.into(),
        note: "handed over".into(),
        agency: "FBI".into(),
        actor: "ana".into(),
        request_id: "step".into(),
        expected_version: None,
    };
    let referred = cases.transition_case(step).await.unwrap().into_inner();
    assert_eq!((referred.agency.as_str(), referred.history.len()), ("FBI", 2));
}

#[tokio::test]
async fn numbers_are_linked_to_cases_and_unlinked() {
    let server = Server::start().await;
    let mut cases = server.cases();
    cases.create_case(new_case("create")).await.unwrap();
    let links = v1::LinkNumbersRequest {
        case_id: "case-a".into(),
        links: vec![
            link(NUMBER, v1::CaseRole::CallerId),
            link(OTHER, v1::CaseRole::Callback),
        ],
        actor: "ana".into(),
        request_id: "link".into(),
    };
    let linked = cases.link_numbers(links).await.unwrap().into_inner().results;
    let Some(v1::link_number_result::Result::Linked(first)) = &linked[0].result else {
        panic!("{linked:?}");
    };
    assert!(first.created && first.e164 == NUMBER);
    let get = v1::GetCaseRequest {
        tenant: String::new(),
        case_id: "case-a".into(),
        include_members: true,
        page_size: 1,
        page_token: String::new(),
    };
    let page = cases.get_case(get.clone()).await.unwrap().into_inner();
    assert_eq!(page.case.unwrap().member_count, 2);
    assert_eq!(
        (page.members[0].e164.as_str(), page.members[0].confidence),
        (NUMBER, 1.0)
    );
    let rest = v1::GetCaseRequest {
        page_token: page.next_page_token,
        ..get
    };
    let rest = cases.get_case(rest).await.unwrap().into_inner();
    assert_eq!(
        (rest.members[0].e164.as_str(), rest.next_page_token.as_str()),
        (OTHER, "")
    );

    let unlink = v1::UnlinkNumbersRequest {
        case_id: "case-a".into(),
        numbers: vec![v1::NumberUnlink {
            number: OTHER.into(),
            ..v1::NumberUnlink::default()
        }],
        actor: "ana".into(),
        request_id: "unlink".into(),
        reason: "a mistake".into(),
    };
    let unlinked = cases.unlink_numbers(unlink).await.unwrap().into_inner().results;
    let Some(v1::unlink_number_result::Result::Unlinked(first)) = &unlinked[0].result else {
        panic!("{unlinked:?}");
    };
    assert!(first.was_linked);
    let list = v1::ListCasesRequest {
        query: "POP-UP".into(),
        ..v1::ListCasesRequest::default()
    };
    let listed = cases.list_cases(list).await.unwrap().into_inner();
    assert_eq!((listed.cases.len(), listed.cases[0].history.len()), (1, 0));
    assert_eq!(listed.cases[0].member_count, 1);
}

#[tokio::test]
async fn notes_are_added_listed_and_shown() {
    use v1::add_note_request::Subject;
    let server = Server::start().await;
    server.cases().create_case(new_case("create")).await.unwrap();
    let mut notes = server.notes();
    let on_number = v1::AddNoteRequest {
        subject: Some(Subject::Number("(315) 232-8257".into())),
        default_region: "US".into(),
        text: "asked the carrier\nno answer".into(),
        actor: "ana".into(),
        request_id: "note".into(),
    };
    let on_case = v1::AddNoteRequest {
        subject: Some(Subject::CaseId("case-a".into())),
        request_id: "note-on-case".into(),
        ..on_number.clone()
    };
    let added = notes.add_note(on_number.clone()).await.unwrap().into_inner();
    let again = notes.add_note(on_number.clone()).await.unwrap().into_inner();
    assert!(added.created && !again.created && added.note == again.note);
    let note = added.note.unwrap();
    assert_eq!(note.subject, Some(v1::note::Subject::E164(NUMBER.into())));
    assert_eq!((note.text.as_str(), note.actor.as_str()), (&*on_number.text, "ana"));
    assert!(note.note_id.starts_with("n-") && note.created_at.is_some(), "{note:?}");
    let of_case = notes.add_note(on_case.clone()).await.unwrap().into_inner();
    assert!(of_case.created);

    let other = v1::AddNoteRequest {
        text: "something else".into(),
        ..on_number.clone()
    };
    let refused = notes.add_note(other).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::AlreadyExists);
    let nowhere = v1::AddNoteRequest {
        subject: Some(Subject::CaseId("nowhere".into())),
        request_id: "note-nowhere".into(),
        ..on_case
    };
    assert_eq!(notes.add_note(nowhere).await.unwrap_err().code(), tonic::Code::NotFound);

    let list = v1::ListNotesRequest {
        subject: Some(v1::list_notes_request::Subject::Number(NUMBER.into())),
        ..v1::ListNotesRequest::default()
    };
    let listed = notes.list_notes(list).await.unwrap().into_inner();
    assert_eq!(listed.notes, [note]);
    let get = v1::GetNumberRequest {
        number: NUMBER.into(),
        ..v1::GetNumberRequest::default()
    };
    let dossier = server.numbers().get_number(get).await.unwrap().into_inner();
    assert_eq!((&dossier.notes, dossier.version), (&listed.notes, 0));
    let get = v1::GetCaseRequest {
        case_id: "case-a".into(),
        ..v1::GetCaseRequest::default()
    };
    let case = server.cases().get_case(get).await.unwrap().into_inner();
    assert_eq!(case.notes, [of_case.note.unwrap()]);
    for message in [format!("{listed:?}"), format!("{on_number:?}"), format!("{dossier:?}")] {
        assert!(!message.contains("carrier") && !message.contains("8257"), "{message}");
    }
    let metrics = server.get("/metrics").await.body;
    let line = "ringwarden_mutations_total{method=\"AddNote\",outcome=\"done\"} 3";
    assert!(metrics.lines().any(|found| found == line), "{metrics}");
}

#[tokio::test]
async fn json_gives_the_same_answers() {
    let server = Server::start().await;
    let body = json!({
        "reportId": "r1", "number": NUMBER, "category": "CATEGORY_TECH_SUPPORT_SCAM",
        "source": "SOURCE_REGULATOR_FEED", "occurredAt": "2026-01-05T10:31:00.250Z", "comment": "zum Glück: nichts",
    });
    let filed = server.post("/v1/reports", &body.to_string()).await;
    assert_eq!(filed.status, 200, "{filed:?}");
    assert!(filed.head.contains("content-type: application/json"), "{filed:?}");
    let expected = json!({ "e164": NUMBER, "reportId": "r1", "outcome": "SUBMIT_OUTCOME_ACCEPTED" });
    assert_eq!(filed.json(), expected);

    let question = json!({ "number": "(315) 232-8257", "defaultRegion": "US", "requestId": "q1" });
    let answer = server.post("/v1/lookup", &question.to_string()).await.json();
    assert_eq!(
        (&answer["reportCount"], &answer["requestId"]),
        (&json!(1), &json!("q1"))
    );
    assert_eq!(answer["lastReported"], json!("2026-01-05T10:31:00.250Z"));
    assert!(answer["dataAsOf"].as_str().unwrap().ends_with('Z'));
    assert!(answer["cacheTtl"].as_str().unwrap().ends_with('s'));
    let by_grpc = v1::LookupRequest {
        default_region: "US".into(),
        ..ask("(315) 232-8257", "q1")
    };
    let by_grpc = server.lookups().lookup(by_grpc).await.unwrap().into_inner();
    let mut by_grpc = serde_json::to_value(by_grpc).unwrap();
    let mut by_http = answer;
    for changing in [
        "decisionId", // sealed anew each time
        "riskScore",
        "numberScore",
        "reasons",
        "confidence",
        "categoryConfidence",
    ] {
        // They decay as time goes by.
        by_grpc.as_object_mut().unwrap().remove(changing);
        by_http.as_object_mut().unwrap().remove(changing);
    }
    assert_eq!(by_http, by_grpc);

    for path in ["/v1/numbers/+13152328257", "/v1/numbers/%2B13152328257"] {
        let dossier = server.get(path).await;
        assert_eq!(dossier.status, 200, "{dossier:?}");
        let report = &dossier.json()["latestReports"][0];
        assert_eq!(report["comment"], json!("zum Glück: nichts"));
        assert_eq!(report["state"], json!("REPORT_STATE_LIVE"));
    }
    let metrics = server.get("/metrics").await;
    let line = "ringwarden_lookups_total{edge=\"http\",outcome=\"scored\"} 1";
    assert!(metrics.body.lines().any(|found| found == line), "{}", metrics.body);
}
