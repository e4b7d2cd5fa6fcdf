//! The credentials file of the official SDKs: INI, the section `[basic]` (api-facts 6).

use super::ini;
use super::miss::{Absent, Broken, Defect, Miss, ValueRule};
use super::setting::{Setting, access_key, project_id};
use super::surroundings::ReadFile;
use super::{Found, Given, Source, Surroundings};

/// Names another file.
const FILE: &str = "HUAWEICLOUD_SDK_CREDENTIALS_FILE";
/// Where the file is beneath the home folder.
const USUAL: &str = ".huaweicloud/credentials";
/// The kind of credentials that regional services such as CloudDC want; `[global]` is for the others.
const SECTION: &str = "basic";

pub(super) fn look(surroundings: &Surroundings<'_>) -> Result<Found, Miss> {
    let ReadFile { path, text } = surroundings.read_named_or_at_home(FILE, USUAL)?;
    let malformed =
        |wrong: ini::Unreadable| Broken::in_file(path.clone(), Some(wrong.line), Defect::Malformed(wrong.rule));
    let absent = |what| Absent::NotInFile { path: path.clone(), what };
    let entries = ini::section(&text, SECTION).map_err(malformed)?.ok_or_else(|| absent("section [basic]"))?;
    let setting = |name: &'static str| {
        let entry = entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(name));
        let value = entry.map(|entry| entry.value.to_owned().into());
        let setting = Setting::field(name, path.clone(), entry.map(|entry| entry.line), value);
        // Whoever quotes a value here has signatures refused, and nothing tells why.
        if setting.text().is_some_and(is_quoted) { Err(setting.broken(ValueRule::Quoted)) } else { Ok(setting) }
    };
    let Some(key) = access_key(&setting("ak")?, &setting("sk")?, &setting("security_token")?)? else {
        let provider = setting("idp_id")?;
        if provider.is_set() {
            return Err(provider.unsupported("identity providers are not asked here; give `ak` and `sk`").into());
        }
        return Err(absent("`ak` and `sk` in section [basic]").into());
    };
    Ok(Found {
        project_id: project_id(&setting("project_id")?)?,
        domain_id: setting("domain_id")?.plain(),
        iam_endpoint: setting("iam_endpoint")?.plain(),
        ..Found::new(Source::SdkFile, Given::Keys(key))
    })
}

fn is_quoted(text: &str) -> bool {
    text.len() > 1 && ['"', '\''].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote))
}

#[cfg(test)]
mod tests {
    use crate::sources::Source::SdkFile;
    use crate::sources::testing::{UNREADABLE, check};

    const PATH: &str = "/h/.huaweicloud/credentials";

    #[test]
    fn the_section_basic_is_read() {
        let full = "[global]\nak = G\nsk = canary-g\n\n[basic]\nak = AK1\nsk = canary=#;\nsecurity_token = canary-st\n\
                    project_id = p1\ndomain_id = d1\niam_endpoint = https://iam.example.com\nunknown = 1\n";
        let all = "keys AK1 canary=#; canary-st project_id=p1 domain_id=d1 iam=https://iam.example.com";
        check(SdkFile, &[], &[(PATH, full)], all);
        let named = [("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "/x/keys")];
        check(SdkFile, &named, &[(PATH, full), ("/x/keys", "[basic]\nAK=AK2\nSK=canary")], "keys AK2 canary");
    }

    #[test]
    fn what_is_not_there_is_absent_unless_it_is_named() {
        let at = |why: &str| format!("absent: {PATH} has no {why}");
        check(SdkFile, &[], &[], &format!("absent: not there: {PATH}"));
        check(SdkFile, &[], &[(PATH, "")], &at("section [basic]"));
        check(SdkFile, &[], &[(PATH, "[global]\nak = A\nsk = canary")], &at("section [basic]"));
        check(SdkFile, &[], &[(PATH, "[basic]\nak =\nproject_id = p")], &at("`ak` and `sk` in section [basic]"));
        let named = [("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "/x/keys")];
        let told = "broken: /x/keys: not there, though HUAWEICLOUD_SDK_CREDENTIALS_FILE names it";
        check(SdkFile, &named, &[(PATH, "[basic]\nak = A\nsk = canary")], told);
    }

    #[test]
    fn what_is_broken_is_told_with_its_line() {
        for (text, told) in [
            ("[basic]\nak = AK1\n", ":2: ak is set, and sk is not; they go together"),
            ("[basic]\nsk = canary\n", ":2: sk is set, and ak is not; they go together"),
            ("[basic]\n\nak = A\ncanary canary\n", ":4: a setting is written `key = value`"),
            ("[basic\nak = canary\n", ":1: a section is written `[name]`, alone in its line"),
            ("[basic]\nak = A\nak = canary\n", ":3: this key was set before, in the same section"),
            (
                "[basic]\nak = A\nsk = 'canary'\n",
                ":3: sk: quotes are a part of the value in this file; write it without them",
            ),
            (
                "[basic]\nak = A\nsk = canary # mine\n",
                ":3: sk: the secret key has a character that no secret key has (a space, a line break or a non-ASCII letter) \
                 at position 7",
            ),
            (
                "[basic]\nak = A\nsk = canary\nproject_id = a b\n",
                ":4: project_id: a project id is 1 to 64 letters, digits, hyphens or underscores",
            ),
            (
                "[basic]\nidp_id = canary\nid_token_file = canary\n",
                ":2: idp_id: identity providers are not asked here; give `ak` and `sk`",
            ),
            (UNREADABLE, ": cannot be read: permission denied"),
        ] {
            check(SdkFile, &[], &[(PATH, text)], &format!("broken: {PATH}{told}"));
        }
    }
}
