//! Each tenant has the traffic of its own queries and outcomes.

use super::*;

#[test]
fn each_tenant_sees_its_own_calls() {
    let observer = observer();
    let [north, south] = ["north", "south"].map(|name| TenantId::parse(name).unwrap());
    for n in 0..60 {
        let calling = CallEvent {
            tenant: north,
            is_emergency: true,
            ..call(number(1), stranger(n))
        };
        observer.record(&calling, at(0));
        assert!(observer.record_outcome(north, &outcome(&n.to_string(), false), at(0)));
    }
    let seen = |tenant| observer.traffic_of(tenant, number(1), at(1));
    assert_eq!((seen(north).minute.distinct, seen(north).outcomes.calls), (60, 60));
    for other in [south, TenantId::DEFAULT] {
        assert_eq!(seen(other), CallerTraffic::default());
        observer.forget(other, number(1));
    }
    // A call back in the network of another tenant does not count. The same Call-ID there is another call.
    observer.record(&call(stranger(0), number(1)), at(1));
    assert_eq!(seen(north).called_back_by, 0);
    assert!(observer.record_outcome(south, &outcome("0", false), at(1)));
    assert_eq!((seen(south).outcomes.calls, seen(north).outcomes.calls), (1, 60));

    let may_be_called_back = |tenant| observer.in_callback_window(tenant, number(1), at(1));
    assert!(may_be_called_back(north) && !may_be_called_back(south) && !may_be_called_back(TenantId::DEFAULT));
    observer.forget(north, number(1));
    assert_eq!(seen(north), CallerTraffic::default());
    assert!(may_be_called_back(north), "a window ends with its time only");
}
