//! The feed of a brand's own team weighs as a trusted feed, on its brands only.

use ringwarden::clock::Clock;
use ringwarden::domain::brand::Brand;
use ringwarden::domain::brand_feeds::BrandFeeds;
use ringwarden::domain::ids::Feed;
use ringwarden::domain::kinds::{Action, Source};
use ringwarden::domain::quota::Quotas;
use ringwarden::domain::state::Submitted;
use ringwarden::service::{NewReport, ServiceError, ServiceSettings};

use super::memory;
use crate::support::instance::{Instance, days_before_noon, noon, number, report};

fn brand(name: &str) -> Brand {
    Brand::parse(name).unwrap()
}

/// An instance on which the feed `acme-fraud` speaks for Acme Bank, and a tenant may send one report a day.
async fn instance() -> Instance {
    let mut brand_feeds = BrandFeeds::default();
    brand_feeds.grant(Feed::parse("acme-fraud").unwrap(), brand("Acme Bank"));
    let quotas = Quotas {
        tenant_daily: Some(1),
        ..Quotas::DEFAULT
    };
    let settings = ServiceSettings {
        brand_feeds,
        quotas,
        ..ServiceSettings::default()
    };
    let one = Instance::unloaded_by(memory(), Clock::manual(noon()), settings);
    one.follower.bootstrap().await.unwrap();
    one
}

fn of_team(of: &str, name: &str, id: &str, days_ago: i64) -> NewReport {
    NewReport {
        source: Source::EnterpriseBrand,
        feed: Some(Feed::parse("acme-fraud").unwrap()),
        brand: Some(brand(name)),
        ..report(of, id, days_before_noon(days_ago))
    }
}

#[tokio::test]
async fn a_brands_own_team_weighs_as_a_trusted_feed_on_its_brand_only() {
    let one = instance().await;
    let [own, feed, other] = [0, 10_000, 20_000].map(|n| number(n).to_string());
    let reports = &one.services.reports;
    reports.submit(of_team(&own, "acme bank", "a1", 0)).await.unwrap();
    reports.submit(report(&feed, "f1", noon())).await.unwrap();
    reports.submit(of_team(&other, "Microsoft", "m1", 0)).await.unwrap();
    let found = one.look_up(&own);
    assert_eq!(found.decision.action, Action::Label);
    assert_eq!(found.score.brand, Some(brand("acme bank")));
    assert_eq!(one.look_up(&feed).decision.action, Action::Label);
    let other_brand = one.look_up(&other);
    assert_eq!(other_brand.decision.action, Action::Allow);
    assert!(
        other_brand.score.verdict.value.unwrap() < 40.0,
        "{:?}",
        other_brand.score
    );

    // A second day blocks, as with every trusted feed; and a trusted feed has no quota.
    for (n, days_ago) in [1, 2, 3].into_iter().enumerate() {
        let more = of_team(&own, "Acme Bank", &format!("a{}", n + 2), days_ago);
        reports.submit(more).await.unwrap();
    }
    assert_eq!(one.look_up(&own).decision.action, Action::Block);
    let refused = reports.submit(of_team(&other, "Microsoft", "m2", 0)).await;
    assert!(
        matches!(refused, Err(ServiceError::QuotaExceeded { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_team_that_names_reporters_or_another_source_is_no_trusted_feed() {
    let one = instance().await;
    let [named, app] = [0, 10_000].map(|n| number(n).to_string());
    let mut of_customer = of_team(&named, "Acme Bank", "a1", 0);
    of_customer.reporter = Some("customer-1".to_owned());
    one.services.reports.submit(of_customer).await.unwrap();
    assert_eq!(one.look_up(&named).decision.action, Action::Allow);
    one.clock.advance(std::time::Duration::from_secs(86_400));
    let mut by_app = of_team(&app, "Acme Bank", "a2", 0);
    by_app.source = Source::AppFeedback;
    one.services.reports.submit(by_app).await.unwrap();
    assert_eq!(one.look_up(&app).decision.action, Action::Allow);
}

/// A correction that names another brand weighs as a report that names it.
#[tokio::test]
async fn a_corrected_brand_brings_the_weight_of_that_brand() {
    let one = instance().await;
    let [own, other] = [0, 10_000].map(|n| number(n).to_string());
    let corrected = |of: &str, name: &str, id: &str| NewReport {
        revision: 1,
        ..of_team(of, name, id, 0)
    };
    let reports = &one.services.reports;
    reports.submit(of_team(&own, "Acme Bank", "a1", 0)).await.unwrap();
    assert_eq!(one.look_up(&own).decision.action, Action::Label);
    let revised = reports.submit(corrected(&own, "Microsoft", "a1")).await.unwrap();
    assert_eq!(revised.submitted, Submitted::Revised);
    let found = one.look_up(&own);
    assert_eq!(found.decision.action, Action::Allow, "{found:?}");

    reports.submit(of_team(&other, "Microsoft", "m1", 0)).await.unwrap();
    assert_eq!(one.look_up(&other).decision.action, Action::Allow);
    let revised = reports.submit(corrected(&other, "Acme Bank", "m1")).await.unwrap();
    assert_eq!(revised.submitted, Submitted::Revised);
    assert_eq!(one.look_up(&other).decision.action, Action::Label);
}
