//! Sends a file to the server in one stream, so that the list is replaced in one step.

use std::sync::Arc;

use futures_util::stream;
use serde::Serialize;

use super::{ImportListArgs, read_as, shrink};
use crate::cli::connect::{self, Connection};
use crate::cli::error::CliError;
use crate::cli::import::ImportError;
use crate::cli::import::rejects::Rejects;
use crate::cli::names::name_of;
use crate::cli::output;
use crate::wire::v1::list_service_client::ListServiceClient;
use crate::wire::v1::replace_list_request::Part;
use crate::wire::v1::{
    ListChanges, ListEntries, ListEntry, ListHead, ListKind, ListSummary, ReplaceListRequest, ReplaceListResponse,
};

/// Number of entries in one message.
const ENTRIES_PER_MESSAGE: usize = 2_000;

/// The result of an import.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListImportSummary {
    rows: u64,
    changed: bool,
    /// The changes in the list, as the server foresaw them.
    changes: ListChanges,
    list: ListSummary,
}

/// Imports a file.
///
/// # Errors
/// If the file cannot be read, if a line is malformed, or if the server refuses the list.
pub(in crate::cli::import) async fn run(args: ImportListArgs) -> Result<(), CliError> {
    let common = args.common;
    let source = common.open()?;
    let mut rejects = Rejects::new(common.rejects.as_deref(), &source)?;
    let found = read_as(source.read().0, args.kind, rejects.keeps_rows(), &args.columns)?;
    found.rejects.iter().try_for_each(|reject| rejects.add(reject))?;
    rejects.finish()?;
    if rejects.total() > 0 {
        let (malformed, rows) = (rejects.total(), found.rows);
        return Err(ImportError::Malformed { malformed, rows }.into());
    }
    let head = ListHead {
        list_id: args.list_id,
        kind: args.kind.into(),
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
        expected_version: args.expected_version,
        may_be_empty: args.may_be_empty,
        dry_run: args.confirm.dry_run,
        may_cover_countries: args.whole_country,
    };
    let client = ListServiceClient::new(common.remote.connect().await?);
    let entries: Arc<[ListEntry]> = found.entries.into();
    let foreseen = foresee(&client, &head, &entries).await?;
    if head.dry_run {
        return match common.remote.json {
            true => output::json(&foreseen),
            false => shrink::print(&foreseen),
        };
    }
    let changes = foreseen.changes.unwrap_or_default();
    shrink::ask(&head, &changes, args.confirm)?;
    let answer = replace(&client, &head, &entries).await?;
    print((found.rows, changes), answer, common.remote.json)
}

/// Asks the server for the changes that the file would make. A repetition of a request may find the list as the first
/// attempt has left it, so the expected version is checked only by a real change.
async fn foresee(
    client: &ListServiceClient<Connection>,
    head: &ListHead,
    entries: &Arc<[ListEntry]>,
) -> Result<ReplaceListResponse, CliError> {
    let head = ListHead {
        expected_version: head.expected_version.filter(|_| head.dry_run),
        dry_run: true,
        ..head.clone()
    };
    replace(client, &head, entries).await
}

async fn replace(
    client: &ListServiceClient<Connection>,
    head: &ListHead,
    entries: &Arc<[ListEntry]>,
) -> Result<ReplaceListResponse, CliError> {
    connect::change(&head.request_id, || {
        let (mut client, parts) = (client.clone(), parts(head.clone(), Arc::clone(entries)));
        async move { client.replace_list(stream::iter(parts)).await }
    })
    .await
}

/// The messages of the stream: first the head of the list, then its entries.
fn parts(head: ListHead, entries: Arc<[ListEntry]>) -> impl Iterator<Item = ReplaceListRequest> + Send + 'static {
    let messages = entries.len().div_ceil(ENTRIES_PER_MESSAGE);
    let entries = (0..messages).map(move |message| {
        let from = message * ENTRIES_PER_MESSAGE;
        let to = entries.len().min(from + ENTRIES_PER_MESSAGE);
        let entries = entries.get(from..to).unwrap_or_default().to_vec();
        Part::Entries(ListEntries { entries })
    });
    std::iter::once(Part::Head(head))
        .chain(entries)
        .map(|part| ReplaceListRequest { part: Some(part) })
}

fn print((rows, changes): (u64, ListChanges), answer: ReplaceListResponse, json: bool) -> Result<(), CliError> {
    let ReplaceListResponse { list, changed, .. } = answer;
    let list = list.unwrap_or_default();
    if json {
        return output::json(&ListImportSummary {
            rows,
            changed,
            changes,
            list,
        });
    }
    output::line(format!(
        "{} ({}): {} entries, version {}",
        output::clean(&list.list_id),
        name_of::<ListKind>(list.kind),
        output::grouped(list.entry_count.into()),
        list.version
    ))?;
    if !changed {
        return output::note("the list already has these entries: nothing was changed");
    }
    if changes.entries_before == 0 {
        return output::note("the list was replaced");
    }
    output::note(format!("the list was replaced: {}", shrink::shown(&changes)))
}
