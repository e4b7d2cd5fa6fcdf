//! The variables of OpenStack's clients.

use super::miss::{Absent, Miss};
use super::openstack::Identity;
use super::setting::Setting;
use super::{Found, Source, Surroundings};

pub(super) fn look(surroundings: &Surroundings<'_>) -> Result<Found, Miss> {
    let setting = |name| Setting::variable(surroundings, name);
    let identity = Identity {
        auth_type: setting("OS_AUTH_TYPE"),
        api_version: setting("OS_IDENTITY_API_VERSION"),
        auth_url: setting("OS_AUTH_URL"),
        token: setting("OS_TOKEN"),
        username: setting("OS_USERNAME"),
        password: setting("OS_PASSWORD"),
        user_domain_name: setting("OS_USER_DOMAIN_NAME"),
        project_name: setting("OS_PROJECT_NAME"),
        project_id: setting("OS_PROJECT_ID"),
        region_name: setting("OS_REGION_NAME"),
    };
    let found = identity.found(Source::OpenStackVariables)?;
    found.ok_or_else(|| Absent::NotSet(&["OS_TOKEN", "OS_USERNAME", "OS_PASSWORD"]).into())
}

#[cfg(test)]
mod tests {
    use crate::sources::Source::OpenStackVariables;
    use crate::sources::testing::check;

    const USER: [(&str, &str); 4] = [
        ("OS_USERNAME", "ann"),
        ("OS_PASSWORD", "canary pw"),
        ("OS_USER_DOMAIN_NAME", "acme"),
        ("OS_AUTH_URL", "https://iam.example.com/v3"),
    ];

    #[test]
    fn a_token_or_a_user_is_read() {
        let user = "user ann canary pw of acme";
        for (variables, told) in [
            (vec![("OS_TOKEN", "canary")], "token canary".to_owned()),
            (USER.to_vec(), format!("{user} iam=https://iam.example.com")),
            (
                [&USER[..], &[("OS_TOKEN", "canary"), ("OS_PROJECT_NAME", "cn-east-3"), ("OS_REGION_NAME", "r1")]]
                    .concat(),
                "token canary project_name=cn-east-3 region=r1 iam=https://iam.example.com".to_owned(),
            ),
            (
                [&USER[..], &[("OS_TOKEN", "canary"), ("OS_AUTH_TYPE", "v3password"), ("OS_PROJECT_ID", "p1")]]
                    .concat(),
                format!("{user} project_id=p1 iam=https://iam.example.com"),
            ),
            (
                vec![("OS_AUTH_URL", "https://iam.example.com/v3"), ("OS_PROJECT_NAME", "cn-east-3")],
                "absent: not set: OS_TOKEN, OS_USERNAME, OS_PASSWORD".to_owned(),
            ),
        ] {
            check(OpenStackVariables, &variables, &[], &told);
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let old = "version 2 of the identity API is not spoken; give the address of version 3, ending in /v3";
        let with = |more: &[(&'static str, &'static str)]| [&USER[..], more].concat();
        for (variables, told) in [
            (USER[..1].to_vec(), "OS_USERNAME is set, and OS_PASSWORD is not; they go together".to_owned()),
            (vec![USER[1]], "OS_PASSWORD is set, and OS_USERNAME is not; they go together".to_owned()),
            (USER[..2].to_vec(), "OS_USERNAME is set, and OS_USER_DOMAIN_NAME is not; they go together".to_owned()),
            (USER[..3].to_vec(), "OS_USERNAME is set, and OS_AUTH_URL is not; they go together".to_owned()),
            ([&USER[..3], &[("OS_AUTH_URL", "https://x/v2.0/")]].concat(), format!("OS_AUTH_URL: {old}")),
            (with(&[("OS_IDENTITY_API_VERSION", "2.0")]), format!("OS_IDENTITY_API_VERSION: {old}")),
            (with(&[("OS_AUTH_TYPE", "v2password")]), format!("OS_AUTH_TYPE: {old}")),
            (
                with(&[("OS_AUTH_TYPE", "token")]),
                "OS_AUTH_TYPE is set, and OS_TOKEN is not; they go together".to_owned(),
            ),
            (
                vec![("OS_TOKEN", "canary"), ("OS_AUTH_TYPE", "password")],
                "OS_AUTH_TYPE is set, and OS_USERNAME is not; they go together".to_owned(),
            ),
            (
                with(&[("OS_AUTH_TYPE", "v3totp")]),
                "OS_AUTH_TYPE: only `password` and `token` are known here".to_owned(),
            ),
        ] {
            check(OpenStackVariables, &variables, &[], &format!("broken: {told}"));
        }
    }
}
