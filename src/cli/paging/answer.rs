//! The answers of the server with a page of a list.

use serde::Serialize;

use crate::wire::v1::{
    Case, CaseMember, GetCaseResponse, GetListResponse, ListCasesResponse, ListEntry, ListNotesResponse,
    ListNumbersResponse, ListPendingCommentsResponse, ListReporterReportsResponse, ListReportsResponse,
    ListSimilarNumbersResponse, Note, NumberRow, SimilarNumber, StoredReport,
};

/// The items on all pages of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Total {
    /// Exactly so many at the time of the page.
    Exact(u32),
    /// At most so many.
    AtMost(u32),
}

/// An answer of the server with a page of a list.
pub(in crate::cli) trait PageAnswer: Serialize {
    /// An item of the list.
    type Item;

    /// The name of the field of the items in JSON.
    const ITEMS: &'static str;

    /// The items of the page.
    fn items(&self) -> &[Self::Item];

    /// The same, to be changed.
    fn items_mut(&mut self) -> &mut Vec<Self::Item>;

    /// The token of the next page; empty on the last one.
    fn next(&self) -> &str;

    /// Sets the token of the next page.
    fn set_next(&mut self, token: String);

    /// The items on all pages.
    fn total(&self) -> Total;
}

/// Says of each answer: the field and the type of its items, and its total.
macro_rules! page_answers {
    ($($answer:ty: $items:ident [$item:ty], |$of:ident| $total:expr;)*) => {$(
        impl PageAnswer for $answer {
            type Item = $item;

            const ITEMS: &'static str = stringify!($items);

            fn items(&self) -> &[$item] {
                &self.$items
            }

            fn items_mut(&mut self) -> &mut Vec<$item> {
                &mut self.$items
            }

            fn next(&self) -> &str {
                &self.next_page_token
            }

            fn set_next(&mut self, token: String) {
                self.next_page_token = token;
            }

            fn total(&self) -> Total {
                let $of = self;
                $total
            }
        }
    )*};
}

page_answers! {
    ListNumbersResponse: numbers [NumberRow], |page| total(page.total_size, page.total_is_estimate);
    ListSimilarNumbersResponse: numbers [SimilarNumber], |page| Total::Exact(page.total_size);
    ListReportsResponse: reports [StoredReport], |page| Total::Exact(page.total_size);
    ListReporterReportsResponse: reports [StoredReport], |page| total(page.total_size, page.total_is_estimate);
    ListPendingCommentsResponse: reports [StoredReport], |page| Total::Exact(page.total_size);
    ListCasesResponse: cases [Case], |page| Total::Exact(page.total_size);
    GetCaseResponse: members [CaseMember], |page| Total::Exact(page.total_size);
    ListNotesResponse: notes [Note], |page| Total::Exact(page.total_size);
    GetListResponse: entries [ListEntry], |page| Total::Exact(page.total_size);
}

const fn total(size: u32, is_estimate: bool) -> Total {
    if is_estimate {
        Total::AtMost(size)
    } else {
        Total::Exact(size)
    }
}
