//! Allocations of a lookup: shadow mode costs an allowed call none, and a line of the decision log a few.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use ringwarden::clock::{Clock, monotonic};
use ringwarden::config::{LogTarget, NumberForm};
use ringwarden::decision_log::{DecisionLog, DecisionLogOptions, LoggedDecision};
use ringwarden::domain::kinds::{Action, Basis, RiskLevel};
use ringwarden::domain::policy::Enforcement;
use ringwarden::metrics::Metrics;
use ringwarden::number::{self, E164};
use ringwarden::service::{LookupInput, ServiceSettings};
use ringwarden::store::memory::MemoryStore;

use crate::support::instance::{Instance, evidence_version, noon};

/// The most allocations of one line: its time, its number, its reasons, the text, and the text as it waits in the queue.
const LINE_MAX: u64 = 24;

/// The allocations of a lookup of a number without evidence, the second time.
fn of_lookup(enforcement: Enforcement) -> u64 {
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let settings = ServiceSettings {
        enforcement,
        ..ServiceSettings::default()
    };
    let instance = Instance::unloaded_by(store, Clock::manual(noon()), settings);
    let input = LookupInput {
        number: "+12015550199".to_owned(),
        ..LookupInput::default()
    };
    let look_up = || {
        let deadline = monotonic() + Duration::from_secs(60);
        let answer = instance.services.lookups.look_up(&input, deadline).unwrap();
        assert_eq!((answer.decision.action, answer.would.is_none()), (Action::Allow, true));
    };
    look_up();
    measure(look_up).count_total
}

#[test]
fn shadow_mode_costs_an_allowed_call_no_memory() {
    number::warm_up();
    let counts: Vec<_> = Enforcement::ALL.iter().map(|mode| of_lookup(*mode)).collect();
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

#[test]
fn a_line_of_the_decision_log_takes_few_allocations_and_none_if_it_is_left_out() {
    let decision = LoggedDecision {
        time: noon(),
        decision_id: "",
        number: E164::from_digits(12_015_550_199),
        region: None,
        about_to_dial: false,
        is_call: true,
        call_id: "call",
        action: Action::Allow,
        basis: Basis::NoEvidence,
        would: None,
        score: None,
        level: RiskLevel::Unknown,
        reasons: &[],
        attestation: None,
        verstat: None,
        model: "m",
        stale: false,
        latency: Duration::ZERO,
    };
    for (sample, most) in [(1.0, LINE_MAX), (0.0, 0)] {
        let options = DecisionLogOptions {
            target: LogTarget::File("/dev/null".into()),
            sample,
            numbers: NumberForm::Masked,
            key: [7; 32],
        };
        let (log, _guard) = DecisionLog::open(&options, Metrics::new()).unwrap();
        log.record(&decision);
        let taken = measure(|| log.record(&decision)).count_total;
        assert!(taken <= most, "{taken} for a sample of {sample}");
    }
}
