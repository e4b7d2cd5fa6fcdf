//! Stories for the judge, in a small language. Statements are separated by `;`. Each comes a second after the one before, or as
//! long as a `+10ms` before it says.
//!
//! ```text
//! put a b              a reinstall that begins and is answered with 202, which names both
//!   -> lost            it begins, and nothing of the answer arrives; `cut`: only the head does; `hang`: the client waits on
//!   -> 401             it is refused so, and nothing begins; `busy`: as underway, all of them or `underway:b`
//!   began:a named:b    what truly begins and what a 202 names, where it is not what goes without saying; `none` for nobody
//!   slow               the answer is on its way until a `close`
//!   repeat:0           the network's second delivery of request 0
//!   held:3s            carried out, after it was held back for so long
//!   came:3s            it came so long before, though nothing held it back here
//!   len:60 unread      how long its list is; that nobody could read it
//! look a=underway      a look that names `a`; `untouched`, `ended`, `absent`, `unsaid`; a number is that of the reinstall
//!   all                it names nobody; `rule`: a rule altered it; `-> 500`, `-> lost` as above
//! -> 400 unseen        with a status that is not seen; `short`: that is, and nothing else
//! -> 429 after:9s      with Retry-After; `limiter`, `limit:10/60s`, `sent:2s`: how much later the answer leaves
//! by:2                 another caller; `iam`: a call of IAM
//! close 0; leave 0     the answer to request 0 leaves; the client does, or did: `ago:3s`
//! hold a; end a        a reinstall of `a` is held back; the latest reinstall of `a` truly ends
//! stop; advance 9s     the world's clock stands still from now on; it leaps
//! over                 the client is done
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reinstall_core::time::parse_duration;

use super::super::*;
use crate::delivery::{Break, Delivery, Sent};
use crate::exchange::{Caller, Ids, RequestName, Shown};
use crate::fault::RuleId;

pub(super) struct Story {
    pub(super) judge: Judge,
    pub(super) next: u64,
    world: Timestamp,
    pub(super) real: Timestamp,
    is_stopped: bool,
    /// How many reinstalls of each instance began, and whether the latest has ended.
    begun: BTreeMap<InstanceId, (u32, bool)>,
    is_over: bool,
}

pub(super) fn id(letter: char) -> InstanceId {
    InstanceId::from_bits(u128::from(u32::from(letter)))
}

fn letter(id: InstanceId) -> char {
    char::from_u32(id.to_bits() as u32).unwrap()
}

fn duration(text: &str) -> Duration {
    parse_duration(text).unwrap()
}

/// The value of `name:value` among the words.
fn value<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix(':'))
}

fn ids(letters: &str) -> Vec<InstanceId> {
    if letters == "none" { vec![] } else { letters.chars().map(id).collect() }
}

impl Story {
    pub(super) fn new(judge: Judge) -> Self {
        let start = Timestamp::from_millis(1_000_000);
        Self { judge, next: 0, world: start, real: start, is_stopped: false, begun: BTreeMap::new(), is_over: false }
    }

    /// A story, told.
    pub(super) fn of(judge: Judge, text: &str) -> Self {
        let mut story = Self::new(judge);
        for statement in text.split(';') {
            story.tell(statement.trim());
        }
        story
    }

    fn pass(&mut self, by: Duration) {
        self.real = self.real + by;
        if !self.is_stopped {
            self.world = self.world + by;
        }
    }

    pub(super) fn tell(&mut self, statement: &str) {
        let mut words: Vec<&str> = statement.split_whitespace().collect();
        let gap = words.first().and_then(|word| word.strip_prefix('+')).map(duration);
        words.drain(..usize::from(gap.is_some()));
        self.pass(gap.unwrap_or(Duration::from_secs(1)));
        let (verb, words) = words.split_first().unwrap();
        let nth = || words[0].parse().unwrap();
        match *verb {
            "put" => self.put(words),
            "look" => self.look(words),
            "close" => self.judge.closed(nth(), Closing::Answer),
            "leave" => {
                let ago = value(words, "ago").map(duration).unwrap_or_default();
                self.judge.closed(nth(), Closing::Client(self.real - ago));
            }
            "hold" => self.judge.hold_back(&ids(words[0]).into_iter().collect(), self.real),
            "end" => ids(words[0]).into_iter().for_each(|id| self.begun.get_mut(&id).unwrap().1 = true),
            "stop" => self.is_stopped = true,
            "advance" => self.world = self.world + duration(words[0]),
            "over" => self.is_over = true,
            _ => panic!("{statement}"),
        }
    }

    /// A request that is answered so, and what a 429 says.
    fn exchange(&mut self, words: &[&str], named: &[InstanceId], answer: &str) -> (Exchange, Option<Throttled>) {
        let delivery = match answer {
            _ if words.contains(&"unseen") => Delivery::CLOSED,
            _ if words.contains(&"short") => Delivery::Broken { after: Sent::Head, how: Break::Reset },
            "lost" => Delivery::CLOSED,
            "cut" => Delivery::Broken { after: Sent::Head, how: Break::Close },
            "hang" => Delivery::NEVER,
            _ => Delivery::Whole,
        };
        let answered = match answer {
            "lost" | "cut" | "hang" => 202,
            "busy" => 400,
            status => status.parse().unwrap(),
        };
        let held = value(words, "held").or(value(words, "came")).map(duration).unwrap_or_default();
        let exchange = Exchange {
            nth: self.next,
            name: RequestName(u128::from(self.next)),
            at: self.world,
            real_at: self.real - held,
            operation: None,
            caller: value(words, "by").map_or(Caller::FixedToken, |by| Caller::IamUser(by.parse().unwrap())),
            peer: None,
            ids: Ids::of(named),
            image: None,
            password: None,
            answered: Some(answered),
            code: (answer == "busy").then_some("iMetal.0201"),
            took_hold: false,
            delivery,
            rules: if words.contains(&"rule") { vec![RuleId(0)] } else { vec![] },
            repeats: value(words, "repeat").map(|nth| nth.parse().unwrap()),
            unread: vec![],
            diagnosis: None,
        };
        self.next += 1;
        let throttled = (answered == 429).then(|| {
            let wait = value(words, "after").or(value(words, "window")).map(duration).unwrap_or_default();
            let told_at = self.real + value(words, "sent").map(duration).unwrap_or_default();
            let limit = value(words, "limit").map(|limit| {
                let (count, per) = limit.split_once('/').unwrap();
                Rate::of(count.parse().unwrap(), duration(per)).unwrap()
            });
            Throttled {
                until: self.world + wait,
                real_until: told_at + wait,
                told_at,
                retry_after_sent: value(words, "after").is_some(),
                limiter: words.contains(&"limiter"),
                limit,
            }
        });
        (exchange, throttled)
    }

    fn put(&mut self, words: &[&str]) {
        let named: Vec<InstanceId> =
            words.iter().filter(|word| word.chars().count() == 1).flat_map(|word| ids(word)).collect();
        let answer = answer(words).unwrap_or("202");
        let takes_hold = matches!(answer, "202" | "lost" | "cut" | "hang");
        let by_default = if takes_hold { named.clone() } else { vec![] };
        let begun: Vec<(InstanceId, u32)> = value(words, "began")
            .map_or(by_default, ids)
            .into_iter()
            .map(|id| {
                let begun = self.begun.entry(id).or_default();
                *begun = (begun.0 + 1, false);
                (id, begun.0)
            })
            .collect();
        let confirmed = value(words, "named").map_or(begun.iter().map(|(id, _)| *id).collect(), ids);
        let (mut exchange, throttled) = self.exchange(words, &named, answer);
        exchange.operation = Some(ApiOperation::ReinstallOs);
        exchange.took_hold = !begun.is_empty();
        let busy = if answer == "busy" { named.clone() } else { vec![] };
        let underway = value(words, "underway").map_or(busy, ids);
        let len = value(words, "len").map_or(named.len(), |len| len.parse().unwrap());
        let told = Told {
            asked: (!words.contains(&"unread")).then_some(Asked { ids: &named, len }),
            begun: &begun,
            confirmed: &confirmed,
            underway: &underway,
            throttled,
            held_back: value(words, "held").is_some(),
            ..Told::default()
        };
        self.judge.note(&exchange, &told);
        if answer != "hang" && !words.contains(&"slow") {
            self.judge.closed(exchange.nth, Closing::Answer);
        }
    }

    fn look(&mut self, words: &[&str]) {
        let pairs: Vec<(InstanceId, &str)> =
            words.iter().filter_map(|word| word.split_once('=')).map(|(letter, how)| (ids(letter)[0], how)).collect();
        let named: Vec<InstanceId> =
            if words.contains(&"all") { vec![] } else { pairs.iter().map(|(id, _)| *id).collect() };
        let shown: Vec<(InstanceId, Shown)> =
            pairs.iter().filter_map(|(id, how)| Some((*id, self.shown(*id, how)?))).collect();
        let (mut exchange, throttled) = self.exchange(words, &named, answer(words).unwrap_or("200"));
        exchange.operation = Some(match words.contains(&"iam") {
            true => ApiOperation::KeystoneListProjects,
            false if pairs.len() == 1 && !named.is_empty() => ApiOperation::ShowInstanceStatus,
            false => ApiOperation::ListInstances,
        });
        self.judge.note(&exchange, &Told { shown: &shown, throttled, ..Told::default() });
    }

    fn shown(&self, id: InstanceId, how: &str) -> Option<Shown> {
        let latest = self.begun.get(&id).map_or(0, |(latest, _)| *latest);
        let attempt = how.trim_start_matches(char::is_alphabetic).parse().unwrap_or(latest);
        match how.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "untouched" => Some(Shown::Untouched),
            "underway" => Some(Shown::Underway(attempt)),
            "ended" => Some(Shown::Ended(attempt)),
            "absent" => Some(Shown::Absent),
            "unsaid" => None,
            _ => panic!("{how}"),
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.judge.verdict(self.real, self.is_over, |id, attempt| {
            self.begun.get(&id).is_some_and(|(latest, has_ended)| attempt < *latest || *has_ended)
        })
    }

    /// The findings, as `wiped_twice a 0 2, ~misled b 1`: kind, whom, which requests prove it; with `~` what is no violation;
    /// then who is not seen through.
    pub(super) fn findings(&self) -> String {
        let verdict = self.verdict();
        let mut findings: Vec<String> = verdict.violations.iter().map(|case| finding("", case)).collect();
        findings.extend(verdict.not_the_clients_doing.iter().map(|case| finding("~", case)));
        for (what, roll) in [("open", &verdict.open), ("unfinished", &verdict.unfinished)] {
            if roll.count > 0 {
                findings.push(format!("{what} {}", roll.instances.iter().map(|id| letter(*id)).collect::<String>()));
            }
        }
        assert_eq!(verdict.acquitted, verdict.violations.is_empty());
        findings.join(", ")
    }
}

fn answer<'a>(words: &[&'a str]) -> Option<&'a str> {
    let arrow = words.iter().position(|word| *word == "->")?;
    Some(words[arrow + 1])
}

fn finding<K: serde::Serialize>(mark: &str, case: &Case<K>) -> String {
    let kind = serde_json::to_value(&case.kind).unwrap();
    let mut finding = format!("{mark}{}", kind.as_str().unwrap());
    finding.extend(case.instance.map(|id| format!(" {}", letter(id))));
    finding.extend(case.proof.iter().map(|exchange| format!(" {}", exchange.nth)));
    finding
}

/// The set of these.
pub(super) fn set(letters: &str) -> BTreeSet<InstanceId> {
    ids(letters).into_iter().collect()
}
