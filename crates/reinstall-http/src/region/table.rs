//! What the provider documents (api-facts 8). CloudDC's regions agree in the SDKs for Python and Go and in the
//! documentation; IAM's are those of huaweicloudsdkcore 3.1.219 for Python, `auth/endpoint.py`.

/// The end of every host of the public cloud.
pub(super) const PUBLIC_DOMAIN: &str = "myhuaweicloud.com";

/// Where there is CloudDC, at `clouddc.{region}.myhuaweicloud.com`.
pub(super) const CLOUDDC_REGIONS: [&str; 4] = ["cn-east-3", "cn-southwest-2", "cn-south-1", "ap-southeast-3"];

/// Where IAM has a host of its own, `iam.{region}.myhuaweicloud.com`. Elsewhere it is `iam.myhuaweicloud.com`.
pub(super) const IAM_REGIONS: [&str; 27] = [
    "ae-ad-1",
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "cn-east-2",
    "cn-east-3",
    "cn-east-4",
    "cn-east-5",
    "cn-north-1",
    "cn-north-12",
    "cn-north-2",
    "cn-north-4",
    "cn-north-9",
    "cn-south-1",
    "cn-south-2",
    "cn-southwest-2",
    "eu-west-0",
    "la-north-2",
    "la-south-2",
    "me-east-1",
    "my-kualalumpur-1",
    "na-mexico-1",
    "ru-moscow-1",
    "sa-brazil-1",
    "tr-west-1",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_sorted_and_cloud_dc_has_an_iam_beside_it() {
        assert!(IAM_REGIONS.is_sorted());
        assert!(CLOUDDC_REGIONS.iter().all(|region| IAM_REGIONS.contains(region)));
    }
}
