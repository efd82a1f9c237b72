//! The call-time rules as a table of all combinations: exactly one row decides each combination, every row decides at
//! least one, and the program decides the same.

use std::time::Duration;

use ringwarden::domain::call::Signing;
use ringwarden::domain::kinds::{Action, Basis, OwnerCalls, RiskLevel, StatusKind};
use ringwarden::domain::origin::Origin;
use ringwarden::domain::policy::{Bar, Decision, Facts, OwnerSpoof, Policy, Protection, TenantRule};
use ringwarden::domain::score::{Verdict, Withheld};

/// The conditions, and the decision. `*` is anything, `a|b` one of them, `!a` anything else; `status` is the strongest
/// that holds for the call; `owner` says whether the known owner of the number calls, by a list or as a verified business;
/// `call` is how the call is signed; `spared` are those of whom an analyst says that others show their number, unless this
/// call is suspected to be one of theirs; `spoofed` is the setting for calls that are not of the owner. The lifetime is in
/// seconds.
const TABLE: &str = "
protection list                  tenant                status                                      owner      call                score       spared spoofed action            basis          ttl
called     *                     *                     *                                           *          *                   *           *      *       ALLOW             PROTECTED      0
caller     *                     *                     *                                           *          *                   *           *      *       ALLOW             PROTECTED      3600
none       *                     *                     PROTECTED                                   *          *                   *           *      *       ALLOW             PROTECTED      3600
none       *                     *                     DO_NOT_ORIGINATE                            *          *                   *           *      *       BLOCK             DNO            3600
none       do_not_originate      *                     !PROTECTED|DO_NOT_ORIGINATE                 *          *                   *           *      *       BLOCK             DNO            3600
none       !do_not_originate     *                     !PROTECTED|DO_NOT_ORIGINATE                 never      *                   *           *      *       BLOCK             DNO            3600
none       !do_not_originate     allow                 !PROTECTED|DO_NOT_ORIGINATE                 !never     *                   *           *      *       ALLOW             TENANT_POLICY  120
none       !do_not_originate     block                 !PROTECTED|DO_NOT_ORIGINATE                 !never     *                   *           *      *       BLOCK             TENANT_POLICY  120
none       !do_not_originate     ALLOW                 !PROTECTED|DO_NOT_ORIGINATE                 !never     *                   *           *      *       ALLOW             TENANT_POLICY  120
none       !do_not_originate     LABEL                 !PROTECTED|DO_NOT_ORIGINATE                 !never     *                   *           *      *       LABEL             TENANT_POLICY  120
none       !do_not_originate     CHALLENGE             !PROTECTED|DO_NOT_ORIGINATE                 !never     *                   *           *      *       CHALLENGE         TENANT_POLICY  120
none       !do_not_originate     SEND_TO_VOICEMAIL     !PROTECTED|DO_NOT_ORIGINATE                 !never     *                   *           *      *       SEND_TO_VOICEMAIL TENANT_POLICY  120
none       !do_not_originate     BLOCK                 !PROTECTED|DO_NOT_ORIGINATE                 !never     *                   *           *      *       BLOCK             TENANT_POLICY  120
none       !do_not_originate     none|WARN_BEFORE_DIAL BLOCKED                                     !never     *                   *           *      *       BLOCK             ANALYST        120
none       !do_not_originate     none|WARN_BEFORE_DIAL ALLOWED                                     none       unknown             *           *      *       ALLOW             ANALYST        60
none       !do_not_originate     none|WARN_BEFORE_DIAL ALLOWED                                     none       !unknown            *           *      *       ALLOW             ANALYST        0
none       !do_not_originate     none|WARN_BEFORE_DIAL ALLOWED                                     signed|yes unknown|A           *           *      *       ALLOW             ANALYST        0
none       !do_not_originate     none|WARN_BEFORE_DIAL ALLOWED                                     yes        B|unsigned          *           *      *       ALLOW             ANALYST        0
none       impossible|unassigned none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED !never     *                   *           *      *       BLOCK             INVALID_NUMBER 3600
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED signed|yes A                   unknown|low *      *       ALLOW             KNOWN_OWNER    0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED signed|yes A                   label       *      *       LABEL             ANALYTICS      0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED signed|yes A                   block       yes    *       LABEL             ANALYTICS      0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED signed|yes A                   block       no     *       BLOCK             ANALYTICS      0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes        C|failed            *           *      label   LABEL             KNOWN_OWNER    0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes        C|failed            *           *      block   BLOCK             KNOWN_OWNER    0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED signed     B|C|unsigned|failed *           *      label   LABEL             KNOWN_OWNER    0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED signed     B|C|unsigned|failed *           *      block   BLOCK             KNOWN_OWNER    0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes        unknown|B|unsigned  unknown     *      *       ALLOW             NO_EVIDENCE    0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes        unknown|B|unsigned  low         *      *       ALLOW             ANALYTICS      0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED yes        unknown|B|unsigned  label|block *      *       LABEL             ANALYTICS      0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED signed     unknown             unknown     *      *       ALLOW             NO_EVIDENCE    0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED signed     unknown             low         *      *       ALLOW             ANALYTICS      0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED signed     unknown             label|block *      *       LABEL             ANALYTICS      0
none       unknown_length        none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       unknown             unknown|low *      *       LABEL             INVALID_NUMBER 60
none       unknown_length        none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       !unknown            unknown|low *      *       LABEL             INVALID_NUMBER 0
none       none                  none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       unknown             unknown     *      *       ALLOW             NO_EVIDENCE    60
none       none                  none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       !unknown            unknown     *      *       ALLOW             NO_EVIDENCE    0
none       none                  none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       unknown             low         *      *       ALLOW             ANALYTICS      60
none       none                  none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       !unknown            low         *      *       ALLOW             ANALYTICS      0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       unknown             label       *      *       LABEL             ANALYTICS      120
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       unknown             block       yes    *       LABEL             ANALYTICS      120
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       unknown             block       no     *       BLOCK             ANALYTICS      120
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       !unknown            label       *      *       LABEL             ANALYTICS      0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       !unknown            block       yes    *       LABEL             ANALYTICS      0
none       none|unknown_length   none|WARN_BEFORE_DIAL !PROTECTED|DO_NOT_ORIGINATE|BLOCKED|ALLOWED none       !unknown            block       no     *       BLOCK             ANALYTICS      0
";

/// How many columns of the table are conditions.
const CONDITIONS: usize = 9;

const SIGNINGS: [(Signing, &str); 6] = [
    (Signing::NotGiven, "unknown"),
    (Signing::A, "A"),
    (Signing::B, "B"),
    (Signing::C, "C"),
    (Signing::Unsigned, "unsigned"),
    (Signing::Failed, "failed"),
];

/// One combination.
struct Combination {
    policy: Policy,
    facts: Facts,
    /// The words of the table's columns.
    words: [&'static str; CONDITIONS],
}

/// A condition on one word.
enum Condition {
    Any,
    OneOf(Vec<&'static str>),
    NoneOf(Vec<&'static str>),
}

struct Row {
    conditions: Vec<Condition>,
    action: Action,
    basis: Basis,
    ttl: Duration,
}

impl Condition {
    fn parse(text: &'static str) -> Self {
        match text.strip_prefix('!') {
            Some(others) => Self::NoneOf(others.split('|').collect()),
            None if text == "*" => Self::Any,
            None => Self::OneOf(text.split('|').collect()),
        }
    }

    fn holds_for(&self, word: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(words) => words.contains(&word),
            Self::NoneOf(words) => !words.contains(&word),
        }
    }
}

impl Row {
    fn matches(&self, words: &[&str; CONDITIONS]) -> bool {
        let mut conditions = self.conditions.iter().zip(words);
        conditions.all(|(condition, word)| condition.holds_for(word))
    }
}

fn table() -> Vec<Row> {
    let rows = TABLE.trim().lines().skip(1).map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words.len(), CONDITIONS + 3, "{line}");
        let [action, basis, ttl] = words[CONDITIONS..] else {
            panic!("{line}")
        };
        Row {
            conditions: words[..CONDITIONS].iter().map(|word| Condition::parse(word)).collect(),
            action: Action::from_name(action).unwrap(),
            basis: Basis::from_name(basis).unwrap(),
            ttl: Duration::from_secs(ttl.parse().unwrap()),
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
        (Some(Protection::Advised), "caller"),
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

/// The owners that lists name.
fn owners() -> Vec<Option<OwnerCalls>> {
    let named = OwnerCalls::ALL.iter().copied().map(Some);
    std::iter::once(None).chain(named).collect()
}

fn owner_word(owner: Option<OwnerCalls>) -> &'static str {
    match owner {
        None => "none",
        Some(OwnerCalls::Never) => "never",
        Some(OwnerCalls::Signed) => "signed",
        Some(OwnerCalls::Yes) => "yes",
    }
}

/// A call whose number has this score, this status and, by a list, this owner.
fn combined(
    (value, score_word): (Option<f64>, &'static str),
    given: Option<StatusKind>,
    listed: Option<OwnerCalls>,
    (signing, call_word): (Signing, &'static str),
    spoof_suspected: bool,
) -> Combination {
    let verified = given == Some(StatusKind::VerifiedBusiness);
    let owner = listed.or(verified.then_some(OwnerCalls::Yes));
    let is_of_others = owner.is_some_and(|calls| Origin::of(calls, signing).is_spoofed());
    let status = given.filter(|kind| kind.holds_for(signing, spoof_suspected || is_of_others));
    let victim = status == Some(StatusKind::SpoofedVictim);
    let verdict = Verdict {
        value,
        level: match value {
            None => RiskLevel::Unknown,
            Some(_) if status == Some(StatusKind::Allowed) => RiskLevel::Trusted,
            Some(_) => RiskLevel::High,
        },
        status,
        spoof_suspected,
        ..Verdict::NOT_SCORED
    };
    Combination {
        policy: Policy::DEFAULT,
        facts: Facts {
            signing,
            owner,
            ..Facts::of(verdict)
        },
        words: [
            "none",
            "none",
            "none",
            status.map_or("NONE", StatusKind::name),
            owner_word(owner),
            call_word,
            score_word,
            if victim && !spoof_suspected { "yes" } else { "no" },
            "label",
        ],
    }
}

/// Calls to and from every number, as scored.
fn scored() -> Vec<Combination> {
    let scores = [
        (None, "unknown"),
        (Some(30.0), "low"),
        (Some(60.0), "label"),
        (Some(80.0), "block"),
    ];
    let mut all = Vec::new();
    for given in statuses() {
        for listed in owners() {
            for score in scores {
                for signing in SIGNINGS {
                    for spoof_suspected in [false, true] {
                        all.push(combined(score, given, listed, signing, spoof_suspected));
                    }
                }
            }
        }
    }
    all
}

/// Every combination of what the rules look at.
fn for_each(mut check: impl FnMut(&Combination)) {
    let scored = scored();
    for (protection, protection_word) in protections() {
        for (bar, bar_word) in bars() {
            for (tenant, tenant_word) in tenants() {
                for one in &scored {
                    for (block_spoofed_owners, spoofed_word) in [(false, "label"), (true, "block")] {
                        let [_, _, _, status, owner, call, score, spared, _] = one.words;
                        check(&Combination {
                            policy: Policy {
                                block_spoofed_owners,
                                ..Policy::DEFAULT
                            },
                            facts: Facts {
                                protection,
                                bar,
                                tenant,
                                ..one.facts
                            },
                            words: [
                                protection_word,
                                bar_word,
                                tenant_word,
                                status,
                                owner,
                                call,
                                score,
                                spared,
                                spoofed_word,
                            ],
                        });
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
        let policy = &combination.policy;
        assert_eq!(policy.decide(&combination.facts), expected, "{words:?}");
        // A lookup finds reasons only where this says so.
        let explained = policy.may_hinder(&combination.facts);
        assert!(explained || expected.action == Action::Allow, "{words:?}");
    });
    assert_eq!(combinations, 6 * 5 * 9 * (9 * 4 * 4 * 6 * 2) * 2);
    let idle: Vec<_> = (0..table.len()).filter(|place| decided[*place] == 0).collect();
    assert!(idle.is_empty(), "rows {idle:?} decide nothing");
}

/// Without labels by neighbours alone, a score that rests on them does nothing, and nothing else changes.
#[test]
fn neighbours_alone_do_nothing_where_their_labels_are_off() {
    let mut spared = 0;
    for_each(|combination| {
        let facts = Facts {
            verdict: Verdict {
                range_only: true,
                ..combination.facts.verdict
            },
            ..combination.facts
        };
        let policy = Policy {
            range_label: false,
            ..combination.policy
        };
        let labelled = combination.policy.decide(&facts);
        assert_eq!(
            labelled,
            combination.policy.decide(&combination.facts),
            "the switch is on"
        );
        let free = policy.decide(&facts);
        if labelled.basis != Basis::Analytics || labelled.action == Action::Allow {
            let unchanged = free == labelled || policy.leaves_range_alone(&facts.verdict);
            assert!(unchanged, "{:?}: {free:?}", combination.words);
            return;
        }
        spared += 1;
        // Another rule may decide now; the score hinders the call no more.
        assert!(
            free.basis != Basis::Analytics || free.action == Action::Allow,
            "{free:?}"
        );
    });
    assert!(spared > 1_000, "{spared}");
}

/// A withheld block is a label, and nothing else changes; the tenant may allow a single report to block.
#[test]
fn a_withheld_score_labels_where_it_would_block_and_changes_nothing_else() {
    let mut held = 0;
    for_each(|combination| {
        let policy = &combination.policy;
        let free = policy.decide(&combination.facts);
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
                assert_eq!(policy.decide(&facts), expected, "{:?}", combination.words);
                assert!(policy.may_hinder(&facts) || expected.action == Action::Allow);
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
        let policy = &combination.policy;
        let called = policy.decide(&combination.facts);
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
            let dialled = policy.decide(&facts);
            assert_eq!(
                policy.owner_spoof(&facts),
                None,
                "nobody shows a number that is dialled"
            );
            assert!(policy.may_hinder(&facts) || dialled.action == Action::Allow);
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
                Basis::Protected | Basis::Dno | Basis::KnownOwner => false,
                Basis::InvalidNumber => called.action == Action::Block,
                Basis::TenantPolicy | Basis::Analyst => hindered,
                Basis::Analytics | Basis::NoEvidence => {
                    let is_victim = facts.verdict.status == Some(StatusKind::SpoofedVictim);
                    case_floor || (hindered && !is_victim && facts.owner.is_none())
                }
                Basis::FailOpen | Basis::Shadow => panic!("not a matter of rules"),
            };
            let expected = if warn { Action::WarnBeforeDial } else { Action::Allow };
            assert_eq!(dialled.action, expected, "{:?} {case_floor}", combination.words);
            *(if warn { &mut warned } else { &mut left_alone }) += 1;
        }
    });
    assert!(warned > 1_000 && left_alone > 1_000, "{warned}, {left_alone}");
}

/// How sure it is that another party shows the number of a known owner, for each owner: of calls of unknown signature, with
/// A, B and C, unsigned, and with a broken signature.
#[test]
fn another_party_is_suspected_by_signature_and_evidence() {
    let (none, possible) = (None, Some(OwnerSpoof::Possible));
    let (probable, certain) = (Some(OwnerSpoof::Probable), Some(OwnerSpoof::Certain));
    for one in scored() {
        let is_bad = matches!(one.words[6], "label" | "block");
        let is_blocked = one.facts.verdict.status == Some(StatusKind::Blocked);
        let unproven = if is_bad && !is_blocked { possible } else { none };
        let by_signing = match one.facts.owner {
            None => [none; 6],
            Some(OwnerCalls::Never) => [certain; 6],
            Some(OwnerCalls::Signed) => [unproven, none, certain, certain, certain, certain],
            Some(OwnerCalls::Yes) => [unproven, none, unproven, probable, unproven, certain],
        };
        let place = SIGNINGS.iter().position(|(signing, _)| *signing == one.facts.signing);
        let expected = by_signing[place.unwrap()];
        assert_eq!(one.policy.owner_spoof(&one.facts), expected, "{:?}", one.words);
    }
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
