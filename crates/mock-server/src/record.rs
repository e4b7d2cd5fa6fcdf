//! Learning from the real one: passes requests on to a real endpoint, and keeps what it answers without what is nobody's
//! business. What was kept can be replayed, turned into a fleet file, and asked what it tells of the questions that no
//! document answers (api-facts 11). See `docs/recording.md`.
//!
//! Reads alone are passed on, unless writes are allowed. Whatever is kept is made of [`SafeText`], numbers and shapes: there is
//! no field for a header that is not listed, for a token, or for a request's body.
//!
//! The modules, in reading order:

mod message;
mod naming;
mod safe;

mod answer;
mod kept;
mod permit;
mod request;
mod route;

mod file;
mod recorder;
mod upstream;

mod played;
mod recording;
mod replay;

mod findings;
mod fleet;

pub use self::file::FILE_BYTES_MAX;
pub use self::findings::{Findings, Refusal, Reinstall, Told};
pub use self::fleet::FleetRow;
pub use self::kept::{
    Asked, Exchange, Head, KeptAnswer, KeptBody, KeptHeaders, KeptRequest, PasswordShape, Shape, Why,
};
pub use self::naming::{NoSalt, Salt};
pub use self::permit::Writes;
pub use self::played::played;
pub use self::recorder::{RecordError, Recorder};
pub use self::recording::{LoadError, Recording};
pub use self::safe::{SafeJson, SafeText};
pub use self::upstream::Upstream;

#[cfg(test)]
mod tests;
