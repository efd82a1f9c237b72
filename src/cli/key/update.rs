//! `key update`.

use clap::{ArgGroup, Args};

use super::grants::BoundArgs;
use super::shown;
use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::shared::Change;
use crate::cli::{names, output};
use crate::wire::v1::principal_service_client::PrincipalServiceClient;
use crate::wire::v1::{
    BoundCredentials, GetPrincipalRequest, Principal, ReportGrants, Role, Source, UpdatePrincipalRequest,
};

/// The parts of a principal that may change: the command needs at least one of them.
const PARTS: [&str; 14] = [
    "role",
    "source",
    "no_sources",
    "feed",
    "no_feeds",
    "brand",
    "no_brands",
    "certificate",
    "certificate_sha256",
    "no_certificates",
    "oidc_subject",
    "no_subjects",
    "disable",
    "enable",
];

/// Arguments of `key update`. A part that is given replaces the whole part, and the others stay.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("parts").args(PARTS).required(true).multiple(true))]
pub(super) struct UpdateArgs {
    /// Name of the principal
    name: String,
    /// Role from now on; may be repeated
    #[arg(long, value_parser = names::parser::<Role>())]
    role: Vec<Role>,
    #[command(flatten)]
    grants: GrantArgs,
    #[command(flatten)]
    bound: BoundArgs,
    /// Bind no certificate from now on
    #[arg(long, conflicts_with_all = ["certificate", "certificate_sha256"])]
    no_certificates: bool,
    /// Bind no subject of an OpenID provider from now on
    #[arg(long, conflicts_with = "oidc_subject")]
    no_subjects: bool,
    /// Refuse the principal from now on, with all its credentials
    #[arg(long, conflicts_with = "enable")]
    disable: bool,
    /// Accept the principal again
    #[arg(long)]
    enable: bool,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    remote: Remote,
}

/// The grants of a principal.
#[derive(Args, Debug)]
struct GrantArgs {
    /// Source that the principal may name in its reports from now on; may be repeated
    #[arg(long, value_parser = names::parser::<Source>())]
    source: Vec<Source>,
    /// Grant no source from now on
    #[arg(long, conflicts_with = "source")]
    no_sources: bool,
    /// Feed that the principal may name in its reports from now on; may be repeated
    #[arg(long, value_name = "NAME")]
    feed: Vec<String>,
    /// Grant no feed from now on
    #[arg(long, conflicts_with = "feed")]
    no_feeds: bool,
    /// Brand that the principal may speak for from now on; may be repeated
    #[arg(long, value_name = "NAME")]
    brand: Vec<String>,
    /// Grant no brand from now on
    #[arg(long, conflicts_with = "brand")]
    no_brands: bool,
}

pub(super) async fn run(args: UpdateArgs) -> Result<(), CliError> {
    let certificates = args.bound.certificates()?;
    let mut client = PrincipalServiceClient::new(args.remote.connect().await?);
    let wanted = GetPrincipalRequest {
        principal_id: args.name.clone(),
    };
    let grants = args.grants.any();
    let subjects = args.bound.subjects();
    let binds = args.no_certificates || args.no_subjects || !certificates.is_empty() || !subjects.is_empty();
    // The server replaces all grants at once, and all bound credentials. So the command reads those that stay, and the server
    // refuses the change if they have changed meanwhile.
    let before = if grants || binds {
        Some(client.get_principal(wanted).await?.into_inner())
    } else {
        None
    };
    let request = UpdatePrincipalRequest {
        principal_id: args.name,
        roles: args.role.into_iter().map(i32::from).collect(),
        grants: before
            .as_ref()
            .filter(|_| grants)
            .map(|before| args.grants.over(before)),
        bound: before.as_ref().filter(|_| binds).map(|before| BoundCredentials {
            certificate_sha256: replaced(&before.certificate_sha256, certificates, args.no_certificates),
            subjects: replaced(&before.subjects, subjects, args.no_subjects),
        }),
        disabled: (args.disable || args.enable).then_some(args.disable),
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
        expected_version: before.as_ref().map(|before| before.version),
    };
    let principal = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.update_principal(request).await }
    })
    .await?;
    if args.remote.json {
        output::json(&principal)?;
    } else {
        output::show(&shown::card(&principal))?;
    }
    shown::warn_without_credential(&principal)
}

impl GrantArgs {
    /// Whether a grant changes.
    const fn any(&self) -> bool {
        !self.source.is_empty()
            || !self.feed.is_empty()
            || !self.brand.is_empty()
            || self.no_sources
            || self.no_feeds
            || self.no_brands
    }

    /// All grants from now on.
    fn over(&self, before: &Principal) -> ReportGrants {
        let sources = self.source.iter().copied().map(i32::from).collect();
        ReportGrants {
            sources: replaced(&before.sources, sources, self.no_sources),
            feeds: replaced(&before.feeds, self.feed.clone(), self.no_feeds),
            brands: replaced(&before.brands, self.brand.clone(), self.no_brands),
        }
    }
}

/// The items from now on: the given ones; or none; or else those from before.
fn replaced<T: Clone>(before: &[T], given: Vec<T>, none: bool) -> Vec<T> {
    if none || !given.is_empty() {
        return given;
    }
    before.to_vec()
}
