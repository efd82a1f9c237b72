//! Asks before a list loses most of its entries: the file is then probably another one, or an export that was cut short.

use crate::cli::confirm::{AtTerminal, Confirm};
use crate::cli::error::CliError;
use crate::cli::output;
use crate::wire::v1::{ListChanges, ListHead, ReplaceListResponse};

/// Asks before the list loses more than half of the entries that it has on the server, whether others come or not.
///
/// # Errors
/// If the person says no, or nobody is there to ask.
pub(super) fn ask(head: &ListHead, changes: &ListChanges, confirm: Confirm) -> Result<(), CliError> {
    if !loses_most(changes) {
        return Ok(());
    }
    let what = format!(
        "the list {} has {}: {}",
        head.list_id,
        output::counted_as(changes.entries_before.into(), "entry", "entries"),
        shown(changes),
    );
    confirm.check(&what, &mut AtTerminal)
}

/// The changes in words.
pub(super) fn shown(changes: &ListChanges) -> String {
    format!(
        "{} removed, {} added, {} altered",
        output::grouped(changes.removed.into()),
        output::grouped(changes.added.into()),
        output::grouped(changes.altered.into()),
    )
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

fn loses_most(changes: &ListChanges) -> bool {
    u64::from(changes.removed) * 2 > changes.entries_before.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_list_may_go_without_a_question() {
        let asks = |entries_before, removed, added| {
            loses_most(&ListChanges {
                entries_before,
                removed,
                added,
                altered: 0,
            })
        };
        assert!(asks(1, 1, 0) && asks(5, 3, 0) && asks(100, 51, 0) && asks(1_000, 1_000, 1_000));
        assert!(!asks(0, 0, 5) && !asks(4, 2, 0) && !asks(100, 50, 50) && !asks(2, 0, 1));
    }
}
