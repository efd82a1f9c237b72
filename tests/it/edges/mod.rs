//! Both edges on real sockets, over the store in memory: every method, health, reflection, and shutdown.

mod apart;
mod apps;
mod corrections;
mod exports;
mod exports_http;
mod found;
mod hostile;
mod http_standards;
mod identity;
mod instances;
mod late;
mod logged;
mod messages;
mod methods;
mod once;
mod openapi;
mod outages;
mod owners;
mod panics;
mod parameters;
mod proto3_json;
mod quotas;
mod regions;
mod running;
mod statuses;
mod strangers;
mod sweeps;
mod tls;
mod turns;

use ringwarden::wire::v1;

const NUMBER: &str = "+13152328257";
const OTHER: &str = "+13152328258";

fn ask(number: &str, request_id: &str) -> v1::LookupRequest {
    v1::LookupRequest {
        number: number.into(),
        request_id: request_id.into(),
        ..v1::LookupRequest::default()
    }
}

fn report(report_id: &str, number: &str) -> v1::Report {
    v1::Report {
        report_id: report_id.into(),
        number: number.into(),
        category: v1::Category::TechSupportScam.into(),
        source: v1::Source::RegulatorFeed.into(),
        feed: "ftc-8col".into(),
        import_id: "import-1".into(),
        impersonated_brand: "microsoft".into(),
        comment: "Said my computer\nwas infected".into(),
        ..v1::Report::default()
    }
}

fn new_case(request_id: &str) -> v1::CreateCaseRequest {
    v1::CreateCaseRequest {
        case_id: "case-a".into(),
        title: "Pop-up network A".into(),
        category: v1::Category::TechSupportScam.into(),
        status: v1::CaseStatus::Corroborated.into(),
        source: v1::Source::RegulatorFeed.into(),
        agency: "Federal Trade Commission".into(),
        actor: "ana".into(),
        request_id: request_id.into(),
        ..v1::CreateCaseRequest::default()
    }
}

fn link(number: &str, role: v1::CaseRole) -> v1::NumberLink {
    v1::NumberLink {
        number: number.into(),
        role: role.into(),
        ..v1::NumberLink::default()
    }
}
