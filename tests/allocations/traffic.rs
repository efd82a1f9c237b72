//! Memory of the traffic counters: it stays below its limit when all tables are full, and recording a call allocates
//! nothing.

use allocation_counter::measure;
use ringwarden::domain::call::Signing;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::domain::traffic::Thresholds;
use ringwarden::number::E164;
use ringwarden::traffic::{CallEvent, Observer, TrafficLimits};

/// The most bytes with the default limits.
const MAX_BYTES: i64 = 43_000_000;
/// The most bytes before the first call.
const MAX_EMPTY_BYTES: i64 = 1_000_000;
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn number(n: u64) -> E164 {
    E164::from_digits(14_150_000_000 + n).unwrap()
}

fn record(observer: &Observer, caller: u64, called: u64) {
    let call_id = [
        b'a' + u8::try_from(called % 26).unwrap(),
        b'a' + u8::try_from(called / 26 % 26).unwrap(),
        b'a' + u8::try_from(called / 676 % 26).unwrap(),
    ];
    let call = CallEvent {
        tenant: TenantId::DEFAULT,
        caller: number(caller),
        called: Some(number(called)),
        call_id: std::str::from_utf8(&call_id).unwrap(),
        signing: Signing::A,
        is_emergency: true,
    };
    observer.record(&call, NOW);
}

#[test]
fn memory_is_bounded_and_a_call_takes_none() {
    let mut observer = None;
    let empty = measure(|| observer = Some(Observer::new(Thresholds::DEFAULT, TrafficLimits::DEFAULT, [7; 32])));
    let observer = observer.unwrap();
    assert!(empty.bytes_current < MAX_EMPTY_BYTES, "{empty:?}");

    let limits = TrafficLimits::DEFAULT;
    let heavy = 3 * u64::try_from(limits.heavy_callers).unwrap();
    let full = measure(|| {
        for caller in 0..heavy {
            (0..10).for_each(|called| record(&observer, caller, called));
        }
        // Four times as many numbers as fit, which call once each.
        (0..400_000).for_each(|n| record(&observer, heavy + n, n));
    });
    let bytes = empty.bytes_current + full.bytes_current;
    println!(
        "{} bytes empty, {bytes} full, {} at most",
        empty.bytes_current, full.bytes_max
    );
    let callers = limits.callers + limits.heavy_callers;
    assert!(bytes < MAX_BYTES, "{bytes} bytes");
    assert!(observer.callers() <= callers && observer.callers() > callers * 9 / 10);

    let steady = measure(|| {
        for n in 0..50_000 {
            record(&observer, 5_000_000 + n, n);
            record(&observer, heavy - 1 - n % 1_000, n);
        }
        // Light callers become heavy ones.
        for caller in 6_000_000..6_001_000 {
            (0..10).for_each(|called| record(&observer, caller, called));
        }
    });
    assert_eq!(steady.count_total, 0, "{steady:?}");
    assert_eq!(
        observer
            .traffic_of(TenantId::DEFAULT, number(heavy - 1), NOW)
            .minute
            .calls,
        50 + 10
    );
}
