"""The official SDK finds project and endpoint by itself: IAM lists the projects, a region names the endpoint."""

import os
import unittest.mock

from huaweicloudsdkclouddc.v1 import CloudDCClient, ListInstancesRequest
from huaweicloudsdkclouddc.v1.region.clouddc_region import CloudDCRegion
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from huaweicloudsdkcore.region.region import Region

from case import Case, finish
from mock import PROJECT
from mock import SdkMock as Mock

REGION = "cn-east-3"
SECRET = "skOfNobodyElse"


def client_of(mock: Mock, ak: str, sk: str = SECRET, region: Region | None = None) -> CloudDCClient:
    """A client that is told neither project nor endpoint, only the region; IAM is at the mock, too."""
    credentials = BasicCredentials(ak, sk).with_iam_endpoint(mock.url)
    builder = CloudDCClient.new_builder().with_credentials(credentials)
    return finish(builder.with_region(region or Region(REGION, mock.url)), [])


class Discovery(Case):
    """Each test has a key of its own: the SDK remembers a key's project for as long as the process lives."""

    def test_the_project_of_the_region_is_found_and_used(self) -> None:
        with Mock("--access-key", f"AKFOUND:{SECRET}") as mock:
            client = client_of(mock, "AKFOUND")
            self.assertEqual(client.get_credentials().project_id, PROJECT)
            self.assertEqual(client.list_instances(ListInstancesRequest(limit="10")).status_code, 200)

    def test_the_endpoint_of_a_region_is_taken_from_the_environment(self) -> None:
        with Mock("--access-key", f"AKREGION:{SECRET}") as mock:
            variable = {"HUAWEICLOUD_SDK_REGION_CLOUDDC_CN_EAST_3": mock.url}
            with unittest.mock.patch.dict(os.environ, variable):
                region = CloudDCRegion.value_of(REGION)
            self.assertEqual(region.endpoints, [mock.url])
            client = client_of(mock, "AKREGION", region=region)
            self.assertEqual(client.list_instances(ListInstancesRequest(limit="10")).status_code, 200)

    def test_a_region_without_a_project_is_told(self) -> None:
        with Mock("--access-key", f"AKEMPTY:{SECRET}", "--project-name", "cn-south-1") as mock:
            with self.assertRaisesRegex(SdkException, f"project id of region '{REGION}', X-IAM-Trace-Id=.+"):
                client_of(mock, "AKEMPTY")

    def test_iam_refuses_a_wrong_secret(self) -> None:
        with Mock("--access-key", f"AKWRONG:{SECRET}") as mock:
            with self.assertRaisesRegex(SdkException, "status_code:401.*error_code:APIGW.0301"):
                client_of(mock, "AKWRONG", sk="another")
