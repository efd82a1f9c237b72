//! The kinds of stored records and side records, listed once.
//!
//! The list is [`stored_kinds`]. The enums below, the tables of every store, and the tables of the index are made from
//! it, so that a new kind is one line here and one `impl` for its type.

use super::record::{SideRecord, StoredRecord};

/// Calls the macro `$then` with the list of all kinds: for each its name, the integer that is stored for it, and its
/// type. The integers of records and of side records are one series, since both share the keys of a store. An integer
/// is never used again for another kind.
macro_rules! stored_kinds {
    ($then:ident) => {
        $then! {
            records {
                /// A number.
                Number = 1 => crate::domain::state::NumberState,
                /// A case.
                Case = 2 => crate::domain::case::Case,
                /// A list of numbers and prefixes.
                List = 5 => crate::domain::list::List,
                /// A note on a number or a case.
                Note = 6 => crate::domain::note::Note,
                /// A principal: a party that uses the server, with its keys.
                Principal = 8 => crate::domain::identity::Principal,
                /// What a tenant shares with others.
                Sharing = 10 => crate::domain::visibility::Sharing,
                /// A step in the history of a case.
                CaseStep = 12 => crate::domain::case_history::CaseStep,
                /// What a tenant accepts from another.
                Acceptance = 14 => crate::domain::acceptance::Acceptance,
                /// What is remembered of an erased number.
                ErasedNumber = 18 => crate::domain::erased::ErasedNumber,
            }
            side_records {
                /// The state of a reporter: recent claims, and the reports counted today.
                Reporter = 3 => crate::domain::reporter::ReporterState,
                /// The part of a tenant's daily quota that is already leased to instances.
                Tenant = 4 => crate::domain::quota::TenantDay,
                /// A part of the memory of a tenant's requests.
                Requests = 7 => crate::domain::request_memory::RequestMemory,
                /// What changes of principals claim before they are made.
                Claims = 11 => crate::domain::identity::Claims,
                /// When API keys were last used.
                KeyUses = 13 => crate::domain::identity::KeyUses,
                /// The erasures in progress of a shard.
                Erasures = 15 => crate::domain::erasure::Erasures,
                /// The latest time at which old data was dropped.
                LatestTime = 17 => crate::domain::latest_time::LatestTime,
            }
        }
    };
}
pub(crate) use stored_kinds;

macro_rules! define_kinds {
    (
        records { $($(#[$doc:meta])* $kind:ident = $code:literal => $record:ty,)* }
        side_records { $($(#[$side_doc:meta])* $side:ident = $side_code:literal => $state:ty,)* }
    ) => {
        /// The kinds of records. A record has a version and a change-log entry for each write.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum RecordKind {
            $($(#[$doc])* $kind = $code,)*
        }

        impl RecordKind {
            /// All kinds, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// The kind with this integer.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// Its name in the keys of stores.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => <$record as StoredRecord>::NAME,)*
                }
            }
        }

        /// The kinds of side records. A side record has a version and no change-log entry, so no index holds it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum SideKind {
            $($(#[$side_doc])* $side = $side_code,)*
        }

        impl SideKind {
            /// All kinds, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$side),*];

            /// Its name in the keys of stores.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$side => <$state as SideRecord>::NAME,)*
                }
            }
        }

        // The list and the types agree.
        const _: () = {
            $(assert!(<$record as StoredRecord>::KIND as u8 == $code);)*
            $(assert!(<$state as SideRecord>::KIND as u8 == $side_code);)*
        };
    };
}
stored_kinds!(define_kinds);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_names_are_one_series() {
        let records = RecordKind::ALL.iter().map(|kind| (*kind as u8, kind.name()));
        let sides = SideKind::ALL.iter().map(|kind| (*kind as u8, kind.name()));
        let all: Vec<(u8, &str)> = records.chain(sides).collect();
        let codes: BTreeSet<u8> = all.iter().map(|(code, _)| *code).collect();
        let names: BTreeSet<&str> = all.iter().map(|(_, name)| *name).collect();
        assert!(codes.len() == all.len() && names.len() == all.len());
        assert!(!codes.contains(&0), "0 is the key of the store's identity");
        assert!(
            names
                .iter()
                .all(|name| !["head", "log", "rows", "audit"].contains(name))
        );
        for kind in RecordKind::ALL {
            assert_eq!(RecordKind::from_code(*kind as u8), Some(*kind));
        }
    }

    /// A change of these makes every existing store unreadable.
    #[test]
    fn codes_and_names_are_frozen() {
        let records: Vec<_> = RecordKind::ALL.iter().map(|kind| (*kind as u8, kind.name())).collect();
        assert_eq!(
            records,
            [
                (1, "number"),
                (2, "case"),
                (5, "list"),
                (6, "note"),
                (8, "principal"),
                (10, "sharing"),
                (12, "step"),
                (14, "acceptance"),
                (18, "erased")
            ]
        );
        let sides: Vec<_> = SideKind::ALL.iter().map(|kind| (*kind as u8, kind.name())).collect();
        assert_eq!(
            sides,
            [
                (3, "reporter"),
                (4, "tenant"),
                (7, "requests"),
                (11, "claims"),
                (13, "keyuses"),
                (15, "erasures"),
                (17, "latest-time")
            ]
        );
    }
}
