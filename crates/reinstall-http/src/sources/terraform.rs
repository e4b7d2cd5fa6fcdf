//! The variables of the Terraform provider (api-facts 6).

use super::miss::{Absent, Miss};
use super::openstack::iam_address;
use super::setting::{Setting, access_key, project_id};
use super::{Found, Given, Source, Surroundings};

const ACCESS_KEY: &str = "HW_ACCESS_KEY";
const SECRET_KEY: &str = "HW_SECRET_KEY";
const SECURITY_TOKEN: &str = "HW_SECURITY_TOKEN";
const REGION_NAME: &str = "HW_REGION_NAME";
const PROJECT_ID: &str = "HW_PROJECT_ID";
const PROJECT_NAME: &str = "HW_PROJECT_NAME";
const AUTH_URL: &str = "HW_AUTH_URL";
const ASSUME_ROLE: &str = "HW_ASSUME_ROLE_AGENCY_NAME";

pub(super) fn look(surroundings: &Surroundings<'_>) -> Result<Found, Miss> {
    let setting = |name| Setting::variable(surroundings, name);
    let key = access_key(&setting(ACCESS_KEY), &setting(SECRET_KEY), &setting(SECURITY_TOKEN))?;
    let key = key.ok_or(Absent::NotSet(&[ACCESS_KEY, SECRET_KEY]))?;
    // Terraform would act in another account. The key alone would act in its own, on other machines.
    let agency = setting(ASSUME_ROLE);
    if agency.is_set() {
        return Err(agency.unsupported("agencies are not assumed here; give the temporary key of the agency").into());
    }
    Ok(Found {
        project_id: project_id(&setting(PROJECT_ID))?,
        project_name: setting(PROJECT_NAME).plain(),
        region: setting(REGION_NAME).plain(),
        iam_endpoint: iam_address(&setting(AUTH_URL))?,
        ..Found::new(Source::Terraform, Given::Keys(key))
    })
}

#[cfg(test)]
mod tests {
    use crate::sources::Source::Terraform;
    use crate::sources::testing::check;

    #[test]
    fn terraforms_variables_are_read() {
        let key = [("HW_ACCESS_KEY", "AK1"), ("HW_SECRET_KEY", "canary")];
        for (variables, told) in [
            (key.to_vec(), "keys AK1 canary"),
            (
                [
                    &key[..],
                    &[
                        ("HW_SECURITY_TOKEN", "canary-st"),
                        ("HW_REGION_NAME", "cn-east-3"),
                        ("HW_PROJECT_ID", "p1"),
                        ("HW_PROJECT_NAME", "cn-east-3_prod"),
                        ("HW_AUTH_URL", "https://iam.example.com:443/v3"),
                    ],
                ]
                .concat(),
                "keys AK1 canary canary-st project_id=p1 project_name=cn-east-3_prod region=cn-east-3 \
                 iam=https://iam.example.com:443",
            ),
            (vec![("HW_REGION_NAME", "cn-east-3")], "absent: not set: HW_ACCESS_KEY, HW_SECRET_KEY"),
            (vec![key[0]], "broken: HW_ACCESS_KEY is set, and HW_SECRET_KEY is not; they go together"),
            (
                [&key[..], &[("HW_ASSUME_ROLE_AGENCY_NAME", "canary")]].concat(),
                "broken: HW_ASSUME_ROLE_AGENCY_NAME: agencies are not assumed here; give the temporary key of the agency",
            ),
            (
                [&key[..], &[("HW_PROJECT_ID", "canary canary")]].concat(),
                "broken: HW_PROJECT_ID: a project id is 1 to 64 letters, digits, hyphens or underscores",
            ),
        ] {
            check(Terraform, &variables, &[], told);
        }
    }
}
