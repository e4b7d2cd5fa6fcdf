//! The rules of ListInstances: limit, marker and filters (api-facts 3).

use std::sync::OnceLock;

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;

use super::draw::uuid_bits;
use super::fleet::Fleet;
use super::refusal::Refusal;

/// The query parameters as they came, unchecked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListQuery {
    /// `limit`: 10 to 1000; what is outside counts as the nearer end, absent as 10.
    pub limit: Option<String>,
    /// `marker`: what a page before this one gave as `next_marker`.
    pub marker: Option<String>,
    /// `instance_state`: only instances with this word.
    pub instance_state: Option<String>,
    /// `instance_id`: up to 100 ids with commas between.
    pub instance_id: Option<String>,
    /// `server_id`: likewise; not together with `instance_id`.
    pub server_id: Option<String>,
    /// The ids in `instance_id` that are ids, read once.
    pub(crate) known: OnceLock<Box<[InstanceId]>>,
}

impl ListQuery {
    /// The query that a client makes to look at these instances.
    #[must_use]
    pub fn of(ids: &[InstanceId]) -> Self {
        let texts: Vec<String> = ids.iter().map(InstanceId::to_string).collect();
        Self { limit: Some(Asked::LIMIT_MAX.to_string()), instance_id: Some(texts.join(",")), ..Self::default() }
    }

    /// The ids among those asked for that are ids at all; for the log and for fault rules.
    pub(crate) fn known_ids(&self) -> &[InstanceId] {
        self.known.get_or_init(|| {
            let texts = self.instance_id.iter().flat_map(|text| text.split(','));
            texts.filter_map(|text| text.parse().ok()).collect()
        })
    }
}

/// One page. What it shows of each instance is [`Cloud::row`](super::Cloud::row) at `as_of`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// `instances`, in the order of their ids.
    pub ids: Vec<InstanceId>,
    /// The moment that is shown.
    pub as_of: Timestamp,
    /// Whether it is all that was asked for, and no fault rule left anything out.
    pub is_whole: bool,
    /// `page_info.next_marker`; `None` on the last page.
    pub next_marker: Option<String>,
    /// `count`: how many match on all pages together.
    pub count: usize,
}

/// A query that makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) limit: usize,
    pub(crate) after: Option<InstanceId>,
    pub(crate) state: Option<String>,
    /// In order, without repeats.
    pub(crate) ids: Option<Vec<InstanceId>>,
}

impl Asked {
    const LIMIT_MIN: usize = 10;
    const LIMIT_MAX: usize = 1_000;
    const IDS_MAX: usize = 100;

    pub(crate) fn parse(query: &ListQuery, seed: u64, fleet: &Fleet) -> Result<Self, Refusal> {
        let ids = match (&query.instance_id, &query.server_id) {
            (Some(_), Some(_)) => {
                return Err(Refusal::Invalid("instance_id and server_id exclude each other".into()));
            }
            (Some(text), None) => Some(checked_ids("instance_id", text, query.known_ids())?.to_vec()),
            (None, Some(text)) => {
                let servers: Vec<InstanceId> = text.split(',').filter_map(|part| part.parse().ok()).collect();
                let servers = checked_ids("server_id", text, &servers)?.iter();
                Some(servers.flat_map(|server| fleet.on_server(*server)).collect())
            }
            (None, None) => None,
        };
        let ids = ids.map(|mut ids: Vec<InstanceId>| {
            ids.sort_unstable();
            ids.dedup();
            ids
        });
        Ok(Self {
            limit: parse_limit(query.limit.as_deref())?,
            after: parse_marker(query.marker.as_deref(), seed)?,
            state: query.instance_state.clone(),
            ids,
        })
    }
}

/// The table of the page says both "unset counts as 10" and "default 1000"; the stricter of the two is played.
fn parse_limit(text: Option<&str>) -> Result<usize, Refusal> {
    let Some(text) = text else {
        return Ok(Asked::LIMIT_MIN);
    };
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::Invalid("limit must be a whole number".into()));
    }
    // More digits than fit are far above the upper end.
    let limit = text.parse().unwrap_or(Asked::LIMIT_MAX);
    Ok(limit.clamp(Asked::LIMIT_MIN, Asked::LIMIT_MAX))
}

/// The ids that were read from a list, if each of its parts is one, and there are no more than there may be.
fn checked_ids<'a>(field: &str, text: &str, read: &'a [InstanceId]) -> Result<&'a [InstanceId], Refusal> {
    let (len, max) = (text.split(',').count(), Asked::IDS_MAX);
    if len > max {
        return Err(Refusal::Invalid(format!("{field} has {len} ids, at most {max} are allowed")));
    }
    if read.len() < len {
        return Err(Refusal::Invalid(format!("{field} must be UUIDs with commas between")));
    }
    Ok(read)
}

/// Whom the page begins after, in a form that nobody will take for an id.
pub(crate) fn marker(id: InstanceId, seed: u64) -> String {
    format!("{:032x}", id.to_bits() ^ marker_mask(seed))
}

fn parse_marker(text: Option<&str>, seed: u64) -> Result<Option<InstanceId>, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let is_ours = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let bits = u128::from_str_radix(text, 16).ok().filter(|_| is_ours);
    let bits = bits.ok_or_else(|| Refusal::Invalid("marker is none that was handed out".into()))?;
    Ok(Some(InstanceId::from_bits(bits ^ marker_mask(seed))))
}

fn marker_mask(seed: u64) -> u128 {
    uuid_bits(seed, 0, "marker")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::config::FleetConfig;
    use crate::cloud::fleet::server_of;

    #[test]
    fn limits_are_brought_into_range() {
        for (text, limit) in [
            (None, Some(10)),
            (Some("0"), Some(10)),
            (Some("9"), Some(10)),
            (Some("10"), Some(10)),
            (Some("137"), Some(137)),
            (Some("1000"), Some(1_000)),
            (Some("1001"), Some(1_000)),
            (Some("99999999999999999999999999"), Some(1_000)),
            (Some(""), None),
            (Some("-5"), None),
            (Some("+5"), None),
            (Some("ten"), None),
            (Some("10.0"), None),
        ] {
            assert_eq!(parse_limit(text).ok(), limit, "{text:?}");
        }
    }

    #[test]
    fn markers_lead_back_and_look_like_nothing() {
        let id = InstanceId::from_bits(0x1234);
        let text = marker(id, 7);
        assert_eq!(parse_marker(Some(&text), 7), Ok(Some(id)));
        assert!(!text.contains("1234") && text.parse::<InstanceId>().is_err());
        assert_eq!(parse_marker(Some(""), 7), Ok(None));
        for wrong in ["x", &"+".repeat(32), &id.to_string()] {
            assert!(parse_marker(Some(wrong), 7).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters_are_checked() {
        let ids = |n: u128| (0..n).map(InstanceId::from_bits).collect::<Vec<_>>();
        let fleet = Fleet::new(&FleetConfig::Listed(ids(1)), 0);
        let asked = |query: &ListQuery| Asked::parse(query, 0, &fleet);
        assert_eq!(asked(&ListQuery::of(&ids(100))).unwrap().ids, Some(ids(100)));
        assert_eq!(
            asked(&ListQuery::of(&ids(101))).unwrap_err().to_string(),
            "A request parameter contains invalid or unsupported value: instance_id has 101 ids, at most 100 are allowed"
        );
        let servers = |text: &str| ListQuery { server_id: Some(text.into()), ..ListQuery::default() };
        let twice = format!("{0},{0}", server_of(ids(1)[0]));
        assert_eq!(asked(&servers(&twice)).unwrap().ids, Some(ids(1)));
        for wrong in ["", ",", "x", "a,b"] {
            assert!(asked(&servers(wrong)).is_err(), "{wrong:?}");
        }
        let both = ListQuery { server_id: Some(twice), ..ListQuery::of(&ids(1)) };
        assert!(asked(&both).unwrap_err().to_string().contains("exclude each other"));
    }
}
