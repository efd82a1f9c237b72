//! Tests of the settings: which values are accepted, which are refused, and what the errors say.

use std::io;
use std::path::Path;

use clap::{Args as _, Command, FromArgMatches as _};

use super::*;
use crate::domain;

/// Loads a configuration from a command line, variables as `NAME=VALUE`, and the text of `r.toml`.
fn load_from(flags: &str, variables: &[&str], file: &str) -> Result<Config, String> {
    let command = ServeArgs::augment_args(Command::new("serve").no_binary_name(true));
    let matches = command.try_get_matches_from(flags.split_whitespace()).unwrap();
    let args = ServeArgs::from_arg_matches(&matches).unwrap();
    let variables = variables.iter().map(|line| {
        let (name, value) = line.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    let read_file = |path: &Path| match path.to_str() {
        Some("r.toml") => Ok(file.to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    load(&args, variables, read_file).map_err(|faults| faults.to_string())
}

#[test]
fn defaults_are_valid_and_equal_the_domain() {
    let config = load_from("", &[], "").unwrap();
    assert_eq!(config.listen.grpc_addr.to_string(), "127.0.0.1:50051");
    assert_eq!(config.listen.http_addr.to_string(), "127.0.0.1:8080");
    assert_eq!(config.store.url.to_string(), "embedded:./ringwarden-data");
    assert_eq!(config.store.expected_id, None);
    assert!(!config.store.migrate);
    assert_eq!(config.log.format, LogFormat::Text);
    assert_eq!(config.limits.message_bytes.get(), 65_536);
    assert_eq!(config.limits.batch_message_bytes.get(), 8_388_608);
    assert_eq!(config.shutdown.drain_deadline, Duration::from_secs(10));
    assert_eq!(config.shutdown.grace, Duration::ZERO);
    assert_eq!(config.store.trust, Trust::BuiltIn);
    assert_eq!((config.listen.admin_addr, &config.listen.tls), (None, &None));
    assert!(!config.listen.tls_terminated_in_front);
    assert_eq!(config.auth, AuthSettings::default());
    assert!(!config.credentials_configured());
    assert!(config.unknown_variables.is_empty());
    let quotas = domain::quota::Quotas::DEFAULT;
    assert_eq!(config.limits.reporter_daily_quota, quotas.reporter_daily);
    assert_eq!(config.limits.tenant_daily_quota, quotas.tenant_daily);
    let expected = PolicySettings {
        label_from: domain::policy::Policy::DEFAULT.label_from,
        block_from: domain::policy::Policy::DEFAULT.block_from,
        enforce: domain::policy::Enforcement::default(),
        range_label: domain::policy::Policy::DEFAULT.range_label,
        block_spoofed_owners: domain::policy::Policy::DEFAULT.block_spoofed_owners,
        single_report_blocks_for: Vec::new(),
        brand_feeds: domain::brand_feeds::BrandFeeds::default(),
        prior: None,
        model: None,
        numbering_plan: None,
    };
    assert_eq!(config.policy, expected);
    let (traffic, thresholds) = (config.traffic, domain::traffic::Thresholds::DEFAULT);
    assert_eq!(traffic.distinct_per_minute.get(), thresholds.distinct_per_minute);
    assert_eq!(traffic.distinct_per_hour.get(), thresholds.distinct_per_hour);
    assert_eq!(traffic.sequential_steps.get(), thresholds.sequential_steps);
    assert_eq!(traffic.callback_strangers.get(), thresholds.callback_strangers);
    assert_eq!(traffic.outcome_calls.get(), thresholds.outcome_calls);
    assert_eq!(traffic.short_call, thresholds.short_call);
    assert_eq!(traffic.emergency_callback, thresholds.emergency_callback);
    let shares = [traffic.short_share, traffic.answered_share, traffic.rejected_share];
    let expected = [
        thresholds.short_share,
        thresholds.answered_share,
        thresholds.rejected_share,
    ];
    assert_eq!(shares.map(f64::to_bits), expected.map(f64::to_bits));
    assert_eq!((traffic.callers.get(), traffic.busy_callers.get()), (100_000, 4_096));
    assert_eq!(traffic.emergency_rate.get(), 20);
    assert_eq!(config.answers.lookup_budget, Duration::from_millis(50));
    assert_eq!(config.answers.sip_block, SipBlock::NetworkBlocked);
    let expected = DecisionLogSettings {
        target: None,
        sample: 1.0,
        numbers: NumberForm::Masked,
        key: None,
    };
    assert_eq!(config.decision_log, expected);
}

#[test]
fn flags_come_before_variables_and_variables_before_the_file() {
    let file = "[store]\nurl = 'memory:'\n[policy]\nlabel_from = 10\nblock_from = 20.5\nenforce = 'off'\nrange_label = 'off'\nblock_spoofed_owners = true\nprior = 0.2\nmodel = 'm.json'\n";
    let variables = [
        "RINGWARDEN_LABEL_FROM=11",
        "RINGWARDEN_BLOCK_FROM=21",
        "RINGWARDEN_NUMBERING_PLAN=plan.csv",
        "PATH=/bin",
    ];
    let line = "--config r.toml --label-from 12 --single-report-blocks-for default --single-report-blocks-for default";
    let config = load_from(line, &variables, file).unwrap();
    let expected = PolicySettings {
        label_from: 12.0,
        block_from: 21.0,
        enforce: domain::policy::Enforcement::Off,
        range_label: false,
        block_spoofed_owners: true,
        single_report_blocks_for: vec![domain::tenant::TenantId::DEFAULT],
        brand_feeds: domain::brand_feeds::BrandFeeds::default(),
        prior: Some(0.2),
        model: Some("m.json".into()),
        numbering_plan: Some("plan.csv".into()),
    };
    assert_eq!(config.policy, expected);
    assert_eq!(config.store.url, StoreUrl::Memory);
}

#[test]
fn brand_feeds_come_from_repeated_flags_or_one_text() {
    let flags = load_from(
        "--brand-feed acme=Acme,Acme;Bank=Bank --brand-feed other=Other",
        &[],
        "",
    )
    .unwrap();
    let text = ["RINGWARDEN_BRAND_FEED=acme = Acme ; Bank=Bank; other=Other"];
    let variable = load_from("", &text, "").unwrap();
    assert_eq!(flags.policy.brand_feeds, variable.policy.brand_feeds);
    let file = load_from(
        "--config r.toml",
        &[],
        "[policy]\nbrand_feeds = 'acme=Acme; Bank=Bank; other=Other'\n",
    )
    .unwrap();
    assert_eq!(flags.policy.brand_feeds, file.policy.brand_feeds);
    for wrong in ["acme", "=Acme", "acme=", "acme=Acme,", "acme=Acme;"] {
        let variable = format!("RINGWARDEN_BRAND_FEED={wrong}");
        let fault = load_from("", &[&variable], "").unwrap_err().to_string();
        assert!(fault.contains("acme-fraud=Acme,Acme Bank"), "{fault}");
    }
}

#[test]
fn an_overridden_value_is_not_parsed() {
    let config = load_from("--label-from 12", &["RINGWARDEN_LABEL_FROM=high"], "").unwrap();
    assert_eq!(config.policy.label_from.to_string(), "12");
}

#[test]
fn a_variable_may_name_the_file() {
    let file = "[store]\nmigrate = true\nexpected_id = '000000000000000000000000000000ff'\n";
    let config = load_from("", &["RINGWARDEN_CONFIG=r.toml"], file).unwrap();
    assert!(config.store.migrate);
    assert_eq!(config.store.expected_id, Some(255));
}

#[test]
fn everything_wrong_is_said_at_once_with_its_origin() {
    let file =
        "level = 3\n[listen]\ngrpc_address = 'x'\nhttp_addr = ['x']\n[limits]\nmessage_size = 64\n[lisen]\na = 1\n";
    let variables = ["RINGWARDEN_STORE=redis+cluster://:s3cret@h", "RINGWARDEN_LOG=loud"];
    let flags = "--config r.toml --drain-deadline 10 --block-from 50";
    let text = load_from(flags, &variables, file).unwrap_err();
    for line in [
        "r.toml: level: is not inside a section; accepted: listen.grpc_addr, ",
        "r.toml: listen.grpc_address: is not a setting; accepted: listen.grpc_addr, listen.http_addr",
        "r.toml: listen.http_addr: is not a single value; accepted: listen.grpc_addr, listen.http_addr",
        "r.toml: lisen.a: is not a setting; accepted: listen.grpc_addr, ",
        "RINGWARDEN_STORE: Redis Sentinel and Redis Cluster are not supported; accepted: memory:, ",
        "RINGWARDEN_LOG: \"loud\" is not a valid log filter; accepted: off, ",
        "r.toml: limits.message_size: \"64\" is not a valid size; accepted: a number and a unit",
        "--drain-deadline: \"10\" is not a valid time; accepted: a number and a unit",
        "--block-from: 50 is below policy.label_from; accepted: a number from 60 to 100",
    ] {
        assert!(
            text.lines().any(|found| found.trim_start().starts_with(line)),
            "no line {line}\n{text}"
        );
    }
    assert_eq!(text.lines().count(), 10, "{text}");
    assert!(!text.contains("s3cret"));
}

#[test]
fn a_file_that_is_not_there_or_not_toml_is_a_fault() {
    let text = load_from("--config other.toml --prior 2", &[], "").unwrap_err();
    assert!(text.contains("other.toml: cannot be read: "), "{text}");
    assert!(text.contains("--prior: "), "{text}");
    let text = load_from("--config r.toml", &[], "[store]\nurl = 'redis://:s3cret@h\n").unwrap_err();
    assert!(text.contains("r.toml: line 2: "), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn variables_that_mean_nothing_are_named() {
    let variables = [
        "RINGWARDEN_STROE=redis://:s3cret@h",
        "RINGWARDEN_SERVER=http://h:1",
        "STROE=x",
    ];
    let config = load_from("", &variables, "").unwrap();
    assert_eq!(config.unknown_variables, ["RINGWARDEN_STROE"]);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let empty: Vec<_> = SETTINGS.iter().map(|setting| setting.variable() + "=").collect();
    let others = [
        "RINGWARDEN_CONFIG=",
        "RINGWARDEN_NONSENSE=",
        "SSL_CERT_FILE=",
        "SSL_CERT_DIR=",
    ];
    let variables: Vec<_> = empty.iter().map(String::as_str).chain(others).collect();
    assert_eq!(load_from("", &variables, ""), load_from("", &[], ""));
    // The file is then the highest layer; an empty flag or key is still a fault.
    let file = "[log]\nfilter = 'warn'\n";
    let config = load_from("--config r.toml", &["RINGWARDEN_LOG="], file).unwrap();
    assert_eq!(config.log.filter.to_string(), "warn");
    assert!(load_from("--config r.toml", &[], "[log]\nfilter = ''\n").is_err());
    assert!(load_from("--store=", &[], "").is_err());
}

#[test]
fn the_trusted_authorities_are_those_of_the_most_specific_setting() {
    let trust = |flags: &str, variables: &[&str]| load_from(flags, variables, "").map(|config| config.store.trust);
    let environment = |file: Option<&str>, directories: &[&str]| Trust::Environment {
        file: file.map(Into::into),
        directories: directories.iter().map(Into::into).collect(),
    };
    let file = "SSL_CERT_FILE=/a.pem";
    let directories = "SSL_CERT_DIR=/b:/c:";
    assert_eq!(trust("", &[file]), Ok(environment(Some("/a.pem"), &[])));
    assert_eq!(trust("", &[directories]), Ok(environment(None, &["/b", "/c"])));
    assert_eq!(
        trust("", &[file, directories]),
        Ok(environment(Some("/a.pem"), &["/b", "/c"]))
    );
    let flags = "--store rediss://h --store-ca /d.pem";
    assert_eq!(trust(flags, &[file, directories]), Ok(Trust::File("/d.pem".into())));
    let variables = ["RINGWARDEN_STORE=rediss://h", "RINGWARDEN_STORE_CA=/d.pem"];
    assert_eq!(trust("", &variables), Ok(Trust::File("/d.pem".into())));
    for store in ["redis://h", "memory:", "embedded:x"] {
        let text = trust(&format!("--store {store} --store-ca /d.pem"), &[]).unwrap_err();
        assert!(
            text.contains("--store-ca: has no meaning for a store without TLS"),
            "{text}"
        );
    }
}

#[test]
fn a_password_file_is_for_a_redis_without_a_password() {
    let load = |store: &str| {
        let loaded = load_from(&format!("--store {store} --store-password-file /d/password"), &[], "");
        loaded.map(|config| config.store.password_file)
    };
    for store in ["redis://h", "rediss://ringwarden@h:6380/1"] {
        assert_eq!(load(store), Ok(Some("/d/password".into())), "{store}");
    }
    for (store, wrong) in [
        ("redis://:s3cret@h", "beside a password in the URL"),
        ("memory:", "for a store without a password"),
        ("embedded:x", "for a store without a password"),
    ] {
        let text = load(store).unwrap_err();
        assert!(text.contains("--store-password-file") && text.contains(wrong), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn faults_say_in_which_format_to_tell_them() {
    let faults = |flags: &str, variables: &[(&str, &str)], file: &str| {
        let command = ServeArgs::augment_args(Command::new("serve").no_binary_name(true));
        let matches = command.try_get_matches_from(flags.split_whitespace()).unwrap();
        let args = ServeArgs::from_arg_matches(&matches).unwrap();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        load(&args, variables, |_| Ok(file.to_owned()))
            .unwrap_err()
            .log_format()
    };
    assert_eq!(faults("--prior 2", &[], ""), LogFormat::Text);
    assert_eq!(faults("--prior 2 --log-format json", &[], ""), LogFormat::Json);
    assert_eq!(
        faults("--prior 2", &[("RINGWARDEN_LOG_FORMAT", "json")], ""),
        LogFormat::Json
    );
    assert_eq!(
        faults("--prior 2 --config f", &[], "[log]\nformat = 'json'\n"),
        LogFormat::Json
    );
    assert_eq!(faults("--log-format json --config f", &[], "no TOML"), LogFormat::Json);
    assert_eq!(faults("--log-format xml", &[], ""), LogFormat::Text);
}

#[test]
fn a_reload_names_the_sections_that_need_a_restart() {
    let old = load_from("", &[], "").unwrap();
    let same = load_from("--log debug --decision-keys k", &[], "").unwrap();
    assert!(old.changed_sections(&same).is_empty());
    let flags = "--grpc-addr 127.0.0.1:1 --auth required --store memory: --log-format json --message-size 1KiB --shutdown-grace 1s \
                 --prior 0.2 --lookup-budget 1s --callers 7";
    let other = load_from(flags, &[], "").unwrap();
    let sections = [
        "listen", "auth", "store", "log", "limits", "shutdown", "policy", "answers", "traffic",
    ];
    assert_eq!(old.changed_sections(&other), sections);
}

#[test]
fn a_configuration_can_be_logged() {
    let config = load_from("--store redis://:s3cret@h", &[], "").unwrap();
    let text = format!("{config:?}");
    assert!(text.contains("redis://:***@h") && !text.contains("s3cret"), "{text}");
}

#[test]
fn the_files_of_tls_are_given_together() {
    let config = load_from("--tls-cert c.pem --tls-key k.pem --tls-client-ca a.pem", &[], "").unwrap();
    let expected = TlsSettings {
        certificate: "c.pem".into(),
        key: "k.pem".into(),
        client_ca: Some("a.pem".into()),
    };
    assert_eq!(config.listen.tls, Some(expected));
    for (flags, alone) in [
        ("--tls-cert c.pem", "--tls-cert"),
        ("--tls-key k.pem --tls-client-ca a.pem", "--tls-key"),
        ("--tls-client-ca a.pem", "--tls-client-ca"),
    ] {
        let faults = load_from(flags, &[], "").unwrap_err();
        assert!(faults.contains(alone) && faults.contains("together"), "{faults}");
    }
}

#[test]
fn credentials_are_configured_by_a_mode_or_by_the_first_administrator() {
    for flags in ["--auth required", "--bootstrap-admin admin.key"] {
        assert!(load_from(flags, &[], "").unwrap().credentials_configured(), "{flags}");
    }
    assert!(
        load_from("--auth maybe", &[], "")
            .unwrap_err()
            .contains("auto, required")
    );
}

#[test]
fn a_provider_of_tokens_needs_issuer_audience_and_keys() {
    let oidc = |flags: &str| load_from(flags, &[], "").map(|config| config.auth.oidc);
    let all = "--oidc-issuer https://id.example --oidc-audience ringwarden --oidc-keys";
    assert_eq!(oidc(""), Ok(None));
    let settings = oidc(&format!("{all} https://id.example/keys?a=b --oidc-ca ca.pem"))
        .unwrap()
        .unwrap();
    assert_eq!(settings.issuer.as_str(), "https://id.example");
    assert_eq!(settings.keys, KeySource::Url("https://id.example/keys?a=b".to_owned()));
    let names: Vec<&str> = settings.algorithms.iter().map(|algorithm| algorithm.name()).collect();
    assert_eq!(names, ["RS256", "PS256", "ES256", "ES384", "EdDSA"]);
    let settings = oidc(&format!("{all} keys.json --oidc-algorithms ES256,RS512"))
        .unwrap()
        .unwrap();
    assert_eq!(settings.keys, KeySource::File("keys.json".into()));
    assert_eq!(settings.algorithms, [TokenAlgorithm::Es256, TokenAlgorithm::Rs512]);
    // A provider alone does not close a server: nobody is bound to its tokens at first.
    let config = load_from(&format!("{all} keys.json"), &[], "").unwrap();
    assert!(!config.credentials_configured());
    for (flags, words) in [
        ("--oidc-issuer https://id.example", ["--oidc-issuer", "together"]),
        ("--oidc-audience a --oidc-keys k", ["--oidc-audience", "together"]),
        ("--oidc-keys k", ["--oidc-keys", "together"]),
        ("--oidc-ca ca.pem", ["--oidc-ca", "together"]),
        ("--oidc-issuer http://id.example", ["--oidc-issuer", "https://"]),
        ("--oidc-issuer https://", ["--oidc-issuer", "https://"]),
        ("--oidc-audience=", ["--oidc-audience", "1 to 255"]),
        ("--oidc-keys http://id.example/keys", ["--oidc-keys", "https://"]),
        ("--oidc-keys https://a:b@id.example/keys", ["--oidc-keys", "user name"]),
        ("--oidc-keys=", ["--oidc-keys", "path"]),
        ("--oidc-algorithms HS256", ["HS256", "EdDSA"]),
        ("--oidc-algorithms none", ["none", "EdDSA"]),
        ("--oidc-algorithms rs256", ["rs256", "RS256"]),
        ("--oidc-algorithms RS256,", ["is not an algorithm", "RS256"]),
    ] {
        let faults = load_from(flags, &[], "").unwrap_err();
        assert!(words.iter().all(|word| faults.contains(word)), "{flags}: {faults}");
    }
    let faults = oidc(&format!("{all} keys.json --oidc-ca ca.pem")).unwrap_err();
    assert!(faults.contains("--oidc-ca") && faults.contains("https://"), "{faults}");
}
