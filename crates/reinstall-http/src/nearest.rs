//! What somebody most likely meant.

/// The most slips of the finger that a guess forgives.
const SLIPS_MAX: usize = 3;

/// The one of `known` that is closest to `word`, the first of several. Letter case makes no difference, and a word of
/// which more would have to change than stays is meant for nothing here.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let slips = |known: &str| strsim::damerau_levenshtein(&word, &known.to_lowercase());
    let close = known.into_iter().map(|known| (slips(known), known));
    let close = close.filter(|(slips, known)| *slips <= SLIPS_MAX && slips * 2 < known.chars().count());
    close.min_by_key(|(slips, _)| *slips).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven_and_other_words_are_not_guessed() {
        let known = ["cn-east-3", "cn-south-1", "ap-southeast-3"];
        for (word, guess) in [
            ("cn-east-3", Some("cn-east-3")),
            ("CN-East3", Some("cn-east-3")),
            ("cn-esat-3", Some("cn-east-3")),
            ("cn-soth-1", Some("cn-south-1")),
            ("ap-southeast-1", Some("ap-southeast-3")),
            ("mars", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), guess, "{word}");
        }
        assert_eq!(nearest("ab", ["cd"]), None, "nothing of it would stay");
    }
}
