//! What this product itself is told.

use super::miss::{Absent, Broken, Defect, Miss};
use super::setting::{Setting, access_key, session_token, user};
use super::{Found, Given, Source, Surroundings};

/// An IAM token, as it is.
const REINSTALL_TOKEN: &str = "REINSTALL_TOKEN";
/// The id of an access key (AK).
const REINSTALL_ACCESS_KEY: &str = "REINSTALL_ACCESS_KEY";
/// The secret of an access key (SK).
const REINSTALL_SECRET_KEY: &str = "REINSTALL_SECRET_KEY";
/// What makes an access key a temporary one.
const REINSTALL_SECURITY_TOKEN: &str = "REINSTALL_SECURITY_TOKEN";
/// An IAM user's name.
const REINSTALL_IAM_USER: &str = "REINSTALL_IAM_USER";
/// An IAM user's password.
const REINSTALL_IAM_PASSWORD: &str = "REINSTALL_IAM_PASSWORD";
/// The account that the IAM user belongs to.
const REINSTALL_IAM_DOMAIN: &str = "REINSTALL_IAM_DOMAIN";

/// Exactly one of token, key and user; where two are set, nobody can know who is meant.
pub(super) fn look(surroundings: &Surroundings<'_>) -> Result<Found, Miss> {
    let setting = |name| Setting::variable(surroundings, name);
    let token = session_token(&setting(REINSTALL_TOKEN))?.map(Given::Token);
    let (id, secret) = (setting(REINSTALL_ACCESS_KEY), setting(REINSTALL_SECRET_KEY));
    let keys = access_key(&id, &secret, &setting(REINSTALL_SECURITY_TOKEN))?.map(Given::Keys);
    let (name, password) = (setting(REINSTALL_IAM_USER), setting(REINSTALL_IAM_PASSWORD));
    let user = user(&name, &password, &setting(REINSTALL_IAM_DOMAIN))?.map(Given::User);
    let set = [(token, REINSTALL_TOKEN), (keys, REINSTALL_ACCESS_KEY), (user, REINSTALL_IAM_USER)];
    let mut set = set.into_iter().filter_map(|(given, name)| Some((given?, name)));
    match (set.next(), set.next()) {
        (Some((_, one)), Some((_, other))) => Err(Broken::at(None, None, Defect::Both { one, other }).into()),
        (Some((given, _)), None) => Ok(Found::new(Source::Own, given)),
        (None, _) => Err(Absent::NotSet(&[REINSTALL_TOKEN, REINSTALL_ACCESS_KEY, REINSTALL_IAM_USER]).into()),
    }
}

#[cfg(test)]
mod tests {
    use crate::sources::Source::Own;
    use crate::sources::testing::check;

    #[test]
    fn one_of_token_key_and_user_is_meant() {
        let key = [("REINSTALL_ACCESS_KEY", "AK1"), ("REINSTALL_SECRET_KEY", "canary")];
        let user =
            [("REINSTALL_IAM_USER", "ann"), ("REINSTALL_IAM_PASSWORD", "canary pw"), ("REINSTALL_IAM_DOMAIN", "acme")];
        let token = ("REINSTALL_TOKEN", "canary\n");
        for (variables, told) in [
            (vec![token], "token canary"),
            (key.to_vec(), "keys AK1 canary"),
            ([&key[..], &[("REINSTALL_SECURITY_TOKEN", "canary-st")]].concat(), "keys AK1 canary canary-st"),
            (user.to_vec(), "user ann canary pw of acme"),
            (vec![], "absent: not set: REINSTALL_TOKEN, REINSTALL_ACCESS_KEY, REINSTALL_IAM_USER"),
            (
                vec![("REINSTALL_TOKEN", ""), ("REINSTALL_SECRET_KEY", ""), ("REINSTALL_IAM_DOMAIN", "acme")],
                "absent: not set: REINSTALL_TOKEN, REINSTALL_ACCESS_KEY, REINSTALL_IAM_USER",
            ),
            (
                [&key[..], &[token]].concat(),
                "broken: REINSTALL_TOKEN and REINSTALL_ACCESS_KEY are both set, and each names somebody; unset one",
            ),
            (
                [&key[..], &user[..]].concat(),
                "broken: REINSTALL_ACCESS_KEY and REINSTALL_IAM_USER are both set, and each names somebody; unset one",
            ),
            (vec![key[0]], "broken: REINSTALL_ACCESS_KEY is set, and REINSTALL_SECRET_KEY is not; they go together"),
            (vec![key[1]], "broken: REINSTALL_SECRET_KEY is set, and REINSTALL_ACCESS_KEY is not; they go together"),
            (
                vec![("REINSTALL_SECURITY_TOKEN", "canary")],
                "broken: REINSTALL_SECURITY_TOKEN is set, and REINSTALL_ACCESS_KEY is not; they go together",
            ),
            (
                user[..2].to_vec(),
                "broken: REINSTALL_IAM_USER is set, and REINSTALL_IAM_DOMAIN is not; they go together",
            ),
            (vec![user[1]], "broken: REINSTALL_IAM_PASSWORD is set, and REINSTALL_IAM_USER is not; they go together"),
            (
                vec![("REINSTALL_TOKEN", "canary canary")],
                "broken: REINSTALL_TOKEN: the token has a character that no token has (a space, a line break or a non-ASCII \
                 letter) at position 7",
            ),
        ] {
            check(Own, &variables, &[], told);
        }
    }
}
