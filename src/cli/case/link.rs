//! `case link` and `case unlink`.

use crate::wire::Timestamp;
use clap::Args;

use super::number_file::{self, FileChange};
use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::import::NumberFileArgs;
use crate::cli::names;
use crate::cli::shared::{self, Change, InRegion};
use crate::cli::status::with_arguments;
use crate::cli::{output, time};
use crate::domain::case::MAX_CHANGED_LINKS;
use crate::wire::v1::case_service_client::CaseServiceClient;
use crate::wire::v1::link_number_result::Result as Linked;
use crate::wire::v1::unlink_number_result::Result as Unlinked;
use crate::wire::v1::{
    CaseRole, ItemError, LinkNumbersRequest, NumberLink, NumberUnlink, Source, UnlinkNumbersRequest,
};

/// Arguments of `case link`.
#[derive(Args, Debug)]
pub(super) struct LinkArgs {
    /// Id of the case
    pub(super) id: String,
    /// Numbers, in any usual notation, at most 1,000; a file may have more
    #[arg(required_unless_present = "file", num_args = 1..=MAX_CHANGED_LINKS, value_name = "NUMBER")]
    numbers: Vec<String>,
    #[command(flatten)]
    pub(super) file: NumberFileArgs,
    /// Role of the numbers in the case
    #[arg(long, value_parser = names::parser::<CaseRole>())]
    pub(super) role: CaseRole,
    /// Confidence in the link, 0 to 1 [default: 1]
    #[arg(long, value_name = "FRACTION", value_parser = shared::fraction)]
    confidence: Option<f64>,
    /// Source of the link [default: ANALYST]
    #[arg(long, value_parser = names::parser::<Source>())]
    source: Option<Source>,
    /// Time from which the numbers took part [default: unknown]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    from: Option<Timestamp>,
    /// Time until which the numbers took part [default: unknown]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    to: Option<Timestamp>,
    #[command(flatten)]
    pub(super) change: Change,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    pub(super) remote: Remote,
}

impl LinkArgs {
    /// The link of a number.
    pub(super) fn link(&self, number: &str) -> NumberLink {
        NumberLink {
            number: number.to_owned(),
            default_region: self.region.for_wire(),
            role: self.role.into(),
            confidence: self.confidence,
            source: self.source.unwrap_or_default().into(),
            from: self.from,
            to: self.to,
            expected_version: None,
        }
    }
}

/// Arguments of `case unlink`.
#[derive(Args, Debug)]
pub(super) struct UnlinkArgs {
    /// Id of the case
    pub(super) id: String,
    /// Numbers, in any usual notation, at most 1,000; a file may have more
    #[arg(required_unless_present = "file", num_args = 1..=MAX_CHANGED_LINKS, value_name = "NUMBER")]
    numbers: Vec<String>,
    #[command(flatten)]
    pub(super) file: NumberFileArgs,
    /// Remove only links with this role [default: all roles]
    #[arg(long, value_parser = names::parser::<CaseRole>())]
    pub(super) role: Option<CaseRole>,
    /// Reason; the change log keeps it, for the last 1,024 changes of the number's shard
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    #[command(flatten)]
    pub(super) change: Change,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    pub(super) remote: Remote,
}

impl UnlinkArgs {
    /// The link of a number that goes.
    pub(super) fn unlink(&self, number: &str) -> NumberUnlink {
        NumberUnlink {
            number: number.to_owned(),
            default_region: self.region.for_wire(),
            role: self.role.unwrap_or_default().into(),
            expected_version: None,
        }
    }
}

/// The outcome for one number: its E.164 form and a word for people, or the error.
type Outcome<'a> = Result<(&'a str, &'static str), Option<&'a ItemError>>;

pub(super) async fn link(args: LinkArgs) -> Result<(), CliError> {
    if let Some(file) = args.file.read(args.region.region)? {
        return number_file::run(&FileChange::Link(&args), file).await;
    }
    let client = CaseServiceClient::new(args.remote.connect().await?);
    let request = LinkNumbersRequest {
        case_id: args.id.clone(),
        links: args.numbers.iter().map(|number| args.link(number)).collect(),
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id.clone())?,
    };
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.link_numbers(request).await }
    })
    .await?;
    if args.remote.json {
        output::json(&answer)?;
    }
    let outcomes = answer.results.iter().map(|result| match &result.result {
        Some(Linked::Linked(linked)) if linked.created => Ok((linked.e164.as_str(), "linked")),
        Some(Linked::Linked(linked)) => Ok((linked.e164.as_str(), "was already linked")),
        Some(Linked::Error(error)) => Err(Some(error)),
        None => Err(None),
    });
    finish(&args.numbers, outcomes, args.remote.json)
}

pub(super) async fn unlink(args: UnlinkArgs) -> Result<(), CliError> {
    if let Some(file) = args.file.read(args.region.region)? {
        return number_file::run(&FileChange::Unlink(&args), file).await;
    }
    let client = CaseServiceClient::new(args.remote.connect().await?);
    let request = UnlinkNumbersRequest {
        case_id: args.id.clone(),
        numbers: args.numbers.iter().map(|number| args.unlink(number)).collect(),
        reason: args.reason.clone().unwrap_or_default(),
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id.clone())?,
    };
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.unlink_numbers(request).await }
    })
    .await?;
    if args.remote.json {
        output::json(&answer)?;
    }
    let outcomes = answer.results.iter().map(|result| match &result.result {
        Some(Unlinked::Unlinked(unlinked)) if unlinked.was_linked => Ok((unlinked.e164.as_str(), "unlinked")),
        Some(Unlinked::Unlinked(unlinked)) => Ok((unlinked.e164.as_str(), "was not linked")),
        Some(Unlinked::Error(error)) => Err(Some(error)),
        None => Err(None),
    });
    finish(&args.numbers, outcomes, args.remote.json)
}

/// The message of an error without the place of the number in the request, as in `links[0].number`: the line has the number.
pub(super) fn without_place(message: &str) -> &str {
    let is_item = message.starts_with("links[") || message.starts_with("numbers[");
    let rest = message.split_once("].").filter(|_| is_item);
    rest.map_or(message, |(_, rest)| rest)
}

/// Prints one line per number, unless JSON was printed. Fails if the change failed for any number.
fn finish<'a>(numbers: &[String], outcomes: impl Iterator<Item = Outcome<'a>>, printed: bool) -> Result<(), CliError> {
    let mut table = output::new_table(["number", "outcome"]);
    let mut failed = 0;
    for (number, outcome) in numbers.iter().zip(outcomes) {
        match outcome {
            Ok((e164, word)) => table.add_row([output::text(e164), output::text(word)]),
            Err(error) => {
                failed += 1;
                let message = error.map_or("no answer", |error| error.message.as_str());
                table.add_row([
                    output::text(number),
                    output::failure(with_arguments(without_place(message))),
                ])
            }
        };
    }
    if !printed {
        output::table(&table, "no numbers")?;
    }
    match failed {
        0 => Ok(()),
        failed => Err(CliError::Items {
            failed,
            total: numbers.len(),
        }),
    }
}
