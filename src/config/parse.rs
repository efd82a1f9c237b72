//! Parses the text of a setting into its value.

use std::net::{Ipv6Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use super::fault::ValueProblem;
use crate::domain::brand::Brand;
use crate::domain::brand_feeds::BrandFeeds;
use crate::domain::ids::Feed;
use crate::domain::policy::Enforcement;
use crate::domain::quota::Quotas;
use crate::domain::tenant::TenantId;

const TIMES: &str = "a number and a unit of ms, s or m, such as 500ms or 10s, at least 1ms and at most 60m";
const TIME_MAX: Duration = Duration::from_secs(3_600);
const SIZES: &str = "a number and a unit of KiB or MiB, such as 64KiB, at least 1KiB and at most 64MiB";
const SIZE_MIN: usize = 1 << 10;
const SIZE_MAX: usize = 64 << 20;
const REQUEST_MEMORY: &str = "a number and the unit MiB, at least 64MiB and at most 65536MiB";
const REQUEST_MEMORY_MIN: usize = 64 << 20;
const REQUEST_MEMORY_MAX: usize = 64 << 30;
const COUNTS: &str = "a whole number from 1 to 100000";
const COUNT_MAX: u32 = 100_000;
const EMERGENCY_RATES: &str = "a whole number from 1 to 1000";
const EMERGENCY_RATE_MAX: u32 = 1_000;
const REPORTER_QUOTAS: &str = "a whole number from 1 to 1000, or 0 for no limit";
const TENANT_QUOTAS: &str = "a whole number from 1 to 1000000000, or 0 for no limit";
const BRAND_FEEDS: &str = "a feed and its brands, such as acme-fraud=Acme,Acme Bank";
const URL_MAX_BYTES: usize = 200;
const TENANT_QUOTA_MAX: u64 = 1_000_000_000;

pub(super) fn address(text: &str) -> Result<SocketAddr, ValueProblem> {
    text.parse().map_err(|_| {
        let accepted = "an IP address and a port, such as 127.0.0.1:8080 or [::]:8080";
        ValueProblem::with(text, "is not a valid address", accepted)
    })
}

/// Host names and addresses, separated by commas, or `*`.
pub(super) fn hosts(text: &str) -> Result<Vec<String>, ValueProblem> {
    let is_host = |host: &str| {
        let is_name = host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_address = address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
        !host.is_empty() && (host == "*" || is_name || is_address)
    };
    let hosts = text.split(',').map(str::trim);
    if let Some(wrong) = hosts.clone().find(|host| !is_host(host)) {
        let accepted = "host names and addresses without a port, such as api.example,[2001:db8::7], or *";
        return Err(ValueProblem::with(wrong, "is not a host", accepted));
    }
    Ok(hosts.map(str::to_owned).collect())
}

pub(super) fn switch(text: &str) -> Result<bool, ValueProblem> {
    text.parse()
        .map_err(|_| ValueProblem::with(text, "is neither true nor false", "true, false"))
}

/// `on` or `off`; true and false too, since TOML has them.
pub(super) fn on_or_off(text: &str) -> Result<bool, ValueProblem> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(ValueProblem::with(text, "is neither on nor off", "on, off")),
    }
}

pub(super) fn count(text: &str) -> Result<NonZeroU32, ValueProblem> {
    let accepted = |count: &NonZeroU32| count.get() <= COUNT_MAX;
    let count = text.parse().ok().filter(accepted);
    count.ok_or_else(|| ValueProblem::with(text, "is not a valid count", COUNTS))
}

/// A rate of calls to emergency numbers, in a second. Its most costs 170 MB of memory.
pub(super) fn emergency_rate(text: &str) -> Result<NonZeroU32, ValueProblem> {
    let rate = text
        .parse()
        .ok()
        .filter(|rate: &NonZeroU32| rate.get() <= EMERGENCY_RATE_MAX);
    rate.ok_or_else(|| ValueProblem::with(text, "is not a valid rate", EMERGENCY_RATES))
}

/// A count that may be 0, which means no limit.
pub(super) fn count_or_none(text: &str) -> Result<usize, ValueProblem> {
    let count = text.parse().ok().filter(|count: &u32| *count <= COUNT_MAX);
    let count = count.and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| {
        ValueProblem::with(
            text,
            "is not a valid count",
            "a whole number up to 100000; 0 for no limit",
        )
    })
}

/// The quota of a reporter; `None` for 0, which means no limit.
pub(super) fn reporter_quota(text: &str) -> Result<Option<u32>, ValueProblem> {
    let quota = text.parse().ok().filter(|quota| *quota <= Quotas::MAX_REPORTER_DAILY);
    let quota = quota.ok_or_else(|| ValueProblem::with(text, "is not a valid quota", REPORTER_QUOTAS))?;
    Ok(Some(quota).filter(|quota| *quota > 0))
}

/// The quota of a tenant; `None` for 0, which means no limit.
pub(super) fn tenant_quota(text: &str) -> Result<Option<u64>, ValueProblem> {
    let quota = text.parse().ok().filter(|quota| *quota <= TENANT_QUOTA_MAX);
    let quota = quota.ok_or_else(|| ValueProblem::with(text, "is not a valid quota", TENANT_QUOTAS))?;
    Ok(Some(quota).filter(|quota| *quota > 0))
}

pub(super) fn time(text: &str) -> Result<Duration, ValueProblem> {
    let parsed = split_unit(text).and_then(|(number, unit)| {
        let millis = match unit {
            "ms" => Some(number),
            "s" => number.checked_mul(1_000),
            "m" => number.checked_mul(60_000),
            _ => None,
        };
        millis.map(Duration::from_millis)
    });
    let accepted = |time: &Duration| !time.is_zero() && *time <= TIME_MAX;
    parsed
        .filter(accepted)
        .ok_or_else(|| ValueProblem::with(text, "is not a valid time", TIMES))
}

/// A time; `None` for 0, which means never.
pub(super) fn time_or_never(text: &str) -> Result<Option<Duration>, ValueProblem> {
    if text == "0" {
        return Ok(None);
    }
    time(text).map(Some)
}

/// The names of tenants, separated by commas. A name that no tenant of this server has is a typing error.
pub(super) fn tenants(text: &str) -> Result<Vec<TenantId>, ValueProblem> {
    let is_known = |name: &str| TenantId::parse(name) == Ok(TenantId::DEFAULT);
    if text.split(',').all(|name| is_known(name.trim())) {
        return Ok(vec![TenantId::DEFAULT]);
    }
    Err(ValueProblem::with(
        text,
        "names a tenant that this server does not have",
        "default",
    ))
}

/// Feeds with the brands that they speak for: `FEED=BRAND,BRAND`, separated by semicolons.
pub(super) fn brand_feeds(text: &str) -> Result<BrandFeeds, ValueProblem> {
    let mut feeds = BrandFeeds::default();
    for part in text.split(';') {
        let problem = |wrong| ValueProblem::with(part.trim(), wrong, BRAND_FEEDS);
        let (feed, brands) = part.split_once('=').ok_or_else(|| problem("names no brand"))?;
        let feed = Feed::parse(feed.trim()).map_err(|_| problem("does not begin with the name of a feed"))?;
        for brand in brands.split(',') {
            let brand = Brand::parse(brand).map_err(|_| problem("holds a name that is not a brand"))?;
            feeds.grant(feed.clone(), brand);
        }
    }
    Ok(feeds)
}

/// A time that may be zero.
pub(super) fn grace(text: &str) -> Result<Duration, ValueProblem> {
    if matches!(text, "0" | "0ms" | "0s" | "0m") {
        return Ok(Duration::ZERO);
    }
    time(text).map_err(|problem| ValueProblem {
        accepted: format!("0s, or {}", problem.accepted),
        ..problem
    })
}

/// A size in bytes.
pub(super) fn size(text: &str) -> Result<NonZeroUsize, ValueProblem> {
    let accepted = |size: &usize| (SIZE_MIN..=SIZE_MAX).contains(size);
    let size = bytes(text).filter(accepted).and_then(NonZeroUsize::new);
    size.ok_or_else(|| ValueProblem::with(text, "is not a valid size", SIZES))
}

/// The memory of requests and answers, in bytes.
pub(super) fn request_memory(text: &str) -> Result<NonZeroUsize, ValueProblem> {
    let accepted = |size: &usize| (REQUEST_MEMORY_MIN..=REQUEST_MEMORY_MAX).contains(size);
    let size = bytes(text).filter(accepted).and_then(NonZeroUsize::new);
    size.ok_or_else(|| ValueProblem::with(text, "is not a valid size", REQUEST_MEMORY))
}

fn bytes(text: &str) -> Option<usize> {
    let (number, unit) = split_unit(text)?;
    let number = usize::try_from(number).ok()?;
    match unit {
        "KiB" => number.checked_mul(1 << 10),
        "MiB" => number.checked_mul(1 << 20),
        _ => None,
    }
}

pub(super) fn score(text: &str) -> Result<f64, ValueProblem> {
    let score = text.parse().ok().filter(|score| (0.0..=100.0).contains(score));
    score.ok_or_else(|| ValueProblem::with(text, "is not a valid score", "a number from 0 to 100"))
}

pub(super) fn enforcement(text: &str) -> Result<Enforcement, ValueProblem> {
    let found = Enforcement::ALL.iter().copied().find(|value| value.name() == text);
    found.ok_or_else(|| ValueProblem::with(text, "is not a mode of enforcement", "off, label, block"))
}

pub(super) fn share(text: &str) -> Result<f64, ValueProblem> {
    let share = text.parse().ok().filter(|share| (0.001..=0.999).contains(share));
    share.ok_or_else(|| ValueProblem::with(text, "is not a valid share", "a number from 0.001 to 0.999"))
}

/// A share that may be nothing or all.
pub(super) fn whole_share(text: &str) -> Result<f64, ValueProblem> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| ValueProblem::with(text, "is not a valid share", "a number from 0 to 1"))
}

pub(super) fn path(text: &str) -> Result<PathBuf, ValueProblem> {
    if text.is_empty() {
        return Err(ValueProblem::with(text, "is empty", "the path of a file"));
    }
    Ok(PathBuf::from(text))
}

/// The URL of a page, without a slash at the end. SIP headers quote it, so characters that could end the quotation are
/// not allowed.
pub(super) fn url(text: &str) -> Result<String, ValueProblem> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |rest: &&str| {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '<' | '>' | ';' | '?' | '#');
        !rest.starts_with('/') && !rest.is_empty() && rest.len() <= URL_MAX_BYTES && rest.chars().all(plain)
    };
    match rest.filter(is_plain) {
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
        None => {
            let accepted = "a URL of at most 200 bytes without a query, such as https://redress.example";
            Err(ValueProblem::with(text, "is not a valid URL", accepted))
        }
    }
}

pub(super) fn store_id(text: &str) -> Result<u128, ValueProblem> {
    let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = u128::from_str_radix(text, 16).ok().filter(|_| is_id);
    id.ok_or_else(|| ValueProblem::with(text, "is not a store id", "32 hexadecimal digits"))
}

/// The code of the damage of an embedded store.
pub(super) fn damage(text: &str) -> Result<String, ValueProblem> {
    let is_code = text.len() == 8 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let problem = || {
        ValueProblem::with(
            text,
            "is not the code of a damage",
            "the 8 hexadecimal digits that the server named",
        )
    };
    is_code.then(|| text.to_owned()).ok_or_else(problem)
}

pub(super) fn log_filter(text: &str) -> Result<Targets, ValueProblem> {
    let problem = || {
        let accepted =
            "off, error, warn, info, debug or trace, or a list of MODULE=LEVEL, such as info,ringwarden::follow=debug";
        ValueProblem::with(text, "is not a valid log filter", accepted)
    };
    // tracing takes a single word that is not a level for a module. A misspelt level would then silence all modules.
    let is_sound = |part: &str| {
        let (module, level) = part.split_once('=').unwrap_or(("all", part));
        !module.is_empty() && !level.is_empty() && level.parse::<LevelFilter>().is_ok()
    };
    if !text.split(',').all(is_sound) {
        return Err(problem());
    }
    text.parse().map_err(|_| problem())
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit))
}

/// How long audit events are kept: whole days.
pub(super) fn retention(text: &str) -> Result<Duration, ValueProblem> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u64>().ok());
    days.filter(|days| (30..=3_650).contains(days))
        .map(|days| Duration::from_secs(days * 86_400))
        .ok_or_else(|| {
            ValueProblem::with(
                text,
                "is not a valid age",
                "a number of days such as 400d, from 30d to 3650d",
            )
        })
}

/// How long something is kept: whole days, or 0 for ever.
pub(super) fn optional_retention(text: &str) -> Result<Option<Duration>, ValueProblem> {
    if text == "0" {
        return Ok(None);
    }
    retention(text).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_no_port_and_no_scheme() {
        assert_eq!(
            hosts("api.example, 192.0.2.7,[2001:db8::7]"),
            Ok(["api.example", "192.0.2.7", "[2001:db8::7]"]
                .map(str::to_owned)
                .to_vec())
        );
        assert_eq!(hosts("*"), Ok(vec!["*".to_owned()]));
        for text in [
            "",
            "a,",
            "api.example:8080",
            "https://api.example",
            "2001:db8::7",
            "*.example",
            "[x]",
        ] {
            assert!(hosts(text).is_err(), "{text}");
        }
    }

    #[test]
    fn urls_can_be_quoted_in_headers() {
        assert_eq!(
            url("https://redress.example/"),
            Ok("https://redress.example".to_owned())
        );
        assert_eq!(url("http://127.0.0.1:80/a/b"), Ok("http://127.0.0.1:80/a/b".to_owned()));
        for text in [
            "",
            "redress.example",
            "https://",
            "https:///a",
            "ftp://a",
            "https://a b",
            "https://a\"b",
            "https://a;b",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        assert_eq!(time("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(time("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(time("60m"), Ok(TIME_MAX));
        for text in [
            "",
            "10",
            "s",
            "1.5s",
            "-1s",
            "0s",
            "61m",
            "10 s",
            "10S",
            "99999999999999999m",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn graces_may_be_zero() {
        for text in ["0", "0ms", "0s", "0m"] {
            assert_eq!(grace(text), Ok(Duration::ZERO));
        }
        assert_eq!(grace("5s"), Ok(Duration::from_secs(5)));
        for text in ["", "00s", "-0s", "61m", "5"] {
            assert!(
                grace(text).unwrap_err().accepted.starts_with("0s, or a number"),
                "{text}"
            );
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("64KiB").unwrap().get(), 65_536);
        assert_eq!(size("64MiB").unwrap().get(), SIZE_MAX);
        for text in ["", "64", "0KiB", "65MiB", "64kB", "64 KiB", "99999999999999999MiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn counts() {
        assert_eq!(count("400").unwrap().get(), 400);
        for text in ["", "0", "-1", "100001", "1e3"] {
            assert!(count(text).is_err(), "{text}");
        }
    }

    #[test]
    fn quotas() {
        assert_eq!(reporter_quota("20"), Ok(Some(20)));
        assert_eq!(reporter_quota("0"), Ok(None));
        assert_eq!(tenant_quota("1000000000"), Ok(Some(1_000_000_000)));
        assert_eq!(tenant_quota("0"), Ok(None));
        for text in ["", "-1", "1e3", "none", "1000000001"] {
            assert!(reporter_quota(text).is_err() && tenant_quota(text).is_err(), "{text}");
        }
        assert!(reporter_quota("1001").is_err());
        assert!(REPORTER_QUOTAS.contains(&format!(" {},", Quotas::MAX_REPORTER_DAILY)));
    }

    #[test]
    fn scores_and_shares() {
        assert_eq!(score("60"), Ok(60.0));
        assert_eq!(share("0.10"), Ok(0.1));
        for text in ["", "-1", "100.5", "NaN", "inf", "60%"] {
            assert!(score(text).is_err(), "{text}");
        }
        for text in ["0", "1", "NaN"] {
            assert!(share(text).is_err(), "{text}");
        }
        assert_eq!([whole_share("0"), whole_share("1")], [Ok(0.0), Ok(1.0)]);
        for text in ["", "-0.1", "1.1", "NaN", "10%"] {
            assert!(whole_share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn enforcements() {
        for value in Enforcement::ALL {
            assert_eq!(enforcement(value.name()), Ok(*value));
        }
        for text in ["", "on", "OFF", "shadow"] {
            assert_eq!(enforcement(text).unwrap_err().accepted, "off, label, block");
        }
    }

    #[test]
    fn store_ids() {
        assert_eq!(store_id("000000000000000000000000000000ff"), Ok(255));
        for text in [
            "",
            "ff",
            "+00000000000000000000000000000ff",
            "g00000000000000000000000000000ff",
        ] {
            assert!(store_id(text).is_err(), "{text}");
        }
    }

    #[test]
    fn log_filters() {
        let filter = log_filter("warn,ringwarden::follow=debug").unwrap();
        assert!(filter.would_enable("ringwarden::follow", &tracing::Level::DEBUG));
        assert!(!filter.would_enable("hyper", &tracing::Level::INFO));
        assert!(log_filter("off").is_ok());
        for text in ["", "infoo", "ringwarden", "ringwarden=loud", "=info", "info,"] {
            assert!(log_filter(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_problem_names_the_value_and_what_is_accepted() {
        let problem = address("localhost").unwrap_err();
        assert_eq!(problem.wrong, "\"localhost\" is not a valid address");
        assert!(problem.accepted.contains("127.0.0.1:8080"));
    }
}
