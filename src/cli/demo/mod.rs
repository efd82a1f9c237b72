//! `demo`: shows the whole service in one command, with a temporary store, real complaints, and the views of all users.
//!
//! The demo runs the real server, the real import and the real client commands. Only the clock is different. Evidence
//! decays, so the complaints of July 2021 would have no effect today. Therefore the clock of the demo shows the day
//! after them.

mod impersonation;
mod questions;

use std::path::Path;
use std::time::Duration;

use clap::Args;
use comfy_table::Cell;

use self::questions::{DemoQuestion, QUESTIONS, mismatch};
use super::names::name_of;
use super::output::heading;
use super::shared::PATIENCE_MS;
use super::{CliError, output, time};
use crate::app::{self, Listeners};
use crate::cli::connect::Connection;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::domain::time::Timestamp;
use crate::metrics::Metrics;
use crate::tasks::{Heavy, Tasks};
use crate::wire;
use crate::wire::v1::case_service_client::CaseServiceClient;
use crate::wire::v1::lookup_service_client::LookupServiceClient;
use crate::wire::v1::{Action, GetCaseRequest, ListCasesRequest, LookupRequest, LookupResponse};

/// Midnight after the day of the complaints: 2021-07-08T00:00:00Z.
const DAY: Timestamp = Timestamp::from_secs(1_625_702_400);
/// The complaints of the FTC; see `data/README.md`.
const COMPLAINTS: &[u8] = include_bytes!("data/ftc-dnc-complaints-2021-07-07.csv.gz");
/// The numbers of the FTC's letters; see `data/README.md`.
const LETTERS: &[u8] = include_bytes!("data/ftc-point-of-no-entry-cases.csv");
/// A list of known owners; see `data/README.md`.
const OWNERS: &[u8] = include_bytes!("data/known-owners.csv");
/// Maximum time until the server is ready, and maximum time until it has shut down.
const PATIENCE: Duration = Duration::from_secs(20);
/// A number of false Apple support, named in a letter of the FTC. The demo shows its dossier.
const APPLE_SUPPORT: &str = "+13152328257";

/// Arguments of `demo`; there are none.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {}

/// Runs the demo. `run_line` runs the command line of a client command.
///
/// # Errors
/// If the server cannot run on this machine, or if an answer differs from the expected answer.
pub(super) async fn run(
    _: DemoArgs,
    run_line: impl AsyncFn(Vec<String>) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let place = tempfile::tempdir()?;
    let config = demo_config(place.path())?;
    let tasks = Tasks::with_heavy(Heavy::start(config.limits.heavy_workers.get())?);
    let listeners = Listeners::bind(&config).await?;
    let server = app::build(&config, Clock::fixed(DAY), Metrics::new(), (&listeners, &tasks)).await?;
    let url = format!("http://{}", listeners.grpc.local_addr()?);
    let story = async {
        let told = Box::pin(tell(&url, place.path(), &run_line)).await;
        tasks.request_shutdown();
        told
    };
    let shutdown = config::ShutdownSettings {
        grace: Duration::ZERO,
        drain_deadline: PATIENCE,
    };
    let (_, told) = tokio::join!(Box::pin(server.run(listeners, &tasks, shutdown)), story);
    told
}

fn demo_config(place: &Path) -> Result<Config, CliError> {
    let config = config::load(&config::ServeArgs::default(), std::iter::empty(), |_| Ok(String::new()))?;
    let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    Ok(Config {
        listen: config::ListenSettings {
            grpc_addr: any_port,
            http_addr: any_port,
            ..config.listen
        },
        store: config::StoreSettings {
            url: config::StoreUrl::Embedded(place.join("store")),
            ..config.store
        },
        ..config
    })
}

async fn tell(
    url: &str,
    place: &Path,
    run_line: &impl AsyncFn(Vec<String>) -> Result<(), CliError>,
) -> Result<(), CliError> {
    output::line(format!(
        "The clock of this demo shows {}, the day after the complaints.\n\
         The server runs on {url} with a temporary store.",
        time::shown(Some(wire::Timestamp::from_millis(DAY.millis())))
    ))?;
    let channel = connect(url).await?;
    for (name, bytes, format) in [
        ("complaints.csv.gz", COMPLAINTS, "ftc"),
        ("letters.csv", LETTERS, "cases"),
    ] {
        let file = place.join(name);
        std::fs::write(&file, bytes)?;
        heading(&format!("ringwarden import {format} {name} --rejects rejected.csv"))?;
        let rejects = place.join("rejected.csv");
        let words = [
            "import",
            format,
            &file.to_string_lossy(),
            "--rejects",
            &rejects.to_string_lossy(),
        ];
        run_line(line(url, &words)).await?;
    }
    heading("What a carrier or a call-blocking app receives")?;
    let mut faults = ask_all(&channel).await?;
    heading(&format!("ringwarden number show {APPLE_SUPPORT} --reports 0"))?;
    run_line(line(url, &["number", "show", APPLE_SUPPORT, "--reports", "0"])).await?;
    faults.extend(Box::pin(impersonation::tell((url, &channel), place, run_line)).await?);
    output::line("")?;
    later_calls(&channel).await?;
    if faults.is_empty() {
        return output::line("\nAll answers are correct.");
    }
    Err(CliError::WrongAnswers(faults))
}

async fn connect(url: &str) -> Result<Connection, CliError> {
    let began = crate::clock::monotonic();
    let remote = super::Remote {
        server: url.to_owned(),
        json: false,
        access: super::access::Access::default(),
    };
    loop {
        if super::health::is_serving(&remote).await? {
            return remote.connect().await;
        }
        if began.elapsed() > PATIENCE {
            return Err(CliError::NotServing {
                server: url.to_owned(),
                status: format!("it did not become ready within {} s", PATIENCE.as_secs()),
            });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The command line of a client command that talks to this server, as a user would type it.
fn line(url: &str, words: &[&str]) -> Vec<String> {
    let words = std::iter::once("ringwarden")
        .chain(words.iter().copied())
        .chain(["--server", url]);
    words.map(str::to_owned).collect()
}

/// Asks all questions, prints the answers, and returns a message for each wrong answer.
async fn ask_all(channel: &Connection) -> Result<Vec<String>, CliError> {
    let mut client = LookupServiceClient::new(channel.clone());
    let mut table = output::new_table(["who calls", "score", "action", "because"]);
    let mut faults = Vec::new();
    for question in QUESTIONS {
        let request = LookupRequest {
            number: question.asked.to_owned(),
            default_region: "US".to_owned(),
            budget_ms: PATIENCE_MS,
            ..LookupRequest::default()
        };
        let answer = client.lookup(request).await?.into_inner();
        table.add_row(row(question, &answer));
        faults.extend(mismatch(question, &answer));
    }
    output::show(&table)?;
    Ok(faults)
}

fn row(question: &DemoQuestion, answer: &LookupResponse) -> [Cell; 4] {
    let because = match answer.cases.first() {
        Some(case) => format!("a case of the {}", case.agency),
        None => heaviest_reason(answer),
    };
    let score = answer
        .number_score
        .map_or_else(|| "-".to_owned(), |score| format!("{score:.1}"));
    [
        output::text(format!("{}: {}", question.who, question.asked)),
        output::by_level(score, answer.risk_level()),
        output::by_action(name_of::<Action>(answer.action), answer.action()),
        output::text(because),
    ]
}

/// The detail of the reason that contributes most to a hindered call. A reason that lowers the score explains nothing then.
/// A rule that decides has no points.
fn heaviest_reason(answer: &LookupResponse) -> String {
    let helping = answer.reasons.iter().filter(|reason| reason.points >= 0.0);
    let heaviest = helping.max_by(|a, b| a.points.total_cmp(&b.points));
    heaviest.map_or_else(|| "nothing is known".to_owned(), |reason| reason.detail.clone())
}

/// Says how many cases have numbers that called after the day of the demo. The cases are known, but these calls are still
/// in the future.
async fn later_calls(channel: &Connection) -> Result<(), CliError> {
    let mut client = CaseServiceClient::new(channel.clone());
    let cases = client.list_cases(ListCasesRequest::default()).await?.into_inner().cases;
    let mut rows = Vec::new();
    let of_all = cases.len();
    let day_secs = DAY.millis() / 1_000;
    for case in cases {
        let request = GetCaseRequest {
            case_id: case.case_id.clone(),
            include_members: true,
            page_size: 1_000,
            ..GetCaseRequest::default()
        };
        let members = client.get_case(request).await?.into_inner().members;
        let later = members
            .iter()
            .filter_map(|member| member.from.as_ref())
            .filter(|from| from.seconds >= day_secs)
            .count();
        if later > 0 {
            rows.push((later, case.title, members.len()));
        }
    }
    let Some((later, title, numbers)) = rows.iter().rev().max_by_key(|row| row.0) else {
        return Ok(());
    };
    output::paragraph(&format!(
        "In {} of {of_all} fraud cases, numbers called after the day of the demo, the most in \"{title}\": {later} of \
         {numbers}.",
        rows.len()
    ))
}
