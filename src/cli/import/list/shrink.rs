//! Asks before a list loses most of its entries: the file is then probably an export that was cut short.

use tonic::Code;
use tonic::transport::Channel;

use crate::cli::confirm::{AtTerminal, Confirm};
use crate::cli::error::CliError;
use crate::cli::output;
use crate::wire::v1::list_service_client::ListServiceClient;
use crate::wire::v1::{GetListRequest, ListChanges, ListHead, ReplaceListResponse};

/// Asks before the list becomes empty, or less than half as long as it is on the server.
///
/// # Errors
/// If the person says no, nobody is there to ask, or the server does not answer.
pub(super) async fn ask(
    client: &ListServiceClient<Channel>,
    head: &ListHead,
    entries: usize,
    confirm: Confirm,
) -> Result<(), CliError> {
    // The server refuses an empty list that may not be empty.
    let is_refused = entries == 0 && !head.may_be_empty;
    if confirm.yes || is_refused {
        return Ok(());
    }
    let request = GetListRequest {
        list_id: head.list_id.clone(),
        page_size: 1,
        ..Default::default()
    };
    let before = match client.clone().get_list(request).await {
        Ok(answer) => answer.into_inner().list.unwrap_or_default().entry_count,
        Err(status) if status.code() == Code::NotFound => 0,
        Err(status) => return Err(status.into()),
    };
    if !loses_most(before, entries) {
        return Ok(());
    }
    let (before, after) = (u64::from(before), u64::try_from(entries).unwrap_or(u64::MAX));
    let what = format!(
        "the list {} has {}, and the file has {}: this removes at least {} of them",
        head.list_id,
        output::counted_as(before, "entry", "entries"),
        output::grouped(after),
        output::grouped(before.saturating_sub(after)),
    );
    confirm.check(&what, &mut AtTerminal)
}

/// Prints what the replacement would change.
///
/// # Errors
/// If the output cannot be written.
pub(super) fn print(answer: &ReplaceListResponse) -> Result<(), CliError> {
    let list = answer.list.clone().unwrap_or_default();
    let ListChanges {
        entries_before,
        removed,
        added,
        altered,
    } = answer.changes.unwrap_or_default();
    let mut card = output::card();
    output::add(&mut card, "list", &list.list_id);
    output::add(&mut card, "entries now", output::grouped(entries_before.into()));
    output::add(&mut card, "entries then", output::grouped(list.entry_count.into()));
    output::add(&mut card, "removed", output::grouped(removed.into()));
    output::add(&mut card, "added", output::grouped(added.into()));
    output::add(&mut card, "altered", output::grouped(altered.into()));
    output::line(card.trim_fmt())?;
    output::note("this was a dry run: nothing was changed")
}

fn loses_most(before: u32, after: usize) -> bool {
    let before = usize::try_from(before).unwrap_or(usize::MAX);
    before > 0 && after.saturating_mul(2) < before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_list_may_go_without_a_question() {
        assert!(loses_most(1, 0) && loses_most(5, 2) && loses_most(100, 49));
        assert!(!loses_most(0, 0) && !loses_most(4, 2) && !loses_most(100, 50) && !loses_most(2, 3));
    }
}
