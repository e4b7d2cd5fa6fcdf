//! The second line: the path.

use std::borrow::Cow;

use super::spelling::Spelling;
use super::trial::Trial;
use super::{Diagnosis, Slip, quoted};

/// How a path may be spelled; the right way is among them, for the slash at its end.
const SPELLINGS: [Spelling; 6] = [
    Spelling::Right,
    Spelling::AsSent,
    Spelling::Unescaped,
    Spelling::Twice,
    Spelling::JavaScript,
    Spelling::LowerCase,
];

const SLASH_ADVICE: &str = "the slash at the end belongs to what is signed, not to the request line";

pub(super) fn explain(trial: &Trial<'_>) -> Option<Diagnosis> {
    SPELLINGS.into_iter().find_map(|spelling| spelled(trial, spelling)).or_else(|| more_than_the_path(trial))
}

fn spelled(trial: &Trial<'_>, spelling: Spelling) -> Option<Diagnosis> {
    let segments: Vec<_> = trial.message.path.split('/').map(|segment| spelling.of(segment)).collect();
    let whole = segments.join(&b'/');
    let bare = whole.strip_suffix(b"/").unwrap_or(&whole);
    let ending = [bare, b"/"].concat();
    let signed = [ending.as_slice(), bare].into_iter().find(|path| signs(trial, path))?;
    let right = quoted(&trial.right.path);
    Some(if spelling == Spelling::Right {
        let words = format!(
            "the path was signed as {} without a slash at its end; sign {right}: {SLASH_ADVICE}",
            quoted(signed)
        );
        Diagnosis::new(Slip::PathSlash, words)
    } else {
        let words = format!(
            "the path was signed {}, as {}; sign {right}: each segment escaped once, in upper case, but for letters, digits \
             and `-._~`, and a slash at the end",
            spelling.words(),
            quoted(signed)
        );
        Diagnosis::new(Slip::PathSpelling, words)
    })
}

/// Paths that have something before them or after them that is no part of a path.
fn more_than_the_path(trial: &Trial<'_>) -> Option<Diagnosis> {
    let right = trial.right.path.to_vec();
    let bare = right.strip_suffix(b"/").unwrap_or(&right).to_vec();
    let host = trial.message.headers.get(http::header::HOST).map_or(&b""[..], |host| host.as_bytes());
    let url = |scheme: &[u8], path: &[u8]| [scheme, b"://", host, path].concat();
    let query = trial.message.query.unwrap_or_default().as_bytes();
    let candidates = [
        ("with a second slash at its end", [&right, &b"/"[..]].concat()),
        ("without the slash before it", right.strip_prefix(b"/").unwrap_or(&right).to_vec()),
        ("as an empty line", Vec::new()),
        ("as the root of the service", b"/".to_vec()),
        ("as a whole address", url(b"https", &right)),
        ("as a whole address", url(b"http", &right)),
        ("as a whole address", url(b"https", &bare)),
        ("as a whole address", url(b"http", &bare)),
    ];
    let found = candidates.into_iter().find(|(_, path)| signs(trial, path));
    let with_query = || {
        let signed = [bare.as_slice(), b"?", query].concat();
        let twice = signs(trial, &signed);
        let once = || {
            trial.fits(|pieces| {
                pieces.path = Cow::Owned(signed.clone());
                pieces.query = Cow::Borrowed(b"");
            })
        };
        (!query.is_empty() && (twice || once())).then_some(("with the query behind it", signed))
    };
    let (how, signed) = found.or_else(with_query)?;
    let words = format!(
        "the path was signed {how}, that is {}; sign {}: the path alone; {SLASH_ADVICE}",
        quoted(&signed),
        quoted(&trial.right.path)
    );
    Some(Diagnosis::new(Slip::PathSpelling, words))
}

fn signs(trial: &Trial<'_>, path: &[u8]) -> bool {
    trial.fits(|pieces| pieces.path = Cow::Owned(path.to_vec()))
}
