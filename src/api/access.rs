//! Which roles may call which method of the contract.
//!
//! The table is the only place that decides. Both edges ask it before they read the body of a request. A method that is not in
//! the table may be called by nobody, except on a server without principals. A test compares the table with the contract.

use super::rates::RequestClass;
use super::{Api, ApiError, Permit, RequestContext};
use crate::domain::identity::{Caller, Identified, Role, Roles};
use crate::domain::tenant::TenantId;
use crate::metrics::{RoleLabel, ServiceLabel};
use crate::service::ServiceError;

/// The roles that may call a method.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// The service of the contract, without its package.
    pub service: &'static str,
    /// The method of the contract.
    pub method: &'static str,
    /// The roles.
    pub roles: Roles,
}

/// Those who ask about calls.
const ASK: Roles = Roles::of(&[Role::Carrier, Role::App, Role::Analyst, Role::Admin]);
/// Those who report calls.
const REPORT: Roles = Roles::of(&[Role::Carrier, Role::App, Role::Reporter, Role::Analyst, Role::Admin]);
/// Those who see what they did themselves, and so look after reporters of their own.
const OWN: Roles = Roles::of(&[Role::App, Role::Reporter, Role::Analyst, Role::Admin]);
/// Those who know how calls ended.
const CALLS: Roles = Roles::of(&[Role::Carrier, Role::App]);
/// Those who may see why a call was treated as it was.
const EXPLAIN: Roles = Roles::of(&[Role::Carrier, Role::Analyst, Role::Admin]);
/// Those who decide on numbers, cases and lists.
const DECIDE: Roles = Roles::of(&[Role::Analyst, Role::Admin]);
/// Those who decide who may do what.
const MANAGE: Roles = Roles::of(&[Role::Admin]);

/// The roles that may read the metrics on the port of clients. On a listener of their own, metrics need no credential.
const METRICS: Roles = Roles::of(&[Role::Carrier, Role::Analyst, Role::Admin]);

/// The table. The most frequent method comes first, since it is searched in this order.
pub static ACCESS: &[Access] = &[
    allow("LookupService", "Lookup", ASK),
    allow("LookupService", "BatchLookup", ASK),
    allow("LookupService", "StreamLookup", ASK),
    allow("LookupService", "GetDecision", EXPLAIN),
    allow("LookupService", "ListCategories", Roles::ALL),
    allow("ReportService", "SubmitReport", REPORT),
    allow("ReportService", "BatchSubmitReports", REPORT),
    allow("ReportService", "SubmitCallOutcomes", CALLS),
    // Those who do not decide withdraw their own reports only.
    allow("ReportService", "WithdrawReport", REPORT),
    allow("ReportService", "ListReporterReports", OWN),
    allow("ReportService", "WithdrawReports", DECIDE),
    allow("ReportService", "ListReports", DECIDE),
    allow("ReportService", "ExportReports", DECIDE),
    allow("ReportService", "ListPendingComments", DECIDE),
    allow("ReportService", "ModerateComment", DECIDE),
    allow("NumberService", "GetNumber", DECIDE),
    allow("NumberService", "SetNumberStatus", DECIDE),
    allow("NumberService", "ClearNumberStatus", DECIDE),
    allow("NumberService", "ListNumbers", DECIDE),
    allow("NumberService", "Search", DECIDE),
    allow("NumberService", "ListSimilarNumbers", DECIDE),
    allow("NumberService", "ResetNumber", DECIDE),
    allow("CaseService", "CreateCase", DECIDE),
    allow("CaseService", "GetCase", DECIDE),
    allow("CaseService", "ListCases", DECIDE),
    allow("CaseService", "UpdateCase", DECIDE),
    allow("CaseService", "TransitionCase", DECIDE),
    allow("CaseService", "LinkNumbers", DECIDE),
    allow("CaseService", "UnlinkNumbers", DECIDE),
    allow("ListService", "ReplaceList", DECIDE),
    allow("ListService", "GetList", DECIDE),
    allow("ListService", "ListLists", DECIDE),
    allow("NoteService", "AddNote", DECIDE),
    allow("NoteService", "ListNotes", DECIDE),
    allow("NumberService", "ListAuditEvents", MANAGE),
    // Of these, only administrators may share all reports or all statuses: the handler asks.
    allow("SharingService", "SetVisibility", DECIDE),
    allow("SharingService", "SetAcceptance", MANAGE),
    allow("SharingService", "ListSharings", DECIDE),
    allow("SharingService", "ListSharedWithMe", DECIDE),
    allow("NumberService", "EraseNumber", MANAGE),
    allow("PrincipalService", "CreatePrincipal", MANAGE),
    allow("PrincipalService", "GetPrincipal", MANAGE),
    allow("PrincipalService", "ListPrincipals", MANAGE),
    allow("PrincipalService", "UpdatePrincipal", MANAGE),
    allow("PrincipalService", "AddKey", MANAGE),
    allow("PrincipalService", "RevokeKey", MANAGE),
    allow("PrincipalService", "GetCaller", Roles::ALL),
    allow("AdminService", "GetIndexComparison", MANAGE),
];

/// Whether a method of the contract changes something. The name of one that reads says so.
#[must_use]
pub fn changes(method: &str) -> bool {
    const READS: [&str; 4] = ["Get", "List", "Search", "Export"];
    !READS.iter().any(|reads| method.starts_with(reads)) && !method.ends_with("Lookup")
}

const fn allow(service: &'static str, method: &'static str, roles: Roles) -> Access {
    Access { service, method, roles }
}

impl Api {
    /// Checks that the caller may call this method now, and takes a unit of its quota.
    ///
    /// # Errors
    /// If the request has no credential that is accepted, none of the caller's roles may call the method, or the quota is used
    /// up.
    pub fn authorize(&self, context: &mut RequestContext, service: &str, method: &str) -> Result<(), ApiError> {
        let found = ACCESS.iter().find(|row| row.method == method && row.service == service);
        if let Some(row) = found {
            (context.permit.service, context.permit.method) = (row.service, row.method);
        }
        context.permit.roles = found.map_or(Roles::NONE, |row| row.roles);
        self.check_roles(context, context.permit.roles)?;
        self.charge(context, RequestClass::of(service, method), 1)
    }

    /// Checks that the caller may read the metrics: nobody of a named tenant may. A server that may turn out to be open shows
    /// them while it waits for its store: they say that it waits, and hold nothing of a person.
    ///
    /// # Errors
    /// As [`Self::authorize`].
    pub fn authorize_metrics(&self, context: &RequestContext) -> Result<(), ApiError> {
        if self.is_unconfirmed() {
            return Ok(());
        }
        // They count what all tenants do, so they are for those who run the server: in another tenant, no role would do.
        if context.caller.tenant() != TenantId::DEFAULT {
            self.charge(context, RequestClass::Other, 1)?;
            return Err(ApiError::of_the_operator());
        }
        self.check_roles(context, METRICS)?;
        self.charge(context, RequestClass::Other, 1)
    }

    /// Checks that the caller has an accepted credential. Any role will do.
    ///
    /// # Errors
    /// If the request has no credential that is accepted.
    pub fn authorize_anybody(&self, context: &RequestContext) -> Result<(), ApiError> {
        self.check_roles(context, Roles::ALL)?;
        self.charge(context, RequestClass::Other, 1)
    }

    pub(super) fn check_roles(&self, context: &RequestContext, roles: Roles) -> Result<(), ApiError> {
        match &context.caller {
            Caller::Open => Ok(()),
            Caller::Known(known) if known.principal.roles.meet(roles) => Ok(()),
            Caller::Known(known) => {
                self.deny(context.permit, known);
                self.charge(context, RequestClass::Other, 1)?;
                Err(ApiError::role_required(roles))
            }
            // Nobody can be recognised before the index is loaded, and nobody is let in before it is known that there is no
            // principal.
            Caller::Nobody | Caller::Unchecked if !self.freshness().is_ready() || self.is_unconfirmed() => {
                Err(ServiceError::IndexLoading.into())
            }
            Caller::Unchecked => {
                self.count_refused(context);
                Err(self.not_checked(context))
            }
            Caller::Nobody => {
                self.count_refused(context);
                self.charge_network(context)?;
                Err(ApiError::unauthenticated())
            }
        }
    }
}

impl Api {
    /// Counts a request that is refused since its credential is not accepted. What needs no credential does not get here.
    fn count_refused(&self, context: &RequestContext) {
        if let Some(refused) = context.refused {
            self.metrics().refused_credential(refused);
        }
    }

    /// Counts a request that none of its caller's roles allows, and tells the log of it, at most once in a second.
    fn deny(&self, permit: Permit, known: &Identified) {
        let roles = known.principal.roles;
        if let Some(role) = roles.iter().next() {
            self.metrics()
                .role_missing(role_label(role), service_label(permit.service));
        }
        if let Some(left_out) = self.0.denials.line() {
            // The name of a principal may be that of a person. The id of its key is not.
            let (method, credential) = (permit.method, known.credential);
            tracing::info!(method, ?roles, %credential, left_out, "none of the caller's roles may call the method");
        }
    }
}

const fn role_label(role: Role) -> RoleLabel {
    match role {
        Role::Carrier => RoleLabel::Carrier,
        Role::App => RoleLabel::App,
        Role::Reporter => RoleLabel::Reporter,
        Role::Analyst => RoleLabel::Analyst,
        Role::Admin => RoleLabel::Admin,
    }
}

fn service_label(service: &str) -> ServiceLabel {
    match service {
        "LookupService" => ServiceLabel::Lookups,
        "ReportService" => ServiceLabel::Reports,
        "NumberService" => ServiceLabel::Numbers,
        "CaseService" => ServiceLabel::Cases,
        "ListService" => ServiceLabel::Lists,
        "NoteService" => ServiceLabel::Notes,
        "PrincipalService" => ServiceLabel::Principals,
        _ => ServiceLabel::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_role_and_only_administrators_manage_and_audit() {
        for row in ACCESS {
            assert!(!row.roles.is_empty(), "{row:?}");
            let manages = (row.service == "PrincipalService" && row.method != "GetCaller")
                || ["ListAuditEvents", "EraseNumber", "SetAcceptance", "GetIndexComparison"].contains(&row.method);
            assert_eq!(row.roles == MANAGE, manages, "{row:?}");
        }
    }

    #[test]
    fn the_name_of_a_method_says_whether_it_changes_something() {
        let reads: Vec<_> = ACCESS
            .iter()
            .map(|row| row.method)
            .filter(|method| !changes(method))
            .collect();
        assert_eq!(
            reads,
            [
                "Lookup",
                "BatchLookup",
                "StreamLookup",
                "GetDecision",
                "ListCategories",
                "ListReporterReports",
                "ListReports",
                "ExportReports",
                "ListPendingComments",
                "GetNumber",
                "ListNumbers",
                "Search",
                "ListSimilarNumbers",
                "GetCase",
                "ListCases",
                "GetList",
                "ListLists",
                "ListNotes",
                "ListAuditEvents",
                "ListSharings",
                "ListSharedWithMe",
                "GetPrincipal",
                "ListPrincipals",
                "GetCaller",
                "GetIndexComparison",
            ]
        );
    }
}
