//! `case create`, `update` and `transition`.

use crate::wire::Timestamp;
use clap::Args;

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

/// What a case says beside its title.
#[derive(Args, Debug)]
struct Content {
    /// The kind of fraud
    #[arg(long, value_parser = names::parser::<Category>())]
    category: Option<Category>,
    /// The company or authority the fraudsters claim to be
    #[arg(long)]
    brand: Option<String>,
    /// What is known, in a few paragraphs
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// The agency it was handed to or comes from
    #[arg(long)]
    agency: Option<String>,
    /// The agency's own reference
    #[arg(long, value_name = "TEXT")]
    agency_reference: Option<String>,
    /// Who says so
    #[arg(long, value_parser = names::parser::<Source>())]
    source: Option<Source>,
    /// When the latest evidence arose
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    last_evidence_at: Option<Timestamp>,
}

/// A case to open.
#[derive(Args, Debug)]
pub(super) struct CreateArgs {
    /// Its title
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// Its id: letters, digits, - and _ [default: made from the request's]
    #[arg(long)]
    id: Option<String>,
    /// Its first status: DRAFT, or CORROBORATED for a case that an agency published
    #[arg(long, value_parser = names::parser::<CaseStatus>())]
    status: Option<CaseStatus>,
    #[command(flatten)]
    content: Content,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    remote: Remote,
}

/// What to change; what is not given stays as it is, empty text clears.
#[derive(Args, Debug)]
pub(super) struct UpdateArgs {
    /// The case's id
    id: String,
    /// Its title
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    content: Content,
    /// Only if the case has this version
    #[arg(long, value_name = "VERSION")]
    expected_version: Option<u64>,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    remote: Remote,
}

/// A step to take.
#[derive(Args, Debug)]
pub(super) struct TransitionArgs {
    /// The case's id
    id: String,
    /// The status to move to
    #[arg(value_parser = names::parser::<CaseStatus>())]
    status: CaseStatus,
    /// Why; required when a closed case is reopened
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// The agency concerned; it becomes the case's
    #[arg(long)]
    agency: Option<String>,
    /// Only if the case has this version
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
