//! `case link --file`: links the numbers of a file, 1,000 in one request.

use serde::Serialize;

use super::link::LinkArgs;
use crate::cli::connect;
use crate::cli::error::CliError;
use crate::cli::import::{ImportError, ImportProgress, NumberFile};
use crate::cli::output;
use crate::domain::case::MAX_CHANGED_LINKS;
use crate::wire::v1::LinkNumbersRequest;
use crate::wire::v1::case_service_client::CaseServiceClient;
use crate::wire::v1::link_number_result::Result as Linked;

/// The result of all requests.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkSummary {
    rows: u64,
    numbers: u64,
    linked: u64,
    already_linked: u64,
    /// Rows whose number is in an earlier row.
    repeated: u64,
    rejected: u64,
}

/// Links the numbers of a file.
///
/// # Errors
/// If the server refuses a request, or if too few rows can be taken.
pub(super) async fn run(args: &LinkArgs, mut file: NumberFile) -> Result<(), CliError> {
    let client = CaseServiceClient::new(args.remote.connect().await?);
    // A request with another id for each part, so that the command may be repeated with the same id.
    let request_id = connect::request_id(args.change.request_id.clone())?;
    let mut summary = LinkSummary {
        rows: file.rows,
        numbers: file.numbers.len() as u64,
        repeated: file.rows - file.rejected() - file.numbers.len() as u64,
        ..LinkSummary::default()
    };
    let numbers = std::mem::take(&mut file.numbers);
    let progress = ImportProgress::new(numbers.len() as u64);
    let mut done = 0;
    for (part, numbers) in numbers.chunks(MAX_CHANGED_LINKS).enumerate() {
        let request = LinkNumbersRequest {
            case_id: args.id.clone(),
            links: numbers
                .iter()
                .map(|(_, number)| args.link(&number.to_string()))
                .collect(),
            actor: args.change.actor(),
            request_id: format!("{request_id}-{part}"),
        };
        let answer = connect::change(&request.request_id, || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.link_numbers(request).await }
        })
        .await?;
        let (sent, got) = (numbers.len(), answer.results.len());
        if sent != got {
            return Err(ImportError::WrongAnswer { sent, got }.into());
        }
        for ((line, _), result) in numbers.iter().zip(answer.results) {
            match result.result {
                Some(Linked::Linked(linked)) if linked.created => summary.linked += 1,
                Some(Linked::Linked(_)) => summary.already_linked += 1,
                Some(Linked::Error(error)) => file.refused(*line, &error.message)?,
                None => file.refused(*line, "no answer")?,
            }
        }
        done += numbers.len() as u64;
        progress.advance(done, done);
    }
    progress.finish();
    summary.rejected = file.rejected();
    summary.print(args.remote.json)?;
    file.finish()
}

impl LinkSummary {
    fn print(&self, json: bool) -> Result<(), CliError> {
        if json {
            return output::json(self);
        }
        let parts = [
            (self.linked, "linked"),
            (self.already_linked, "already linked"),
            (self.repeated, "repeated"),
            (self.rejected, "rejected"),
        ];
        output::line(output::tally(self.rows, "rows", &parts))
    }
}
