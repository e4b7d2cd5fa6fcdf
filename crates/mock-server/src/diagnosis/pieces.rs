//! A canonical request in its parts, so that one of them can be changed (api-facts 5.2, step 7).

use std::borrow::Cow;

use zeroize::Zeroizing;

/// Borrowed or made up.
pub(super) type Piece<'a> = Cow<'a, [u8]>;

/// The parts. The right ones are borrowed; only what is changed is a copy.
#[derive(Clone)]
pub(super) struct Pieces<'a> {
    pub(super) method: Piece<'a>,
    pub(super) path: Piece<'a>,
    pub(super) query: Piece<'a>,
    /// Names and values, as they are signed.
    pub(super) headers: Vec<(Piece<'a>, Piece<'a>)>,
    /// The line of names.
    pub(super) names: Piece<'a>,
    pub(super) payload: Piece<'a>,
}

impl<'a> Pieces<'a> {
    /// Takes a canonical request apart. No part can have a line break in it, since none came over HTTP.
    pub(super) fn of(canonical: &'a [u8]) -> Option<Self> {
        let mut lines = canonical.split(|byte| *byte == b'\n');
        let [method, path, query] = [lines.next()?, lines.next()?, lines.next()?].map(Cow::Borrowed);
        let mut headers = Vec::new();
        for line in lines.by_ref().take_while(|line| !line.is_empty()) {
            let colon = line.iter().position(|byte| *byte == b':')?;
            headers.push((Cow::Borrowed(&line[..colon]), Cow::Borrowed(&line[colon + 1..])));
        }
        let [names, payload] = [lines.next()?, lines.next()?].map(Cow::Borrowed);
        Some(Self { method, path, query, headers, names, payload })
    }

    /// The whole, from which a security token is wiped when it is dropped.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let headers_len: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let parts = [&self.method, &self.path, &self.query, &self.names, &self.payload];
        let parts_len: usize = parts.iter().map(|part| part.len() + 1).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(headers_len + parts_len + 1));
        for part in [&self.method, &self.path, &self.query] {
            bytes.extend_from_slice(part);
            bytes.push(b'\n');
        }
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name);
            bytes.push(b':');
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.names);
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.payload);
        bytes
    }

    /// Writes the line of names anew, after the headers were changed.
    pub(super) fn name_headers(&mut self) {
        let names: Vec<&[u8]> = self.headers.iter().map(|(name, _)| &**name).collect();
        self.names = Cow::Owned(names.join(&b';'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        for (whole, headers) in [
            ("GET\n/\n\nx-sdk-date:now\n\nx-sdk-date\nhash", 1),
            ("PUT\n/a/\nb=1\nhost:a:80\nx-a:\nx-sdk-date:now\n\nhost;x-a;x-sdk-date\nhash", 3),
            ("GET\n/\n\n:\nx-sdk-date:now\n\n;x-sdk-date\nhash", 2),
        ] {
            let mut pieces = Pieces::of(whole.as_bytes()).unwrap();
            assert_eq!(pieces.headers.len(), headers);
            pieces.name_headers();
            assert_eq!(String::from_utf8_lossy(&pieces.to_bytes()), whole);
        }
        for broken in ["", "GET", "GET\n/\n", "GET\n/\n\nno colon\n\nnames\nhash", "GET\n/\n\na:b\n\nnames"] {
            assert!(Pieces::of(broken.as_bytes()).is_none(), "{broken:?}");
        }
    }
}
