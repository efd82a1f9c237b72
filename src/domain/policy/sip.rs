//! A decision as an answer to the INVITE, for switches that redirect or refuse calls by it.

use super::Decision;
use crate::domain::kinds::{Action, Basis};

/// How calls are refused, and where callers can object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SipSettings {
    /// The answer to a call that is refused because of evidence on its number.
    pub refusal: Refusal,
    /// Base URL for objections: the URL of a decision is this, `/r/` and the decision id. No slash at the end.
    pub redress_url: Option<Box<str>>,
    /// URL of the signed contact card of RFC 8688, for the Call-Info header.
    pub contact_card_url: Option<Box<str>>,
}

/// The refusal of a call that was judged by evidence and is not known to be false.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refusal {
    /// 603 "Network Blocked" with a Reason that leads to redress (ATIS-1000099), as in the United States.
    #[default]
    NetworkBlocked,
    /// 608 "Rejected" (RFC 8688), elsewhere.
    Rejected,
}

/// The SIP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipTreatment {
    /// The status code.
    pub code: u16,
    /// The reason phrase.
    pub reason_phrase: &'static str,
    /// The value of a Reason header (RFC 3326).
    pub reason_header: Option<String>,
    /// The display name to show.
    pub display_name: &'static str,
    /// The value of a Call-Info header.
    pub call_info_header: Option<String>,
}

impl SipSettings {
    /// The answer to a call; none for a number about to be dialled, which has no INVITE.
    #[must_use]
    pub fn treatment(&self, decision: &Decision, name: &'static str, decision_id: &str) -> Option<SipTreatment> {
        match decision.action {
            Action::Allow => Some(plain(404, "Not Found")),
            Action::Label | Action::Challenge | Action::SendToVoicemail => Some(SipTreatment {
                display_name: name,
                ..plain(302, "Moved Temporarily")
            }),
            // A switch that can only show names puts the call through; then the person needs the name most.
            Action::Block => Some(SipTreatment {
                display_name: name,
                ..self.refused(decision.basis, decision_id)
            }),
            Action::WarnBeforeDial => None,
        }
    }

    fn refused(&self, basis: Basis, decision_id: &str) -> SipTreatment {
        if !is_judged(basis) {
            return plain(603, "Decline");
        }
        match self.refusal {
            Refusal::NetworkBlocked => {
                let url = self.redress_url.as_ref();
                let url = url
                    .map(|base| format!(";url={base}/r/{decision_id}"))
                    .unwrap_or_default();
                SipTreatment {
                    reason_header: Some(format!("SIP;cause=603;text=\"v=analytics1{url}\";location=RLN")),
                    ..plain(603, "Network Blocked")
                }
            }
            Refusal::Rejected => SipTreatment {
                reason_header: Some("SIP;cause=608;text=\"Rejected\"".to_owned()),
                call_info_header: self
                    .contact_card_url
                    .as_ref()
                    .map(|card| format!("<{card}>;purpose=jwscard")),
                ..plain(608, "Rejected")
            },
        }
    }
}

/// Whether a refusal rests on evidence, which can be wrong and must be open to objection: an owner's own call may come
/// through a gateway. The other grounds are certain: the caller ID is false, or the tenant refuses the call.
const fn is_judged(basis: Basis) -> bool {
    match basis {
        Basis::Analytics | Basis::Analyst | Basis::KnownOwner => true,
        Basis::Protected
        | Basis::Dno
        | Basis::InvalidNumber
        | Basis::TenantPolicy
        | Basis::NoEvidence
        | Basis::FailOpen
        | Basis::Shadow => false,
    }
}

const fn plain(code: u16, reason_phrase: &'static str) -> SipTreatment {
    SipTreatment {
        code,
        reason_phrase,
        reason_header: None,
        display_name: "",
        call_info_header: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn by(action: Action, basis: Basis) -> Decision {
        Decision {
            action,
            basis,
            ttl: Duration::ZERO,
        }
    }

    #[test]
    fn judged_calls_get_redress_and_known_ones_are_declined() {
        let settings = SipSettings {
            redress_url: Some("https://redress.example".into()),
            ..SipSettings::default()
        };
        for basis in Basis::ALL {
            let found = settings
                .treatment(&by(Action::Block, *basis), "SCAM LIKELY", "abc")
                .unwrap();
            let judged = matches!(basis, Basis::Analytics | Basis::Analyst | Basis::KnownOwner);
            assert_eq!(found.code, 603, "{basis}");
            let (phrase, header) = if judged {
                let header = r#"SIP;cause=603;text="v=analytics1;url=https://redress.example/r/abc";location=RLN"#;
                ("Network Blocked", Some(header))
            } else {
                ("Decline", None)
            };
            assert_eq!(
                (found.reason_phrase, found.reason_header.as_deref()),
                (phrase, header),
                "{basis}"
            );
            assert_eq!((found.display_name, found.call_info_header), ("SCAM LIKELY", None));
        }
    }

    #[test]
    fn without_a_place_for_redress_the_reason_names_none() {
        let found = SipSettings::default().treatment(&by(Action::Block, Basis::Analytics), "", "abc");
        let header = found.unwrap().reason_header.unwrap();
        assert_eq!(header, r#"SIP;cause=603;text="v=analytics1";location=RLN"#);
    }

    #[test]
    fn refusals_by_analytics_can_be_608() {
        let settings = SipSettings {
            refusal: Refusal::Rejected,
            contact_card_url: Some("https://redress.example/card".into()),
            ..SipSettings::default()
        };
        let judged = settings
            .treatment(&by(Action::Block, Basis::Analytics), "", "abc")
            .unwrap();
        assert_eq!((judged.code, judged.reason_phrase), (608, "Rejected"));
        assert_eq!(
            judged.call_info_header.unwrap(),
            "<https://redress.example/card>;purpose=jwscard"
        );
        let known = settings.treatment(&by(Action::Block, Basis::Dno), "", "abc").unwrap();
        assert_eq!((known.code, known.reason_phrase), (603, "Decline"));
    }

    #[test]
    fn calls_that_go_on_are_redirected_with_a_name_or_not_found() {
        let settings = SipSettings::default();
        let allowed = settings.treatment(&by(Action::Allow, Basis::Analytics), "SPAM LIKELY", "");
        assert_eq!(allowed, Some(plain(404, "Not Found")));
        for action in [Action::Label, Action::Challenge, Action::SendToVoicemail] {
            let found = settings
                .treatment(&by(action, Basis::Analytics), "SPAM LIKELY", "")
                .unwrap();
            assert_eq!((found.code, found.display_name), (302, "SPAM LIKELY"));
        }
        assert_eq!(
            settings.treatment(&by(Action::WarnBeforeDial, Basis::Analytics), "", ""),
            None
        );
    }
}
