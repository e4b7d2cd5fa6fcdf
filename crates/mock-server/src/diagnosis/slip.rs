//! The kinds of mistakes.

use std::fmt;

/// What a client did wrong, by kind. `Display` has a short word for logs and headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slip {
    /// There is no `Authorization`.
    NoAuthorization,
    /// It names another algorithm.
    Algorithm,
    /// It is put together in another way.
    AuthorizationForm,
    /// `X-Sdk-Date` is missing, or written in another way.
    DateForm,
    /// `X-Sdk-Date` is not among the signed headers.
    DateUnsigned,
    /// The signature is not written as 64 lower-case hexadecimal digits.
    SignatureForm,
    /// No such key.
    UnknownKey,
    /// The secret stands where the id belongs, or the id was signed with.
    SwappedKey,
    /// It was signed with the secret of another key.
    OtherKey,
    /// The secret has something around it that is no part of it.
    SecretSpelling,
    /// The token of a temporary key is missing, or another one.
    SecurityToken,
    /// The time is local time.
    LocalTime,
    /// The time is wrong.
    Clock,
    /// The string to sign has another time than the header.
    OtherDate,
    /// The method is another one, or in lower case.
    Method,
    /// The path lacks the slash at its end.
    PathSlash,
    /// The path is spelled in another way.
    PathSpelling,
    /// The query was not signed.
    QueryMissing,
    /// The query is not sorted.
    QueryOrder,
    /// A space in the query is a plus.
    QueryPlus,
    /// The query is spelled in another way.
    QuerySpelling,
    /// The host has a port too much or lacks it.
    HostPort,
    /// The host is another one.
    Host,
    /// A signed header did not come.
    HeaderMissing,
    /// Other headers were signed than those that are named.
    HeaderNames,
    /// The headers are not sorted.
    HeaderOrder,
    /// The headers' names are not in lower case.
    HeaderCase,
    /// The values of headers are spaced in another way.
    HeaderSpace,
    /// The type of the body was changed after signing.
    ContentType,
    /// A header was signed as an empty one.
    HeaderEmpty,
    /// The body was left out.
    BodyMissing,
    /// Another body was signed.
    BodyHash,
    /// The body was signed as one that is not.
    BodyUnsigned,
    /// The parts are put together in another way.
    Layout,
    /// None of the above: another secret, or more than one slip.
    OtherSecret,
}

impl Slip {
    /// All of them, in the order of their variants.
    pub const ALL: [Self; 35] = [
        Self::NoAuthorization,
        Self::Algorithm,
        Self::AuthorizationForm,
        Self::DateForm,
        Self::DateUnsigned,
        Self::SignatureForm,
        Self::UnknownKey,
        Self::SwappedKey,
        Self::OtherKey,
        Self::SecretSpelling,
        Self::SecurityToken,
        Self::LocalTime,
        Self::Clock,
        Self::OtherDate,
        Self::Method,
        Self::PathSlash,
        Self::PathSpelling,
        Self::QueryMissing,
        Self::QueryOrder,
        Self::QueryPlus,
        Self::QuerySpelling,
        Self::HostPort,
        Self::Host,
        Self::HeaderMissing,
        Self::HeaderNames,
        Self::HeaderOrder,
        Self::HeaderCase,
        Self::HeaderSpace,
        Self::ContentType,
        Self::HeaderEmpty,
        Self::BodyMissing,
        Self::BodyHash,
        Self::BodyUnsigned,
        Self::Layout,
        Self::OtherSecret,
    ];

    /// A short word, as in `path-slash`; it does not change.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoAuthorization => "no-authorization",
            Self::Algorithm => "algorithm",
            Self::AuthorizationForm => "authorization-form",
            Self::DateForm => "date-form",
            Self::DateUnsigned => "date-unsigned",
            Self::SignatureForm => "signature-form",
            Self::UnknownKey => "unknown-key",
            Self::SwappedKey => "swapped-key",
            Self::OtherKey => "other-key",
            Self::SecretSpelling => "secret-spelling",
            Self::SecurityToken => "security-token",
            Self::LocalTime => "local-time",
            Self::Clock => "clock",
            Self::OtherDate => "other-date",
            Self::Method => "method",
            Self::PathSlash => "path-slash",
            Self::PathSpelling => "path-spelling",
            Self::QueryMissing => "query-missing",
            Self::QueryOrder => "query-order",
            Self::QueryPlus => "query-plus",
            Self::QuerySpelling => "query-spelling",
            Self::HostPort => "host-port",
            Self::Host => "host",
            Self::HeaderMissing => "header-missing",
            Self::HeaderNames => "header-names",
            Self::HeaderOrder => "header-order",
            Self::HeaderCase => "header-case",
            Self::HeaderSpace => "header-space",
            Self::ContentType => "content-type",
            Self::HeaderEmpty => "header-empty",
            Self::BodyMissing => "body-missing",
            Self::BodyHash => "body-hash",
            Self::BodyUnsigned => "body-unsigned",
            Self::Layout => "layout",
            Self::OtherSecret => "other-secret",
        }
    }
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
