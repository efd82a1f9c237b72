//! Records for the tests of the codecs: arbitrary ones, and fixed ones whose bytes are frozen.
//!
//! The larger strategies are boxed: nested ones overflow the stack of a test thread.

mod lists;
mod reporters;
mod rows;

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::domain::actor::Actor;
use crate::domain::bitmap::DistinctCount;
use crate::domain::brand::Brand;
use crate::domain::call::Ledger;
use crate::domain::case::{Case, CaseEvent, CaseLink};
use crate::domain::case_history::{CaseHistory, CaseStep};
use crate::domain::comment::{CommentFacts, CommentLanguage, PendingComments};
use crate::domain::evidence::{BrandReporters, Evidence, EvidenceSums, LedgerTotals, NamedBrand, SourceSet, WeekSet};
use crate::domain::ids::{Area, CaseId, Feed, ImportId, ReportId, SenderHash};
use crate::domain::kinds::{
    CaseRole, CaseStatus, Category, Channel, CommentModeration, ReportRole, Source, StatusKind,
};
use crate::domain::report::{ReportBody, ReportRow, RowState};
use crate::domain::reporter_table::ReporterTable;
use crate::domain::requests::Requests;
use crate::domain::state::NumberState;
use crate::domain::status::{StatusEntry, Statuses};
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;
use crate::number::E164;

pub(super) use lists::{full_list, list, list_of_owners, list_with_words};
pub(super) use reporters::{full_reporter, reporter};
pub(super) use rows::row;

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// A row as an import of the FTC's files makes it.
pub(super) fn imported_row() -> ReportRow {
    let noon = Timestamp::from_secs(1_609_416_000);
    let id = ReportId::parse("0123456789abcdef0123456789abcdef").unwrap();
    let tombstone = ReportRow::tombstone(id.clone(), noon);
    let body = ReportBody {
        category: Category::BusinessImpersonation,
        source: Source::RegulatorFeed,
        area: Some(Area::parse("315").unwrap()),
        feed: Some(Feed::parse("ftc-3col").unwrap()),
        ..tombstone.body
    };
    let import = ImportId::parse("fedcba9876543210fedcba9876543210").unwrap();
    ReportRow::accepted(id, body, 1.0, noon, Some(import))
}

/// A row with every field set.
pub(super) fn full_row() -> ReportRow {
    let body = ReportBody {
        category: Category::TechSupportScam,
        not_spam: true,
        source: Source::Consumer,
        role: Some(ReportRole::ToldToCall),
        channel: Some(Channel::PopUp),
        recorded: Some(false),
        brand: Some(Brand::parse("Microsoft").unwrap()),
        ledger: Ledger::Unauthenticated,
        reporter: Some(rows::REPORTER),
        area: Some(Area::parse("DE-BY").unwrap()),
        country: Some(*b"DE"),
        occurred_at: Timestamp::from_millis(1_700_000_000_123),
        feed: Some(Feed::parse("app_1").unwrap()),
        comment: Some("Sie sagten, es sei Windows …".into()),
        callbacks: vec!["+18005550199".parse().unwrap(), "+4930123456".parse().unwrap()],
    };
    ReportRow {
        id: ReportId::parse("report 1/ä").unwrap(),
        content: 0x1122_3344_5566_7788,
        state: RowState::Withdrawn,
        received_at: Timestamp::from_millis(1_700_000_060_000),
        arrived_at: Timestamp::from_millis(1_700_000_060_500),
        import: Some(ImportId::parse("batch-7").unwrap()),
        weight: 0.2,
        body,
        revision: 3,
        comment: CommentFacts {
            language: CommentLanguage::parse("de").ok(),
            moderation: CommentModeration::Approved,
        },
        sender: SenderHash::from_raw(0x2122_2324_2526_2728),
        withdrawn_by_decision: true,
        unknown_fields: UnknownFields::new(&[0xee, 0xff]),
    }
}

/// A number with every field set.
pub(super) fn full_number() -> NumberState {
    let sums = |sum: f64| {
        let ledgers = [1.0, 0.25, 0.1].map(|factor| LedgerTotals {
            short: sum * factor,
            long: 1.0,
            not_spam: sum,
            reports: 100,
            areas: DistinctCount::from_bits(u128::MAX >> 3),
            sources: SourceSet::from_bits(0xc021),
            weeks: WeekSet::from_parts(2_645, 0x8000_0003).unwrap(),
            first_at: Some(Timestamp::from_secs(1_600_000_000)),
            last_at: Some(Timestamp::from_secs(1_600_100_000)),
        });
        let mut sums = EvidenceSums::of_totals(ledgers);
        sums.categories = vec![(Category::TechSupportScam, sum), (Category::Telemarketing, 1.0)];
        sums.brands = vec![NamedBrand {
            reporters: BrandReporters::from_parts([7, 0x0102_0304].into_iter()),
            ..NamedBrand::new(Brand::parse("Amazon").unwrap(), 0.5)
        }];
        sums.reporters = DistinctCount::from_bits(1 << 5 | 1 << 127);
        sums
    };
    let mut statuses = Statuses::default();
    statuses.set(StatusEntry {
        kind: StatusKind::Blocked,
        reason: "seen in two cases".into(),
        author: Actor::parse("ana").unwrap(),
        set_at: Timestamp::from_secs(1_600_000_001),
        expires_at: Some(Timestamp::from_secs(1_700_000_000)),
    });
    NumberState {
        evidence: Evidence {
            as_of: Timestamp::from_secs(1_600_200_000),
            proven: sums(0.75),
            unproven: sums(0.3),
            first_reporters: vec![(Ledger::Unauthenticated, 3), (Ledger::Unknown, u64::MAX)],
            reporters_seen: DistinctCount::from_bits(1 << 5 | 1 << 64),
            reports: 300,
            not_spam_reports: 2,
            first_reported: Some(Timestamp::from_secs(1_600_000_000)),
            last_reported: Some(Timestamp::from_secs(1_600_200_000)),
        },
        evidence_version: 0xa1b2_c3d4,
        statuses,
        links: vec![CaseLink {
            case: CaseId::parse("c-1").unwrap(),
            role: CaseRole::Callback,
            confidence: 0.9,
            source: Source::Analyst,
            from: Some(Timestamp::from_secs(1_500_000_000)),
            to: None,
            linked_at: Timestamp::from_secs(1_600_000_002),
            actor: Actor::parse("bo").unwrap(),
        }],
        rows: 305,
        buckets: 10,
        texts: 7,
        pending: Some(Box::new(PendingComments {
            count: 3,
            oldest: Timestamp::from_secs(1_600_000_002),
        })),
        reset_before: Some(Timestamp::from_secs(1_400_000_000)),
        requests: Requests::from_pairs([(1u128 << 100, 5)].into_iter()),
        reporter_table: Some(Box::new(ReporterTable {
            reporters: 290,
            buckets: 10,
            stamp: 0x0123_4567_89ab_cdef,
        })),
        unknown_fields: UnknownFields::new(&[0xee]),
    }
}

/// A case with every field set.
pub(super) fn full_case() -> Case {
    Case {
        id: CaseId::parse("c-1").unwrap(),
        title: "Pop-ups that name Microsoft".into(),
        category: Category::TechSupportScam,
        brand: Some(Brand::parse("Microsoft").unwrap()),
        summary: "Two call centres, one script.".into(),
        status: CaseStatus::Merged,
        agency: "CBI".into(),
        agency_reference: "2023/17".into(),
        source: Source::Analyst,
        created_at: Timestamp::from_secs(1_600_000_000),
        updated_at: Timestamp::from_secs(1_600_000_500),
        last_evidence_at: Some(Timestamp::from_secs(1_599_000_000)),
        history: CaseHistory::new(
            3,
            vec![CaseEvent {
                at: Timestamp::from_secs(1_600_000_000),
                actor: Actor::parse("ana").unwrap(),
                from: Some(CaseStatus::Draft),
                to: CaseStatus::Open,
                note: "first report".into(),
                agency: "CBI".into(),
            }],
        ),
        merged_into: Some(CaseId::parse("c-2").unwrap()),
        requests: Requests::from_pairs([(7, 9)].into_iter()),
        unknown_fields: UnknownFields::new(&[0xee]),
    }
}

fn text() -> impl Strategy<Value = Box<str>> {
    "\\PC{0,40}".prop_map(Box::from)
}

fn name<T: std::fmt::Debug>(pattern: &'static str, parse: fn(&str) -> T) -> impl Strategy<Value = T> {
    pattern.prop_map(move |text| parse(&text))
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![any::<i64>(), 946_684_800_000..2_000_000_000_000i64].prop_map(Timestamp::from_millis)
}

fn brand() -> impl Strategy<Value = Brand> {
    name("[a-zA-Z&]{1,12}|Ümläut[0-9]", |text| Brand::parse(text).unwrap())
}

fn actor() -> impl Strategy<Value = Actor> {
    name("[a-z@.]{1,12}", |text| Actor::parse(text).unwrap())
}

fn case_id() -> impl Strategy<Value = CaseId> {
    name("[0-9a-f]{32}|[a-zA-Z0-9_-]{1,64}", |text| CaseId::parse(text).unwrap())
}

fn newer() -> impl Strategy<Value = UnknownFields> {
    prop_oneof![Just(Vec::new()), vec(any::<u8>(), 1..9)].prop_map(|bytes| UnknownFields::new(&bytes))
}

fn requests() -> impl Strategy<Value = Requests> {
    vec(any::<(u128, u64)>(), 0..4).prop_map(|pairs| Requests::from_pairs(pairs.into_iter()))
}

fn number_of_plan() -> impl Strategy<Value = E164> {
    (10_000_000_000..19_999_999_999u64).prop_map(|digits| E164::from_digits(digits).unwrap())
}

fn body() -> BoxedStrategy<ReportBody> {
    let kinds = (
        select(Category::ALL),
        any::<bool>(),
        select(Source::ALL),
        of(select(ReportRole::ALL)),
        of(select(Channel::ALL)),
        any::<Option<bool>>(),
        select(&Ledger::ALL[..]),
    );
    let names = (
        of(brand()),
        of(rows::reporter_hash()),
        of(name("[0-9]{3}|[A-Z]{2}-[A-Z]{1,3}", |text| Area::parse(text).unwrap())),
        of(any::<[u8; 2]>()),
        of(name("ftc-3col|[a-z_-]{1,32}", |text| Feed::parse(text).unwrap())),
    );
    let rest = (time(), of(text()), vec(number_of_plan(), 0..3));
    (kinds, names, rest)
        .prop_map(|(kinds, names, rest)| {
            let (category, not_spam, source, role, channel, recorded, ledger) = kinds;
            let (brand, reporter, area, country, feed) = names;
            let (occurred_at, comment, callbacks) = rest;
            ReportBody {
                category,
                not_spam,
                source,
                role,
                channel,
                recorded,
                brand,
                ledger,
                reporter,
                area,
                country,
                occurred_at,
                feed,
                comment,
                callbacks,
            }
        })
        .boxed()
}

fn sum() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), (0.0f32..9.0).prop_map(f64::from), 0.0..1e9]
}

fn distinct() -> impl Strategy<Value = DistinctCount> {
    prop_oneof![Just(0), (0..128u32).prop_map(|bit| 1 << bit), any::<u128>()].prop_map(DistinctCount::from_bits)
}

fn weeks() -> impl Strategy<Value = WeekSet> {
    any::<(u16, u32)>().prop_map(|(newest, bits)| WeekSet::from_parts(newest, bits | 1).unwrap())
}

fn totals() -> BoxedStrategy<LedgerTotals> {
    let masses = (sum(), sum(), sum());
    let origins = (distinct(), any::<u16>().prop_map(SourceSet::from_bits), of(weeks()));
    (masses, any::<u32>(), origins, of(time()), of(time()))
        .prop_map(
            |((short, long, not_spam), reports, (areas, sources, weeks), first_at, last_at)| LedgerTotals {
                short,
                long,
                not_spam,
                reports,
                areas,
                sources,
                weeks: weeks.unwrap_or_default(),
                first_at,
                last_at,
            },
        )
        .boxed()
}

fn sums() -> BoxedStrategy<EvidenceSums> {
    let totals = || prop_oneof![Just(LedgerTotals::default()), totals()];
    let categories = vec((select(Category::ALL), sum()), 0..4);
    let named = (brand(), sum(), vec(any::<u32>(), 0..3)).prop_map(|(brand, mass, parts)| NamedBrand {
        reporters: BrandReporters::from_parts(parts.into_iter()),
        ..NamedBrand::new(brand, mass)
    });
    let brands = vec(named, 0..3);
    ([totals(), totals(), totals()], categories, brands, distinct())
        .prop_map(|(ledgers, categories, brands, reporters)| {
            let mut sums = EvidenceSums::of_totals(ledgers);
            sums.categories = categories;
            sums.brands = brands;
            sums.reporters = reporters;
            sums
        })
        .boxed()
}

fn evidence() -> BoxedStrategy<Evidence> {
    let sums = || prop_oneof![Just(EvidenceSums::default()), sums()];
    let counts = any::<(u32, u32)>();
    let times = (time(), of(time()), of(time()));
    (
        times,
        sums(),
        sums(),
        vec((select(&Ledger::ALL[..]), any::<u64>()), 0..4),
        distinct(),
        counts,
    )
        .prop_map(|(times, proven, unproven, first_reporters, reporters_seen, counts)| {
            let (as_of, first_reported, last_reported) = times;
            let (reports, not_spam_reports) = counts;
            Evidence {
                as_of,
                proven,
                unproven,
                first_reporters,
                reporters_seen,
                reports,
                not_spam_reports,
                first_reported,
                last_reported,
            }
        })
        .boxed()
}

fn statuses() -> BoxedStrategy<Statuses> {
    let entry = (select(StatusKind::ALL), text(), actor(), time(), of(time())).prop_map(
        |(kind, reason, author, set_at, expires_at)| StatusEntry {
            kind,
            reason,
            author,
            set_at,
            expires_at,
        },
    );
    vec(entry, 0..4)
        .prop_map(|entries| {
            let mut statuses = Statuses::default();
            entries.into_iter().for_each(|entry| statuses.set(entry));
            statuses
        })
        .boxed()
}

fn link() -> BoxedStrategy<CaseLink> {
    let times = (of(time()), of(time()), time());
    (
        case_id(),
        select(CaseRole::ALL),
        sum(),
        select(Source::ALL),
        times,
        actor(),
    )
        .prop_map(
            |(case, role, confidence, source, (from, to, linked_at), actor)| CaseLink {
                case,
                role,
                confidence,
                source,
                from,
                to,
                linked_at,
                actor,
            },
        )
        .boxed()
}

pub(super) fn number() -> impl Strategy<Value = NumberState> {
    let counts = any::<(u32, u32, u32, u32)>();
    let small = any::<(u32, u32)>().prop_map(|(version, rows)| (version, rows, 1, 0));
    let lists = (statuses(), vec(link(), 0..3), requests());
    let table = any::<(u32, u32, u64)>().prop_map(|(reporters, buckets, stamp)| ReporterTable {
        reporters,
        buckets: buckets.max(1),
        stamp,
    });
    let lists = (lists, of(table.prop_map(Box::new)));
    (evidence(), prop_oneof![counts, small], lists, of(time()), newer()).prop_map(
        |(evidence, counts, lists, reset_before, newer)| {
            let (evidence_version, rows, buckets, texts) = counts;
            let ((statuses, links, requests), reporter_table) = lists;
            NumberState {
                evidence,
                evidence_version,
                statuses,
                links,
                rows,
                buckets,
                texts,
                pending: reset_before.filter(|_| texts % 2 == 1).map(|oldest| {
                    let count = texts;
                    Box::new(PendingComments { count, oldest })
                }),
                reset_before,
                requests,
                reporter_table,
                unknown_fields: newer,
            }
        },
    )
}

fn event() -> impl Strategy<Value = CaseEvent> {
    let step = (of(select(CaseStatus::ALL)), select(CaseStatus::ALL));
    (time(), actor(), step, text(), text()).prop_map(|(at, actor, (from, to), note, agency)| CaseEvent {
        at,
        actor,
        from,
        to,
        note,
        agency,
    })
}

pub(super) fn case_step() -> impl Strategy<Value = CaseStep> {
    (case_id(), any::<u32>(), event(), newer()).prop_map(|(case, number, event, unknown_fields)| CaseStep {
        case,
        number,
        event,
        unknown_fields,
    })
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    let texts = (text(), text(), text(), text());
    let kinds = (select(Category::ALL), select(CaseStatus::ALL), select(Source::ALL));
    let times = (time(), time(), of(time()));
    let rest = ((any::<u32>(), vec(event(), 0..4)), of(case_id()), requests(), newer());
    (case_id(), texts, kinds, of(brand()), times, rest).prop_map(|(id, texts, kinds, brand, times, rest)| {
        let (title, summary, agency, agency_reference) = texts;
        let (category, status, source) = kinds;
        let (created_at, updated_at, last_evidence_at) = times;
        let (history, merged_into, requests, newer) = rest;
        Case {
            id,
            title,
            category,
            brand,
            summary,
            status,
            agency,
            agency_reference,
            source,
            created_at,
            updated_at,
            last_evidence_at,
            history: CaseHistory::new(history.0, history.1),
            merged_into,
            requests,
            unknown_fields: newer,
        }
    })
}
