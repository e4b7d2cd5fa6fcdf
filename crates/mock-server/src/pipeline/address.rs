//! Which API is at an address. To the gateway an address with another method is another API (api-facts 7).

use axum::http::Method;

use crate::operation::ApiOperation;

/// What is at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address<'a> {
    /// An operation of CloudDC, of a project.
    Cloud {
        /// The project's id, as it stands there.
        project: &'a str,
        /// The operation.
        operation: ApiOperation,
        /// The kind of resource, of the calls for labels; empty for the others.
        kind: &'a str,
        /// The resource, where the address names one; empty for the others.
        resource: &'a str,
    },
    /// An operation of IAM.
    Iam(ApiOperation),
    /// Nothing.
    Nowhere,
}

impl<'a> Address<'a> {
    /// What is at `path` for this method.
    pub(crate) fn of(method: &Method, path: &'a str) -> Self {
        match path.strip_prefix("/v1/") {
            Some(rest) => Self::cloud(method, rest).unwrap_or(Self::Nowhere),
            None => Self::iam(method, path).map_or(Self::Nowhere, Self::Iam),
        }
    }

    fn cloud(method: &Method, rest: &'a str) -> Option<Self> {
        // The longest address has six parts; a seventh is enough to tell that there are too many.
        let mut parts = [""; 7];
        let mut len = 0;
        for part in rest.split('/') {
            *parts.get_mut(len)? = part;
            len += 1;
        }
        let (operation, kind, resource) = match (method, &parts[1..len]) {
            (&Method::GET, ["instances", id, "status"]) => (ApiOperation::ShowInstanceStatus, "", *id),
            (&Method::GET, ["instances"]) => (ApiOperation::ListInstances, "", ""),
            (&Method::PUT, ["instances", "reinstall"]) => (ApiOperation::ReinstallOs, "", ""),
            (&Method::PUT, ["instances", "password"]) => (ApiOperation::ChangeInstancePassword, "", ""),
            (&Method::POST, [kind, id, "tags", "create"]) => (ApiOperation::BatchCreateTags, *kind, *id),
            (&Method::POST, [kind, id, "tags", "delete"]) => (ApiOperation::BatchDeleteTags, *kind, *id),
            _ => return None,
        };
        (!parts[0].is_empty()).then_some(Self::Cloud { project: parts[0], operation, kind, resource })
    }

    fn iam(method: &Method, path: &str) -> Option<ApiOperation> {
        match (method, path) {
            (&Method::POST, "/v3/auth/tokens") => Some(ApiOperation::KeystoneCreateUserTokenByPassword),
            (&Method::GET, "/v3/auth/tokens") => Some(ApiOperation::KeystoneValidateToken),
            (&Method::GET, "/v3/projects") => Some(ApiOperation::KeystoneListProjects),
            (&Method::GET, "/v3/auth/domains") => Some(ApiOperation::KeystoneListAuthDomains),
            (&Method::GET, "/") => Some(ApiOperation::KeystoneListVersions),
            (&Method::GET, "/v3" | "/v3/") => Some(ApiOperation::KeystoneShowVersion),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_each_operation_at_its_address_and_nothing_else() {
        let document = crate::openapi::clouddc().unwrap();
        let mut documented = Vec::new();
        for (template, item) in document["paths"].as_object().unwrap() {
            let path = template.replace("{project_id}", "p").replace("{resource_type}", "instances");
            let methods = item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters");
            for (method, described) in methods {
                let name = described["operationId"].as_str().unwrap();
                let operation = match Address::of(&method.to_uppercase().parse().unwrap(), &path) {
                    Address::Cloud { operation, .. } | Address::Iam(operation) => operation,
                    Address::Nowhere => panic!("nothing is at {method} {path}"),
                };
                assert_eq!(operation.name(), name, "{method} {template}");
                documented.push(operation);
            }
        }
        documented.sort_unstable();
        assert_eq!(documented, ApiOperation::ALL);
    }

    #[test]
    fn each_operation_has_its_address() {
        let cloud = |operation, kind, resource| Address::Cloud { project: "p", operation, kind, resource };
        for (method, path, address) in [
            ("GET", "/v1/p/instances", cloud(ApiOperation::ListInstances, "", "")),
            ("GET", "/v1/p/instances/i/status", cloud(ApiOperation::ShowInstanceStatus, "", "i")),
            ("PUT", "/v1/p/instances/reinstall", cloud(ApiOperation::ReinstallOs, "", "")),
            ("PUT", "/v1/p/instances/password", cloud(ApiOperation::ChangeInstancePassword, "", "")),
            ("POST", "/v1/p/instances/i/tags/create", cloud(ApiOperation::BatchCreateTags, "instances", "i")),
            ("POST", "/v1/p/iracks/i/tags/delete", cloud(ApiOperation::BatchDeleteTags, "iracks", "i")),
            ("POST", "/v3/auth/tokens", Address::Iam(ApiOperation::KeystoneCreateUserTokenByPassword)),
            ("GET", "/", Address::Iam(ApiOperation::KeystoneListVersions)),
            ("GET", "/v3/", Address::Iam(ApiOperation::KeystoneShowVersion)),
            ("POST", "/v1/p/instances", Address::Nowhere),
            ("GET", "/v1/p/instances/", Address::Nowhere),
            ("GET", "/v1/p/servers/i/status", Address::Nowhere),
            ("GET", "/v1//instances", Address::Nowhere),
            ("GET", "/v1/p", Address::Nowhere),
            ("GET", "/v1/p/instances/i/status/x", Address::Nowhere),
            ("PUT", "/v1/p/instances/reinstall/", Address::Nowhere),
            ("GET", "/v1/a/b/c/d/e/f/g/h/i/j", Address::Nowhere),
            ("PUT", "/v3/auth/tokens", Address::Nowhere),
            ("GET", "/v2", Address::Nowhere),
            ("GET", "", Address::Nowhere),
        ] {
            let method: Method = method.parse().unwrap();
            assert_eq!(Address::of(&method, path), address, "{method} {path}");
        }
    }
}
