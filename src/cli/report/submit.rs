//! `report NUMBER`: files one report.

use crate::wire::Timestamp;
use clap::Args;

use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::names::{self, name_of};
use crate::cli::shared::InRegion;
use crate::cli::{output, time};
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::{
    Attestation, Category, Channel, Report, ReportRole, Source, SubmitOutcome, SubmitReportRequest, Verstat,
};

/// The report.
#[derive(Args, Debug)]
pub(super) struct SubmitArgs {
    /// The number complained about, as written
    // Not required with a subcommand, which clap can tell only of an option.
    #[arg(required = true)]
    number: Option<String>,
    /// What the call was about
    #[arg(long, value_parser = names::parser::<Category>())]
    category: Option<Category>,
    /// The call was wanted: evidence against risk
    #[arg(long)]
    not_spam: bool,
    /// Who says so [default: CONSUMER]
    #[arg(long, value_parser = names::parser::<Source>())]
    source: Option<Source>,
    /// Opaque name of the reporter; kept only as a keyed hash
    #[arg(long, value_name = "NAME")]
    reporter: Option<String>,
    /// Where the victim is, coarsely: a US area code or a region
    #[arg(long)]
    area: Option<String>,
    /// Country of the victim, such as US
    #[arg(long, value_name = "XX")]
    country: Option<String>,
    /// The company or authority the caller claimed to be
    #[arg(long)]
    brand: Option<String>,
    /// What happened, in the victim's words
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// When the call took place [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    occurred_at: Option<Timestamp>,
    /// What the number was in it [default: CALLED_ME]
    #[arg(long, value_parser = names::parser::<ReportRole>())]
    role: Option<ReportRole>,
    /// How the contact was made [default: CALL]
    #[arg(long, value_parser = names::parser::<Channel>())]
    channel: Option<Channel>,
    /// Whether the voice was a recording
    #[arg(long, value_name = "BOOL")]
    recorded: Option<bool>,
    /// The attestation the call came with
    #[arg(long, value_parser = names::parser::<Attestation>())]
    attestation: Option<Attestation>,
    /// The outcome of verifying the call's signature
    #[arg(long, value_parser = names::parser::<Verstat>())]
    verstat: Option<Verstat>,
    /// Another number the victim was told to call; may be given ten times
    #[arg(long, value_name = "NUMBER")]
    callback: Vec<String>,
    /// The data set it comes from
    #[arg(long)]
    feed: Option<String>,
    /// The import run it belongs to
    #[arg(long, value_name = "ID")]
    import: Option<String>,
    /// Name of the report; repeating it is safe [default: made by chance]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: SubmitArgs) -> Result<(), CliError> {
    let remote = args.remote.clone();
    let client = ReportServiceClient::new(remote.connect().await?);
    let request = SubmitReportRequest {
        report: Some(report(args)?),
    };
    let id = request
        .report
        .as_ref()
        .map(|report| report.report_id.clone())
        .unwrap_or_default();
    let answer = connect::change(&id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.submit_report(request).await }
    })
    .await?;
    if remote.json {
        return output::json(&answer);
    }
    let mut card = output::card();
    output::add(&mut card, "number", &answer.e164);
    output::add(&mut card, "report", &answer.report_id);
    output::add(&mut card, "outcome", name_of::<SubmitOutcome>(answer.outcome));
    output::line(card.trim_fmt())
}

fn report(args: SubmitArgs) -> Result<Report, CliError> {
    Ok(Report {
        report_id: connect::request_id(args.id)?,
        number: args.number.unwrap_or_default(),
        default_region: args.region.for_wire(),
        category: args.category.unwrap_or_default().into(),
        not_spam: args.not_spam,
        source: args.source.unwrap_or_default().into(),
        feed: args.feed.unwrap_or_default(),
        import_id: args.import.unwrap_or_default(),
        reporter_id: args.reporter.unwrap_or_default(),
        reporter_area: args.area.unwrap_or_default(),
        reporter_country: args.country.unwrap_or_default(),
        occurred_at: args.occurred_at,
        received_at: None,
        channel: args.channel.unwrap_or_default().into(),
        impersonated_brand: args.brand.unwrap_or_default(),
        role: args.role.unwrap_or_default().into(),
        recorded: args.recorded,
        attestation: args.attestation.unwrap_or_default().into(),
        verstat: args.verstat.unwrap_or_default().into(),
        comment: args.comment.unwrap_or_default(),
        callback_numbers: args.callback,
    })
}
