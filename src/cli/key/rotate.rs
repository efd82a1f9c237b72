//! `key rotate`.

use clap::Args;
use pbjson_types::Duration;

use super::making::NewKeyArgs;
use crate::cli::connect::{self, Connection, Remote};
use crate::cli::error::CliError;
use crate::cli::{shared, time};
use crate::wire::v1::principal_service_client::PrincipalServiceClient;
use crate::wire::v1::{AddKeyRequest, GetPrincipalRequest};

/// The longest overlap. The server takes no end after the year 9999, and would name a time that nobody gave.
const MAX_OVERLAP_SECONDS: i64 = 100 * 366 * 86_400;

/// Arguments of `key rotate`.
#[derive(Args, Debug)]
pub(super) struct RotateArgs {
    /// Name of the principal
    name: String,
    /// Span of time in which the old keys stay valid, such as 24h; 0s ends them at once
    #[arg(long, value_name = "SPAN", default_value = "24h", value_parser = overlap)]
    overlap: Duration,
    #[command(flatten)]
    key: NewKeyArgs,
    /// Name of the person who makes the change [default: your login name]
    #[arg(long, value_name = "NAME", env = "RINGWARDEN_ACTOR")]
    actor: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: RotateArgs) -> Result<(), CliError> {
    let mut client = PrincipalServiceClient::new(args.remote.connect().await?);
    let mut key = args.key;
    if key.expires_in.is_none() {
        key.expires_in = lasts(&mut client, &args.name).await?;
    }
    let key = key.make()?;
    let request = AddKeyRequest {
        principal_id: args.name,
        key: Some(key.for_server()),
        others_expire_at: Some(super::after(args.overlap)),
        actor: shared::actor(args.actor),
        request_id: connect::random_id()?,
    };
    let principal = key
        .send(&request.request_id, || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.add_key(request).await }
        })
        .await?;
    key.hand_over(&principal, &args.remote)
}

/// How long the newest key of a principal lasts from when it was made, so that the key of a person ends again; `None` if it
/// does not end.
async fn lasts(client: &mut PrincipalServiceClient<Connection>, name: &str) -> Result<Option<Duration>, CliError> {
    let request = GetPrincipalRequest {
        principal_id: name.to_owned(),
    };
    let principal = client.get_principal(request).await?.into_inner();
    let newest = principal.keys.iter().rev().find(|key| key.revoked_at.is_none());
    let span = newest.and_then(|key| Some(key.expires_at?.seconds.saturating_sub(key.created_at?.seconds)));
    Ok(span.map(|seconds| Duration { seconds, nanos: 0 }))
}

/// Parses a span that may be nothing.
fn overlap(text: &str) -> Result<Duration, &'static str> {
    if matches!(text.trim(), "0" | "0s" | "0m" | "0h" | "0d" | "0w") {
        return Ok(Duration::default());
    }
    let span = time::span(text).map_err(
        |_| "expected minutes, hours, days or weeks as a whole number, such as 30m, 24h or 7d; or 0s, which ends the old keys at once",
    )?;
    if span.seconds > MAX_OVERLAP_SECONDS {
        return Err("expected at most 100 years");
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_overlap_says_what_is_possible() {
        for (text, seconds) in [
            ("0s", 0),
            ("0", 0),
            ("30m", 1_800),
            ("24h", 86_400),
            ("5200w", 3_144_960_000),
        ] {
            assert_eq!(overlap(text).map(|span| span.seconds), Ok(seconds), "{text}");
        }
        for (text, hint) in [("30s", "minutes"), ("24", "30m"), ("", "0s"), ("999999w", "100 years")] {
            assert!(overlap(text).unwrap_err().contains(hint), "{text}");
        }
    }
}
