"""What official clients do when the network breaks: they tell of it, and the next call goes through.

Each fault hits one call of each operation. What the mock did is known, so that a client that sent a reinstall twice by itself
would be seen.
"""

from collections.abc import Callable
from typing import Any

import requests
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

import evidence
from case import Case, Sdk
from mock import KeystoneMock, Mock, SdkMock

# How long a client waits for an answer that does not come, in seconds.
ANSWER_SECONDS_MAX = 0.7
BUSY = '{"error_code":"iMetal.0099","error_msg":"Internal server error"}'
# What happens, whether the call takes hold all the same, and whether a whole answer comes.
FAULTS: list[tuple[str, dict[str, Any], bool, bool]] = [
    ("500 before it took hold", {"kind": "answer", "when": "before", "status": 500, "body": BUSY}, False, False),
    ("502 in HTML after it took hold", {"kind": "answer", "when": "after", "status": 502, "body": "<html></html>"}, True, False),
    ("429 as plain text", {"kind": "answer", "when": "before", "status": 429, "body": "too many"}, False, False),
    ("closed before it was read", {"kind": "break", "at": "before_read", "how": "close"}, False, False),
    ("reset before it took hold", {"kind": "break", "at": "before_commit", "how": "reset"}, False, False),
    ("closed after it took hold", {"kind": "break", "at": "after_commit", "how": "close"}, True, False),
    ("reset after it took hold", {"kind": "break", "at": "after_commit", "how": "reset"}, True, False),
    ("no answer after it took hold", {"kind": "break", "at": "after_commit", "how": "hang"}, True, False),
    ("closed within the body", {"kind": "break", "at": {"after_body": 4}, "how": "close"}, True, False),
    ("a malformed chunk", {"kind": "malformed_chunk", "body_bytes": 4}, True, False),
    ("an answer in drops", {"kind": "drip", "piece_bytes": 100, "every": "5ms"}, True, True),
    ("a late answer", {"kind": "delay", "when": "after", "by": "200ms"}, True, True),
]
# An answer without a body has nothing to be cut.
NEED_A_BODY = {"closed within the body", "a malformed chunk"}
WITHOUT_A_BODY = {"BatchCreateTags", "BatchDeleteTags"}


class Faults(Case):
    def survive(self, mock: Mock, operation: str, call: Callable[[], object], told_as: tuple[type[Exception], ...]) -> None:
        """Lets each fault hit one call, and the next one go through."""
        for fault, effect, takes_hold, is_whole in FAULTS:
            if fault in NEED_A_BODY and operation in WITHOUT_A_BODY:
                continue
            with self.subTest(operation=operation, fault=fault):
                before = len(mock.calls(operation))
                rule = mock.arm(operation, effect)
                how = "answered"
                try:
                    call()
                except told_as as error:
                    how = type(error).__name__
                self.assertEqual(how == "answered", is_whole, f"it was told as {how}")
                self.assertEqual(mock.hits(rule), 1)
                call()
                hit, again = mock.calls(operation)[before:]
                self.assertEqual(hit["rules"], [rule])
                self.assertEqual((again["rules"], again["seen"] // 100), ([], 2), again)
                if operation not in ("ShowInstanceStatus", "ListInstances") and not operation.startswith("Keystone"):
                    self.assertEqual((hit["took_hold"], again["took_hold"]), (takes_hold, True))
                evidence.note_survival(mock.driven_by, operation, fault, how)

    def test_the_sdk_tells_of_each_fault_and_goes_on(self) -> None:
        with SdkMock("--instances", "10", reinstall_takes="1ms") as mock:
            sdk = Sdk(mock.url, answer_seconds_max=ANSWER_SECONDS_MAX)
            (instance,) = sdk.ids(1)
            # The SDK has no words of its own for an answer that breaks off within: what it is built on tells.
            told_as = (SdkException, requests.RequestException)
            for operation, call in [
                ("ReinstallOS", lambda: sdk.reinstall([instance])),
                ("ShowInstanceStatus", lambda: sdk.status(instance)),
                ("ListInstances", lambda: sdk.page(limit="10")),
                ("ChangeInstancePassword", lambda: sdk.change_password([instance])),
                ("BatchCreateTags", lambda: sdk.create_tags(instance, {"k": "v"})),
                ("BatchDeleteTags", lambda: sdk.delete_tags(instance, {"env": None})),
            ]:
                self.survive(mock, operation, call, told_as)

    def test_keystones_client_tells_of_each_fault_and_goes_on(self) -> None:
        with KeystoneMock() as mock:
            names = {"username": "demo", "password": "demo", "user_domain_name": "demo", "project_name": "cn-east-3"}

            def token() -> object:
                session = Session(auth=v3.Password(f"{mock.url}/v3", **names), timeout=ANSWER_SECONDS_MAX)
                return session.get_token()

            session = Session(auth=v3.Password(f"{mock.url}/v3", **names), timeout=ANSWER_SECONDS_MAX)
            session.get_token()

            def projects() -> object:
                return session.get(f"{mock.url}/v3/projects", connect_retries=0, status_code_retries=0).json()

            told_as = (exceptions.ClientException, requests.RequestException)
            self.survive(mock, "KeystoneCreateUserTokenByPassword", token, told_as)
            self.survive(mock, "KeystoneListProjects", projects, told_as)
