//! `health`: checks whether a server is ready, for people and for the health checks of containers.

use clap::Args;
use serde::Serialize;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus as Answer;
use tonic_health::pb::health_client::HealthClient;

use super::connect::Remote;
use super::error::CliError;
use super::output;

/// Arguments of `health`.
#[derive(Args, Debug)]
pub struct HealthArgs {
    /// gRPC service to check, such as ringwarden.v1.LookupService [default: the whole server]
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    service: String,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'a str,
}

/// Whether the health check of the server returns SERVING.
pub(super) async fn is_serving(remote: &Remote) -> Result<bool, CliError> {
    let mut client = HealthClient::new(remote.connect().await?);
    let answer = client.check(HealthCheckRequest::default()).await?.into_inner();
    Ok(answer.status() == Answer::Serving)
}

pub(super) async fn run(args: HealthArgs) -> Result<(), CliError> {
    let mut client = HealthClient::new(args.remote.connect().await?);
    let request = HealthCheckRequest { service: args.service };
    let answer = client.check(request).await?.into_inner().status();
    let status = answer.as_str_name();
    if args.remote.json {
        output::json(&Health { status })?;
    }
    if answer != Answer::Serving {
        return Err(CliError::NotServing {
            server: args.remote.server,
            status: status.to_owned(),
        });
    }
    if !args.remote.json {
        output::line(status)?;
    }
    Ok(())
}
