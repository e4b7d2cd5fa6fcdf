"""The official SDK labels instances and changes the passwords of running systems."""

from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

from case import ABSENT_ID, Case, Sdk
from mock import SdkMock as Mock

INVALID = "A request parameter contains invalid or unsupported value: "


class Labels(Case):
    def test_labels_are_set_replaced_and_taken_off(self) -> None:
        with Mock("--instances", "10") as mock:
            sdk = Sdk(mock.url)
            (instance, other) = sdk.ids(2)
            before, others = sdk.tags(instance), sdk.tags(other)
            self.assertTrue(before)
            self.assertEqual(sdk.create_tags(instance, {"team": "blue", "spare": None}).status_code, 204)
            self.assertEqual(sdk.tags(instance), {**before, "team": "blue", "spare": None})
            sdk.create_tags(instance, {"team": "gr\u00fcn, \u5b9e"})
            self.assertEqual(sdk.tags(instance)["team"], "gr\u00fcn, \u5b9e")
            sdk.delete_tags(instance, {"team": "blue"})
            self.assertIn("team", sdk.tags(instance), "it has another value")
            self.assertEqual(sdk.delete_tags(instance, {"team": None, "spare": None}).status_code, 204)
            self.assertEqual(sdk.tags(instance), before)
            self.assertEqual(sdk.tags(other), others)

    def test_wrong_labels_are_refused(self) -> None:
        with Mock("--instances", "10") as mock:
            sdk = Sdk(mock.url)
            (instance,) = sdk.ids(1)
            before = sdk.tags(instance)
            for name, call, status, code in [
                ("unknown instance", lambda: sdk.create_tags(ABSENT_ID, {"k": "v"}), 404, "iMetal.0200"),
                ("unknown instance", lambda: sdk.delete_tags(ABSENT_ID, {"k": "v"}), 404, "iMetal.0200"),
                ("no UUID", lambda: sdk.create_tags("x", {"k": "v"}), 400, "iMetal.0001"),
                ("another kind", lambda: sdk.create_tags(instance, {"k": "v"}, "iracks"), 400, "iMetal.0001"),
                ("no labels", lambda: sdk.create_tags(instance, {}), 400, "iMetal.0001"),
                ("long key", lambda: sdk.create_tags(instance, {"k" * 129: "v"}), 400, "iMetal.0001"),
                ("long value", lambda: sdk.delete_tags(instance, {"k": "v" * 256}), 400, "iMetal.0001"),
            ]:
                with self.subTest(name):
                    error = sdk.refusal(ClientRequestException, call)
                    self.assertEqual((error.status_code, error.error_code), (status, code))
            self.assertEqual(sdk.tags(instance), before)


class Passwords(Case):
    def test_a_password_is_changed_on_all_or_none(self) -> None:
        with Mock("--instances", "10", reinstall_takes="1h") as mock:
            sdk = Sdk(mock.url)
            first, second, busy = sdk.ids(3)
            # The documents say that a weak one is not refused.
            changed = sdk.change_password([first, second], "weak")
            self.assertEqual(changed.status_code, 200)
            self.assertEqual([row.id for row in changed.instances], [first, second])
            sdk.reinstall([busy])
            for name, call, status, code, message in [
                ("unknown instance", lambda: sdk.change_password([first, ABSENT_ID]), 404, "iMetal.0200",
                 f"Instances not found: [{ABSENT_ID}]"),
                ("one on its way", lambda: sdk.change_password([first, busy]), 400, "iMetal.0201",
                 f"Instances state is not ready: [{busy}]"),
                ("no password", lambda: sdk.change_password([first], None), 400, "iMetal.0002",
                 "Missing required parameters: new_password"),
                ("nobody", lambda: sdk.change_password([]), 400, "iMetal.000", ""),
                ("a repeat", lambda: sdk.change_password([first, first]), 400, "iMetal.0001", INVALID),
            ]:
                with self.subTest(name):
                    error = sdk.refusal(ClientRequestException, call)
                    self.assertEqual(error.status_code, status)
                    self.assertTrue(error.error_code.startswith(code), error)
                    self.assertTrue(error.error_msg.startswith(message), error)
            held = [call["took_hold"] for call in mock.calls("ChangeInstancePassword")]
            self.assertEqual(held, [True, False, False, False, False, False])
