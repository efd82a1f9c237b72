//! `key revoke`.

use clap::Args;

use super::shown;
use crate::cli::confirm::{AtTerminal, Confirm};
use crate::cli::connect::{self, Connection, Remote};
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::paging::PAGE_SIZE;
use crate::cli::shared::Change;
use crate::wire::v1::principal_service_client::PrincipalServiceClient;
use crate::wire::v1::{ListPrincipalsRequest, Principal, RevokeKeyRequest};

/// Arguments of `key revoke`.
#[derive(Args, Debug)]
pub(super) struct RevokeArgs {
    /// Id of the key: 16 hexadecimal digits
    #[arg(value_name = "KEY-ID")]
    key_id: String,
    /// Reason of the revocation, at most 1,000 characters
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: RevokeArgs) -> Result<(), CliError> {
    let client = PrincipalServiceClient::new(args.remote.connect().await?);
    if !args.confirm.yes {
        let holder = holder(client.clone(), &args.key_id).await?;
        let what = format!("the key {} of {}", args.key_id, output::clean(&holder.principal_id));
        if args.confirm.dry_run && args.remote.json {
            return output::json(&holder);
        }
        if args.confirm.dry_run {
            return output::line(format!("{what} would be revoked"));
        }
        let question = format!("this revokes {what}: its clients are refused at once");
        args.confirm.check(&question, &mut AtTerminal)?;
    }
    let request = RevokeKeyRequest {
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
        key_id: args.key_id,
        reason: args.reason.unwrap_or_default(),
    };
    let principal = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.revoke_key(request).await }
    })
    .await?;
    if args.remote.json {
        return output::json(&principal);
    }
    output::show(&shown::card(&principal))
}

/// The principal that has a key.
async fn holder(mut client: PrincipalServiceClient<Connection>, key_id: &str) -> Result<Principal, CliError> {
    let mut request = ListPrincipalsRequest {
        page_size: PAGE_SIZE,
        ..Default::default()
    };
    loop {
        let page = client.list_principals(request.clone()).await?.into_inner();
        let has_key = |holder: &Principal| holder.keys.iter().any(|key| key.key_id == key_id);
        if let Some(found) = page.principals.into_iter().find(has_key) {
            return Ok(found);
        }
        if page.next_page_token.is_empty() {
            return Err(CliError::NoSuchKey);
        }
        request.page_token = page.next_page_token;
    }
}
