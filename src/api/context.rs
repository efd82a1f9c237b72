//! The context of a request: everything an edge knows of it besides its message.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::domain::actor::Actor;
use crate::domain::audit::{AuditEdge, RequestedBy, Via};
use crate::domain::identity::{Caller, Role, Roles};
use crate::domain::tenant::TenantId;
use crate::metrics::{EdgeLabel, RefusedLabel};
use crate::service::Sender;

/// Everything an edge knows of a request besides its message. Every handler takes it.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The edge that received the request.
    pub edge: EdgeLabel,
    /// When the head of the request arrived, before its body was read: when the connection was woken for it, also if a worker
    /// took it up later.
    pub arrived: Instant,
    /// How long the client waits from then on; none if it does not say.
    pub client_timeout: Option<Duration>,
    /// The party that sends the request.
    pub caller: Caller,
    /// Why it is nobody; none if it is somebody, or if nobody can be recognised yet. It is counted if the request is refused
    /// for that, and not before: probes and pages need no credential.
    pub refused: Option<RefusedLabel>,
    /// The address of the client, or of the proxy in front of the server; none if the request came over no network.
    pub client: Option<IpAddr>,
    /// The edge and the number of the connection there; none if the request came over no network.
    pub connection: Option<(EdgeLabel, u64)>,
    /// What the caller was let through for.
    pub permit: Permit,
}

/// What a caller was let through for, so that it can be checked again when the rest of the request has arrived.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permit {
    /// The generation of the principals from which the caller was found; 0 if it was not.
    pub generation: u64,
    /// The service of the contract; empty for what is not part of it.
    pub service: &'static str,
    /// The method of the contract; empty for what is not part of it.
    pub method: &'static str,
    /// The roles that may call the method.
    pub roles: Roles,
}

impl RequestContext {
    /// The context of a request of nobody whose head has arrived, from a client that does not say how long it waits.
    #[must_use]
    pub const fn new(edge: EdgeLabel, arrived: Instant) -> Self {
        Self {
            edge,
            arrived,
            client_timeout: None,
            caller: Caller::Nobody,
            refused: None,
            client: None,
            connection: None,
            permit: Permit {
                generation: 0,
                service: "",
                method: "",
                roles: Roles::NONE,
            },
        }
    }

    /// The same, on a server without principals.
    #[must_use]
    pub fn open(edge: EdgeLabel, arrived: Instant) -> Self {
        Self {
            caller: Caller::Open,
            ..Self::new(edge, arrived)
        }
    }

    /// The tenant whose network carries the calls that the party asks about; none if it is no carrier.
    #[must_use]
    pub fn network(&self) -> Option<TenantId> {
        self.caller.may_act_as(Role::Carrier).then(|| self.caller.tenant())
    }

    /// The way in which the request came, for audit events: the one place that knows it.
    #[must_use]
    pub fn via(&self) -> Via {
        Via {
            edge: match self.edge {
                EdgeLabel::Grpc => AuditEdge::Grpc,
                EdgeLabel::Http => AuditEdge::Http,
            },
            credential: self
                .caller
                .credential()
                .map(|by| by.to_string())
                .unwrap_or_default()
                .into(),
        }
    }

    /// Who asks, for a request whose message names no actor.
    #[must_use]
    pub fn requested_by(&self) -> RequestedBy {
        RequestedBy {
            actor: match self.caller.principal() {
                Some(principal) => Actor::of(&principal.id),
                None => Actor::anonymous(),
            },
            via: self.via(),
        }
    }

    /// The party that sends reports or takes them back.
    #[must_use]
    pub fn sender(&self) -> Sender {
        Sender {
            by: self.requested_by(),
            principal: self.caller.principal().map(|principal| principal.id.clone()),
            decides: self.decides(),
        }
    }

    /// Whether the caller decides on reports of others.
    #[must_use]
    pub fn decides(&self) -> bool {
        self.caller.may_act_as(Role::Analyst) || self.caller.may_act_as(Role::Admin)
    }
}
