//! No phone number is in a log: each method of the contract is called with known numbers, over both edges, right and wrong,
//! on a server that logs all it can. Then everything that it wrote is searched for their digits.

use std::collections::BTreeSet;

use ringwarden::http::ROUTES;
use ringwarden::wire::v1;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use ringwarden::wire::v1::number_service_client::NumberServiceClient;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;

use crate::support::program::Program;

/// A number is told by so many of its last digits: a mask hides at least the last four.
const TOLD: usize = 7;

/// The numbers of a text: runs of ten digits or more.
fn numbers_in(text: &str) -> BTreeSet<String> {
    let runs = text.split(|char: char| !char.is_ascii_digit());
    runs.filter(|run| (10..=15).contains(&run.len()))
        .map(str::to_owned)
        .collect()
}

/// The numbers of which a text has the last digits.
fn told<'a>(text: &str, numbers: &'a BTreeSet<String>) -> Vec<&'a str> {
    let told = |number: &&String| text.contains(&number[number.len() - TOLD..]);
    numbers.iter().filter(told).map(String::as_str).collect()
}

/// The path of a route with a number in it, and the same with values that are refused.
fn paths(path: &str) -> Vec<String> {
    let filled = |number: &str| {
        let path = path.replace("{e164}", number).replace("{number}", number);
        path.split('/')
            .map(|part| match part.split_once('}') {
                Some((_, verb)) if part.starts_with('{') => format!("x{verb}"),
                _ => part.to_owned(),
            })
            .collect::<Vec<_>>()
            .join("/")
    };
    [
        "%2B14155550123",
        "+14155550123",
        "4155550123",
        "999914155550123",
        "+1415555012x",
    ]
    .map(filled)
    .into_iter()
    .collect()
}

/// A number that is wrong in each body, so that the refusal can repeat it.
fn broken(example: &str) -> Vec<String> {
    vec![
        example.replace("\"+1", "\"+0001"),
        example.replace("\"+1", "\""),
        example.replace("\"number\"", "\"nummer\""),
        example.replacen('{', "{\"reportId\": \"\", \"pageSize\": \"+14155550123\",", 1),
        example.replace('}', ""),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_number_is_in_what_the_server_writes() {
    let directory = tempfile::tempdir().unwrap();
    let decisions = directory.path().join("decisions.jsonl");
    let arguments = ["--log", "trace", "--decision-log", decisions.to_str().unwrap()];
    let mut server = Program::serve_with("memory:", &arguments).await;
    let mut sent = numbers_in("14155550123 999914155550123");
    let mut refusals = String::new();
    for route in ROUTES {
        for path in paths(route.path) {
            let path = match (route.name, path.contains('?')) {
                ("ListAuditEvents" | "ListNotes" | "WithdrawReport" | "Search", false) => {
                    format!("{path}?number=%2B14155550123&text=%2B14155550123")
                }
                _ => path,
            };
            let bodies = match route.example {
                // The first example of principals would close the server.
                Some(_) if route.service == "PrincipalService" => continue,
                Some(example) => [vec![example.to_owned()], broken(example)].concat(),
                None => vec![String::new()],
            };
            for body in bodies {
                sent.extend(numbers_in(&body));
                let (status, answer) = server.request(route.method.as_str(), &path, &body).await;
                if status >= 400 {
                    refusals.push_str(&answer);
                }
            }
        }
    }
    over_grpc(&server).await;
    assert!(sent.len() > 4, "{sent:?}");
    let (_, metrics) = server.get("/metrics").await;
    server.terminate();
    server.ended().await;
    let log = server.log();
    assert!(
        log.contains("TRACE") || log.contains("DEBUG") || log.contains("trace"),
        "{log}"
    );
    let decisions = std::fs::read_to_string(decisions).unwrap();
    assert!(decisions.lines().count() > 3);
    for (name, text) in [("log", &log), ("metrics", &metrics), ("refusals", &refusals)] {
        let told = told(text, &sent);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| told.iter().any(|number| line.contains(&number[number.len() - TOLD..])))
            .collect();
        assert!(told.is_empty(), "the {name} tells {told:?}: {lines:#?}");
    }
    for line in decisions.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let number = line["number"].as_str().unwrap_or_default();
        assert!(number.is_empty() || number.ends_with("xxxx"), "{line}");
    }
}

async fn over_grpc(server: &Program) {
    let number = "+14155550123";
    let channel = server.channel();
    for number in [number, "+000014155550123", "4155550123"] {
        let lookup = v1::LookupRequest {
            number: number.to_owned(),
            ..v1::LookupRequest::default()
        };
        let _any = LookupServiceClient::new(channel.clone()).lookup(lookup).await;
        let named = v1::GetNumberRequest {
            number: number.to_owned(),
            ..v1::GetNumberRequest::default()
        };
        let _any = NumberServiceClient::new(channel.clone()).get_number(named).await;
        let erase = v1::EraseNumberRequest {
            number: number.to_owned(),
            reason: format!("{number} is erased"),
            actor: "ana".to_owned(),
            request_id: format!("grpc-{number}"),
            ..v1::EraseNumberRequest::default()
        };
        let _any = NumberServiceClient::new(channel.clone()).erase_number(erase).await;
        let report = v1::Report {
            number: number.to_owned(),
            report_id: "r".to_owned(),
            comment: format!("{number} called"),
            ..v1::Report::default()
        };
        let request = v1::SubmitReportRequest { report: Some(report) };
        let _any = ReportServiceClient::new(channel.clone()).submit_report(request).await;
    }
}
