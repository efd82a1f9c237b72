//! The answers of the server with a page of a list.

use serde::Serialize;

use crate::wire::v1::{
    AuditEvent, Case, CaseMember, GetCaseResponse, GetListResponse, ListAuditEventsResponse, ListCasesResponse,
    ListEntry, ListNotesResponse, ListNumbersResponse, ListPendingCommentsResponse, ListPrincipalsResponse,
    ListReporterReportsResponse, ListReportsResponse, ListSharedWithMeResponse, ListSharingsResponse,
    ListSimilarNumbersResponse, Note, NumberRow, Principal, SharedThing, Sharing, SimilarNumber, StoredReport,
};

/// The items on all pages of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Total {
    /// Exactly so many at the time of the page.
    Exact(u32),
    /// At most so many.
    AtMost(u32),
    /// It is not known how many.
    Unknown,
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

    /// Number of these items, as the total and the size of a page count them.
    fn count(items: &[Self::Item]) -> usize;
}

/// Says of each answer: the field and the type of its items, how they are counted, and its total.
macro_rules! page_answers {
    ($($answer:ty: $items:ident [$item:ty] by $count:path, |$of:ident| $total:expr;)*) => {$(
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

            fn count(items: &[$item]) -> usize {
                $count(items)
            }
        }
    )*};
}

page_answers! {
    ListNumbersResponse: numbers [NumberRow] by each, |page| total(page.total_size, page.total_is_estimate);
    ListSimilarNumbersResponse: numbers [SimilarNumber] by each, |page| Total::Exact(page.total_size);
    ListReportsResponse: reports [StoredReport] by each, |page| Total::Exact(page.total_size);
    ListReporterReportsResponse: reports [StoredReport] by each, |page| total(page.total_size, page.total_is_estimate);
    ListPendingCommentsResponse: reports [StoredReport] by each, |page| Total::Exact(page.total_size);
    ListAuditEventsResponse: events [AuditEvent] by each, |_page| Total::Unknown;
    ListCasesResponse: cases [Case] by each, |page| Total::Exact(page.total_size);
    GetCaseResponse: members [CaseMember] by numbers, |page| Total::Exact(page.total_size);
    ListNotesResponse: notes [Note] by each, |page| Total::Exact(page.total_size);
    ListPrincipalsResponse: principals [Principal] by each, |page| Total::Exact(page.total_size);
    ListSharingsResponse: sharings [Sharing] by each, |page| Total::Exact(page.total_size);
    ListSharedWithMeResponse: things [SharedThing] by each, |_page| Total::Unknown;
    GetListResponse: entries [ListEntry] by each, |page| Total::Exact(page.total_size);
}

const fn total(size: u32, is_estimate: bool) -> Total {
    if is_estimate {
        Total::AtMost(size)
    } else {
        Total::Exact(size)
    }
}

const fn each<T>(items: &[T]) -> usize {
    items.len()
}

/// The numbers of members. A number with several roles in a case is several members, one after the other.
fn numbers(members: &[CaseMember]) -> usize {
    members.chunk_by(|one, next| one.e164 == next.e164).count()
}
