//! The settings of the services, from the configuration.

use crate::config;
use crate::domain::policy::{Refusal, SipSettings};
use crate::domain::quota::Quotas;
use crate::domain::traffic::Thresholds;
use crate::traffic;

/// A share of a daily quota, at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "quotas are at most a billion, and shares from 0 to 1"
)]
fn part_of(daily: u64, share: f64) -> u64 {
    ((daily as f64 * share) as u64).max(1)
}

pub(super) fn quotas(limits: &config::LimitSettings) -> Quotas {
    Quotas {
        reporter_daily: limits.reporter_daily_quota,
        tenant_daily: limits.tenant_daily_quota,
        principal_daily: limits
            .tenant_daily_quota
            .map(|daily| part_of(daily, limits.principal_daily_share)),
        ..Quotas::DEFAULT
    }
}

pub(super) fn sip_settings(answers: &config::AnswerSettings) -> SipSettings {
    let refusal = match answers.sip_block {
        config::SipBlock::NetworkBlocked => Refusal::NetworkBlocked,
        config::SipBlock::Rejected => Refusal::Rejected,
    };
    SipSettings {
        refusal,
        redress_url: answers.redress_url.as_deref().map(Into::into),
        contact_card_url: answers.contact_card_url.as_deref().map(Into::into),
    }
}

pub(super) fn thresholds(traffic: &config::TrafficSettings) -> Thresholds {
    Thresholds {
        distinct_per_minute: traffic.distinct_per_minute.get(),
        distinct_per_hour: traffic.distinct_per_hour.get(),
        sequential_steps: traffic.sequential_steps.get(),
        callback_strangers: traffic.callback_strangers.get(),
        outcome_calls: traffic.outcome_calls.get(),
        short_call: traffic.short_call,
        short_share: traffic.short_share,
        answered_share: traffic.answered_share,
        rejected_share: traffic.rejected_share,
        emergency_callback: traffic.emergency_callback,
        ..Thresholds::DEFAULT
    }
}

pub(super) fn traffic_limits(traffic: &config::TrafficSettings) -> traffic::TrafficLimits {
    let limits = traffic::TrafficLimits::DEFAULT;
    let count = |count: std::num::NonZeroU32, default| usize::try_from(count.get()).unwrap_or(default);
    traffic::TrafficLimits {
        callers: count(traffic.callers, limits.callers),
        heavy_callers: count(traffic.busy_callers, limits.heavy_callers),
        emergency_calls_per_second: count(traffic.emergency_rate, limits.emergency_calls_per_second),
        ..limits
    }
}
