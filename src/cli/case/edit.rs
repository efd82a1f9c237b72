//! `case create`, `update` and `transition`.

use crate::wire::Timestamp;
use clap::{ArgGroup, Args};

use super::read::print;
use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::names;
use crate::cli::shared::Change;
use crate::cli::{output, time};
use crate::wire::v1::case_service_client::CaseServiceClient;
use crate::wire::v1::{
    Case, CaseStatus, Category, CreateCaseRequest, Source, TransitionCaseRequest, UpdateCaseRequest,
};

/// The content of a case, apart from its title.
#[derive(Args, Debug)]
struct Content {
    /// Category of the fraud
    #[arg(long, value_parser = names::parser::<Category>())]
    category: Option<Category>,
    /// Company or authority that the fraudsters claim to be
    #[arg(long)]
    brand: Option<String>,
    /// Summary of what is known, in a few paragraphs
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// Agency that received the case or published it
    #[arg(long)]
    agency: Option<String>,
    /// Reference of the agency for this case
    #[arg(long, value_name = "TEXT")]
    agency_reference: Option<String>,
    /// Source of the case
    #[arg(long, value_parser = names::parser::<Source>())]
    source: Option<Source>,
    /// Time of the latest evidence
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    last_evidence_at: Option<Timestamp>,
}

/// The fields of `case update`: it needs at least one of them.
const FIELDS: [&str; 8] = [
    "title",
    "category",
    "brand",
    "summary",
    "agency",
    "agency_reference",
    "source",
    "last_evidence_at",
];

/// Arguments of `case create`.
#[derive(Args, Debug)]
pub(super) struct CreateArgs {
    /// Title of the case
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// Id of the case: letters, digits, - and _ [default: made from the request id]
    #[arg(long)]
    id: Option<String>,
    /// First status: DRAFT or OPEN; a case of source REGULATOR_FEED or LAW_ENFORCEMENT may start later [default: DRAFT]
    #[arg(long, value_parser = names::parser::<CaseStatus>())]
    status: Option<CaseStatus>,
    #[command(flatten)]
    content: Content,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    remote: Remote,
}

/// Arguments of `case update`. A field that is not given stays as it is; an empty text clears it.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("fields").args(FIELDS).required(true).multiple(true))]
pub(super) struct UpdateArgs {
    /// Id of the case
    id: String,
    /// Title of the case
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    content: Content,
    /// Make the change only if the case has this version [default: any version]
    #[arg(long, value_name = "VERSION")]
    expected_version: Option<u64>,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    remote: Remote,
}

/// Arguments of `case transition`.
#[derive(Args, Debug)]
pub(super) struct TransitionArgs {
    /// Id of the case
    id: String,
    /// New status
    #[arg(value_parser = names::parser::<CaseStatus>())]
    status: CaseStatus,
    /// Reason; required to reopen a closed case, and to close a corroborated one as unsubstantiated
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Agency concerned; it becomes the agency of the case; required for REFERRED, unless the case names one
    #[arg(long)]
    agency: Option<String>,
    /// Make the change only if the case has this version [default: any version]
    #[arg(long, value_name = "VERSION")]
    expected_version: Option<u64>,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn create(args: CreateArgs) -> Result<(), CliError> {
    let client = CaseServiceClient::new(args.remote.connect().await?);
    let content = args.content;
    let request = CreateCaseRequest {
        case_id: args.id.unwrap_or_default(),
        title: args.title,
        category: content.category.unwrap_or_default().into(),
        impersonated_brand: content.brand.unwrap_or_default(),
        summary: content.summary.unwrap_or_default(),
        status: args.status.unwrap_or_default().into(),
        agency: content.agency.unwrap_or_default(),
        agency_reference: content.agency_reference.unwrap_or_default(),
        source: content.source.unwrap_or_default().into(),
        last_evidence_at: content.last_evidence_at,
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
    };
    let case = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.create_case(request).await }
    })
    .await?;
    answer(&case, &args.remote)
}

pub(super) async fn update(args: UpdateArgs) -> Result<(), CliError> {
    let client = CaseServiceClient::new(args.remote.connect().await?);
    let content = args.content;
    let request = UpdateCaseRequest {
        case_id: args.id,
        title: args.title,
        category: content.category.map(Into::into),
        impersonated_brand: content.brand,
        summary: content.summary,
        agency: content.agency,
        agency_reference: content.agency_reference,
        source: content.source.map(Into::into),
        last_evidence_at: content.last_evidence_at,
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
        expected_version: args.expected_version,
    };
    let case = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.update_case(request).await }
    })
    .await?;
    answer(&case, &args.remote)
}

pub(super) async fn transition(args: TransitionArgs) -> Result<(), CliError> {
    let client = CaseServiceClient::new(args.remote.connect().await?);
    let request = TransitionCaseRequest {
        case_id: args.id,
        to: args.status.into(),
        note: args.note.unwrap_or_default(),
        agency: args.agency.unwrap_or_default(),
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
        expected_version: args.expected_version,
    };
    let case = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.transition_case(request).await }
    })
    .await?;
    answer(&case, &args.remote)
}

fn answer(case: &Case, remote: &Remote) -> Result<(), CliError> {
    if remote.json {
        return output::json(case);
    }
    print(case)
}
