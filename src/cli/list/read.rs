//! `list show` and `list ls`.

use clap::Args;
use comfy_table::Table;

use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::names::name_of;
use crate::cli::paging::{self, Columns, Paging};
use crate::cli::{output, time};
use crate::wire::v1::list_service_client::ListServiceClient;
use crate::wire::v1::{Action, GetListRequest, ListEntry, ListKind, ListListsRequest, ListSummary, OwnerCalls};

/// Arguments of `list show`.
#[derive(Args, Debug)]
pub(super) struct ListShowArgs {
    /// Id of the list
    name: String,
    /// Tenant that shares the list with yours [default: your own]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn show(args: ListShowArgs) -> Result<(), CliError> {
    let mut client = ListServiceClient::new(args.remote.connect().await?);
    let mut request = GetListRequest {
        list_id: args.name,
        tenant: args.tenant.unwrap_or_default(),
        ..Default::default()
    };
    let ask = async |page_size, page_token| {
        (request.page_size, request.page_token) = (page_size, page_token);
        Ok(client.get_list(request.clone()).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    if args.remote.json || args.paging.csv {
        return args
            .paging
            .print(args.remote.json, &listed, ("entries", COLUMNS), entries_table);
    }
    if let Some(list) = &listed.answer.list {
        print_summary(list)?;
    }
    if !listed.items().is_empty() {
        output::section(&entries_table(listed.items()))?;
    }
    listed.note_rest("entries")
}

/// The columns of entries in CSV. `import list` reads them.
const COLUMNS: Columns<ListEntry> = &[
    ("number", |entry| entry.number.clone()),
    ("organisation", |entry| {
        let owner = entry.owner.as_ref();
        owner.map_or_else(String::new, |owner| paging::free_text(&owner.organisation))
    }),
    ("brand", |entry| {
        let owner = entry.owner.as_ref();
        owner.map_or_else(String::new, |owner| paging::free_text(&owner.brand))
    }),
    ("calls", |entry| {
        let owner = entry.owner.as_ref();
        owner.map_or_else(String::new, |owner| name_of::<OwnerCalls>(owner.calls))
    }),
    ("source", |entry| paging::free_text(&entry.source)),
    ("entered_at", |entry| paging::time(entry.entered_at)),
    ("requester", |entry| paging::free_text(&entry.requester)),
    ("expires_at", |entry| paging::time(entry.expires_at)),
    ("action", |entry| name_of::<Action>(entry.action)),
];

/// Arguments of `list ls`.
#[derive(Args, Debug)]
pub(super) struct ListLsArgs {
    /// Print CSV with a header instead of a table
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    remote: Remote,
}

/// The columns of lists in CSV.
const LIST_COLUMNS: Columns<ListSummary> = &[
    ("list", |list| list.list_id.clone()),
    ("kind", |list| name_of::<ListKind>(list.kind)),
    ("entries", |list| list.entry_count.to_string()),
    ("replaced_at", |list| paging::time(list.replaced_at)),
    ("actor", |list| paging::free_text(&list.actor)),
    ("version", |list| list.version.to_string()),
];

pub(super) async fn ls(args: ListLsArgs) -> Result<(), CliError> {
    let mut client = ListServiceClient::new(args.remote.connect().await?);
    let answer = client.list_lists(ListListsRequest {}).await?.into_inner();
    if args.csv {
        return paging::csv(&answer.lists, LIST_COLUMNS);
    }
    if args.remote.json {
        return output::json(&paging::whole(&answer, &["lists"], &[])?);
    }
    output::table(&lists_table(&answer.lists), "no lists")
}

/// Prints the summary of a list, without its entries.
fn print_summary(list: &ListSummary) -> Result<(), CliError> {
    let mut card = output::card();
    output::add(&mut card, "list", &list.list_id);
    output::add(&mut card, "kind", name_of::<ListKind>(list.kind));
    output::add(&mut card, "entries", output::grouped(list.entry_count.into()));
    output::add(&mut card, "replaced", time::shown(list.replaced_at));
    output::add(&mut card, "by", &list.actor);
    output::add(&mut card, "version", list.version);
    output::show(&card)
}

fn entries_table(entries: &[ListEntry]) -> Table {
    if entries.iter().any(|entry| entry.owner.is_some()) {
        return owners_table(entries);
    }
    let mut table = output::new_table([
        "number",
        "source",
        "entered (UTC)",
        "requester",
        "expires (UTC)",
        "action",
    ]);
    for entry in entries {
        table.add_row([
            output::text(&entry.number),
            output::text(&entry.source),
            output::text(time::column(entry.entered_at)),
            output::text(&entry.requester),
            output::text(time::column(entry.expires_at)),
            output::text(name_of::<Action>(entry.action)),
        ]);
    }
    table
}

/// The entries of a list of known owners.
fn owners_table(entries: &[ListEntry]) -> Table {
    let header = [
        "number",
        "organisation",
        "brand",
        "calls",
        "source",
        "entered (UTC)",
        "requester",
        "expires (UTC)",
    ];
    let mut table = output::new_table(header);
    for entry in entries {
        let owner = entry.owner.clone().unwrap_or_default();
        table.add_row([
            output::text(&entry.number),
            output::text(&owner.organisation),
            output::text(&owner.brand),
            output::text(name_of::<OwnerCalls>(owner.calls)),
            output::text(&entry.source),
            output::text(time::column(entry.entered_at)),
            output::text(&entry.requester),
            output::text(time::column(entry.expires_at)),
        ]);
    }
    table
}

fn lists_table(lists: &[ListSummary]) -> Table {
    let mut table = output::new_table(["list", "kind", "entries", "replaced (UTC)", "by", "version"]);
    for list in lists {
        table.add_row([
            output::text(&list.list_id),
            output::text(name_of::<ListKind>(list.kind)),
            output::figure(output::grouped(list.entry_count.into())),
            output::text(time::column(list.replaced_at)),
            output::text(&list.actor),
            output::figure(list.version),
        ]);
    }
    table
}
