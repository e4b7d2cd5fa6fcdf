"""What the tests have in common: a deadline, and the official client pointed at a mock."""

import unittest
from collections.abc import Callable

from huaweicloudsdkclouddc.v1 import (
    BatchCreateTagsRequest,
    BatchDeleteTagsRequest,
    ChangeInstancePasswordOptions,
    ChangeInstancePasswordRequest,
    CloudDCClient,
    ListInstancesRequest,
    ReinstallOSOptions,
    ReinstallOsRequest,
    ResourceTags,
    ShowInstanceStatusRequest,
    Tag,
)
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.http.http_handler import HttpHandler

from deadline import within
from mock import ACCESS_KEY, PROJECT, SECRET_KEY

# How long one test may take, in seconds. One that takes longer ends the whole run with a trace of where it stood.
TEST_SECONDS_MAX = 45
# Allowed for every image. It opens nothing.
PASSWORD = "Interop-Passw0rd"
# Of no instance.
ABSENT_ID = "0b29c7a1-0000-4000-8000-00000000000a"


class Case(unittest.TestCase):
    """A test with a deadline."""

    def run(self, result=None):
        with within(TEST_SECONDS_MAX):
            return super().run(result)


class Sdk:
    """The official client. Nothing of it is patched: what is set is what its builder has a setter for."""

    def __init__(
        self,
        url: str,
        ak: str = ACCESS_KEY,
        sk: str = SECRET_KEY,
        project: str = PROJECT,
        security_token: str | None = None,
        retry_times: int = 0,
        answer_seconds_max: float = 10,
    ) -> None:
        self.request_ids: list[str | None] = []
        credentials = BasicCredentials(ak, sk, project)
        if security_token:
            credentials = credentials.with_security_token(security_token)
        builder = CloudDCClient.new_builder().with_credentials(credentials).with_endpoints([url])
        self.client = finish(builder, self.request_ids, retry_times, answer_seconds_max)

    def ids(self, count: int) -> list[str]:
        """The first instances of the list."""
        return [row.id for row in self.page(limit=str(max(count, 10))).instances[:count]]

    def page(self, **query: str):
        return self.client.list_instances(ListInstancesRequest(**query))

    def status(self, instance: str):
        return self.client.show_instance_status(ShowInstanceStatusRequest(id=instance))

    def reinstall(self, ids: list[str], password: str | None = PASSWORD, image: str | None = None):
        body = ReinstallOSOptions(image_id=image, password=password, instance_id_set=ids)
        return self.client.reinstall_os(ReinstallOsRequest(body=body))

    def change_password(self, ids: list[str], password: str | None = PASSWORD):
        body = ChangeInstancePasswordOptions(new_password=password, instance_id_set=ids)
        return self.client.change_instance_password(ChangeInstancePasswordRequest(body=body))

    def create_tags(self, instance: str, tags: dict[str, str | None], kind: str = "instances"):
        request = BatchCreateTagsRequest(resource_type=kind, resource_id=instance, body=labels(tags))
        return self.client.batch_create_tags(request)

    def delete_tags(self, instance: str, tags: dict[str, str | None]):
        request = BatchDeleteTagsRequest(resource_type="instances", resource_id=instance, body=labels(tags))
        return self.client.batch_delete_tags(request)

    def tags(self, instance: str) -> dict[str, str | None]:
        """The labels that the list shows of an instance."""
        (row,) = self.page(limit="10", instance_id=instance).instances
        return {tag.key: tag.value for tag in row.tags}

    def refusal(self, expected: type[ServiceResponseException], call: Callable[[], object]):
        """The exception that a call ends with; its request id is checked against the answer's header."""
        try:
            call()
        except expected as error:
            if error.request_id != self.request_ids[-1]:
                raise AssertionError(f"request id {error.request_id}, but {self.request_ids[-1]} came") from error
            return error
        raise AssertionError(f"the call was not refused with {expected.__name__}")


def labels(tags: dict[str, str | None]) -> ResourceTags:
    return ResourceTags(tags=[Tag(key=key, value=value) for key, value in tags.items()])


def finish(
    builder, request_ids: list[str | None], retry_times: int = 0, answer_seconds_max: float = 10
) -> CloudDCClient:
    """Builds the client, with a handler that notes the request id of each answer."""
    handler = HttpHandler().add_response_handler(
        lambda **told: request_ids.append(told["response"].headers.get("X-Request-Id"))
    )
    config = HttpConfig(timeout=(5, answer_seconds_max), retry_times=retry_times)
    return builder.with_http_config(config).with_http_handler(handler).build()
