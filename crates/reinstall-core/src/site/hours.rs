//! The hours of the week in which something may be started.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::text::CloudText;
use crate::time::Plain;

const DAY_MINUTES: u16 = 24 * 60;
const WEEK_DAYS: u16 = 7;
const WEEK_MINUTES: u16 = WEEK_DAYS * DAY_MINUTES;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    /// `Mon`
    Monday,
    /// `Tue`
    Tuesday,
    /// `Wed`
    Wednesday,
    /// `Thu`
    Thursday,
    /// `Fri`
    Friday,
    /// `Sat`
    Saturday,
    /// `Sun`
    Sunday,
}

impl Weekday {
    /// All of them, from Monday on.
    pub const ALL: [Self; WEEK_DAYS as usize] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    /// The three letters it is written with.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Monday => "Mon",
            Self::Tuesday => "Tue",
            Self::Wednesday => "Wed",
            Self::Thursday => "Thu",
            Self::Friday => "Fri",
            Self::Saturday => "Sat",
            Self::Sunday => "Sun",
        }
    }

    /// Monday is 0.
    const fn index(self) -> u16 {
        self as u16
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.word().eq_ignore_ascii_case(word))
    }
}

/// What calendar and clock show somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalMoment {
    /// The day.
    pub weekday: Weekday,
    /// Whole minutes since midnight by the clock on the wall, `0..1440`; a larger number counts as 1439.
    pub minute_of_day: u16,
}

impl LocalMoment {
    fn minute_of_week(self) -> u16 {
        self.weekday.index() * DAY_MINUTES + self.minute_of_day.min(DAY_MINUTES - 1)
    }
}

impl fmt::Display for LocalMoment {
    /// `Mon 14:05`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = self.minute_of_day.min(DAY_MINUTES - 1);
        write!(f, "{} {:02}:{:02}", self.weekday.word(), minute / 60, minute % 60)
    }
}

/// Whether something may be started, and for how long that stays so. Counted from the beginning of the minute, by the clock
/// on the wall: on the days when that is moved, an hour less or more goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It may.
    Open {
        /// Until nothing may any more; `None` if that never comes.
        closes_in: Option<Duration>,
    },
    /// It may not.
    Closed {
        /// Until something may again; less than a week.
        opens_in: Duration,
    },
}

/// One window, such as `Mon-Fri 22:00-06:00`: on these days from the first time up to, and not including, the second. One
/// that ends no later in the day than it begins goes on after midnight, into a day that need not be among its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    written: CloudText,
    /// By [`Weekday::index`].
    days: [bool; WEEK_DAYS as usize],
    from_minute: u16,
    /// How long it is open, `1..=1440`.
    minutes: u16,
}

/// Why a piece of text is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// Not in the form of one.
    #[error("`{0}` is not a window: write for example `Mon-Fri 22:00-06:00`, `Sat,Sun 00:00-24:00` or `12:00-13:00`")]
    Shape(CloudText),
    /// It ends where it begins.
    #[error("`{0}` ends where it begins; a whole day is 00:00-24:00")]
    Empty(CloudText),
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let wrong = || WindowError::Shape(text.into());
        let (days, times) = match *text.split_whitespace().collect::<Vec<_>>() {
            [times] => (Some([true; WEEK_DAYS as usize]), times),
            [days, times] => (parse_days(days), times),
            _ => return Err(wrong()),
        };
        let (from, to) = times.split_once('-').ok_or_else(wrong)?;
        let from_minute = parse_time(from).filter(|minute| *minute < DAY_MINUTES).ok_or_else(wrong)?;
        let to_minute = parse_time(to).ok_or_else(wrong)?;
        let minutes =
            if to_minute < from_minute { to_minute + DAY_MINUTES - from_minute } else { to_minute - from_minute };
        if minutes == 0 {
            return Err(WindowError::Empty(text.into()));
        }
        Ok(Self { written: text.into(), days: days.ok_or_else(wrong)?, from_minute, minutes })
    }
}

/// `Mon`, `Mon-Fri`, `Sat,Sun`, `Fri-Mon,Wed`
fn parse_days(text: &str) -> Option<[bool; WEEK_DAYS as usize]> {
    let mut days = [false; WEEK_DAYS as usize];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (Weekday::from_word(first)?.index(), Weekday::from_word(last)?.index());
        let len = (last + WEEK_DAYS - first) % WEEK_DAYS + 1;
        for day in first..first + len {
            days[usize::from(day % WEEK_DAYS)] = true;
        }
    }
    Some(days)
}

/// `00:00` to `24:00`, in minutes.
fn parse_time(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let is_written_so = [hours, minutes].iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()));
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute_of_day = hours * 60 + minutes;
    (is_written_so && minutes < 60 && minute_of_day <= DAY_MINUTES).then_some(minute_of_day)
}

impl Window {
    fn covers(&self, minute_of_week: u16) -> bool {
        let days = (0..).zip(self.days).filter(|(_, is_meant)| *is_meant);
        let mut begins = days.map(|(day, _): (u16, bool)| day * DAY_MINUTES + self.from_minute);
        begins.any(|begin| (minute_of_week + WEEK_MINUTES - begin) % WEEK_MINUTES < self.minutes)
    }
}

/// When something may be started: in any of some windows, by the clock on the wall of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    pub(super) time_zone: CloudText,
    pub(super) windows: Vec<Window>,
}

impl Hours {
    /// The IANA name of the time zone, such as `Europe/Berlin`. Nobody here knows whether there is one of that name.
    #[must_use]
    pub fn time_zone(&self) -> &str {
        self.time_zone.as_str()
    }

    /// Whether something may be started at `moment`. Windows that touch or overlap count as one.
    #[must_use]
    pub fn at(&self, moment: LocalMoment) -> Opening {
        let now = moment.minute_of_week();
        let is_open = self.is_open(now);
        let changes_in = (1..WEEK_MINUTES).find(|later| self.is_open((now + later) % WEEK_MINUTES) != is_open);
        let changes_in = changes_in.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
        match (is_open, changes_in) {
            (true, closes_in) => Opening::Open { closes_in },
            // Each window covers a minute, so that it opens some time.
            (false, opens_in) => Opening::Closed { opens_in: opens_in.unwrap_or_default() },
        }
    }

    fn is_open(&self, minute_of_week: u16) -> bool {
        self.windows.iter().any(|window| window.covers(minute_of_week))
    }

    /// Why nothing may be started at `moment`; `None` if something may.
    pub(super) fn refusal(&self, moment: LocalMoment) -> Option<String> {
        match self.at(moment) {
            Opening::Open { .. } => None,
            Opening::Closed { opens_in } => {
                let windows: Vec<&str> = self.windows.iter().map(|window| window.written.as_str()).collect();
                Some(format!(
                    "it is {moment} in {}, and nothing may be started for {}; the hours are {}",
                    self.time_zone,
                    Plain(opens_in),
                    windows.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(windows: &[&str]) -> Hours {
        let windows = windows.iter().map(|text| text.parse().unwrap()).collect();
        Hours { time_zone: "Europe/Berlin".into(), windows }
    }

    fn moment(text: &str) -> LocalMoment {
        let (day, time) = text.split_once(' ').unwrap();
        LocalMoment { weekday: Weekday::from_word(day).unwrap(), minute_of_day: parse_time(time).unwrap() }
    }

    /// `open 90` (minutes), `open for ever`, `closed 90`
    fn told(opening: Opening) -> String {
        match opening {
            Opening::Open { closes_in: None } => "open for ever".into(),
            Opening::Open { closes_in: Some(time) } => format!("open {}", time.as_secs() / 60),
            Opening::Closed { opens_in } => format!("closed {}", opens_in.as_secs() / 60),
        }
    }

    #[test]
    fn windows_open_and_close() {
        for (windows, at, expected) in [
            (&["09:00-17:00"][..], "Wed 08:59", "closed 1"),
            (&["09:00-17:00"], "Wed 09:00", "open 480"),
            (&["09:00-17:00"], "Wed 16:59", "open 1"),
            (&["09:00-17:00"], "Sun 17:00", "closed 960"),
            // Over midnight, into a day that is not named.
            (&["Mon-Fri 22:00-06:00"], "Fri 23:00", "open 420"),
            (&["Mon-Fri 22:00-06:00"], "Sat 05:59", "open 1"),
            (&["Mon-Fri 22:00-06:00"], "Sat 06:00", "closed 3840"),
            (&["Mon-Fri 22:00-06:00"], "Mon 05:00", "closed 1020"),
            // Over the end of the week.
            (&["Sun 23:00-01:00"], "Mon 00:30", "open 30"),
            (&["Fri-Mon 10:00-11:00"], "Sun 10:15", "open 45"),
            (&["Fri-Mon 10:00-11:00"], "Tue 10:15", "closed 4305"),
            (&["Tue,Thu 10:00-11:00"], "Tue 11:00", "closed 2820"),
            // Windows that touch or overlap are one.
            (&["Sat 00:00-24:00", "Sun 00:00-12:00"], "Sat 12:00", "open 1440"),
            (&["08:00-12:00", "10:00-14:00"], "Mon 09:00", "open 300"),
            (&["00:00-24:00"], "Mon 09:00", "open for ever"),
            (&["12:00-00:00"], "Mon 12:00", "open 720"),
            (&["12:00-11:59"], "Mon 12:00", "open 1439"),
            (&["mon 00:00-00:01"], "Mon 00:01", "closed 10079"),
        ] {
            assert_eq!(told(hours(windows).at(moment(at))), expected, "{windows:?} at {at}");
        }
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for wrong in [
            "",
            "Mon",
            "22:00",
            "22-06",
            "9:00-17:00",
            "09:00-24:01",
            "24:00-06:00",
            "09:60-10:00",
            "+9:00-10:00",
            "Mo 09:00-10:00",
            "Mon- 09:00-10:00",
            "Mon,,Tue 09:00-10:00",
            "Mon 09:00 - 10:00",
            "Mon 09:00-10:00 UTC",
        ] {
            assert_eq!(wrong.parse::<Window>(), Err(WindowError::Shape(wrong.into())), "{wrong}");
        }
        assert_eq!("Mon 09:00-09:00".parse::<Window>(), Err(WindowError::Empty("Mon 09:00-09:00".into())));
    }

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let hours = hours(&["Mon-Fri 22:00-06:00", "Sun 10:00-12:00"]);
        assert_eq!(
            hours.refusal(moment("Tue 14:30")).unwrap(),
            "it is Tue 14:30 in Europe/Berlin, and nothing may be started for 7h 30m; the hours are Mon-Fri 22:00-06:00, \
             Sun 10:00-12:00"
        );
        assert_eq!(hours.refusal(moment("Tue 22:00")), None);
    }
}
