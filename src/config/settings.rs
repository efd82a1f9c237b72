//! The list of all settings. The flags of `serve`, the `RINGWARDEN_*` variables, the keys of the file, `--help` and the
//! table in the documentation are all made from this list.

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Key in the file: section and name, such as `store.url`.
    pub key: &'static str,
    /// Flag, without the dashes in front.
    pub flag: &'static str,
    /// Name of the flag's value in `--help`; `None` for a switch, which needs no value.
    pub value_name: Option<&'static str>,
    /// Default, as text; `None` if the setting has no default.
    pub default: Option<&'static str>,
    /// Description of the setting.
    pub meaning: &'static str,
}

/// Name of the value of a setting that names tenants, and whose flag may be repeated.
pub(super) const TENANTS: &str = "TENANT,...";

/// Name of the value of a setting that names the brands of a feed, and whose flag may be repeated.
pub(super) const BRANDS: &str = "FEED=BRAND,...";

impl Setting {
    /// Environment variable of the setting: `RINGWARDEN_` and the flag in capitals.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("RINGWARDEN_{}", self.flag.to_ascii_uppercase().replace('-', "_"))
    }
}

macro_rules! settings {
    ($( $constant:ident $key:literal --$flag:literal $value_name:expr, $default:expr, $meaning:literal; )+) => {
        $(
            pub(super) const $constant: Setting = Setting {
                key: $key,
                flag: $flag,
                value_name: $value_name,
                default: $default,
                meaning: $meaning,
            };
        )+

        /// All settings, section by section.
        pub const SETTINGS: &[Setting] = &[ $( $constant ),+ ];
    };
}

settings! {
    GRPC_ADDR "listen.grpc_addr" --"grpc-addr" Some("ADDR"), Some("127.0.0.1:50051"),
        "Address on which the server serves gRPC.";
    HTTP_ADDR "listen.http_addr" --"http-addr" Some("ADDR"), Some("127.0.0.1:8080"),
        "Address on which the server serves JSON, `/metrics`, `/healthz` and `/readyz`.";
    HTTP_HOSTS "listen.http_hosts" --"http-hosts" Some("HOSTS"), None,
        "Hosts under which HTTP clients reach the server, without ports, separated by commas: `api.example,192.0.2.7`. Those of loopback are always accepted. `*` accepts all. Default: on loopback no others, elsewhere all.";
    ADMIN_ADDR "listen.admin_addr" --"admin-addr" Some("ADDR"), None,
        "Address of its own for `/metrics`, `/healthz` and `/readyz`, whose connections clients cannot use up. Then `--http-addr` no longer serves `/metrics`. Default: none.";
    TLS_CERT "listen.tls_cert" --"tls-cert" Some("FILE"), None,
        "File with the certificate of the server and those of the authorities between it and the root (PEM). With it, all addresses speak TLS 1.2 and 1.3 only, but for an `--admin-addr` on loopback. The server reads the file again when it changes, and at SIGHUP.";
    TLS_KEY "listen.tls_key" --"tls-key" Some("FILE"), None,
        "File with the private key of `--tls-cert` (PEM). Only the user of the server may read it.";
    TLS_CLIENT_CA "listen.tls_client_ca" --"tls-client-ca" Some("FILE"), None,
        "File with the certificates (PEM) of the authorities that sign the certificates of clients. A client need not show one; if it shows one of another authority, the connection ends.";
    TLS_IN_FRONT "listen.tls_terminated_in_front" --"tls-terminated-in-front" None, Some("false"),
        "Says that a proxy in front of the server terminates TLS: then the server speaks plain text on addresses that other machines reach. With `--tls-cert`, only `--admin-addr` does.";
    AUTH "auth.mode" --"auth" Some("MODE"), Some("auto"),
        "Whether requests need a credential: `required` (always), `auto` (only once the store has one).";
    BOOTSTRAP_ADMIN "auth.bootstrap_admin" --"bootstrap-admin" Some("FILE"), None,
        "File to which the key of the first administrator is written, if the store has no credential yet.";
    OIDC_ISSUER "auth.oidc_issuer" --"oidc-issuer" Some("URL"), None,
        "Issuer of the tokens (JWT) of an OpenID provider, as their claim `iss` has it. With `--oidc-audience` and `--oidc-keys`, its tokens are accepted as credentials of the principals to which an administrator has bound their `sub`.";
    OIDC_AUDIENCE "auth.oidc_audience" --"oidc-audience" Some("TEXT"), None,
        "Value that the claim `aud` of the tokens must have: the name of this server at the provider.";
    OIDC_KEYS "auth.oidc_keys" --"oidc-keys" Some("FILE|URL"), None,
        "Public keys of the provider (JWK Set, RFC 7517): a file, which the server reads again when it changes and at SIGHUP; or an `https://` address, which it asks every 5 minutes, at SIGHUP, and at most once a minute for a key that it does not know.";
    OIDC_CA "auth.oidc_ca" --"oidc-ca" Some("FILE"), None,
        "File with the certificates (PEM) of the authorities that may sign the certificate of the address of `--oidc-keys`. Without it, the public authorities.";
    OIDC_ALGORITHMS "auth.oidc_algorithms" --"oidc-algorithms" Some("NAMES"), Some("RS256,PS256,ES256,ES384,EdDSA"),
        "Algorithms of signatures that are accepted, separated by commas: `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384`, `EdDSA`.";
    STORE_URL "store.url" --"store" Some("URL"), Some("embedded:./ringwarden-data"),
        "Where data is stored: `memory:` (lost when the process ends), `embedded:PATH` (a directory), `redis://` or `rediss://[USER[:PASSWORD]@]HOST[:PORT][/DB]` (`rediss` is Redis over TLS).";
    STORE_ID "store.expected_id" --"expected-store-id" Some("ID"), None,
        "Start only on the store with this id: 32 hexadecimal digits, which the server logs at start.";
    CONNECT_TIMEOUT "store.connect_timeout" --"store-connect-timeout" Some("TIME"), Some("400ms"),
        "Maximum time to open a connection to Redis.";
    RESPONSE_TIMEOUT "store.response_timeout" --"store-response-timeout" Some("TIME"), Some("1s"),
        "Maximum time that Redis may take to answer; after that, the outcome of a write is unknown.";
    STORE_CA "store.ca" --"store-ca" Some("FILE"), None,
        "File with the certificates (PEM) of the authorities that may sign the certificate of a Redis at `rediss://`. Without it, those of the variables `SSL_CERT_FILE` and `SSL_CERT_DIR`, or else the public authorities.";
    STORE_PASSWORD_FILE "store.password_file" --"store-password-file" Some("FILE"), None,
        "File with the password of Redis, in place of one in `--store`. The server reads it for each connection that it makes, and at SIGHUP, so the password can change while it runs. Only the user of the server may read it.";
    REPORTER_KEYS "store.reporter_keys" --"reporter-keys" Some("FILE"), None,
        "File with the keys of the hashes of reporters' names: in each line 64 hexadecimal digits, or `store` for the key that is derived from the store. The first key hashes new reporters; a reporter who is known under another key stays known under it. Without the file, there is the key of the store only. SIGHUP reads the file again.";
    MIGRATE "store.migrate" --"migrate" None, Some("false"),
        "At start, refold (compute again) the stored evidence if it was folded with another evidence version.";
    ACCEPT_DAMAGE "store.accept_damage" --"accept-damage" Some("CODE"), None,
        "At start, open an embedded store that has just the damage with this code, which the server names when it refuses to start. The journals are copied aside, and what cannot be read is lost.";
    SNAPSHOT "store.snapshot" --"snapshot" Some("DIR"), None,
        "Directory in which the server keeps a snapshot of its index, so that it can start while Redis is away. Only for Redis; each instance needs a directory of its own.";
    SNAPSHOT_INTERVAL "store.snapshot_interval" --"snapshot-interval" Some("TIME"), Some("5m"),
        "Time from one snapshot to the next.";
    SNAPSHOT_MAX_AGE "store.snapshot_max_age" --"snapshot-max-age" Some("AGE"), Some("7d"),
        "Oldest data of a snapshot from which the server starts: 1m to 365d, or 0 for any age.";
    AUDIT_RETENTION "store.audit_retention" --"audit-retention" Some("AGE"), Some("400d"),
        "How long audit events are kept: 30d to 3650d. Older ones are dropped within an hour.";
    COMPARE_EVERY "store.compare_every" --"compare-every" Some("TIME"), Some("5s"),
        "Least time between two comparisons of a shard of the index with the store, in the background: there are 256 shards. A difference is counted in `ringwarden_index_differences_total`, and the shard is loaded again. 0 for no comparisons.";
    REPORT_RETENTION "store.report_retention" --"report-retention" Some("AGE"), Some("1095d"),
        "How long reports are kept after their arrival: 30d to 3650d, or 0 for ever. Older ones are dropped within a day.";
    TEXT_RETENTION "store.text_retention" --"text-retention" Some("AGE"), Some("365d"),
        "How long comments of reports are kept after their arrival: 30d to 3650d, or 0 as long as the reports. Older ones are dropped within a day; the reports stay.";
    LOG_FORMAT "log.format" --"log-format" Some("FORMAT"), Some("text"),
        "Format of the log on standard error: `text` for people, `json` for programs.";
    LOG_FILTER "log.filter" --"log" Some("FILTER"), Some("info"),
        "What to log: one level for all modules, or levels by module, such as `info,ringwarden::follow=debug`. SIGHUP reads it again.";
    MAX_CONNECTIONS "limits.max_connections" --"max-connections" Some("COUNT"), Some("400"),
        "Maximum number of open connections on each of the two addresses. For a further one, the connection that has been idle for the longest time is closed; if none is idle, it waits.";
    PER_ADDRESS "limits.max_connections_per_address" --"max-connections-per-address" Some("COUNT"), Some("100"),
        "Maximum number of open connections from one client address (IPv6: from one /64 network) on each of the two addresses; 0 for no limit. For a further one, the longest idle of them is closed; if none is idle, it is refused. Set 0 behind a proxy.";
    IDLE_TIMEOUT "limits.idle_timeout" --"idle-timeout" Some("TIME"), Some("15m"),
        "Time after its last call after which a gRPC connection is closed. Health watches and reflection are no calls.";
    REQUEST_MEMORY "limits.request_memory" --"request-memory" Some("SIZE"), Some("256MiB"),
        "Memory that requests and answers in flight may hold together, from 64MiB on. A quarter of it is for lookups alone, and one connection may hold a quarter. Beyond it, requests are refused with RESOURCE_EXHAUSTED.";
    MAX_STREAMS "limits.max_concurrent_streams" --"max-concurrent-streams" Some("COUNT"), Some("256"),
        "Maximum number of requests in progress on one HTTP/2 connection; further requests wait.";
    MESSAGE_SIZE "limits.message_size" --"message-size" Some("SIZE"), Some("64KiB"),
        "Maximum size of a request that holds a single item.";
    BATCH_SIZE "limits.batch_message_size" --"batch-message-size" Some("SIZE"), Some("8MiB"),
        "Maximum size of a request that holds a batch.";
    REPORTER_QUOTA "limits.reporter_daily_quota" --"reporter-daily-quota" Some("COUNT"), Some("20"),
        "Maximum number of reports from one reporter in a day (UTC): 1 to 1000, or 0 for no limit. Each call-back number of a report counts as one more. Trusted feeds that name no reporter are exempt.";
    TENANT_QUOTA "limits.tenant_daily_quota" --"tenant-daily-quota" Some("COUNT"), Some("100000"),
        "Maximum number of reports from all reporters in a day (UTC): 1 to 1000000000, or 0 for no limit. Each call-back number of a report counts as one more. Trusted feeds that name no reporter are exempt.";
    PRINCIPAL_SHARE "limits.principal_daily_share" --"principal-daily-share" Some("SHARE"), Some("0.25"),
        "Largest share of `--tenant-daily-quota` that one principal may use in a day, above 0 and up to 1, so that no client uses up the day of the others.";
    QUOTA_LOOKUPS "limits.quota_lookups" --"quota-lookups" Some("COUNT"), Some("20000"),
        "Maximum number of lookups and call outcomes of one principal in a second: 1 to 1000000, or 0 for no limit. Ten seconds of it may come at once. Beyond it, they are refused with RESOURCE_EXHAUSTED. Each instance counts its own. Without principals there is no limit.";
    QUOTA_REPORTS "limits.quota_reports" --"quota-reports" Some("COUNT"), Some("5000"),
        "The same for reports. Each call-back number of a report counts as one more.";
    QUOTA_OTHER "limits.quota_other" --"quota-other" Some("COUNT"), Some("200"),
        "The same for all other requests. 1,000 entries of a list count as one.";
    QUOTA_UNAUTHENTICATED "limits.quota_unauthenticated" --"quota-unauthenticated" Some("COUNT"), Some("50"),
        "The same for requests without an accepted credential from one network: an IPv4 /24 or an IPv6 /48. Requests with an accepted credential are never refused because of it. Checks of the signatures of new tokens have the same quota, apart: beyond it they are refused unchecked.";
    WRITE_TIMEOUT "limits.write_timeout" --"write-timeout" Some("TIME"), Some("2s"),
        "Maximum time for a change; a batch gets this time again for every 1,000 items. If the client sets a shorter deadline, that one applies.";
    HEAVY_WORKERS "limits.heavy_workers" --"heavy-workers" Some("COUNT"), None,
        "Number of threads for everything but lookups and probes: reports, lists, exports, the store. They have a lower priority than those of lookups. Batches of lookups have as many threads of their own. Default: one for each processor.";
    HEAVY_REQUESTS "limits.heavy_requests" --"heavy-requests" Some("COUNT"), Some("1024"),
        "Maximum number of requests in progress that are not lookups; one connection and one principal may have a quarter of them. A further one is answered with RESOURCE_EXHAUSTED, and nothing is done for it. Exports, uploads of lists and streams of call outcomes are not counted.";
    KEEPALIVE_INTERVAL "limits.keepalive_interval" --"keepalive-interval" Some("TIME"), Some("30s"),
        "Time without traffic after which the server pings a gRPC client.";
    KEEPALIVE_TIMEOUT "limits.keepalive_timeout" --"keepalive-timeout" Some("TIME"), Some("10s"),
        "Maximum time that the client may take to answer this ping; after that, the server closes the connection.";
    SHUTDOWN_GRACE "shutdown.grace" --"shutdown-grace" Some("TIME"), Some("0s"),
        "Time after SIGTERM or SIGINT in which the server says that it is not ready and still answers everything, 0s to 60m: give the load balancer the time to notice. The Docker image sets 5s.";
    DRAIN_DEADLINE "shutdown.drain_deadline" --"drain-deadline" Some("TIME"), Some("10s"),
        "Maximum time to finish requests in progress after SIGTERM or SIGINT, from the end of `--shutdown-grace` on.";
    LABEL_FROM "policy.label_from" --"label-from" Some("SCORE"), Some("60"),
        "Lowest score (0 to 100) at which the advice is to label the call.";
    BLOCK_FROM "policy.block_from" --"block-from" Some("SCORE"), Some("80"),
        "Lowest score at which the advice is to block the call; not below `--label-from`.";
    ENFORCE "policy.enforce" --"enforce" Some("MODE"), Some("block"),
        "Strongest action that answers carry out: `off` (shadow mode: every call is allowed), `label` (a call that would be blocked is labelled), `block` (all). A weakened answer has the basis SHADOW and says in `wouldAction` what was decided. SIGHUP reads it again.";
    RANGE_LABEL "policy.range_label" --"range-label" Some("on|off"), Some("on"),
        "Whether a call is labelled if its score rests on the neighbouring numbers alone. `off`: such a call is allowed.";
    BLOCK_SPOOFED_OWNERS "policy.block_spoofed_owners" --"block-spoofed-owners" None, Some("false"),
        "Advise to block a call that shows the number of a known owner and probably comes from somebody else; without it, the call is labelled.";
    SINGLE_REPORT_BLOCKS_FOR "policy.single_report_blocks_for" --"single-report-blocks-for" Some(TENANTS), None,
        "Tenants for which a single report may block a call; otherwise it labels. Repeat the flag or separate the names with commas.";
    BRAND_FEED "policy.brand_feeds" --"brand-feed" Some(BRANDS), None,
        "Brands whose own team sends reports by a feed. Reports with this feed, the source `ENTERPRISE_BRAND` and one of these brands weigh as those of a trusted feed; about other brands they weigh as others. Repeat the flag for further feeds, or separate feeds with semicolons: `acme-fraud=Acme,Acme Bank; example=Example`.";
    PRIOR "policy.prior" --"prior" Some("SHARE"), None,
        "Share of this network's calls that are unwanted, before anything is known about the number. Without it, the prior of the model: 0.1 in the built-in model.";
    MODEL "policy.model" --"model" Some("FILE"), None,
        "File with the scoring model, as `ringwarden fit` writes it. Without it, the built-in model.";
    NUMBERING_PLAN "policy.numbering_plan" --"numbering-plan" Some("FILE"), None,
        "File with ranges of numbers that are newer than this release (CSV, see `docs/numbers.md`). They come before the built-in ones.";
    LOOKUP_BUDGET "answers.lookup_budget" --"lookup-budget" Some("TIME"), Some("50ms"),
        "Time budget of a lookup whose client gives none. If the answer is late, the call is allowed, with the basis FAIL_OPEN.";
    SIP_BLOCK "answers.sip_block" --"sip-block" Some("CODE"), Some("603+"),
        "SIP response for a call that is blocked because of what is known about its number: `603+` (ATIS-1000099, United States) or `608` (RFC 8688).";
    REDRESS_URL "answers.redress_url" --"redress-url" Some("URL"), None,
        "URL at which people object to a decision. The Reason header of a 603+ response holds this URL, followed by `/r/` and the decision id.";
    CONTACT_CARD_URL "answers.contact_card_url" --"contact-card-url" Some("URL"), None,
        "URL of the signed contact card of RFC 8688, for the Call-Info header of a 608 response.";
    DECISION_KEYS "answers.decision_keys" --"decision-keys" Some("FILE"), None,
        "File with the keys of decision ids, one key of 64 hexadecimal digits per line. The first key seals new ids; every key opens ids. Without it, the server derives a key from the store. SIGHUP reads the file again.";
    EMERGENCY_NUMBERS "answers.emergency_numbers" --"emergency-numbers" Some("FILE"), None,
        "File with further numbers of emergency services and of public safety, lines of `region,number,service` such as `CH,1414,emergency`; the service is `emergency` or `public-safety`. Calls to these numbers are never hindered.";
    DECISION_LOG "decision_log.file" --"decision-log" Some("FILE"), None,
        "File to which a line of JSON is appended for each answer to a lookup (see `docs/decision-log.md`); `-` is standard output. Without it, no decision is logged.";
    DECISION_LOG_SAMPLE "decision_log.sample" --"decision-log-sample" Some("SHARE"), Some("1"),
        "Share of the allowed calls that are logged, 0 to 1. Calls that are not allowed, or would not be, are always logged.";
    DECISION_LOG_NUMBERS "decision_log.numbers" --"decision-log-numbers" Some("FORM"), Some("masked"),
        "How the decision log writes numbers: `masked` (without the last four digits), `hashed` (a hash with a key), `none`.";
    DECISION_LOG_KEY "decision_log.key" --"decision-log-key" Some("FILE"), None,
        "File with the key of the hashed numbers in the decision log: 64 hexadecimal digits. Without it, the server derives a key from the store.";
    DISTINCT_PER_MINUTE "traffic.distinct_per_minute" --"distinct-per-minute" Some("COUNT"), Some("50"),
        "Distinct called numbers within a minute that make a burst. A burst labels the caller.";
    DISTINCT_PER_HOUR "traffic.distinct_per_hour" --"distinct-per-hour" Some("COUNT"), Some("500"),
        "Distinct called numbers within an hour that make a burst.";
    SEQUENTIAL_STEPS "traffic.sequential_steps" --"sequential-steps" Some("COUNT"), Some("10"),
        "Steps from a called number to a neighbouring one, among the caller's latest 32 calls, that make sequential dialling.";
    CALLBACK_STRANGERS "traffic.callback_strangers" --"callback-strangers" Some("COUNT"), Some("20"),
        "Distinct people who must call a number back after its burst before its owner counts as a victim of spoofing.";
    OUTCOME_CALLS "traffic.outcome_calls" --"outcome-calls" Some("COUNT"), Some("120"),
        "Call outcomes of a caller within an hour that are needed before any share of them counts.";
    SHORT_CALL "traffic.short_call" --"short-call" Some("TIME"), Some("6s"),
        "An answered call that is shorter than this is a short call.";
    SHORT_SHARE "traffic.short_share" --"short-share" Some("SHARE"), Some("0.2"),
        "Share of short calls among the caller's answered calls; a higher share labels the caller.";
    ANSWERED_SHARE "traffic.answered_share" --"answered-share" Some("SHARE"), Some("0.5"),
        "Share of the caller's calls that are answered; a lower share labels the caller.";
    REJECTED_SHARE "traffic.rejected_share" --"rejected-share" Some("SHARE"), Some("0.2"),
        "Share of the caller's calls that end with 403, 607 or 608; a higher share labels the caller.";
    EMERGENCY_CALLBACK "traffic.emergency_callback" --"emergency-callback" Some("TIME"), Some("60m"),
        "Time after a call to an emergency number in which every call back to its caller is allowed.";
    EMERGENCY_RATE "traffic.emergency_calls_per_second" --"emergency-calls-per-second" Some("COUNT"), Some("20"),
        "Calls to emergency numbers in a second, 1 to 1000, up to which every caller is remembered for `--emergency-callback`: the memory is 48 bytes for each call in this time, 3.5 MB by default. Above it, the tenant with the most callers loses some early.";
    CALLERS "traffic.callers" --"callers" Some("COUNT"), Some("100000"),
        "Maximum number of callers whose call rate is kept in memory, 136 bytes each. The caller whose latest call is oldest is dropped first.";
    BUSY_CALLERS "traffic.busy_callers" --"busy-callers" Some("COUNT"), Some("4096"),
        "Maximum number of callers with more than 8 calls an hour that are kept in memory with details, 4.4 KB each. The caller whose latest call is oldest is dropped first.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn variables_are_named_after_flags() {
        assert_eq!(GRPC_ADDR.variable(), "RINGWARDEN_GRPC_ADDR");
        assert_eq!(STORE_URL.variable(), "RINGWARDEN_STORE");
    }

    #[test]
    fn keys_and_flags_are_distinct() {
        let keys: HashSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        let flags: HashSet<_> = SETTINGS.iter().map(|setting| setting.flag).collect();
        assert_eq!((keys.len(), flags.len()), (SETTINGS.len(), SETTINGS.len()));
    }
}
