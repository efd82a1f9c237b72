//! `key create`.

use clap::Args;

use super::grants::BoundArgs;
use super::making::NewKeyArgs;
use super::shown;
use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::{names, output, shared};
use crate::wire::v1::principal_service_client::PrincipalServiceClient;
use crate::wire::v1::{BoundCredentials, CreatePrincipalRequest, ReportGrants, Role, Source};

/// Arguments of `key create`.
#[derive(Args, Debug)]
pub(super) struct CreateArgs {
    /// Name of the principal: 1 to 64 letters, digits, -, _, . and @
    name: String,
    /// Role of the principal; may be repeated
    #[arg(long, required = true, value_parser = names::parser::<Role>())]
    role: Vec<Role>,
    /// Tenant to which everything belongs that the principal makes [default: default]
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Source that the principal may name in its reports; may be repeated
    #[arg(long, value_parser = names::parser::<Source>())]
    source: Vec<Source>,
    /// Feed that the principal may name in its reports; may be repeated
    #[arg(long, value_name = "NAME")]
    feed: Vec<String>,
    /// Brand that the principal may speak for; may be repeated
    #[arg(long, value_name = "NAME")]
    brand: Vec<String>,
    #[command(flatten)]
    bound: BoundArgs,
    #[command(flatten)]
    key: NewKeyArgs,
    /// Make no key: the principal proves its identity by a certificate or a token
    #[arg(long, conflicts_with_all = ["expires_in", "environment", "out"])]
    no_key: bool,
    /// Name of the person who makes the change [default: your login name]
    #[arg(long, value_name = "NAME", env = "RINGWARDEN_ACTOR")]
    actor: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: CreateArgs) -> Result<(), CliError> {
    let bound = BoundCredentials {
        certificate_sha256: args.bound.certificates()?,
        subjects: args.bound.subjects(),
    };
    let client = PrincipalServiceClient::new(args.remote.connect().await?);
    let key = if args.no_key { None } else { Some(args.key.make()?) };
    let request = CreatePrincipalRequest {
        principal_id: args.name,
        tenant: args.tenant.unwrap_or_default(),
        roles: args.role.into_iter().map(i32::from).collect(),
        grants: Some(ReportGrants {
            sources: args.source.into_iter().map(i32::from).collect(),
            feeds: args.feed,
            brands: args.brand,
        }),
        bound: Some(bound),
        key: key.as_ref().map(super::making::MadeKey::for_server),
        actor: shared::actor(args.actor),
        request_id: connect::random_id()?,
    };
    let call = || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.create_principal(request).await }
    };
    if let Some(key) = key {
        let principal = key.send(&request.request_id, call).await?;
        return key.hand_over(&principal, &args.remote);
    }
    let principal = connect::change(&request.request_id, call).await?;
    if args.remote.json {
        output::json(&principal)?;
    } else {
        output::show(&shown::card(&principal))?;
    }
    shown::warn_without_credential(&principal)
}
