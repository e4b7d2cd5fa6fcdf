use super::*;
use crate::sources::Given;
use crate::sources::testing::with_surroundings;

const REGIONS: (&str, &str) = (
    "/h/.huaweicloud/regions.yaml",
    "ECS:\n  - id: cn-east-3\n    endpoint: https://ecs.example.com\n\
     CLOUDDC:\n  - id: cn-east-3\n    endpoint: https://east.example.com\n\
     \x20 - id: cn-mars-1\n    endpoint: https://third.example.com\n    endpoints: [ https://mars.example.com, second.example.com ]\n\
     \x20 - id: cn-empty-1\n",
);
const EAST: (&str, &str) =
    ("HUAWEICLOUD_SDK_REGION_CLOUDDC_CN_EAST_3", " first.example.com,https://second.example.com");

fn said<'a>(address: Option<&'a str>, region: Option<&'a str>) -> Said<'a> {
    Said { address, region, plain: PlainHttp::Loopback }
}

fn told(located: Result<Located, RegionError>) -> String {
    match located {
        Ok(Located { endpoint, by }) => format!("{endpoint} by {by}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn clouddc_is_where_the_first_of_four_says() {
    let east = Some("cn-east-3");
    for (address, region, variables, files, expected) in [
        (
            Some("https://a.example.com/"),
            east,
            &[EAST][..],
            &[REGIONS][..],
            "https://a.example.com by the address that was given",
        ),
        (
            None,
            east,
            &[EAST],
            &[REGIONS],
            "https://first.example.com by variable HUAWEICLOUD_SDK_REGION_CLOUDDC_CN_EAST_3 (the first of 2)",
        ),
        (
            None,
            east,
            &[(EAST.0, "one.example.com")],
            &[],
            "https://one.example.com by variable HUAWEICLOUD_SDK_REGION_CLOUDDC_CN_EAST_3",
        ),
        (None, east, &[(EAST.0, " , ")], &[REGIONS], "https://east.example.com by /h/.huaweicloud/regions.yaml"),
        (
            None,
            Some("cn-mars-1"),
            &[],
            &[REGIONS],
            "https://mars.example.com by /h/.huaweicloud/regions.yaml (the first of 3)",
        ),
        (
            None,
            east,
            &[("HUAWEICLOUD_SDK_REGIONS_FILE", "/x.yaml")],
            &[REGIONS, ("/x.yaml", "clouddc: [ { id: cn-east-3, endpoint: http://127.0.0.1:80 } ]")],
            "http://127.0.0.1:80 by /x.yaml",
        ),
        (
            None,
            east,
            &[],
            &[("/h/.huaweicloud/regions.yaml", "")],
            "https://clouddc.cn-east-3.myhuaweicloud.com by the region",
        ),
        (None, Some(" cn-south-1 "), &[EAST], &[REGIONS], "https://clouddc.cn-south-1.myhuaweicloud.com by the region"),
    ] {
        with_surroundings(variables, files, |surroundings| {
            assert_eq!(told(clouddc(&said(address, region), surroundings)), expected);
        });
    }
}

#[test]
fn every_documented_region_has_an_address() {
    for region in CLOUDDC_REGIONS {
        with_surroundings(&[], &[], |surroundings| {
            let located = clouddc(&said(None, Some(region)), surroundings).unwrap();
            assert_eq!(located.endpoint.to_string(), format!("https://clouddc.{region}.myhuaweicloud.com"));
            assert_eq!(located.endpoint.region(), Some(region));
        });
    }
}

#[test]
fn what_says_nothing_usable_is_told() {
    let regions = "cn-east-3, cn-southwest-2, cn-south-1, ap-southeast-3";
    let elsewhere = "where it is elsewhere, give its address";
    let plain = "plain http to x.example.com would show token and password to everybody on the way; write https://";
    let shape = "not of the form of a regions.yaml: under each service a list of regions with `id` and `endpoint` or `endpoints`";
    let file = |text| vec![("/h/.huaweicloud/regions.yaml", text)];
    for (address, region, variables, files, expected) in [
        (None, None, vec![], vec![], format!("neither an address nor a region is given; CloudDC is in {regions}")),
        (None, Some(" "), vec![], vec![], format!("neither an address nor a region is given; CloudDC is in {regions}")),
        (
            None,
            Some("cn-east-4"),
            vec![],
            vec![REGIONS],
            format!(
                "CloudDC is not known in region `cn-east-4`, did you mean cn-east-3?; it is in {regions}; {elsewhere}"
            ),
        ),
        (
            None,
            Some("mars\u{1b}[31m"),
            vec![],
            vec![],
            format!("CloudDC is not known in region `mars\\u{{1b}}[31m`; it is in {regions}; {elsewhere}"),
        ),
        (
            None,
            Some("cn-empty-1"),
            vec![],
            vec![REGIONS],
            format!("CloudDC is not known in region `cn-empty-1`; it is in {regions}; {elsewhere}"),
        ),
        (Some("http://x.example.com"), None, vec![], vec![], format!("the address that was given: {plain}")),
        (
            None,
            Some("cn-east-3"),
            vec![(EAST.0, "http://x.example.com")],
            vec![],
            format!("variable HUAWEICLOUD_SDK_REGION_CLOUDDC_CN_EAST_3: {plain}"),
        ),
        (
            None,
            Some("cn-east-3"),
            vec![],
            file("CLOUDDC:\n  canary: canary\n"),
            format!("/h/.huaweicloud/regions.yaml:2: {shape}"),
        ),
        (
            None,
            Some("cn-east-3"),
            vec![("HUAWEICLOUD_SDK_REGIONS_FILE", "/none")],
            vec![REGIONS],
            "/none: not there, though HUAWEICLOUD_SDK_REGIONS_FILE names it".to_owned(),
        ),
    ] {
        with_surroundings(&variables, &files, |surroundings| {
            assert_eq!(told(clouddc(&said(address, region), surroundings)), expected);
        });
    }
}

#[test]
fn plain_http_goes_elsewhere_only_when_told_so() {
    let anywhere = Said { plain: PlainHttp::Anywhere, ..said(Some("http://x.example.com"), None) };
    with_surroundings(&[], &[], |surroundings| {
        assert_eq!(clouddc(&anywhere, surroundings).unwrap().endpoint.to_string(), "http://x.example.com");
    });
}

#[test]
fn iam_is_where_the_first_of_five_says() {
    let variable = ("HUAWEICLOUD_SDK_IAM_ENDPOINT", "iam.variable.example.com");
    let (east, from_source) = ("clouddc.cn-east-3.myhuaweicloud.com", Some("https://iam.source.example.com/v3"));
    for (address, variables, from_source, region, api, expected) in [
        (
            Some("https://iam.a.example.com/v3/"),
            &[variable][..],
            from_source,
            Some("cn-south-1"),
            east,
            "https://iam.a.example.com by the address that was given",
        ),
        (
            None,
            &[variable],
            from_source,
            Some("cn-south-1"),
            east,
            "https://iam.variable.example.com by variable HUAWEICLOUD_SDK_IAM_ENDPOINT",
        ),
        (
            None,
            &[],
            from_source,
            Some("cn-south-1"),
            east,
            "https://iam.source.example.com by variables HW_ACCESS_KEY and HW_SECRET_KEY",
        ),
        (None, &[], None, Some("cn-south-1"), east, "https://iam.cn-south-1.myhuaweicloud.com by the region"),
        (None, &[], None, Some("cn-mars-1"), east, "https://iam.myhuaweicloud.com by the region"),
        (None, &[], None, None, east, "https://iam.cn-east-3.myhuaweicloud.com by the region in the API's address"),
        (
            None,
            &[],
            None,
            Some(" "),
            "clouddc.cn-mars-1.myhuaweicloud.com:443",
            "https://iam.myhuaweicloud.com by the region in the API's address",
        ),
        (
            None,
            &[],
            None,
            None,
            "clouddc.eu-west-101.myhuaweicloud.eu",
            "where IAM is cannot be told from https://clouddc.eu-west-101.myhuaweicloud.eu; give IAM's address",
        ),
        // A password goes to the public cloud only for an API that is there.
        (
            None,
            &[],
            None,
            Some("cn-south-1"),
            "http://127.0.0.1:8080",
            "where IAM is cannot be told from http://127.0.0.1:8080; give IAM's address",
        ),
        (
            None,
            &[],
            Some("https://user:canary@iam.example.com"),
            None,
            east,
            "variables HW_ACCESS_KEY and HW_SECRET_KEY: an endpoint has no user name or password in it; the token goes elsewhere",
        ),
    ] {
        let found =
            Found { iam_endpoint: from_source.map(str::to_owned), ..Found::new(Source::Terraform, Given::Metadata) };
        let api = Endpoint::parse(api, PlainHttp::Loopback).unwrap();
        with_surroundings(variables, &[], |surroundings| {
            assert_eq!(told(iam(&said(address, region), surroundings, &found, &api)), expected);
        });
    }
}
