//! Principals and keys, as commands show them.

use comfy_table::Table;

use crate::cli::error::CliError;
use crate::cli::names::name_of;
use crate::cli::paging::{self, Columns};
use crate::cli::{output, time};
use crate::domain::time::Timestamp as Time;
use crate::wire::Timestamp;
use crate::wire::v1::{ApiKey, Principal, Role, Source};

/// The columns of principals in CSV. A cell with several values separates them by blanks.
pub(super) const COLUMNS: Columns<Principal> = &[
    ("principal_id", |one| one.principal_id.clone()),
    ("tenant", |one| one.tenant.clone()),
    ("roles", |one| {
        joined(one.roles.iter().map(|role| name_of::<Role>(*role)), " ")
    }),
    ("disabled", |one| one.disabled.to_string()),
    ("keys", |one| {
        let now = super::now();
        joined(
            one.keys.iter().map(|key| format!("{}={}", key.key_id, state(key, now))),
            " ",
        )
    }),
    ("certificates", |one| one.certificate_sha256.join(" ")),
    ("created_at", |one| paging::time(one.created_at)),
    ("version", |one| one.version.to_string()),
];

/// The roles, with commas.
pub(super) fn roles(roles: &[i32]) -> String {
    joined(roles.iter().map(|role| name_of::<Role>(*role)), ", ")
}

/// The beginning of the hash of a certificate that a table shows, in hexadecimal digits.
const HASH_SHOWN: usize = 16;

/// A table with a row for each credential. A principal without any has one row.
pub(super) fn table(principals: &[Principal]) -> Table {
    let now = super::now();
    let mut table = output::new_table([
        "principal",
        "tenant",
        "roles",
        "credential",
        "state",
        "expires (UTC)",
        "last used (UTC)",
    ]);
    for one in principals {
        let head = [
            output::text(&one.principal_id),
            output::text(&one.tenant),
            output::text(roles(&one.roles)),
        ];
        let shown_state = |state: &str| {
            if one.disabled {
                "principal disabled".to_owned()
            } else {
                state.to_owned()
            }
        };
        let mut add = |credential: &str, state: &str| {
            let row = [
                output::text(credential),
                output::text(shown_state(state)),
                output::text(""),
                output::text(""),
            ];
            table.add_row(head.iter().cloned().chain(row));
        };
        for hash in &one.certificate_sha256 {
            add(
                &format!("certificate {}", hash.get(..HASH_SHOWN).unwrap_or(hash)),
                "bound",
            );
        }
        for subject in &one.subjects {
            add(&format!("subject {}", subject.subject), "bound");
        }
        if one.keys.is_empty() && one.certificate_sha256.is_empty() && one.subjects.is_empty() {
            add("", "no credential");
        }
        for key in &one.keys {
            let row = [
                output::text(&key.key_id),
                output::text(shown_state(state(key, now))),
                output::text(time::column(key.expires_at)),
                output::text(time::column(key.last_used_at)),
            ];
            table.add_row(head.iter().cloned().chain(row));
        }
    }
    table
}

/// Warns, apart from the output, of a principal that has no credential.
pub(super) fn warn_without_credential(one: &Principal) -> Result<(), CliError> {
    if !one.keys.is_empty() || !one.certificate_sha256.is_empty() || !one.subjects.is_empty() {
        return Ok(());
    }
    let name = output::clean(&one.principal_id);
    output::note(format!(
        "warning: nobody can use {name}: it has neither a key, nor a certificate, nor a subject; bind a certificate with \
         `ringwarden key update {name} --certificate FILE`, or make a key with `ringwarden key rotate {name}`"
    ))
}

/// A card of one principal.
pub(super) fn card(one: &Principal) -> Table {
    let now = super::now();
    let mut card = output::card();
    output::add(&mut card, "principal", &one.principal_id);
    if one.disabled {
        output::add(&mut card, "state", "disabled: none of its credentials is accepted");
    }
    output::add(&mut card, "tenant", &one.tenant);
    output::add(&mut card, "roles", roles(&one.roles));
    let sources = one.sources.iter().map(|source| name_of::<Source>(*source));
    output::add(&mut card, "sources", joined(sources, ", "));
    output::add(&mut card, "feeds", one.feeds.join(", "));
    output::add(&mut card, "brands", one.brands.join(", "));
    for key in &one.keys {
        output::add(&mut card, "key", described(key, now));
    }
    for hash in &one.certificate_sha256 {
        output::add(&mut card, "certificate", hash);
    }
    for subject in &one.subjects {
        output::add(
            &mut card,
            "subject",
            format!("{} at {}", subject.subject, subject.issuer),
        );
    }
    output::add(&mut card, "created", time::shown(one.created_at));
    output::add(&mut card, "version", one.version);
    card
}

/// The state of a key, with the times that it depends on. That of a revocation is told with the state.
fn described(key: &ApiKey, now: Time) -> String {
    let state = match key.revoked_at {
        Some(_) => format!("revoked {}", time::shown(key.revoked_at)),
        None => state(key, now).to_owned(),
    };
    let mut parts = vec![format!("{} {state}", key.key_id)];
    for (name, at) in [
        ("from", key.not_before),
        ("until", key.expires_at),
        ("last used", key.last_used_at),
    ] {
        if at.is_some() {
            parts.push(format!("{name} {}", time::shown(at)));
        }
    }
    parts.join(", ")
}

/// The state of a key, by the clock of this machine.
fn state(key: &ApiKey, now: Time) -> &'static str {
    if key.revoked_at.is_some() {
        "revoked"
    } else if key.expires_at.is_some_and(|end| millis(end) <= now.millis()) {
        "expired"
    } else if key.not_before.is_some_and(|start| millis(start) > now.millis()) {
        "not valid yet"
    } else {
        "valid"
    }
}

fn millis(time: Timestamp) -> i64 {
    time.seconds
        .saturating_mul(1_000)
        .saturating_add(i64::from(time.nanos / 1_000_000))
}

fn joined(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_state() {
        let now = Time::from_secs(1_000);
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let key = |not_before, expires_at, revoked_at| ApiKey {
            not_before,
            expires_at,
            revoked_at,
            ..ApiKey::default()
        };
        for (key, expected) in [
            (key(None, None, None), "valid"),
            (key(None, at(1_001), None), "valid"),
            (key(None, at(1_000), None), "expired"),
            (key(at(1_001), None, None), "not valid yet"),
            (key(None, at(1_000), at(900)), "revoked"),
        ] {
            assert_eq!(state(&key, now), expected, "{key:?}");
            let described = described(&key, now);
            assert_eq!(described.matches(expected).count(), 1, "{described}");
        }
    }

    #[test]
    fn a_revoked_key_says_so_once_and_when() {
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let key = ApiKey {
            key_id: "00000000000000aa".to_owned(),
            expires_at: at(1_000),
            revoked_at: at(900),
            ..ApiKey::default()
        };
        assert_eq!(
            described(&key, Time::from_secs(2_000)),
            "00000000000000aa revoked 1970-01-01 00:15 UTC, until 1970-01-01 00:16 UTC"
        );
    }
}
