//! Every setting there is. The flags of `serve`, the `RINGWARDEN_*` variables, the keys of the file, `--help` and the
//! README's table all come from this one list.

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its key in the file: section and name.
    pub key: &'static str,
    /// Its flag, without the dashes.
    pub flag: &'static str,
    /// What the flag's value is called in `--help`; none for a switch, which may stand without a value.
    pub value_name: Option<&'static str>,
    /// What holds if nobody says anything, as it would be written; none if there is nothing then.
    pub default: Option<&'static str>,
    /// What it means.
    pub meaning: &'static str,
}

impl Setting {
    /// Its environment variable: `RINGWARDEN_` and the flag.
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

        /// Every setting, section by section.
        pub const SETTINGS: &[Setting] = &[ $( $constant ),+ ];
    };
}

settings! {
    GRPC_ADDR "listen.grpc_addr" --"grpc-addr" Some("ADDR"), Some("127.0.0.1:50051"),
        "Where gRPC is served.";
    HTTP_ADDR "listen.http_addr" --"http-addr" Some("ADDR"), Some("127.0.0.1:8080"),
        "Where JSON, `/metrics`, `/healthz` and `/readyz` are served.";
    STORE_URL "store.url" --"store" Some("URL"), Some("embedded:./ringwarden-data"),
        "Where reports last: `memory:` (until the process ends), `embedded:PATH`, `redis://` or `rediss://[USER[:PASSWORD]@]HOST[:PORT][/DB]`.";
    STORE_ID "store.expected_id" --"expected-store-id" Some("ID"), None,
        "Refuse to start on another store than the one of this id (32 hexadecimal digits, shown at start).";
    CONNECT_TIMEOUT "store.connect_timeout" --"store-connect-timeout" Some("TIME"), Some("400ms"),
        "How long a connection to Redis may take to be made.";
    RESPONSE_TIMEOUT "store.response_timeout" --"store-response-timeout" Some("TIME"), Some("1s"),
        "How long Redis may take to answer; after that the outcome of a write is unknown.";
    MIGRATE "store.migrate" --"migrate" None, Some("false"),
        "Fold stored evidence anew at start if another release folded it otherwise.";
    LOG_FORMAT "log.format" --"log-format" Some("FORMAT"), Some("text"),
        "`text` for people, `json` for programs; both to standard error.";
    LOG_FILTER "log.filter" --"log" Some("FILTER"), Some("info"),
        "What is logged: a level, or levels by module, such as `info,ringwarden::follow=debug`.";
    MAX_CONNECTIONS "limits.max_connections" --"max-connections" Some("COUNT"), Some("400"),
        "Open connections of each of the two addresses; further ones wait.";
    MAX_STREAMS "limits.max_concurrent_streams" --"max-concurrent-streams" Some("COUNT"), Some("256"),
        "Calls in progress on one HTTP/2 connection; further ones wait.";
    MESSAGE_SIZE "limits.message_size" --"message-size" Some("SIZE"), Some("64KiB"),
        "Largest request that holds a single item.";
    BATCH_SIZE "limits.batch_message_size" --"batch-message-size" Some("SIZE"), Some("8MiB"),
        "Largest request that holds a batch.";
    REPORTER_QUOTA "limits.reporter_daily_quota" --"reporter-daily-quota" Some("COUNT"), Some("20"),
        "Reports taken of one reporter in a day (UTC), at most 1000; 0 for any number. Trusted feeds that name no reporter are exempt.";
    TENANT_QUOTA "limits.tenant_daily_quota" --"tenant-daily-quota" Some("COUNT"), Some("100000"),
        "Reports taken in a day (UTC) in all, but for those of trusted feeds that name no reporter; 0 for any number.";
    WRITE_TIMEOUT "limits.write_timeout" --"write-timeout" Some("TIME"), Some("2s"),
        "How long a change may take, and a batch as long again for every 1,000 items; a client's shorter deadline holds.";
    KEEPALIVE_INTERVAL "limits.keepalive_interval" --"keepalive-interval" Some("TIME"), Some("30s"),
        "How often a silent gRPC client is asked whether it is still there.";
    KEEPALIVE_TIMEOUT "limits.keepalive_timeout" --"keepalive-timeout" Some("TIME"), Some("10s"),
        "How long it may take to answer that before it is cut off.";
    DRAIN_DEADLINE "shutdown.drain_deadline" --"drain-deadline" Some("TIME"), Some("10s"),
        "How long calls in progress may go on after SIGTERM or SIGINT.";
    LABEL_FROM "policy.label_from" --"label-from" Some("SCORE"), Some("60"),
        "From this score on the advice is to label the call.";
    BLOCK_FROM "policy.block_from" --"block-from" Some("SCORE"), Some("80"),
        "From this score on the advice is to block it.";
    PRIOR "policy.prior" --"prior" Some("SHARE"), None,
        "Share of this network's calls that are unwanted, before anything is known of the number; the model's own if not given: 0.1.";
    MODEL "policy.model" --"model" Some("FILE"), None,
        "Score by the model of this file, as `ringwarden fit` writes it, instead of the built-in one.";
    LOOKUP_BUDGET "answers.lookup_budget" --"lookup-budget" Some("TIME"), Some("50ms"),
        "Within what time a lookup is answered whose client does not say; past it the call is allowed, on the basis FAIL_OPEN.";
    SIP_BLOCK "answers.sip_block" --"sip-block" Some("CODE"), Some("603+"),
        "The SIP answer to a call refused for what was learnt of its number: `603+` (ATIS-1000099, United States) or `608` (RFC 8688).";
    REDRESS_URL "answers.redress_url" --"redress-url" Some("URL"), None,
        "Where people object to a decision: the Reason header of a 603+ leads to this URL, `/r/` and the decision's id.";
    CONTACT_CARD_URL "answers.contact_card_url" --"contact-card-url" Some("URL"), None,
        "Where the signed contact card of RFC 8688 is, for the Call-Info header of a 608.";
    DECISION_KEYS "answers.decision_keys" --"decision-keys" Some("FILE"), None,
        "The keys of decision ids, 64 hexadecimal digits a line: the first seals, all of them open. A key derived from the store if not given.";
    DISTINCT_PER_MINUTE "traffic.distinct_per_minute" --"distinct-per-minute" Some("COUNT"), Some("50"),
        "Distinct numbers called within a minute that make a burst, which labels the caller.";
    DISTINCT_PER_HOUR "traffic.distinct_per_hour" --"distinct-per-hour" Some("COUNT"), Some("500"),
        "Distinct numbers called within an hour that make a burst.";
    SEQUENTIAL_STEPS "traffic.sequential_steps" --"sequential-steps" Some("COUNT"), Some("10"),
        "Steps from a number to one beside it, among a caller's latest 32 calls, that make sequential dialling.";
    CALLBACK_STRANGERS "traffic.callback_strangers" --"callback-strangers" Some("COUNT"), Some("20"),
        "Distinct people who call a number back after its burst, from which on its owner is taken for the victim.";
    OUTCOME_CALLS "traffic.outcome_calls" --"outcome-calls" Some("COUNT"), Some("120"),
        "Outcomes of a caller's calls in an hour before any share of them counts.";
    SHORT_CALL "traffic.short_call" --"short-call" Some("TIME"), Some("6s"),
        "An answered call below this is a short one.";
    SHORT_SHARE "traffic.short_share" --"short-share" Some("SHARE"), Some("0.2"),
        "A higher share of short calls among a caller's answered ones labels the caller.";
    ANSWERED_SHARE "traffic.answered_share" --"answered-share" Some("SHARE"), Some("0.5"),
        "A lower share of answered calls labels the caller.";
    REJECTED_SHARE "traffic.rejected_share" --"rejected-share" Some("SHARE"), Some("0.2"),
        "A higher share of calls ended with 403, 607 or 608 labels the caller.";
    EMERGENCY_CALLBACK "traffic.emergency_callback" --"emergency-callback" Some("TIME"), Some("60m"),
        "How long after somebody has called an emergency number every call to them is put through.";
    CALLERS "traffic.callers" --"callers" Some("COUNT"), Some("100000"),
        "Callers that are remembered by their rate, 136 bytes each; those who called longest ago are forgotten first.";
    BUSY_CALLERS "traffic.busy_callers" --"busy-callers" Some("COUNT"), Some("4096"),
        "Callers of more than 8 calls an hour that are remembered, 4.4 KB each; of further ones the one who called longest ago is forgotten.";
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
