//! Which call a path is, and what stands in its places.

/// Where a call goes: its method, its path with names for what varies, and the provider's name for it (api-facts 4 and 5).
type Row = (&'static str, &'static str, &'static str);

/// Fixed words stand before places, since the first that fits counts.
const ROWS: [Row; 32] = [
    ("PUT", "/v1/{project_id}/instances/reinstall", "ReinstallOS"),
    ("PUT", "/v1/{project_id}/instances/password", "ChangeInstancePassword"),
    ("POST", "/v1/{project_id}/instances/batch-delete", "DeleteInstances"),
    ("POST", "/v1/{project_id}/instances/batch-create", "RunInstances"),
    ("POST", "/v1/{project_id}/instances", "CreateInstance"),
    ("GET", "/v1/{project_id}/instances", "ListInstances"),
    ("GET", "/v1/{project_id}/instances/{id}/status", "ShowInstanceStatus"),
    ("PUT", "/v1/{project_id}/instances/{id}/ip", "ModifyInstanceIp"),
    ("GET", "/v1/{project_id}/instances/{id}", "ShowInstance"),
    ("DELETE", "/v1/{project_id}/instances/{id}", "DeleteInstance"),
    ("GET", "/v1/{project_id}/physicalservers", "ListServers"),
    ("GET", "/v1/{project_id}/physicalservers/status", "ShowServerStatus"),
    ("PUT", "/v1/{project_id}/physicalservers/power-state", "ChangeServerPowerState"),
    ("GET", "/v1/{project_id}/physicalservers/events", "ListEvents"),
    ("GET", "/v1/{project_id}/physicalservers/events/{id}", "ShowEvent"),
    ("GET", "/v1/{project_id}/physicalservers/alarms", "ListAlarms"),
    ("GET", "/v1/{project_id}/physicalservers/alarms/summary", "ShowAlarmSummary"),
    ("GET", "/v1/{project_id}/physicalservers/alarms/trend", "ShowAlarmTrend"),
    ("GET", "/v1/{project_id}/physicalservers/{id}", "ShowServer"),
    ("GET", "/v1/{project_id}/physicalservers/{id}/hardware-attributes", "ShowServerHardwareAttributes"),
    ("GET", "/v1/{project_id}/physicalservers/{id}/firmware-attributes", "ShowServerFirmwareAttributes"),
    ("GET", "/v1/{project_id}/physicalservers/{id}/remote-console-address", "ShowRemoteConsole"),
    ("POST", "/v1/{project_id}/instance/{id}/tags/create", "BatchCreateTags"),
    ("POST", "/v1/{project_id}/instance/{id}/tags/delete", "BatchDeleteTags"),
    ("GET", "/v1/{project_id}/iracks", "ListIRacks"),
    ("GET", "/v1/{project_id}/idcs", "ListIDcs"),
    ("POST", "/v3/auth/tokens", "KeystoneCreateUserTokenByPassword"),
    ("GET", "/v3/auth/tokens", "KeystoneValidateToken"),
    ("GET", "/v3/projects", "KeystoneListProjects"),
    ("GET", "/v3/auth/domains", "KeystoneListAuthDomains"),
    ("GET", "/v3", "KeystoneShowVersion"),
    ("GET", "/", "KeystoneListVersions"),
];

/// The most segments of a path that are looked at.
const SEGMENTS_MAX: usize = 16;

/// A path, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route<'a> {
    /// The provider's name for the call, if it is known here.
    pub(super) operation: Option<&'static str>,
    /// The path, with `{…}` for what varies.
    pub(super) template: String,
    /// What stands in those places, in their order; the first is the project in the paths of CloudDC.
    pub(super) places: Vec<&'a str>,
}

impl<'a> Route<'a> {
    pub(super) fn of(method: &str, path: &'a str) -> Self {
        let segments: Vec<&str> = path.split('/').skip(1).take(SEGMENTS_MAX).collect();
        let known = ROWS.iter().find(|(verb, template, _)| *verb == method && fits(template, &segments));
        match known {
            Some((_, template, name)) => Self {
                operation: Some(name),
                template: (*template).to_owned(),
                places: template
                    .split('/')
                    .skip(1)
                    .zip(segments)
                    .filter(|(word, _)| word.starts_with('{'))
                    .map(|(_, segment)| segment)
                    .collect(),
            },
            None => Self::unknown(&segments),
        }
    }

    /// A path that no document here has: short words of letters are taken for fixed, everything else varies.
    fn unknown(segments: &[&'a str]) -> Self {
        let mut places = Vec::new();
        let mut template = String::new();
        for (index, segment) in segments.iter().enumerate() {
            let is_project = index == 1 && segments.first().is_some_and(|first| is_version(first));
            template.push('/');
            if is_project && !is_fixed(segment) {
                template.push_str("{project_id}");
                places.push(*segment);
            } else if is_fixed(segment) || is_version(segment) || segment.is_empty() {
                template.push_str(segment);
            } else {
                template.push_str("{id}");
                places.push(*segment);
            }
        }
        Self { operation: None, template, places }
    }
}

/// Whether a path belongs to IAM, whose versions begin with 3.
pub(super) fn is_of_iam(path: &str) -> bool {
    path == "/" || path == "/v3" || path.starts_with("/v3/") || path.starts_with("/v3.0/")
}

fn fits(template: &str, segments: &[&str]) -> bool {
    let mut words = template.split('/').skip(1);
    let all = segments.iter().all(|segment| {
        words.next().is_some_and(|word| word == *segment || word.starts_with('{') && !segment.is_empty())
    });
    all && words.next().is_none()
}

fn is_version(segment: &str) -> bool {
    let Some(number) = segment.strip_prefix('v') else { return false };
    (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_fixed(segment: &str) -> bool {
    (2..=24).contains(&segment.len()) && segment.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_known_by_method_and_path() {
        let id = "0b29c7a1-0000-4000-8000-00000000abcd";
        let status = format!("/v1/p1/instances/{id}/status");
        let unknown = format!("/v2/70505c941b9b4dfd82fd351932328a2f/racks/{id}/slots/7");
        for (method, path, operation, template, places) in [
            ("GET", "/v1/p1/instances", Some("ListInstances"), "/v1/{project_id}/instances", vec!["p1"]),
            (
                "GET",
                status.as_str(),
                Some("ShowInstanceStatus"),
                "/v1/{project_id}/instances/{id}/status",
                vec!["p1", id],
            ),
            (
                "PUT",
                "/v1/p1/instances/reinstall",
                Some("ReinstallOS"),
                "/v1/{project_id}/instances/reinstall",
                vec!["p1"],
            ),
            (
                "GET",
                "/v1/p1/physicalservers/status",
                Some("ShowServerStatus"),
                "/v1/{project_id}/physicalservers/status",
                vec!["p1"],
            ),
            ("POST", "/v3/auth/tokens", Some("KeystoneCreateUserTokenByPassword"), "/v3/auth/tokens", vec![]),
            ("GET", "/", Some("KeystoneListVersions"), "/", vec![]),
            ("HEAD", "/", None, "/", vec![]),
            (
                "GET",
                unknown.as_str(),
                None,
                "/v2/{project_id}/racks/{id}/slots/{id}",
                vec!["70505c941b9b4dfd82fd351932328a2f", id, "7"],
            ),
            ("GET", "/Canary_1/x", None, "/{id}/{id}", vec!["Canary_1", "x"]),
        ] {
            let route = Route::of(method, path);
            assert_eq!(
                (route.operation, route.template.as_str(), route.places),
                (operation, template, places),
                "{path}"
            );
        }
    }

    #[test]
    fn every_row_is_found_by_its_own_path() {
        for (method, template, name) in ROWS {
            let path = template.replace("{project_id}", "P1").replace("{id}", "I1");
            assert_eq!(Route::of(method, &path).operation, Some(name), "{path}");
        }
    }

    #[test]
    fn iam_is_told_by_its_paths() {
        for (path, is_iam) in
            [("/", true), ("/v3", true), ("/v3/projects", true), ("/v1/v3/x", false), ("/v30/x", false)]
        {
            assert_eq!(is_of_iam(path), is_iam, "{path}");
        }
    }
}
