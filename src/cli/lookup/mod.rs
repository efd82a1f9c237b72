//! `lookup`: shows what is known about numbers, and what to do with their calls.

pub(super) mod card;
mod file;

use clap::Args;

use super::connect::{Connection, Remote};
use super::error::CliError;
use super::names::{name_of, parser};
use super::output;
use super::shared::{InRegion, PATIENCE_MS};
use super::status::with_arguments;
use super::time;
use crate::domain::call::MAX_BATCH_LOOKUPS;
use crate::wire::v1::batch_lookup_result::Result as BatchResult;
use crate::wire::v1::lookup_service_client::LookupServiceClient;
use crate::wire::v1::{
    Attestation, BatchLookupRequest, BatchLookupResult, Category, LookupRequest, LookupResponse, LookupRole, Verstat,
    View,
};

/// Maximum size of the answers to 1,000 lookups with all reasons and cases, in bytes.
const ANSWER_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Arguments of `lookup`.
#[derive(Args, Debug)]
pub struct LookupArgs {
    /// Numbers, in any usual notation
    #[arg(required_unless_present = "file", conflicts_with = "file", value_name = "NUMBER", value_parser = number)]
    numbers: Vec<String>,
    #[command(flatten)]
    file: file::FileArgs,
    /// Print only number, score, level and action
    #[arg(long)]
    basic: bool,
    /// The numbers are about to be dialled; without this flag, they are calling
    #[arg(long)]
    about_to_dial: bool,
    /// Called number; calls to emergency numbers are never blocked
    #[arg(long, value_name = "NUMBER")]
    called: Option<String>,
    /// STIR/SHAKEN attestation of the call [default: unknown]
    #[arg(long, value_parser = parser::<Attestation>())]
    attestation: Option<Attestation>,
    /// Result of verifying the signature of the call (verstat) [default: unknown]
    #[arg(long, value_parser = parser::<Verstat>())]
    verstat: Option<Verstat>,
    /// Language of the advice, as a tag such as de [default: en]
    #[arg(long, value_name = "TAG", default_value = "", hide_default_value = true)]
    language: String,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: LookupArgs) -> Result<(), CliError> {
    if let Some(path) = &args.file.file {
        return file::run(&args, path).await;
    }
    let mut client = LookupServiceClient::new(args.remote.connect().await?).max_decoding_message_size(ANSWER_BYTES_MAX);
    let requests: Vec<LookupRequest> = args.numbers.iter().map(|number| request(&args, number)).collect();
    if let [request] = requests.as_slice() {
        let answer = client.lookup(request.clone()).await?.into_inner();
        return if args.remote.json {
            output::json(&answer)
        } else {
            card::print(&answer)
        };
    }
    let results = ask(&mut client, &requests).await?;
    if args.remote.json {
        print_json(&results)?;
    } else {
        print_table(&args.numbers, &results)?;
    }
    let total = requests.len();
    let answered = results
        .iter()
        .filter(|result| matches!(result.result, Some(BatchResult::Response(_))));
    match total - answered.count() {
        0 => Ok(()),
        failed => Err(CliError::Items { failed, total }),
    }
}

/// A number of the command line. `@FILE`, as other tools read it, would be a caller without a number.
fn number(text: &str) -> Result<String, String> {
    match text.trim().strip_prefix('@') {
        Some(file) => Err(format!("to look up the numbers of a file, write --file {file}")),
        None => Ok(text.to_owned()),
    }
}

fn request(args: &LookupArgs, number: &str) -> LookupRequest {
    let role = if args.about_to_dial {
        LookupRole::AboutToDial
    } else {
        LookupRole::Calling
    };
    let view = if args.basic { View::Basic } else { View::Full };
    LookupRequest {
        number: number.to_owned(),
        default_region: args.region.for_wire(),
        called_number: args.called.clone().unwrap_or_default(),
        role: role.into(),
        verstat: args.verstat.unwrap_or_default().into(),
        attestation: args.attestation.unwrap_or_default().into(),
        language: args.language.clone(),
        view: view.into(),
        record_event: Some(false), // a question by a person is not a call
        budget_ms: PATIENCE_MS,
        ..LookupRequest::default()
    }
}

async fn ask(
    client: &mut LookupServiceClient<Connection>,
    requests: &[LookupRequest],
) -> Result<Vec<BatchLookupResult>, CliError> {
    let mut results = Vec::with_capacity(requests.len());
    for part in requests.chunks(MAX_BATCH_LOOKUPS) {
        let request = BatchLookupRequest {
            requests: part.to_vec(),
        };
        results.extend(client.batch_lookup(request).await?.into_inner().results);
    }
    Ok(results)
}

/// Prints one line per number, in the given order: the answer, as for a single number, or `{"error":…}`.
fn print_json(results: &[BatchLookupResult]) -> Result<(), CliError> {
    for result in results {
        match &result.result {
            Some(BatchResult::Response(answer)) => output::json(answer)?,
            Some(BatchResult::Error(_)) | None => output::json(result)?,
        }
    }
    Ok(())
}

fn print_table(numbers: &[String], results: &[BatchLookupResult]) -> Result<(), CliError> {
    let mut table = output::new_table([
        "number",
        "score",
        "level",
        "action",
        "category",
        "reports",
        "last (UTC)",
        "cases",
    ]);
    for (number, result) in numbers.iter().zip(results) {
        match &result.result {
            Some(BatchResult::Response(answer)) => table.add_row(row(number, answer)),
            Some(BatchResult::Error(error)) => table.add_row([
                output::text(number),
                output::figure(""),
                output::failure(with_arguments(&error.message)),
            ]),
            None => table.add_row([output::text(number)]),
        };
    }
    output::table(&table, "no numbers")
}

fn row(number: &str, answer: &LookupResponse) -> [comfy_table::Cell; 8] {
    let level = answer.risk_level();
    let reports = match answer.report_count {
        0 => String::new(),
        count => output::grouped(count.into()),
    };
    let cases: Vec<&str> = answer.cases.iter().map(|case| case.case_id.as_str()).collect();
    [
        output::text(card::number_text(answer).unwrap_or(number)),
        output::score(answer.risk_score),
        output::by_level(name_of::<crate::wire::v1::RiskLevel>(answer.risk_level), level),
        output::by_action(card::action(answer), answer.action()),
        output::text(name_of::<Category>(answer.category)),
        output::figure(reports),
        output::text(time::column(answer.last_reported)),
        output::text(cases.join(", ")),
    ]
}
