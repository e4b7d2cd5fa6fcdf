//! Places in a plan, as people write pages: `0-49,60`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ascending list of places, kept as first and last of each run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans(Vec<(u32, u32)>);

impl Spans {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a place behind all others.
    ///
    /// # Panics
    /// If it is not behind them.
    pub fn push(&mut self, place: u32) {
        match self.0.last_mut() {
            Some((_, last)) if place.checked_sub(1) == Some(*last) => *last = place,
            Some((_, last)) => {
                assert!(place > *last, "place {place} behind {last}");
                self.0.push((place, place));
            }
            None => self.0.push((place, place)),
        }
    }

    /// Every place, ascending.
    pub fn places(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|&(first, last)| first..=last)
    }
}

impl fmt::Display for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

/// Why a piece of text is no list of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("places are written ascending, as in `0-49,60`")]
pub struct SpansError;

impl FromStr for Spans {
    type Err = SpansError;

    fn from_str(text: &str) -> Result<Self, SpansError> {
        let mut spans = Vec::new();
        let mut next = 0;
        for span in text.split(',').filter(|_| !text.is_empty()) {
            let (first, last) = span.split_once('-').unwrap_or((span, span));
            let place = |text: &str| text.parse::<u32>().map_err(|_| SpansError);
            let (first, last) = (place(first)?, place(last)?);
            if first < next || last < first {
                return Err(SpansError);
            }
            next = last.checked_add(1).ok_or(SpansError)?;
            spans.push((first, last));
        }
        Ok(Self(spans))
    }
}

impl Serialize for Spans {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Spans {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_written_short() {
        for (places, written) in [(vec![], ""), (vec![0], "0"), (vec![0, 1, 2, 4, 6, 7], "0-2,4,6-7")] {
            let mut spans = Spans::default();
            places.iter().for_each(|place| spans.push(*place));
            assert_eq!(spans.to_string(), written);
            assert_eq!(written.parse(), Ok(spans.clone()));
            assert_eq!(spans.places().collect::<Vec<_>>(), places);
        }
        for wrong in ["-", "2-1", "1,1", "3,2", "x", "1,,2", "0-4294967295"] {
            assert_eq!(wrong.parse::<Spans>(), Err(SpansError), "{wrong}");
        }
    }
}
