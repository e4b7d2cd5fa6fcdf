"""What our mock refuses, the official SDK tells as its own exceptions, with code, message and request id."""

import time

from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException

from case import ABSENT_ID, PASSWORD, Case, Sdk
from mock import PROJECT
from mock import SdkMock as Mock


class Refused(Case):
    @classmethod
    def setUpClass(cls) -> None:
        cls.mock = Mock("--instances", "60")
        cls.addClassCleanup(cls.mock.stop)
        cls.ids = [row.id for row in Sdk(cls.mock.url).page(limit="60").instances]

    def test_each_wrong_call_has_its_code(self) -> None:
        sdk, one = Sdk(self.mock.url), self.ids[:1]
        invalid = "A request parameter contains invalid or unsupported value: "
        for name, call, status, code, message in [
            ("unknown id", lambda: sdk.status(ABSENT_ID), 404, "iMetal.0200", f"Instances not found: [{ABSENT_ID}]"),
            ("one of them unknown", lambda: sdk.reinstall([*one, ABSENT_ID]), 404, "iMetal.0200",
             f"Instances not found: [{ABSENT_ID}]"),
            ("no UUID", lambda: sdk.status("x"), 400, "iMetal.0001", invalid),
            ("51 ids", lambda: sdk.reinstall(self.ids[:51]), 400, "iMetal.0001", invalid),
            ("no ids", lambda: sdk.reinstall([]), 400, "iMetal.000", ""),
            ("weak password", lambda: sdk.reinstall(one, "password"), 400, "iMetal.0001", f"{invalid}password: "),
            ("no password", lambda: sdk.reinstall(one, None), 400, "iMetal.0002",
             "Missing required parameters: password"),
            ("wrong image id", lambda: sdk.reinstall(one, image="x"), 400, "iMetal.0001", invalid),
            ("101 ids in a list", lambda: sdk.page(limit="10", instance_id=",".join([ABSENT_ID] * 101)), 400,
             "iMetal.0001", f"{invalid}instance_id has 101 ids"),
            ("two filters", lambda: sdk.page(instance_id=one[0], server_id=one[0]), 400, "iMetal.0001", invalid),
        ]:
            with self.subTest(name):
                error = sdk.refusal(ClientRequestException, call)
                self.assertEqual(error.status_code, status)
                self.assertTrue(error.error_code.startswith(code), error)
                self.assertTrue(error.error_msg.startswith(message), error)
                self.assertNotIn(PASSWORD, str(error))
        self.assertEqual(self.mock.wipes(), {}, "nothing that was refused took hold")

    def test_an_instance_on_its_way_is_not_ready(self) -> None:
        with Mock("--instances", "1", reinstall_takes="1h") as mock:
            sdk = Sdk(mock.url)
            ids = sdk.ids(1)
            sdk.reinstall(ids)
            error = sdk.refusal(ClientRequestException, lambda: sdk.reinstall(ids))
            self.assertEqual((error.status_code, error.error_code), (400, "iMetal.0201"))
            self.assertEqual(mock.wipes(), {ids[0]: 1})

    def test_a_forbidden_list_leaves_the_status_call(self) -> None:
        with Mock("--no-list") as mock:
            sdk = Sdk(mock.url)
            error = sdk.refusal(ClientRequestException, lambda: sdk.page(limit="10"))
            self.assertEqual((error.status_code, error.error_code), (403, "iMetal.0004"))
            error = sdk.refusal(ClientRequestException, lambda: sdk.status(ABSENT_ID))
            self.assertEqual(error.status_code, 404)

    def test_another_project_is_an_address_that_does_not_exist(self) -> None:
        sdk = Sdk(self.mock.url, project="f" * 32)
        error = sdk.refusal(ClientRequestException, lambda: sdk.page(limit="10"))
        self.assertEqual((error.status_code, error.error_code), (404, "APIGW.0101"))

    def test_wrong_keys_are_refused(self) -> None:
        start = "Incorrect IAM authentication information: "
        canonical = f"{start}verify aksk signature fail, canonicalRequest:GET|/v1/{PROJECT}/instances/|limit=10|"
        for name, sdk, message in [
            ("wrong secret", Sdk(self.mock.url, sk="another"), canonical),
            ("unknown key", Sdk(self.mock.url, ak="AKNOBODY"), f"{start}ak AKNOBODY not exist"),
        ]:
            with self.subTest(name):
                error = sdk.refusal(ClientRequestException, lambda: sdk.page(limit="10"))
                self.assertEqual((error.status_code, error.error_code), (401, "APIGW.0301"))
                self.assertTrue(error.error_msg.startswith(message), error)

    def test_wrong_clocks_are_refused(self) -> None:
        for flags, refused in [
            (("--clock-ahead", "16m"), True),
            (("--clock-behind", "16m"), True),
            (("--clock-ahead", "14m"), False),
            (("--clock-behind", "14m"), False),
        ]:
            with self.subTest(flags), Mock(*flags) as mock:
                sdk = Sdk(mock.url)
                if not refused:
                    self.assertEqual(sdk.page(limit="10").status_code, 200)
                    continue
                error = sdk.refusal(ClientRequestException, lambda: sdk.page(limit="10"))
                self.assertEqual((error.status_code, error.error_code), (401, "APIGW.0301"))
                self.assertIn("signature expired", error.error_msg)


class Failing(Case):
    def setUp(self) -> None:
        self.mock = Mock("--instances", "10")
        self.addCleanup(self.mock.stop)
        self.sdk = Sdk(self.mock.url)

    def test_server_errors_are_told_in_every_shape_of_body(self) -> None:
        for status, body, code, message in [
            (500, '{"error_code":"iMetal.0099","error_msg":"gone wrong"}', "iMetal.0099", "gone wrong"),
            (503, '{"error":{"code":503,"message":"busy"}}', 503, "busy"),
            (502, "<html>bad gateway</html>", "502", "<html>bad gateway</html>"),
            (504, "", "504", ""),
        ]:
            with self.subTest(status):
                self.mock.arm_answer("ListInstances", status, body)
                error = self.sdk.refusal(ServerResponseException, lambda: self.sdk.page(limit="10"))
                self.assertEqual((error.status_code, error.error_code, error.error_msg), (status, code, message))

    def test_the_sdk_hides_what_a_429_says(self) -> None:
        self.mock.arm_answer("ListInstances", 429, '{"error_code":"iMetal.0005","error_msg":"Too many requests"}')
        with self.assertRaises(ClientRequestException) as caught:
            self.sdk.page(limit="10")
        error = caught.exception
        self.assertEqual((error.status_code, error.error_code, error.request_id), (429, "429", ""))
        self.assertIn("too many 429 error responses", error.error_msg)
        self.assertEqual(len(self.mock.calls("ListInstances")), 1, "it was not sent again")

    def test_an_sdk_that_may_retry_sends_a_throttled_reinstall_again(self) -> None:
        ids = self.sdk.ids(2)
        self.mock.arm_answer("ReinstallOS", 429, "", retry_after="1s")
        began = time.monotonic()
        accepted = Sdk(self.mock.url, retry_times=1).reinstall(ids)
        self.assertGreaterEqual(time.monotonic() - began, 1, "it heeded Retry-After")
        self.assertEqual(len(accepted.instances), 2)
        self.assertEqual([call["answered"] for call in self.mock.calls("ReinstallOS")], [429, 202])
        self.assertEqual(self.mock.wipes(), dict.fromkeys(ids, 1))
