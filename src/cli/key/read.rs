//! `key list`, `show` and `whoami`.

use clap::Args;

use super::shown;
use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::paging::Paging;
use crate::wire::v1::principal_service_client::PrincipalServiceClient;
use crate::wire::v1::{GetCallerRequest, GetPrincipalRequest, ListPrincipalsRequest};

/// Arguments of `key list`.
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    remote: Remote,
}

/// Arguments of `key show`.
#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// Name of the principal
    name: String,
    #[command(flatten)]
    remote: Remote,
}

/// Arguments of `key whoami`.
#[derive(Args, Debug)]
pub(super) struct WhoamiArgs {
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn list(args: ListArgs) -> Result<(), CliError> {
    let mut client = PrincipalServiceClient::new(args.remote.connect().await?);
    let ask = async |page_size, page_token| {
        let request = ListPrincipalsRequest { page_size, page_token };
        Ok(client.list_principals(request).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    args.paging
        .print(args.remote.json, &listed, ("principals", shown::COLUMNS), shown::table)
}

pub(super) async fn show(args: ShowArgs) -> Result<(), CliError> {
    let mut client = PrincipalServiceClient::new(args.remote.connect().await?);
    let request = GetPrincipalRequest {
        principal_id: args.name,
    };
    let principal = client.get_principal(request).await?.into_inner();
    if args.remote.json {
        return output::json(&principal);
    }
    output::show(&shown::card(&principal))
}

pub(super) async fn whoami(args: WhoamiArgs) -> Result<(), CliError> {
    let mut client = PrincipalServiceClient::new(args.remote.connect().await?);
    let caller = client.get_caller(GetCallerRequest {}).await?.into_inner();
    if args.remote.json {
        return output::json(&caller);
    }
    if caller.open {
        return output::paragraph(
            "This server is open: it has no principals, so everybody on its machine may do everything. The first \
             administrator closes it: `ringwarden key create NAME --role admin`.",
        );
    }
    let mut card = output::card();
    output::add(&mut card, "principal", &caller.principal_id);
    output::add(&mut card, "tenant", &caller.tenant);
    output::add(&mut card, "roles", shown::roles(&caller.roles));
    output::add(&mut card, "credential", &caller.credential);
    output::show(&card)
}
