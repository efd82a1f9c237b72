//! The call-time rules as a table of all combinations: exactly one row decides each combination, every row decides at
//! least one, and the program decides the same.

use std::time::Duration;

use ringwarden::domain::call::Signing;
use ringwarden::domain::kinds::{Action, Basis, RiskLevel, StatusKind};
use ringwarden::domain::policy::{Bar, Decision, Facts, Policy, Protection, TenantRule};
use ringwarden::domain::score::{Verdict, Withheld};

/// The conditions, and the decision. `*` is anything, `a|b` one of them, `!a` anything else; `status` is the strongest
/// that holds for the call; `signed` is whether anything is known of the call's signature; `spared` are verified
/// businesses, those an analyst allowed, and those of whom an analyst says that others show their number, unless this call
/// is suspected to be one of theirs. The lifetime is in seconds.
const TABLE: &str = "
protection  list                    tenant        status                                signed  score    spared   action             basis          ttl
called      *                       *             *                                     *       *        *        ALLOW              PROTECTED      0
caller      *                       *             *                                     *       *        *        ALLOW              PROTECTED      3600
none        *                       *             PROTECTED                             *       *        *        ALLOW              PROTECTED      3600
none        *                       *             DO_NOT_ORIGINATE                      *       *        *        BLOCK              DNO            3600
none        do_not_originate        *             !PROTECTED|DO_NOT_ORIGINATE           *       *        *        BLOCK              DNO            3600
none        !do_not_originate       allow                 !PROTECTED|DO_NOT_ORIGINATE                 *      *       *       ALLOW             TENANT_POLICY  120
none        !do_not_originate       block                 !PROTECTED|DO_NOT_ORIGINATE                 *      *       *       BLOCK             TENANT_POLICY  120
none        !do_not_originate       ALLOW                 !PROTECTED|DO_NOT_ORIGINATE                 *      *       *       ALLOW             TENANT_POLICY  120
none        !do_not_originate       LABEL                 !PROTECTED|DO_NOT_ORIGINATE                 *      *       *       LABEL             TENANT_POLICY  120
none        !do_not_originate       CHALLENGE             !PROTECTED|DO_NOT_ORIGINATE                 *      *       *       CHALLENGE         TENANT_POLICY  120
none        !do_not_originate       SEND_TO_VOICEMAIL     !PROTECTED|DO_NOT_ORIGINATE                 *      *       *       SEND_TO_VOICEMAIL TENANT_POLICY  120
none        !do_not_originate       BLOCK                 !PROTECTED|DO_NOT_ORIGINATE                 *      *       *       BLOCK             TENANT_POLICY  120
none        !do_not_originate       none|WARN_BEFORE_DIAL BLOCKED                                     *      *       *       BLOCK             ANALYST        120
none        !do_not_originate       none|WARN_BEFORE_DIAL ALLOWED                                     no     *       *       ALLOW             ANALYST        60
none        !do_not_originate       none|WARN_BEFORE_DIAL ALLOWED                                     yes    *       *       ALLOW             ANALYST        0
none        impossible|unassigned   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED *      *       *       BLOCK             INVALID_NUMBER 3600
none        unknown_length          none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED no     unknown *       LABEL             INVALID_NUMBER 60
none        unknown_length          none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED no     low     no      LABEL             INVALID_NUMBER 60
none        unknown_length          none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes    unknown *       LABEL             INVALID_NUMBER 0
none        unknown_length          none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes    low     no      LABEL             INVALID_NUMBER 0
none        unknown_length          none|WARN_BEFORE_DIAL VERIFIED_BUSINESS                           no     low     yes     ALLOW             ANALYTICS      60
none        unknown_length          none|WARN_BEFORE_DIAL SPOOFED_VICTIM                              no     low     yes     LABEL             INVALID_NUMBER 60
none        unknown_length          none|WARN_BEFORE_DIAL VERIFIED_BUSINESS                           yes    low     yes     ALLOW             ANALYTICS      0
none        unknown_length          none|WARN_BEFORE_DIAL SPOOFED_VICTIM                              yes    low     yes     LABEL             INVALID_NUMBER 0
none        none                    none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED no     unknown *       ALLOW             NO_EVIDENCE    60
none        none                    none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes    unknown *       ALLOW             NO_EVIDENCE    0
none        none                    none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED no     low     *       ALLOW             ANALYTICS      60
none        none                    none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes    low     *       ALLOW             ANALYTICS      0
none        none|unknown_length     none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED no     label   *       LABEL             ANALYTICS      120
none        none|unknown_length     none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes    label   *       LABEL             ANALYTICS      0
none        none|unknown_length     none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED no     block   yes     LABEL             ANALYTICS      120
none        none|unknown_length     none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes    block   yes     LABEL             ANALYTICS      0
none        none|unknown_length     none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED no     block   no      BLOCK             ANALYTICS      120
none        none|unknown_length     none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes    block   no      BLOCK             ANALYTICS      0
";

const SIGNINGS: [Signing; 6] = [
    Signing::NotGiven,
    Signing::A,
    Signing::B,
    Signing::C,
    Signing::Unsigned,
    Signing::Failed,
];

/// One combination.
struct Combination {
    facts: Facts,
    /// The words of the table's columns.
    words: [String; 7],
}

struct Row {
    conditions: Vec<String>,
    action: Action,
    basis: Basis,
    ttl: Duration,
}

impl Row {
    fn matches(&self, words: &[String; 7]) -> bool {
        self.conditions
            .iter()
            .zip(words)
            .all(|(condition, word)| match condition.strip_prefix('!') {
                Some(others) => others.split('|').all(|other| other != word),
                None => condition == "*" || condition.split('|').any(|one| one == word),
            })
    }
}

fn table() -> Vec<Row> {
    let rows = TABLE.trim().lines().skip(1).map(|line| {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(words.len(), 10, "{line}");
        Row {
            conditions: words[..7].to_vec(),
            action: Action::from_name(&words[7]).unwrap(),
            basis: Basis::from_name(&words[8]).unwrap(),
            ttl: Duration::from_secs(words[9].parse().unwrap()),
        }
    });
    rows.collect()
}

fn protections() -> Vec<(Option<Protection>, &'static str)> {
    vec![
        (None, "none"),
        (Some(Protection::EmergencyCalled), "called"),
        (Some(Protection::ProtectedCalled), "called"),
        (Some(Protection::CallbackWindow), "called"),
        (Some(Protection::Caller), "caller"),
    ]
}

fn bars() -> Vec<(Option<Bar>, &'static str)> {
    vec![
        (None, "none"),
        (Some(Bar::DoNotOriginate), "do_not_originate"),
        (Some(Bar::Impossible), "impossible"),
        (Some(Bar::Unassigned), "unassigned"),
        (Some(Bar::UnknownLength), "unknown_length"),
    ]
}

fn tenants() -> Vec<(Option<TenantRule>, &'static str)> {
    let mut rules = vec![
        (None, "none"),
        (Some(TenantRule::Allow), "allow"),
        (Some(TenantRule::Block), "block"),
    ];
    for action in Action::ALL {
        rules.push((Some(TenantRule::Prefix(*action)), action.name()));
    }
    rules
}

fn statuses() -> Vec<Option<StatusKind>> {
    let given = StatusKind::ALL.iter().copied().map(Some);
    std::iter::once(None).chain(given).collect()
}

/// Every combination of what the rules look at.
fn for_each(mut check: impl FnMut(&Combination)) {
    let bools = [false, true];
    let scores = [
        (None, "unknown"),
        (Some(30.0), "low"),
        (Some(60.0), "label"),
        (Some(80.0), "block"),
    ];
    for (protection, protection_word) in protections() {
        for (bar, bar_word) in bars() {
            for (tenant, tenant_word) in tenants() {
                for given in statuses() {
                    for (value, score_word) in scores {
                        for signing in SIGNINGS {
                            for (spoof_suspected, owner_protected) in bools.map(|s| bools.map(|o| (s, o))).concat() {
                                let status = given.filter(|kind| kind.holds_for(signing, spoof_suspected));
                                let vouched =
                                    matches!(status, Some(StatusKind::Allowed | StatusKind::VerifiedBusiness));
                                let victim = status == Some(StatusKind::SpoofedVictim);
                                let spared = vouched || (victim && !spoof_suspected);
                                let verdict = Verdict {
                                    value,
                                    level: match value {
                                        None => RiskLevel::Unknown,
                                        Some(_) if vouched => RiskLevel::Trusted,
                                        Some(_) => RiskLevel::High,
                                    },
                                    status,
                                    spoof_suspected,
                                    owner_protected,
                                    ..Verdict::NOT_SCORED
                                };
                                check(&Combination {
                                    facts: Facts {
                                        about_to_dial: false,
                                        protection,
                                        bar,
                                        tenant,
                                        single_report_blocks: false,
                                        signing,
                                        verdict,
                                    },
                                    words: [
                                        protection_word.to_owned(),
                                        bar_word.to_owned(),
                                        tenant_word.to_owned(),
                                        status.map_or("NONE", StatusKind::name).to_owned(),
                                        if signing == Signing::NotGiven { "no" } else { "yes" }.to_owned(),
                                        score_word.to_owned(),
                                        if spared { "yes" } else { "no" }.to_owned(),
                                    ],
                                });
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn every_combination_is_decided_by_one_row_and_every_row_decides() {
    let table = table();
    let mut decided = vec![0usize; table.len()];
    let mut combinations = 0;
    for_each(|combination| {
        combinations += 1;
        let words = &combination.words;
        let rows: Vec<_> = (0..table.len()).filter(|place| table[*place].matches(words)).collect();
        assert_eq!(rows.len(), 1, "{words:?} is decided by rows {rows:?}");
        let row = &table[rows[0]];
        decided[rows[0]] += 1;
        let expected = Decision {
            action: row.action,
            basis: row.basis,
            ttl: row.ttl,
        };
        assert_eq!(Policy::DEFAULT.decide(&combination.facts), expected, "{words:?}");
        // A lookup finds reasons only where this says so.
        let explained = Policy::DEFAULT.may_hinder(&combination.facts);
        assert!(explained || expected.action == Action::Allow, "{words:?}");
    });
    assert_eq!(combinations, 5 * 5 * 9 * 9 * 4 * 6 * 4);
    let idle: Vec<_> = (0..table.len()).filter(|place| decided[*place] == 0).collect();
    assert!(idle.is_empty(), "rows {idle:?} decide nothing");
}

/// A withheld block is a label, and nothing else changes; the tenant may allow a single report to block.
#[test]
fn a_withheld_score_labels_where_it_would_block_and_changes_nothing_else() {
    let mut held = 0;
    for_each(|combination| {
        let free = Policy::DEFAULT.decide(&combination.facts);
        for withheld in [Withheld::Established, Withheld::SingleReport] {
            for single_report_blocks in [false, true] {
                let facts = Facts {
                    single_report_blocks,
                    verdict: Verdict {
                        withheld: Some(withheld),
                        ..combination.facts.verdict
                    },
                    ..combination.facts
                };
                let permitted = withheld == Withheld::SingleReport && single_report_blocks;
                let labelled = free.basis == Basis::Analytics && free.action == Action::Block && !permitted;
                let expected = Decision {
                    action: if labelled { Action::Label } else { free.action },
                    ..free
                };
                assert_eq!(Policy::DEFAULT.decide(&facts), expected, "{:?}", combination.words);
                assert!(Policy::DEFAULT.may_hinder(&facts) || expected.action == Action::Allow);
                held += usize::from(labelled);
            }
        }
    });
    assert!(held > 1_000, "{held}");
}

/// For a call about to be dialled there is a warning or none, by the rule that would have decided over a call.
#[test]
fn calls_about_to_be_dialled_are_warned_about_and_never_refused() {
    let (mut warned, mut left_alone) = (0, 0);
    for_each(|combination| {
        let called = Policy::DEFAULT.decide(&combination.facts);
        for case_floor in [false, true] {
            let verdict = Verdict {
                case_floor,
                ..combination.facts.verdict
            };
            let facts = Facts {
                about_to_dial: true,
                verdict,
                ..combination.facts
            };
            let dialled = Policy::DEFAULT.decide(&facts);
            assert!(Policy::DEFAULT.may_hinder(&facts) || dialled.action == Action::Allow);
            if dialled.basis == Basis::TenantPolicy && called.basis != Basis::TenantPolicy {
                // The one rule that is for dialling alone.
                assert_eq!(facts.tenant, Some(TenantRule::Prefix(Action::WarnBeforeDial)));
                assert_eq!(dialled.action, Action::WarnBeforeDial);
                continue;
            }
            assert_eq!((dialled.basis, dialled.ttl), (called.basis, called.ttl));
            let hindered = called.action != Action::Allow;
            let warn = match called.basis {
                // A bank's hotline never calls, and is there to be called.
                Basis::Protected | Basis::Dno => false,
                Basis::InvalidNumber => called.action == Action::Block,
                Basis::TenantPolicy | Basis::Analyst => hindered,
                Basis::Analytics | Basis::NoEvidence => {
                    case_floor || (hindered && combination.facts.verdict.status != Some(StatusKind::SpoofedVictim))
                }
                Basis::FailOpen => panic!("not a matter of rules"),
            };
            let expected = if warn { Action::WarnBeforeDial } else { Action::Allow };
            assert_eq!(dialled.action, expected, "{:?} {case_floor}", combination.words);
            *(if warn { &mut warned } else { &mut left_alone }) += 1;
        }
    });
    assert!(warned > 1_000 && left_alone > 1_000, "{warned}, {left_alone}");
}

#[test]
fn thresholds_are_the_first_scores_that_count() {
    let policy = Policy {
        label_from: 50.0,
        block_from: 70.5,
        ..Policy::DEFAULT
    };
    for (value, action) in [
        (0.0, Action::Allow),
        (49.999, Action::Allow),
        (50.0, Action::Label),
        (70.499, Action::Label),
        (70.5, Action::Block),
        (100.0, Action::Block),
    ] {
        let facts = Facts::of(Verdict {
            value: Some(value),
            level: RiskLevel::High,
            ..Verdict::NOT_SCORED
        });
        assert_eq!(policy.decide(&facts).action, action, "{value}");
    }
}
