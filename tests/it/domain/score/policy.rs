//! From scores to actions.

use ringwarden::domain::kinds::{Action, Basis, StatusKind};
use ringwarden::domain::policy::{Facts, Policy};
use ringwarden::domain::state::NumberState;

use super::scene::{day, plain, reported_times, with_status};

#[test]
fn policy_follows_the_strongest_status_and_then_the_score() {
    let policy = Policy::DEFAULT;
    let decide = |state: &NumberState| policy.decide(&Facts::of(plain(state, day(0)).verdict));
    let loud = reported_times(60);
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
        ..Facts::of(plain(&loud, day(0)).verdict)
    });
    assert_eq!(dialled.action, Action::WarnBeforeDial);
    let unknown = policy.decide(&Facts::of(plain(&NumberState::default(), day(0)).verdict));
    assert_eq!((unknown.action, unknown.basis), (Action::Allow, Basis::NoEvidence));
}
