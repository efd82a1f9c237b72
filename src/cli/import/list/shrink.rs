//! Asks before a list loses or alters most of its entries: the file is then probably another one, an export that was cut
//! short, or one with another order of its columns.

use crate::cli::confirm::{AtTerminal, Confirm};
use crate::cli::error::CliError;
use crate::cli::output;
use crate::wire::v1::{ListChanges, ListHead, ReplaceListResponse};

/// Asks before more than half of the entries that the list has on the server go or mean something else, whether others come
/// or not.
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
    let changed = u64::from(changes.removed) + u64::from(changes.altered);
    changed * 2 > changes.entries_before.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_list_may_go_without_a_question() {
        let changed = |entries_before, removed, added, altered| ListChanges {
            entries_before,
            removed,
            added,
            altered,
        };
        let asks = |entries_before, removed, added| loses_most(&changed(entries_before, removed, added, 0));
        assert!(loses_most(&changed(3, 0, 0, 3)) && loses_most(&changed(4, 1, 0, 2)));
        assert!(!loses_most(&changed(4, 1, 0, 1)));
        assert!(asks(1, 1, 0) && asks(5, 3, 0) && asks(100, 51, 0) && asks(1_000, 1_000, 1_000));
        assert!(!asks(0, 0, 5) && !asks(4, 2, 0) && !asks(100, 50, 50) && !asks(2, 0, 1));
    }
}
