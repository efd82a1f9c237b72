//! Until when an answer is wanted: within the question's own budget, or the server's, and well before the client's deadline.

use std::time::{Duration, Instant};

use tonic::metadata::MetadataMap;
use tonic::{Request, Status};

use crate::clock::monotonic;

/// The header in which a gRPC client says how long it waits.
const TIMEOUT_HEADER: &str = "grpc-timeout";

/// When a request arrived, before its body was read: set by the first layer of each edge.
#[derive(Clone, Copy, Debug)]
pub struct Arrived(pub Instant);

/// Since when a client waits, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    from: Instant,
    /// A fifth of the client's own time is left for the way back.
    until: Option<Instant>,
}

impl Patience {
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        let arrived = request.extensions().get::<Arrived>();
        let from = arrived.map_or_else(monotonic, |arrived| arrived.0);
        let timeout = timeout(request.metadata());
        Self {
            from,
            until: timeout.and_then(|timeout| from.checked_add(timeout.saturating_mul(4) / 5)),
        }
    }

    /// The same client about the next question of a batch: the budget is the question's, the deadline the batch's.
    pub(super) fn in_turn(self) -> Self {
        Self {
            from: monotonic(),
            ..self
        }
    }

    /// A question of a stream: the client's deadline is that of the whole stream, which it may leave open all day.
    pub(super) fn in_stream() -> Self {
        Self {
            from: monotonic(),
            until: None,
        }
    }

    /// When an answer is wanted that has this budget.
    pub(super) fn deadline(self, budget: Duration) -> Instant {
        let own = self.from + budget;
        self.until.map_or(own, |until| own.min(until))
    }
}

/// Notes when a call arrives.
#[expect(clippy::unnecessary_wraps, reason = "the signature of an interceptor")]
pub(super) fn note_arrival(mut request: Request<()>) -> Result<Request<()>, Status> {
    request.extensions_mut().insert(Arrived(monotonic()));
    Ok(request)
}

/// The timeout that the client set, if it is one: up to eight digits and a unit (gRPC over HTTP/2).
fn timeout(headers: &MetadataMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT_HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(timeout: Option<&str>) -> Request<()> {
        let mut request = note_arrival(Request::new(())).unwrap();
        if let Some(timeout) = timeout {
            request.metadata_mut().insert(TIMEOUT_HEADER, timeout.parse().unwrap());
        }
        request
    }

    #[test]
    fn the_shorter_of_budget_and_timeout_counts_from_the_arrival() {
        let budget = Duration::from_millis(50);
        for (timeout, millis) in [
            (None, 50.0),
            (Some("1H"), 50.0),
            (Some("2M"), 50.0),
            (Some("1S"), 50.0),
            (Some("10m"), 8.0),
            (Some("10000u"), 8.0),
            (Some("10000000n"), 8.0),
            (Some("0m"), 0.0),
            (Some("99999999H"), 50.0),
            (Some("999999999m"), 50.0),
            (Some("m"), 50.0),
            (Some("-1m"), 50.0),
            (Some("5x"), 50.0),
        ] {
            let request = asked(timeout);
            let arrived = request.extensions().get::<Arrived>().unwrap().0;
            let left = Patience::of(&request).deadline(budget) - arrived;
            assert!(
                (left.as_secs_f64() * 1e3 - millis).abs() < 1e-6,
                "{timeout:?}: {left:?}"
            );
        }
    }
}
