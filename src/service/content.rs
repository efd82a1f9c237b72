//! The content of a request as bytes. They are hashed into records and page tokens, and so they are frozen.

use crate::codec::ByteWriter;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::number::E164;

/// The first byte of the content: the method whose retries are recognised, or the list that a page token belongs to.
/// Append only: the bytes are stored, and page tokens outlive releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Method {
    SetStatus = 1,
    ClearStatus = 2,
    Reset = 3,
    CreateCase = 4,
    UpdateCase = 5,
    TransitionCase = 6,
    Link = 7,
    Unlink = 8,
    ReplaceList = 9,
    WithdrawReports = 10,
    LinkNumbers = 11,
    UnlinkNumbers = 12,
    AddNote = 13,
    ModerateComment = 14,
    CreatePrincipal = 15,
    UpdatePrincipal = 16,
    AddKey = 17,
    RevokeKey = 18,
    EraseNumber = 19,
    SetVisibility = 20,
    SetAcceptance = 21,
    ListNumbers = 64,
    ListReports = 65,
    ListCases = 66,
    ListMembers = 67,
    ListEntries = 68,
    ListNotes = 69,
    ListSimilar = 80,
    ListReporterReports = 70,
    ListPendingComments = 81,
    ListPrincipals = 82,
    ListAuditEvents = 83,
    ListSharings = 84,
}

/// The content of a request as bytes.
///
/// A record stores a hash of the bytes of its last mutations, to distinguish a retry from another request with the same
/// id. A page token is signed together with the bytes of its list, so that it is not valid for another list. Both must
/// hold across releases: tests freeze the bytes, and a field that a later release adds is appended only where it is
/// set. The name of the default tenant stands in the bytes for all tenants: a page token is signed with the key of its
/// tenant, and the requests of a tenant are remembered beside its records.
#[derive(Debug)]
pub(super) struct RequestContent(ByteWriter);

impl RequestContent {
    /// The content of a request of this method, without any field yet.
    pub(super) fn of(method: Method) -> Self {
        let mut writer = ByteWriter::default();
        writer.byte(method as u8);
        writer.text(TenantId::DEFAULT.as_str());
        Self(writer)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.written()
    }

    /// A value of an enumeration, by its stable integer; 0 if unset.
    pub(super) fn code(&mut self, code: u8) -> &mut Self {
        self.0.byte(code);
        self
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.text(text);
        self
    }

    pub(super) fn optional_text(&mut self, text: Option<&str>) -> &mut Self {
        self.0.option(text, ByteWriter::text);
        self
    }

    pub(super) fn time(&mut self, time: Option<Timestamp>) -> &mut Self {
        self.0.option(time, ByteWriter::time);
        self
    }

    pub(super) fn optional_code(&mut self, code: Option<u8>) -> &mut Self {
        self.0.option(code, ByteWriter::byte);
        self
    }

    pub(super) fn optional_float(&mut self, value: Option<f64>) -> &mut Self {
        self.0.option(value, ByteWriter::float);
        self
    }

    pub(super) fn float(&mut self, value: f64) -> &mut Self {
        self.0.float(value);
        self
    }

    pub(super) fn flag(&mut self, flag: bool) -> &mut Self {
        self.0.byte(u8::from(flag));
        self
    }

    pub(super) fn number(&mut self, number: E164) -> &mut Self {
        self.0.uint(number.digits());
        self
    }

    /// The content of a part of the request.
    pub(super) fn part(&mut self, part: &Self) -> &mut Self {
        self.0.bytes(part.bytes());
        self
    }

    pub(super) fn bytes_of(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.bytes(bytes);
        self
    }

    pub(super) fn hash(&mut self, hash: u128) -> &mut Self {
        self.0.fixed128(hash);
        self
    }
}

#[cfg(test)]
mod tests;
