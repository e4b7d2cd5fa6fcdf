//! What becomes of a request between the client and the cloud.

use std::time::Duration;

use reinstall_core::fault::{Fault, FaultKind};

use crate::dice::Row;
use crate::scene::Weather;

/// What becomes of one submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and so does the answer.
    Fine,
    /// It never arrives, and the client knows.
    NotSent,
    /// It never arrives, and the client cannot tell.
    LostBefore(FaultKind),
    /// It takes hold, and the client cannot tell.
    LostAfter(FaultKind),
    /// It arrives so long after it was sent that the client has given up.
    Late(Duration),
    /// The gateway throttles it.
    Throttled(Option<Duration>),
    /// The answer names only some of the instances; the others took hold too, or did not.
    Partial {
        /// Whether those left out took hold too.
        all_took_hold: bool,
    },
    /// The answer names an instance that nobody asked for.
    Strange,
    /// It is carried out, wholly or for half of those it names, and refused then.
    RefusedAfter {
        /// Whether all were carried out.
        wholly: bool,
    },
}

/// How long a client waits for an answer.
pub const CALL_MAX: Duration = Duration::from_secs(30);

impl Fate {
    /// Draws what becomes of a submission. One that is late arrives within `late_max`.
    pub fn draw(row: &mut Row, weather: Weather, late_max: Duration) -> Self {
        if !row.chance(weather.submit_faults) {
            return Self::Fine;
        }
        let doubtful = [
            FaultKind::TimedOut,
            FaultKind::Broken,
            FaultKind::ServerFailed,
            FaultKind::Unreadable,
            FaultKind::Redirected,
        ];
        match *row.pick(&[0_u32, 1, 2, 3, 4, 5, 6, 7, 8]) {
            0 => Self::NotSent,
            1 | 2 => Self::LostBefore(*row.pick(&doubtful)),
            3 | 4 => Self::LostAfter(*row.pick(&doubtful)),
            5 => Self::Late(row.between(CALL_MAX, late_max)),
            6 => Self::Throttled(row.chance(50).then(|| row.between(Duration::ZERO, CALL_MAX * 4))),
            7 => Self::Partial { all_took_hold: row.chance(50) },
            _ => Self::Strange,
        }
    }
}

/// How long one way takes, client to cloud or back.
pub fn latency(row: &mut Row) -> Duration {
    let slow = row.rarely(5);
    row.within(Duration::from_millis(5), if slow { Duration::from_secs(10) } else { Duration::from_millis(300) })
}

/// The fault that a look meets, if any.
pub fn look_fault(row: &mut Row, weather: Weather) -> Option<Fault> {
    let kinds = [FaultKind::TimedOut, FaultKind::Broken, FaultKind::ServerFailed, FaultKind::Throttled];
    row.chance(weather.look_faults).then(|| fault(*row.pick(&kinds)))
}

/// A fault of this kind, in the simulation's words.
#[must_use]
pub fn fault(kind: FaultKind) -> Fault {
    let status = match kind {
        FaultKind::ServerFailed => Some(502),
        FaultKind::Throttled => Some(429),
        FaultKind::Redirected => Some(302),
        FaultKind::Unreadable => Some(202),
        FaultKind::NotFound | FaultKind::NoSuchCall => Some(404),
        FaultKind::Rejected => Some(400),
        FaultKind::Unauthorized | FaultKind::Lapsed => Some(401),
        FaultKind::Forbidden => Some(403),
        FaultKind::Unexpected => Some(418),
        FaultKind::Unreachable | FaultKind::HeldBack | FaultKind::TimedOut | FaultKind::Broken => None,
    };
    let code = match kind {
        FaultKind::NotFound => Some("iMetal.0200"),
        FaultKind::Rejected => Some("iMetal.0201"),
        FaultKind::Forbidden => Some("iMetal.0004"),
        FaultKind::NoSuchCall => Some("APIGW.0101"),
        FaultKind::Throttled => Some("APIGW.0308"),
        FaultKind::Unauthorized | FaultKind::Lapsed => Some("APIGW.0301"),
        FaultKind::Unreachable
        | FaultKind::HeldBack
        | FaultKind::TimedOut
        | FaultKind::Broken
        | FaultKind::ServerFailed
        | FaultKind::Redirected
        | FaultKind::Unexpected
        | FaultKind::Unreadable => None,
    };
    Fault { status, code: code.map(Into::into), ..Fault::new(kind, "simulated") }
}
