//! `case show` and `case list`.

use clap::Args;
use comfy_table::Table;

use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::names::{self, name_of};
use crate::cli::note;
use crate::cli::paging::{self, Columns, Paging};
use crate::cli::{output, time};
use crate::wire::v1::case_service_client::CaseServiceClient;
use crate::wire::v1::{
    Case, CaseEvent, CaseMember, CaseRole, CaseStatus, Category, GetCaseRequest, ListCasesRequest, Source,
};

/// Arguments of `case show`.
#[derive(Args, Debug)]
pub(super) struct CaseShowArgs {
    /// Id of the case
    id: String,
    /// Maximum number of members (linked numbers) to show; 0 for none [default: 50]
    #[arg(long, value_name = "N", conflicts_with = "all")]
    members: Option<u32>,
    /// Tenant that shares the case with yours [default: your own]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    remote: Remote,
}

/// Arguments of `case list`. A case must match all given filters.
#[derive(Args, Debug)]
pub(super) struct CaseListArgs {
    /// Only cases with this status
    #[arg(long, value_parser = names::parser::<CaseStatus>())]
    status: Option<CaseStatus>,
    /// Only cases of this category
    #[arg(long, value_parser = names::parser::<Category>())]
    category: Option<Category>,
    /// Only cases with this impersonated brand
    #[arg(long)]
    brand: Option<String>,
    /// Only cases whose id, title or reference contains this text
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn show(args: CaseShowArgs) -> Result<(), CliError> {
    let mut client = CaseServiceClient::new(args.remote.connect().await?);
    let include_members = args.members != Some(0);
    let paging = args.paging.or_limit(args.members);
    let ask = async |page_size, page_token| {
        let request = GetCaseRequest {
            case_id: args.id.clone(),
            include_members,
            page_size,
            page_token,
            tenant: args.tenant.clone().unwrap_or_default(),
        };
        Ok(client.get_case(request).await?.into_inner())
    };
    let listed = paging.collect(ask).await?;
    let answer = &listed.answer;
    if args.remote.json || paging.csv {
        return paging.print(args.remote.json, &listed, ("numbers", MEMBER_COLUMNS), members_table);
    }
    if let Some(case) = &answer.case {
        print(case)?;
    }
    print_section(&note::table(&answer.notes))?;
    print_section(&members_table(&answer.members))?;
    let command = format!("ringwarden note list --case {} --all", args.id);
    paging::note_part(answer.notes.len(), answer.note_count, "notes", &command)?;
    listed.note_rest("numbers")
}

/// The columns of members in CSV.
const MEMBER_COLUMNS: Columns<CaseMember> = &[
    ("number", |member| member.e164.clone()),
    ("role", |member| name_of::<CaseRole>(member.role)),
    ("confidence", |member| member.confidence.to_string()),
    ("source", |member| name_of::<Source>(member.source)),
    ("from", |member| paging::time(member.from)),
    ("to", |member| paging::time(member.to)),
    ("linked_at", |member| paging::time(member.linked_at)),
    ("actor", |member| paging::free_text(&member.actor)),
];

/// The columns of cases in CSV.
const CASE_COLUMNS: Columns<Case> = &[
    ("case", |case| case.case_id.clone()),
    ("title", |case| paging::free_text(&case.title)),
    ("status", |case| name_of::<CaseStatus>(case.status)),
    ("category", |case| name_of::<Category>(case.category)),
    ("brand", |case| paging::free_text(&case.impersonated_brand)),
    ("agency", |case| paging::free_text(&case.agency)),
    ("reference", |case| paging::free_text(&case.agency_reference)),
    ("numbers", |case| case.member_count.to_string()),
    ("updated_at", |case| paging::time(case.updated_at)),
];

pub(super) async fn list(args: CaseListArgs) -> Result<(), CliError> {
    let mut client = CaseServiceClient::new(args.remote.connect().await?);
    let mut request = ListCasesRequest {
        status: args.status.unwrap_or_default().into(),
        category: args.category.unwrap_or_default().into(),
        impersonated_brand: args.brand.unwrap_or_default(),
        query: args.query.unwrap_or_default(),
        ..Default::default()
    };
    let ask = async |page_size, page_token| {
        (request.page_size, request.page_token) = (page_size, page_token);
        Ok(client.list_cases(request.clone()).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    args.paging
        .print(args.remote.json, &listed, ("cases", CASE_COLUMNS), cases_table)
}

/// Prints a case and its history.
pub(super) fn print(case: &Case) -> Result<(), CliError> {
    let mut card = output::card();
    output::add(&mut card, "case", &case.case_id);
    output::add(&mut card, "title", &case.title);
    output::add(&mut card, "status", name_of::<CaseStatus>(case.status));
    output::add(&mut card, "category", name_of::<Category>(case.category));
    output::add(&mut card, "brand", &case.impersonated_brand);
    output::add(&mut card, "agency", &case.agency);
    output::add(&mut card, "reference", &case.agency_reference);
    output::add(&mut card, "source", name_of::<Source>(case.source));
    output::add(&mut card, "numbers", output::grouped(case.member_count.into()));
    output::add(&mut card, "created", time::shown(case.created_at));
    output::add(&mut card, "updated", time::shown(case.updated_at));
    output::add(&mut card, "last evidence", time::shown(case.last_evidence_at));
    output::add(&mut card, "merged into", &case.merged_into);
    output::add(&mut card, "version", case.version);
    output::add(&mut card, "summary", &case.summary);
    output::show(&card)?;
    print_section(&history_table(&case.history))
}

fn print_section(table: &Table) -> Result<(), CliError> {
    if table.is_empty() {
        return Ok(());
    }
    output::section(table)
}

fn history_table(history: &[CaseEvent]) -> Table {
    let mut table = output::new_table(["at (UTC)", "from", "to", "by", "agency", "note"]);
    for event in history {
        table.add_row([
            output::text(time::column(event.at)),
            output::text(name_of::<CaseStatus>(event.from)),
            output::text(name_of::<CaseStatus>(event.to)),
            output::text(&event.actor),
            output::text(&event.agency),
            output::text(&event.note),
        ]);
    }
    table
}

fn members_table(members: &[CaseMember]) -> Table {
    let mut table = output::new_table([
        "number",
        "role",
        "confidence",
        "source",
        "from (UTC)",
        "to (UTC)",
        "linked (UTC)",
        "by",
    ]);
    for member in members {
        table.add_row([
            output::text(&member.e164),
            output::text(name_of::<CaseRole>(member.role)),
            output::figure(format!("{:.2}", member.confidence)),
            output::text(name_of::<Source>(member.source)),
            output::text(time::column(member.from)),
            output::text(time::column(member.to)),
            output::text(time::column(member.linked_at)),
            output::text(&member.actor),
        ]);
    }
    table
}

fn cases_table(cases: &[Case]) -> Table {
    let mut table = output::new_table([
        "case",
        "title",
        "status",
        "category",
        "brand",
        "agency",
        "numbers",
        "updated (UTC)",
    ]);
    for case in cases {
        table.add_row([
            output::text(&case.case_id),
            output::text(&case.title),
            output::text(name_of::<CaseStatus>(case.status)),
            output::text(name_of::<Category>(case.category)),
            output::text(&case.impersonated_brand),
            output::text(&case.agency),
            output::figure(output::grouped(case.member_count.into())),
            output::text(time::column(case.updated_at)),
        ]);
    }
    table
}
