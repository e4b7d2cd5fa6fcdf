//! The two documents that say what is served: of the provider's API as it is played here, and of the calls for testers. Written by
//! hand as YAML, served as JSON.

use std::sync::LazyLock;

use serde_json::Value;

/// Why a document cannot be served. A test reads both, so nobody should ever see it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document {name} is no YAML: {why}")]
pub struct DocumentError {
    name: &'static str,
    why: String,
}

/// The provider's API as it is played, in OpenAPI 3.1. Read once.
///
/// # Errors
/// [`DocumentError`]
pub fn clouddc() -> Result<&'static Value, DocumentError> {
    static DOCUMENT: LazyLock<Result<Value, DocumentError>> =
        LazyLock::new(|| read("clouddc.yaml", include_str!("../openapi/clouddc.yaml")));
    DOCUMENT.as_ref().map_err(Clone::clone)
}

/// The calls for testers, in OpenAPI 3.1. Read once.
///
/// # Errors
/// [`DocumentError`]
pub fn admin() -> Result<&'static Value, DocumentError> {
    static DOCUMENT: LazyLock<Result<Value, DocumentError>> =
        LazyLock::new(|| read("admin.yaml", include_str!("../openapi/admin.yaml")));
    DOCUMENT.as_ref().map_err(Clone::clone)
}

fn read(name: &'static str, text: &str) -> Result<Value, DocumentError> {
    let mut document: Value =
        serde_saphyr::from_str(text).map_err(|error| DocumentError { name, why: error.to_string() })?;
    // The version of the API is the program's.
    if let Some(version) = document.pointer_mut("/info/version") {
        *version = env!("CARGO_PKG_VERSION").into();
    }
    Ok(document)
}

#[cfg(test)]
mod tests;
