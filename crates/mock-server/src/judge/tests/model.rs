//! A careful client in front of a cloud and a network that do it all the harm they can: it is never convicted.
//!
//! The client looks before it submits, looks after doubt, waits for the end of what it knows to be underway, and keeps away when
//! it is told to. Bytes that proptest makes up decide everything else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::script::Story;
use super::*;

const LETTERS: [char; 3] = ['a', 'b', 'c'];

/// What the client believes of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belief {
    /// It has to look.
    Unknown,
    /// Nobody is at work on it.
    Fit,
    /// Whether a reinstall was started is in doubt.
    Doubtful,
    /// A reinstall was accepted; it knew of this many before.
    Accepted(u32),
    /// One is underway.
    Moving,
}

/// What is true of one instance.
#[derive(Debug, Clone, Copy, Default)]
struct Truth {
    begun: u32,
    is_underway: bool,
}

/// A request that the client has given up, and that has yet to come.
#[derive(Debug, Clone, Copy)]
struct Late {
    letter: char,
    since: Timestamp,
    left: Timestamp,
}

/// What a client lacks to be a careful one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// Nothing.
    None,
    /// It sends a request again when the answer got lost.
    Blind,
    /// It takes a 202 for the end.
    Hasty,
    /// It takes what moves for an end.
    Restless,
    /// It does not wait when it is told to.
    Pushy,
    /// It leaves before the end.
    Gone,
}

struct World {
    flaw: Flaw,
    story: Story,
    told: String,
    dice: Vec<u8>,
    truths: BTreeMap<char, Truth>,
    beliefs: BTreeMap<char, Belief>,
    /// How many reinstalls of each the client knows to have ended.
    known: BTreeMap<char, u32>,
    late: Vec<Late>,
    /// Requests that the network may deliver again.
    sent: Vec<(u64, char)>,
    quiet_until: Timestamp,
}

impl World {
    fn new(flaw: Flaw, dice: Vec<u8>) -> Self {
        let story = Story::new(Judge::new(50));
        let quiet_until = story.real;
        Self {
            flaw,
            story,
            told: String::new(),
            dice,
            truths: LETTERS.into_iter().map(|letter| (letter, Truth::default())).collect(),
            beliefs: LETTERS.into_iter().map(|letter| (letter, Belief::Unknown)).collect(),
            known: LETTERS.into_iter().map(|letter| (letter, 0)).collect(),
            late: vec![],
            sent: vec![],
            quiet_until,
        }
    }

    fn throw(&mut self, sides: u8) -> u8 {
        self.dice.pop().unwrap_or(0) % sides
    }

    fn tell(&mut self, statement: &str) {
        write!(self.told, "{statement}; ").unwrap();
        self.story.tell(statement);
    }

    /// The client waits for as long as it has to, and then for a moment.
    fn pause(&mut self) -> Duration {
        let moment = Duration::from_millis([1, 40, 1_000, 30_000][usize::from(self.throw(4))]);
        let quiet = if self.flaw == Flaw::Pushy { Duration::ZERO } else { self.quiet_until.since(self.story.real) };
        quiet + moment
    }

    fn begin(&mut self, letter: char) {
        let truth = self.truths.get_mut(&letter).unwrap();
        assert!(!truth.is_underway);
        *truth = Truth { begun: truth.begun + 1, is_underway: true };
    }

    fn underway(&self, letters: &str) -> String {
        letters.chars().filter(|letter| self.truths[letter].is_underway).collect()
    }

    /// One thing happens.
    fn step(&mut self) {
        let letter = LETTERS[usize::from(self.throw(3))];
        match self.throw(8) {
            0 | 1 => self.end(letter),
            2 => self.repeat(),
            3 if !self.late.is_empty() => self.arrive_late(),
            _ => self.act(letter),
        }
    }

    fn end(&mut self, letter: char) {
        if self.truths[&letter].is_underway {
            self.truths.get_mut(&letter).unwrap().is_underway = false;
            self.tell(&format!("end {letter}"));
        }
    }

    /// The network delivers a request again, and nobody hears of it.
    fn repeat(&mut self) {
        if self.sent.is_empty() {
            return;
        }
        let which = usize::from(self.throw(16)) % self.sent.len();
        let (nth, letter) = self.sent[which];
        if self.truths[&letter].is_underway {
            self.tell(&format!("put {letter} repeat:{nth} -> lost began:none underway:{letter}"));
        } else {
            self.begin(letter);
            self.tell(&format!("put {letter} repeat:{nth} -> lost"));
        }
    }

    /// A request comes that the client has given up.
    fn arrive_late(&mut self) {
        let Late { letter, since, left } = self.late.remove(0);
        let now = self.story.real + Duration::from_secs(1);
        let (held, ago) = (now.since(since).as_millis(), now.since(left).as_millis());
        let nth = self.story.next;
        if self.truths[&letter].is_underway {
            self.tell(&format!("+1s put {letter} held:{held}ms -> lost slow began:none underway:{letter}"));
        } else {
            self.begin(letter);
            self.tell(&format!("+1s put {letter} held:{held}ms -> lost slow"));
        }
        self.tell(&format!("+0ms leave {nth} ago:{ago}ms"));
    }

    /// The client does what it has to do next about one instance.
    fn act(&mut self, letter: char) {
        let is_held = self.late.iter().any(|late| late.letter == letter);
        let belief = match (self.flaw, self.beliefs[&letter]) {
            (Flaw::Blind, Belief::Doubtful) | (Flaw::Hasty, Belief::Accepted(_)) | (Flaw::Restless, Belief::Moving) => {
                Belief::Fit
            }
            (_, belief) => belief,
        };
        match belief {
            Belief::Fit if !is_held && self.throw(8) == 0 => self.give_up(letter),
            Belief::Fit => {
                let fit = |other: &&char| **other == letter || self.beliefs[other] == Belief::Fit;
                let all: String = LETTERS.iter().filter(fit).collect();
                let letters = if self.throw(3) == 0 { all } else { letter.to_string() };
                self.submit(&letters);
            }
            Belief::Unknown | Belief::Doubtful | Belief::Accepted(_) | Belief::Moving => self.look(letter),
        }
    }

    /// A request is held up on its way, and the client waits for half a second.
    fn give_up(&mut self, letter: char) {
        let since = self.story.real + self.pause();
        let gap = since.since(self.story.real).as_millis();
        self.tell(&format!("+{gap}ms hold {letter}"));
        self.late.push(Late { letter, since, left: since + Duration::from_millis(500) });
        self.tell("+500ms advance 0s");
        self.beliefs.insert(letter, Belief::Doubtful);
    }

    fn submit(&mut self, letters: &str) {
        let (gap, nth) = (self.pause().as_millis(), self.story.next);
        let named = letters.chars().map(|letter| format!("{letter} ")).collect::<String>();
        let underway = self.underway(letters);
        let put = format!("+{gap}ms put {named}");
        let all =
            |world: &mut Self, belief| letters.chars().for_each(|letter| _ = world.beliefs.insert(letter, belief));
        if !underway.is_empty() {
            // Somebody was misled. The answer may get lost, or be another refusal.
            match self.throw(3) {
                0 => {
                    self.tell(&format!("{put}-> lost began:none underway:{underway}"));
                    all(self, Belief::Doubtful);
                }
                _ => {
                    self.tell(&format!("{put}-> busy underway:{underway}"));
                    all(self, Belief::Unknown);
                }
            }
            return;
        }
        self.sent.extend(letters.chars().map(|letter| (nth, letter)));
        let which = self.throw(14);
        let takes_hold = which < 10;
        if takes_hold {
            letters.chars().for_each(|letter| self.begin(letter));
        }
        match which {
            0 | 1 => self.tell(&format!("{put}-> 202")),
            2 => self.tell(&format!("{put}-> lost")),
            3 => self.tell(&format!("{put}-> cut")),
            4 => self.tell(&format!("{put}-> 500 began:{letters}")),
            5 => self.tell(&format!("{put}-> 202 named:{}z", &letters[..1])),
            6 => self.tell(&format!("{put}-> 429 began:{letters}")),
            7 => self.tell(&format!("{put}-> 401 began:{letters}")),
            8 => {
                self.tell(&format!("{put}-> hang"));
                self.tell(&format!("+10s leave {nth}"));
            }
            9 => {
                self.tell(&format!("{put}-> 202 slow"));
                self.tell(&format!("+5s leave {nth}"));
            }
            10 => self.tell(&format!("{put}-> lost began:none")),
            11 => self.tell(&format!("{put}-> 502")),
            12 => self.throttled(&put),
            _ => self.tell(&format!("{put}-> 400")),
        }
        match which {
            0 | 1 => letters.chars().for_each(|letter| self.accepted(letter)),
            5 => {
                all(self, Belief::Doubtful);
                self.accepted(letters.chars().next().unwrap());
            }
            // Refused, as it says: it may go on without a look.
            6 | 7 | 12 | 13 => {}
            _ => all(self, Belief::Doubtful),
        }
    }

    fn accepted(&mut self, letter: char) {
        self.beliefs.insert(letter, Belief::Accepted(self.known[&letter]));
    }

    /// Refused for now, with a time to wait, which is in the limiter's words sometimes.
    fn throttled(&mut self, request: &str) {
        let (seconds, who) = (1 + self.throw(20), ["", " limiter", " limiter limit:2/60s"][usize::from(self.throw(3))]);
        self.tell(&format!("{request}-> 429 after:{seconds}s{who}"));
        let until = self.story.real + Duration::from_secs(seconds.into());
        if self.throw(2) == 0 {
            // Another was on its way.
            self.tell("+100ms look z=untouched");
        }
        self.quiet_until = self.quiet_until.max(until);
    }

    fn look(&mut self, letter: char) {
        let gap = self.pause().as_millis();
        let Truth { begun, is_underway } = self.truths[&letter];
        let past = if begun < 2 { "untouched".to_owned() } else { format!("ended{}", begun - 1) };
        let now = match (begun, is_underway) {
            (0, _) => "untouched".to_owned(),
            (_, true) => format!("underway{begun}"),
            (_, false) => format!("ended{begun}"),
        };
        let shown = match self.throw(12) {
            0 => return self.tell(&format!("+{gap}ms look {letter}={now} -> lost")),
            1 => return self.tell(&format!("+{gap}ms look {letter}={now} -> cut")),
            2 => return self.tell(&format!("+{gap}ms look {letter}={now} -> 500")),
            3 => return self.throttled(&format!("+{gap}ms look {letter}={now} ")),
            4 | 5 if begun > 0 => past,
            6 if begun > 0 => format!("underway{begun}"),
            _ => now,
        };
        let mark = if shown == self.honest(letter) { "" } else { " rule" };
        self.tell(&format!("+{gap}ms look {letter}={shown}{mark}"));
        self.learn(letter, &shown);
    }

    fn honest(&self, letter: char) -> String {
        let Truth { begun, is_underway } = self.truths[&letter];
        match (begun, is_underway) {
            (0, _) => "untouched".to_owned(),
            (_, true) => format!("underway{begun}"),
            (_, false) => format!("ended{begun}"),
        }
    }

    fn learn(&mut self, letter: char, shown: &str) {
        let number = shown.trim_start_matches(char::is_alphabetic).parse().unwrap_or(0);
        let (is_ended, known) = (shown.starts_with("ended"), self.known[&letter]);
        let belief = match self.beliefs[&letter] {
            _ if shown.starts_with("underway") => Belief::Moving,
            // Nothing has moved yet, and what is old proves nothing.
            Belief::Accepted(before) if !is_ended || number <= before => Belief::Accepted(before),
            Belief::Unknown | Belief::Fit | Belief::Doubtful | Belief::Accepted(_) | Belief::Moving => Belief::Fit,
        };
        if is_ended {
            self.known.insert(letter, known.max(number));
        }
        self.beliefs.insert(letter, belief);
    }

    /// The client looks at all that it has begun until the end, as far as it can.
    fn finish(&mut self) {
        while !self.late.is_empty() {
            self.arrive_late();
        }
        let quiet = self.quiet_until.since(self.story.real).as_millis();
        for letter in LETTERS {
            match self.throw(4) {
                _ if self.flaw == Flaw::Gone => self.end(letter),
                // Nobody lets it look, and it gives up in the end.
                0 => self.tell(&format!("+{quiet}ms look {letter}={} -> 503", self.honest(letter))),
                // It takes too long.
                1 if self.truths[&letter].is_underway => {
                    self.tell(&format!("+{quiet}ms look {letter}={}", self.honest(letter)));
                }
                _ => {
                    self.end(letter);
                    self.tell(&format!("+{quiet}ms look {letter}={}", self.honest(letter)));
                }
            }
        }
        self.tell("over");
    }
}

/// A whole run: the dice decide, and then the client finishes.
fn run(flaw: Flaw, dice: Vec<u8>) -> World {
    let mut world = World::new(flaw, dice);
    while !world.dice.is_empty() {
        world.step();
    }
    world.finish();
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_careful_client_is_never_convicted(dice in prop::collection::vec(any::<u8>(), 0..600)) {
        let world = run(Flaw::None, dice);
        let verdict = world.story.verdict();
        let says: Vec<_> = verdict.violations.iter().map(|case| &case.says).collect();
        prop_assert!(verdict.acquitted, "{says:#?} in {}", world.told);
    }
}

/// Runs of 300 dice each, from as many seeds.
fn runs(flaw: Flaw) -> impl Iterator<Item = Verdict> {
    (1..200_u64).map(move |seed| {
        // xorshift64
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut die = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        run(flaw, (0..300).map(|_| die()).collect()).story.verdict()
    })
}

/// The model would be worth nothing if it did not get the client into every kind of trouble.
#[test]
fn the_model_meets_all_that_excuses() {
    let met: BTreeSet<ExcuseKind> = runs(Flaw::None).flat_map(|verdict| verdict.excuses.into_keys()).collect();
    let all = [ExcuseKind::Network, ExcuseKind::LiedTo, ExcuseKind::Misled, ExcuseKind::KeptFromSeeing];
    assert_eq!(met, BTreeSet::from(all));
}

#[test]
fn each_flaw_is_found() {
    for (flaw, kinds) in [
        (Flaw::Blind, &[ViolationKind::SubmittedInDoubt, ViolationKind::WipedTwice][..]),
        (Flaw::Hasty, &[ViolationKind::AskedWhileUnderway, ViolationKind::WipedTwice]),
        (Flaw::Restless, &[ViolationKind::AskedWhileUnderway, ViolationKind::WipedTwice]),
        (Flaw::Pushy, &[ViolationKind::BeforeRetryAfter, ViolationKind::OverRate]),
        (Flaw::Gone, &[ViolationKind::NotSeenThrough]),
    ] {
        let found: BTreeSet<ViolationKind> = runs(flaw).flat_map(|verdict| verdict.counts.into_keys()).collect();
        assert_eq!(found, kinds.iter().copied().collect(), "{flaw:?}");
    }
}
