//! What an error says, word for word where a word tells nothing about whose it is: the words are what is to be learned.

use reinstall_core::instance::{InstanceState, OperationState};

use super::naming::Naming;
use super::safe::{SafeText, is_code, is_time};

/// The most characters of a message that are looked at.
const CHARS_MAX: usize = 1_024;

/// What stands for something that is not kept.
const HIDDEN: &str = "{…}";

/// Behind this the gateway repeats the request (api-facts 5.2).
const ECHO: &str = "canonicalRequest:";

/// The longest plain word.
const WORD_CHARS_MAX: usize = 20;

/// The most capitals within a word, as in `canonicalRequest`.
const CAPITALS_MAX: usize = 3;

/// The words of `text`, with made-up ids in place of real ones and `{…}` for whatever may be somebody's: what has digits in
/// it, is quoted, is no plain English word, or was renamed elsewhere in this recording.
pub(super) fn reduce(naming: &Naming, text: &str) -> SafeText {
    let text: String = text.chars().take(CHARS_MAX).collect();
    let (said, echoed) = match text.split_once(ECHO) {
        Some((said, _)) => (said, true),
        None => (text.as_str(), false),
    };
    let mut kept = String::with_capacity(said.len());
    let mut quote = None;
    let mut word = String::new();
    for c in said.chars().chain(['\n']) {
        let is_apostrophe = c == '\'' && word.ends_with(char::is_alphabetic) && quote.is_none();
        if is_part(c) || is_apostrophe {
            word.push(c);
            continue;
        }
        push_word(&mut kept, naming, &word, quote.is_some());
        word.clear();
        if matches!(c, '"' | '\'' | '`') {
            quote = if quote == Some(c) { None } else { quote.or(Some(c)) };
        }
        kept.push(if c.is_control() { ' ' } else { c });
    }
    // The line break that ended the last word.
    kept.pop();
    if echoed {
        kept.push_str(ECHO);
        kept.push_str(HIDDEN);
    }
    SafeText::made_up(kept)
}

/// What a word is made of, in the widest sense: what stands together is judged together.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || "-_./\\@=+%&$#~^*".contains(c)
}

fn push_word(kept: &mut String, naming: &Naming, word: &str, is_quoted: bool) {
    let bare = word.trim_end_matches(['.', '-', '/', '=', '\'', '*']);
    let end = &word[bare.len()..];
    if bare.is_empty() {
        kept.push_str(if word.chars().all(|c| ".-/=*'".contains(c)) { word } else { HIDDEN });
        return;
    }
    let is_uuid = bare.parse::<reinstall_core::id::InstanceId>().is_ok();
    if is_uuid {
        kept.push_str(naming.id(bare).as_str());
    } else if tells_nothing(naming, bare, is_quoted) {
        kept.push_str(bare);
    } else {
        kept.push_str(HIDDEN);
    }
    kept.push_str(end);
}

fn tells_nothing(naming: &Naming, word: &str, is_quoted: bool) -> bool {
    let is_state = !matches!(InstanceState::from_word(word), InstanceState::Unknown(_))
        || !matches!(OperationState::from_word(word), OperationState::Unknown(_));
    let is_number = word.len() <= 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    if is_state || is_number || is_code(word) || is_time(word) {
        return true;
    }
    let is_plain = is_field(word) || !is_quoted && is_plain(word);
    is_plain && !naming.knows(word)
}

/// As the API names its fields.
fn is_field(word: &str) -> bool {
    word.contains('_')
        && word.len() <= 2 * WORD_CHARS_MAX
        && word.split('_').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// As words are written in English, or in code.
fn is_plain(word: &str) -> bool {
    let letters = word.replace('\'', "");
    let capitals = letters.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
    let is_short_name = letters.len() <= 6 && capitals + 1 == letters.len();
    letters.len() <= WORD_CHARS_MAX
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (capitals <= CAPITALS_MAX || is_short_name)
}

#[cfg(test)]
mod tests {
    use super::super::naming::Salt;
    use super::*;

    #[test]
    fn words_are_kept_and_what_is_somebodys_is_not() {
        let mut naming = Naming::new(Salt::new([7; 32]));
        naming.name("name", "Canary gateway");
        let id = "0b29c7a1-0000-4000-8000-00000000abcd";
        let made_up = naming.id(id);
        let listed = format!("Instances not found: [{id}, {id}]");
        let relisted = format!("Instances not found: [{made_up}, {made_up}]");
        for (text, kept) in [
            (listed.as_str(), relisted.as_str()),
            ("A request parameter contains invalid or unsupported value: instance_id_set", "="),
            ("The throttling threshold has been reached: policy user over ratelimit,limit:10", "="),
            ("state is reinstall-processing, not running.", "="),
            ("It doesn't do. See iMetal.0201 (APIGW.0301)", "="),
            ("signature expired, signature time:20261123T071500Z,server time:20261123T074500Z", "="),
            ("ak QTWAOYTTINDUT2QVKYUC not exist", "ak {…} not exist"),
            ("ak QTWAOYTTINDUTQVKYUC not exist", "ak {…} not exist"),
            ("password Abcdef1! is weak", "password {…}! is weak"),
            ("the gateway and CANARY are busy", "the {…} and {…} are busy"),
            ("instance 'other' of \"some one\" and `image_id`", "instance '{…}' of \"{…} {…}\" and `image_id`"),
            ("host web-frontend at 192.0.2.1 by ann@acme", "host {…} at {…} by {…}"),
            ("/v1/70505c941b9b4dfd82fd351932328a2f/x?token=canary", "{…}?{…}"),
            ("fail, canonicalRequest:GET|/|x-security-token:canary", "fail, canonicalRequest:{…}"),
            ("Too many\nrequests\u{1b}[31m", "Too many requests [{…}"),
            ("实例不存在", "{…}"),
            ("", ""),
        ] {
            let expected = if kept == "=" { text } else { kept };
            assert_eq!(reduce(&naming, text).as_str(), expected, "{text}");
        }
        assert!(reduce(&naming, &"word ".repeat(10_000)).as_str().len() <= CHARS_MAX);
    }
}
