//! The check of the certificates that clients show. The TLS library decides; what it refuses is counted and told, since
//! the client learns of it by an alert alone, and the connection has no request that could be counted.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use sha2::{Digest as _, Sha256};

use super::certificate::ClientFlaw;
use crate::clock::Pace;
use crate::metrics::{Metrics, RefusedLabel};

/// The certificates of clients that were refused.
#[derive(Debug, Default)]
pub(super) struct RefusedClients {
    /// Where they are counted, once that is known.
    metrics: OnceLock<Metrics>,
    pace: Pace,
}

impl RefusedClients {
    /// Counts them there from now on. What was set first stays.
    pub(super) fn count_in(&self, metrics: &Metrics) {
        let _set = self.metrics.set(metrics.clone());
    }

    /// Counts a certificate, and tells the log of it. The line has the part of the fingerprint that the audit log has too: no
    /// text of the client, and not its address.
    fn add(&self, certificate: &CertificateDer<'_>, cause: Cause) {
        if let Some(metrics) = self.metrics.get() {
            metrics.refused_credential(cause.label());
        }
        let Some(left_out) = self.pace.line() else {
            return;
        };
        let hash = Sha256::digest(certificate);
        let beginning = hash.first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
        tracing::warn!(
            certificate = format_args!("certificate:{beginning:016x}"),
            cause = cause.text(),
            left_out,
            "the certificate of a client was refused, and its connection ended"
        );
    }
}

/// Checks the certificates of clients by the rules of the TLS library.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    pub(super) rules: Arc<dyn ClientCertVerifier>,
    pub(super) refused: Arc<RefusedClients>,
}

impl ClientCertVerifier for ClientVerifier {
    fn offer_client_auth(&self) -> bool {
        self.rules.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.rules.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.rules.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.rules.verify_client_cert(end_entity, intermediates, now);
        verified.inspect_err(|error| self.refused.add(end_entity, Cause::of(end_entity, error)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self.rules.verify_tls12_signature(message, cert, dss);
        verified.inspect_err(|_| self.refused.add(cert, Cause::Key))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self.rules.verify_tls13_signature(message, cert, dss);
        verified.inspect_err(|_| self.refused.add(cert, Cause::Key))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.rules.supported_verify_schemes()
    }
}

/// Why TLS refuses the certificate of a client.
#[derive(Clone, Copy, Debug)]
enum Cause {
    Expired,
    NotYet,
    Foreign,
    Form,
    Key,
}

impl Cause {
    /// Why the library refuses a certificate. It names some causes in words for programmers only, so the form is looked at
    /// first.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other errors come of certificates that no authority makes for clients"
    )]
    fn of(certificate: &CertificateDer<'_>, error: &Error) -> Self {
        if ClientFlaw::of_form(certificate).is_some() {
            return Self::Form;
        }
        match error {
            Error::InvalidCertificate(problem) => match problem {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYet,
                // A signature is wrong if another authority has the same name.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::Foreign,
                _ => Self::Form,
            },
            _ => Self::Form,
        }
    }

    const fn label(self) -> RefusedLabel {
        match self {
            Self::Expired => RefusedLabel::CertificateExpired,
            Self::NotYet => RefusedLabel::CertificateNotYet,
            Self::Foreign => RefusedLabel::CertificateForeign,
            Self::Form => RefusedLabel::CertificateForm,
            Self::Key => RefusedLabel::CertificateKey,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Expired => "it has expired",
            Self::NotYet => "it is not valid yet",
            Self::Foreign => "no authority of --tls-client-ca has signed it",
            Self::Form => {
                "it has not version 3, is that of an authority, or is for other purposes than those of a client"
            }
            Self::Key => "the client does not have its key",
        }
    }
}
