//! The provider's JSON, spelled exactly as the provider spells it (api-facts 1 to 3 and 7).
//!
//! Shapes are loose here, for the answers are: nearly every field may be missing, `null` means missing, an unknown field is
//! ignored, and a word is kept as it came. The looseness ends here too: what leaves this module is one of core's types.
//! The client and the mock server share these shapes, so that neither can drift from the other; what would be wrong in
//! both is caught by the tests with literal text below.

pub mod code;
pub mod error;
pub mod iam;
mod lenient;
pub mod list;
pub mod reinstall;
pub mod status;

/// What a field says; an empty string says nothing.
fn said(field: Option<&String>) -> Option<&str> {
    field.map(String::as_str).filter(|text| !text.is_empty())
}
