//! The variables of the official SDKs (api-facts 6). They have none for the region.

use super::miss::{Absent, Miss};
use super::setting::{Setting, access_key, project_id};
use super::{Found, Given, Source, Surroundings};

/// Where IAM is, in the words of the official SDKs.
pub(crate) const HUAWEICLOUD_SDK_IAM_ENDPOINT: &str = "HUAWEICLOUD_SDK_IAM_ENDPOINT";

const AK: &str = "HUAWEICLOUD_SDK_AK";
const SK: &str = "HUAWEICLOUD_SDK_SK";
const SECURITY_TOKEN: &str = "HUAWEICLOUD_SDK_SECURITY_TOKEN";
const PROJECT_ID: &str = "HUAWEICLOUD_SDK_PROJECT_ID";
const DOMAIN_ID: &str = "HUAWEICLOUD_SDK_DOMAIN_ID";
const IDP_ID: &str = "HUAWEICLOUD_SDK_IDP_ID";

pub(super) fn look(surroundings: &Surroundings<'_>) -> Result<Found, Miss> {
    let setting = |name| Setting::variable(surroundings, name);
    let Some(key) = access_key(&setting(AK), &setting(SK), &setting(SECURITY_TOKEN))? else {
        let provider = setting(IDP_ID);
        if provider.is_set() {
            return Err(provider.unsupported("identity providers are not asked here; give an access key").into());
        }
        return Err(Absent::NotSet(&[AK, SK]).into());
    };
    Ok(Found {
        project_id: project_id(&setting(PROJECT_ID))?,
        domain_id: setting(DOMAIN_ID).plain(),
        iam_endpoint: setting(HUAWEICLOUD_SDK_IAM_ENDPOINT).plain(),
        ..Found::new(Source::SdkVariables, Given::Keys(key))
    })
}

#[cfg(test)]
mod tests {
    use crate::sources::Source::SdkVariables;
    use crate::sources::testing::check;

    #[test]
    fn the_sdks_variables_are_read() {
        let key = [("HUAWEICLOUD_SDK_AK", "AK1"), ("HUAWEICLOUD_SDK_SK", "canary")];
        for (more, told) in [
            (&[][..], "keys AK1 canary"),
            (
                &[
                    ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "canary-st"),
                    ("HUAWEICLOUD_SDK_PROJECT_ID", " p1\n"),
                    ("HUAWEICLOUD_SDK_DOMAIN_ID", "d1"),
                    ("HUAWEICLOUD_SDK_IAM_ENDPOINT", "iam.example.com"),
                    ("HUAWEICLOUD_SDK_IDP_ID", "not asked"),
                ],
                "keys AK1 canary canary-st project_id=p1 domain_id=d1 iam=iam.example.com",
            ),
            (
                &[("HUAWEICLOUD_SDK_PROJECT_ID", "canary/../p")],
                "broken: HUAWEICLOUD_SDK_PROJECT_ID: a project id is 1 to 64 letters, digits, hyphens or underscores",
            ),
            (
                &[("HUAWEICLOUD_SDK_SECURITY_TOKEN", "canary\u{e4}")],
                "broken: HUAWEICLOUD_SDK_SECURITY_TOKEN: the token has a character that no token has (a space, a line break \
                 or a non-ASCII letter) at position 7",
            ),
        ] {
            check(SdkVariables, &[&key[..], more].concat(), &[], told);
        }
    }

    #[test]
    fn what_is_missing_or_misshapen_is_named() {
        for (variables, told) in [
            (&[][..], "absent: not set: HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK"),
            (
                &[("HUAWEICLOUD_SDK_PROJECT_ID", "p1"), ("HUAWEICLOUD_SDK_AK", "")],
                "absent: not set: HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK",
            ),
            (
                &[("HUAWEICLOUD_SDK_AK", "canary")],
                "broken: HUAWEICLOUD_SDK_AK is set, and HUAWEICLOUD_SDK_SK is not; they go together",
            ),
            (
                &[("HUAWEICLOUD_SDK_AK", "canary, canary"), ("HUAWEICLOUD_SDK_SK", "canary")],
                "broken: HUAWEICLOUD_SDK_AK: the access key id must be 1 to 128 letters, digits, hyphens or underscores",
            ),
            (
                &[("HUAWEICLOUD_SDK_AK", "AK1"), ("HUAWEICLOUD_SDK_SK", "canary canary")],
                "broken: HUAWEICLOUD_SDK_SK: the secret key has a character that no secret key has (a space, a line break or \
                 a non-ASCII letter) at position 7",
            ),
            (
                &[("HUAWEICLOUD_SDK_IDP_ID", "canary")],
                "broken: HUAWEICLOUD_SDK_IDP_ID: identity providers are not asked here; give an access key",
            ),
        ] {
            check(SdkVariables, variables, &[], told);
        }
    }
}
