//! One instance of the service over any store, without edges.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::{Clock, monotonic};
use ringwarden::domain::actor::Actor;
use ringwarden::domain::ids::{ReportId, RequestId};
use ringwarden::domain::kinds::{Category, Source};
use ringwarden::domain::model::ScoreModel;
use ringwarden::domain::quota::Quotas;
use ringwarden::domain::time::{DAY_MS, Timestamp};
use ringwarden::follow::Follower;
use ringwarden::index::Index;
use ringwarden::metrics::Metrics;
use ringwarden::number::E164;
use ringwarden::service::{
    Foundations, LookupInput, LookupOutcome, Mutation, NewReport, ServiceError, ServiceSettings, Services,
};
use ringwarden::store::Store;

/// An instance: what a server holds behind its edges.
pub struct Instance {
    pub services: Arc<Services>,
    pub follower: Arc<Follower>,
    pub index: Arc<Index>,
    pub clock: Clock,
}

/// The evidence version that tests' stores are opened with.
pub fn evidence_version() -> u32 {
    ScoreModel::default().fold.evidence_version()
}

/// 2020-11-15T12:00:00Z, the day on which most tests play.
pub fn noon() -> Timestamp {
    Timestamp::from_secs(1_605_441_600)
}

/// So many days before [`noon`]: reports of two days are more than a single report.
pub fn days_before_noon(days: i64) -> Timestamp {
    Timestamp::from_millis(noon().millis() - days * DAY_MS)
}

impl Instance {
    /// An instance that has loaded everything.
    pub async fn over(store: Arc<dyn Store>, clock: Clock) -> Self {
        let instance = Self::unloaded(store, clock);
        instance.follower.bootstrap().await.unwrap();
        instance
    }

    /// An instance that has loaded everything, with quotas of its own.
    pub async fn with_quotas(store: Arc<dyn Store>, clock: Clock, quotas: Quotas) -> Self {
        let settings = ServiceSettings {
            quotas,
            ..ServiceSettings::default()
        };
        let instance = Self::unloaded_by(store, clock, settings);
        instance.follower.bootstrap().await.unwrap();
        instance
    }

    /// An instance that has not read its store yet.
    pub fn unloaded(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self::unloaded_within(store, clock, Duration::from_secs(2))
    }

    /// The same, with another limit on how long a change may take.
    pub fn unloaded_within(store: Arc<dyn Store>, clock: Clock, write_timeout: Duration) -> Self {
        let settings = ServiceSettings {
            write_timeout,
            ..ServiceSettings::default()
        };
        Self::unloaded_by(store, clock, settings)
    }

    /// The same, set up as a test wants it.
    pub fn unloaded_by(store: Arc<dyn Store>, clock: Clock, settings: ServiceSettings) -> Self {
        let index = Arc::new(Index::new(Arc::new(ScoreModel::default())));
        let metrics = Metrics::new();
        let follower = Arc::new(Follower::new(
            Arc::clone(&store),
            Arc::clone(&index),
            clock.clone(),
            metrics.clone(),
        ));
        let foundations = Foundations {
            store,
            follower: Arc::clone(&follower),
            clock: clock.clone(),
            metrics,
        };
        Self {
            services: Arc::new(Services::new(foundations, settings)),
            follower,
            index,
            clock,
        }
    }

    /// Looks a number up in full.
    pub fn look_up(&self, number: &str) -> LookupOutcome {
        let input = LookupInput {
            number: number.to_owned(),
            full: true,
            ..LookupInput::default()
        };
        self.ask(&input)
    }

    /// Asks a question, with a deadline that does not matter.
    pub fn ask(&self, input: &LookupInput) -> LookupOutcome {
        self.try_ask(input).unwrap()
    }

    /// The same, where the question may be refused.
    pub fn try_ask(&self, input: &LookupInput) -> Result<LookupOutcome, ServiceError> {
        self.services
            .lookups
            .look_up(input, monotonic() + Duration::from_secs(3_600))
    }

    /// The score of a number, or -1 if it has none.
    pub fn score(&self, number: &str) -> f64 {
        self.look_up(number).score.verdict.value.unwrap_or(-1.0)
    }

    /// The number of reports that count.
    pub fn count(&self, number: &str) -> u32 {
        self.look_up(number).facts.report_count
    }
}

/// A regulator's report of a call at `at`.
pub fn report(number: &str, id: &str, at: Timestamp) -> NewReport {
    NewReport {
        report_id: ReportId::parse(id).ok(),
        revision: 0,
        number: number.to_owned(),
        default_region: None,
        category: Category::TechSupportScam,
        not_spam: false,
        source: Source::RegulatorFeed,
        feed: None,
        import: None,
        reporter: None,
        area: None,
        country: None,
        occurred_at: Some(at),
        received_at: None,
        channel: None,
        brand: None,
        sender: Arc::default(),
        of_brand: false,
        role: None,
        recorded: None,
        attestation: None,
        verstat: None,
        comment: None,
        comment_language: None,
        callbacks: Vec::new(),
    }
}

/// A person's report, as an app passes it on, of a call just now.
pub fn report_of(reporter: &str, number: &str, id: &str, at: Timestamp) -> NewReport {
    NewReport {
        source: Source::AppFeedback,
        reporter: Some(reporter.to_owned()),
        ..report(number, id, at)
    }
}

/// A mutation by an analyst.
pub fn mutation(request: &str) -> Mutation {
    Mutation {
        via: ringwarden::domain::audit::Via::default(),
        request: RequestId::parse(request).unwrap(),
        actor: Actor::parse("ana").unwrap(),
        expected_version: None,
    }
}

/// The `n`th number of a block of ten thousand.
pub fn number(n: u64) -> E164 {
    E164::from_digits(13_152_320_000 + n).unwrap()
}
