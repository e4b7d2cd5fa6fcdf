//! Patterns such as a shell has, without its escapes and sets.

use std::fmt;

/// A pattern for a whole text, case-sensitive: `*` stands for any characters or none, `?` for exactly one, and everything
/// else for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Box<str>);

impl Glob {
    pub(super) fn new(pattern: &str) -> Self {
        Self(pattern.into())
    }

    /// Whether it stands for the whole of `text`. Takes time by the product of both lengths at most.
    pub(super) fn matches(&self, text: &str) -> bool {
        let pattern: Vec<char> = self.0.chars().collect();
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut seen) = (0, 0);
        // Where to go on if it does not work out: behind the last star, which then swallows one character more.
        let mut retry: Option<(usize, usize)> = None;
        while seen < text.len() {
            match pattern.get(at) {
                Some('*') => {
                    retry = Some((at + 1, seen));
                    at += 1;
                }
                Some(&c) if c == '?' || c == text[seen] => {
                    at += 1;
                    seen += 1;
                }
                Some(_) | None => {
                    let Some((behind_star, swallowed)) = retry else { return false };
                    retry = Some((behind_star, swallowed + 1));
                    at = behind_star;
                    seen = swallowed + 1;
                }
            }
        }
        pattern[at..].iter().all(|c| *c == '*')
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_whole_texts() {
        for (pattern, yes, no) in [
            ("db-1", &["db-1"][..], &["db-10", "a-db-1", "DB-1", ""][..]),
            ("db-*", &["db-", "db-1", "db-x-y"], &["db", "xdb-1"]),
            ("*-db", &["-db", "a-db", "a-db-db"], &["a-db-1"]),
            ("*db*", &["db", "xdby"], &["d-b"]),
            ("db-??", &["db-01", "db-é€"], &["db-1", "db-001"]),
            ("a*b*c", &["abc", "axbxc", "abcbc"], &["acb", "abx"]),
            ("*", &["", "anything"], &[]),
            ("**?", &["a", "ab"], &[""]),
            ("", &[""], &["a"]),
            ("[ab]", &["[ab]"], &["a"]),
        ] {
            let glob = Glob::new(pattern);
            for text in yes {
                assert!(glob.matches(text), "{pattern} stands for {text:?}");
            }
            for text in no {
                assert!(!glob.matches(text), "{pattern} does not stand for {text:?}");
            }
        }
    }

    #[test]
    fn many_stars_take_no_longer() {
        let glob = Glob::new(&"*a".repeat(60));
        assert!(!glob.matches(&"a".repeat(59)));
        assert!(glob.matches(&"ab".repeat(500).repeat(2)[..1_999]));
    }
}
