//! Sends a file to the server in one stream, so that the list is replaced in one step.

use std::sync::Arc;

use futures_util::stream;
use serde::Serialize;

use super::{ImportListArgs, read_as, shrink};
use crate::cli::connect;
use crate::cli::error::CliError;
use crate::cli::import::ImportError;
use crate::cli::import::rejects::Rejects;
use crate::cli::names::name_of;
use crate::cli::output;
use crate::wire::v1::list_service_client::ListServiceClient;
use crate::wire::v1::replace_list_request::Part;
use crate::wire::v1::{
    ListEntries, ListEntry, ListHead, ListKind, ListSummary, ReplaceListRequest, ReplaceListResponse,
};

/// Number of entries in one message.
const ENTRIES_PER_MESSAGE: usize = 2_000;

/// The result of an import.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListImportSummary {
    rows: u64,
    changed: bool,
    list: ListSummary,
}

/// Imports a file.
///
/// # Errors
/// If the file cannot be read, if a line is malformed, or if the server refuses the list.
pub(in crate::cli::import) async fn run(args: ImportListArgs) -> Result<(), CliError> {
    let common = args.common;
    let source = common.open()?;
    let mut rejects = Rejects::new(common.rejects.as_deref())?;
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
    };
    let client = ListServiceClient::new(common.remote.connect().await?);
    let entries: Arc<[ListEntry]> = found.entries.into();
    if !head.dry_run {
        shrink::ask(&client, &head, entries.len(), args.confirm).await?;
    }
    let answer = connect::change(&head.request_id, || {
        let (mut client, parts) = (client.clone(), parts(head.clone(), Arc::clone(&entries)));
        async move { client.replace_list(stream::iter(parts)).await }
    })
    .await?;
    print(found.rows, answer, common.remote.json)
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

fn print(rows: u64, answer: ReplaceListResponse, json: bool) -> Result<(), CliError> {
    if answer.changes.is_some() {
        return match json {
            true => output::json(&answer),
            false => shrink::print(&answer),
        };
    }
    let ReplaceListResponse { list, changed, .. } = answer;
    let list = list.unwrap_or_default();
    if json {
        return output::json(&ListImportSummary { rows, changed, list });
    }
    output::line(format!(
        "{} ({}): {} entries, version {}",
        output::clean(&list.list_id),
        name_of::<ListKind>(list.kind),
        output::grouped(list.entry_count.into()),
        list.version
    ))?;
    output::note(if changed {
        "the list was replaced"
    } else {
        "the list already has these entries: nothing was changed"
    })
}
