//! From scores to actions.

use ringwarden::domain::kinds::{Action, Basis, StatusKind};
use ringwarden::domain::policy::{Facts, Policy};
use ringwarden::domain::state::NumberState;

use super::scene::{body, day, plain, reported, with_status};

#[test]
fn policy_follows_the_strongest_status_and_then_the_score() {
    let policy = Policy::DEFAULT;
    let decide = |state: &NumberState| policy.decide(&Facts::of(plain(state, day(1)).verdict));
    let loud = reported([vec![body(day(0)); 30], vec![body(day(1)); 30]].concat());
    assert_eq!(
        (decide(&loud).action, decide(&loud).basis),
        (Action::Block, Basis::Analytics)
    );
    let table = [
        (StatusKind::Protected, Action::Allow, Basis::Protected),
        (StatusKind::DoNotOriginate, Action::Block, Basis::Dno),
        (StatusKind::Blocked, Action::Block, Basis::Analyst),
        (StatusKind::Allowed, Action::Allow, Basis::Analyst),
        (StatusKind::UnderDispute, Action::Block, Basis::Analytics),
    ];
    for (kind, action, basis) in table {
        let decision = decide(&with_status(loud.clone(), kind));
        assert_eq!((decision.action, decision.basis), (action, basis), "{kind}");
    }
    let dialled = policy.decide(&Facts {
        about_to_dial: true,
        ..Facts::of(plain(&loud, day(1)).verdict)
    });
    assert_eq!(dialled.action, Action::WarnBeforeDial);
    let unknown = policy.decide(&Facts::of(plain(&NumberState::default(), day(1)).verdict));
    assert_eq!((unknown.action, unknown.basis), (Action::Allow, Basis::NoEvidence));
}
