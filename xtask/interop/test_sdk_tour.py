"""The official SDK, signing with AK/SK, does all that there is to do against our mock."""

import time

from case import Case, Sdk
from mock import ACCESS_KEY
from mock import SdkMock as Mock

# Between two looks at an instance, in seconds.
LOOK_EVERY = 0.02
# The words of the life cycles that the newest SDK does not know, and turns into an empty object.
UNKNOWN_TO_SDK = {"diagram-2025"}
# What the SDK's model of a row requires.
REQUIRED = (
    "id", "name", "vpc_id", "tags", "image", "state", "server_id", "created_at", "updated_at", "launched_at",
)


class Tour(Case):
    def test_an_instance_is_reinstalled_and_seen_done_in_every_life_cycle(self) -> None:
        for life_cycle in ("prose", "diagram-2025", "diagram-2026"):
            # Long enough to be seen on its way by a machine that is busy.
            mock = Mock("--lifecycle", life_cycle, "--instances", "10", reinstall_takes="1s")
            with self.subTest(life_cycle), mock:
                sdk = Sdk(mock.url)
                ids = sdk.ids(3)
                accepted = sdk.reinstall(ids)
                self.assertEqual(accepted.status_code, 202)
                self.assertEqual([row.id for row in accepted.instances], ids)
                seen = [self.watch(sdk, instance) for instance in ids]
                for words in seen:
                    self.assertEqual(words[-1], ("running", "reinstall-succeed"))
                on_the_way = {state for words in seen for state, _ in words[:-1]}
                self.assertEqual(None in on_the_way, life_cycle in UNKNOWN_TO_SDK, on_the_way)
                self.assertEqual(mock.wipes(), dict.fromkeys(ids, 1))

    def watch(self, sdk: Sdk, instance: str) -> list[tuple[str | None, str | None]]:
        """What an instance's status said, look by look, until its reinstall was over; `None` for a lost word."""
        words = []
        while not words or words[-1][1] == "reinstall-processing":
            time.sleep(LOOK_EVERY if words else 0)
            status = sdk.status(instance)
            self.assertEqual(status.status_code, 200)
            told = (status.state, status.operation_state)
            words.append(tuple(word if isinstance(word, str) else None for word in told))
        return words

    def test_a_failed_reinstall_is_told_with_its_error(self) -> None:
        with Mock("--instances", "1", "--failing", "1") as mock:
            sdk = Sdk(mock.url)
            (instance,) = sdk.ids(1)
            sdk.reinstall([instance])
            self.assertEqual(self.watch(sdk, instance)[-1][1], "reinstall-failed")
            error = sdk.status(instance).error
            self.assertEqual((error.error_code, error.error_type), ("iMetal.0099", "reinstall_error"))
            self.assertTrue(error.error_msg)

    def test_a_batch_of_fifty_with_an_image_of_its_own(self) -> None:
        with Mock("--instances", "60") as mock:
            sdk = Sdk(mock.url)
            rows = sdk.page(limit="60").instances
            image = rows[0].image.id
            ids = [row.id for row in rows[:50]]
            self.assertEqual(len(sdk.reinstall(ids, image=image).instances), 50)
            while {row.operation_state for row in sdk.page(limit="60", instance_id=",".join(ids)).instances} != {
                "reinstall-succeed"
            }:
                time.sleep(LOOK_EVERY)
            looked = sdk.page(limit="60", instance_id=",".join(ids)).instances
            self.assertEqual({row.image.id for row in looked}, {image})
            self.assertEqual(mock.truth()["batches"], {"50": 1})

    def test_a_temporary_key_sends_its_token_under_its_signature(self) -> None:
        with Mock() as mock:
            sdk = Sdk(mock.url, security_token="temporary+token/with=signs")
            self.assertEqual(sdk.page(limit="10").status_code, 200)
            self.assertEqual(sdk.client.get_credentials().ak, ACCESS_KEY)


class Lists(Case):
    @classmethod
    def setUpClass(cls) -> None:
        cls.mock = Mock("--instances", "35")
        cls.addClassCleanup(cls.mock.stop)

    def test_pages_follow_each_other_by_their_markers(self) -> None:
        sdk, marker, sizes, seen = Sdk(self.mock.url), None, [], []
        while True:
            page = sdk.page(limit="10", **({"marker": marker} if marker else {}))
            self.assertEqual((page.count, page.page_info.current_count), (35, len(page.instances)))
            sizes.append(len(page.instances))
            seen += [row.id for row in page.instances]
            marker = page.page_info.next_marker
            if not marker:
                break
        self.assertEqual(sizes, [10, 10, 10, 5])
        self.assertEqual(len(set(seen)), 35)

    def test_filters_by_ids_servers_and_state(self) -> None:
        sdk = Sdk(self.mock.url)
        rows = sdk.page(limit="35").instances
        wanted = [rows[index].id for index in (3, 20, 34)]
        servers = [rows[index].server_id for index in (3, 20, 34)]
        for query, found in [
            ({"instance_id": ",".join(wanted)}, wanted),
            ({"server_id": ",".join(servers)}, wanted),
            ({"instance_id": wanted[1], "instance_state": "running"}, [wanted[1]]),
            ({"instance_id": wanted[1], "instance_state": "stopped"}, []),
        ]:
            page = sdk.page(limit="100", **query)
            self.assertEqual([row.id for row in page.instances], found, query)
            self.assertEqual(page.count, len(found), query)

    def test_a_row_has_all_that_the_model_requires(self) -> None:
        for row in Sdk(self.mock.url).page(limit="35").instances:
            for name in REQUIRED:
                self.assertTrue(getattr(row, name), f"{name} of {row.id}")
            self.assertTrue(row.network_interfaces[0].subnet_id)
            self.assertIn(row.image.os_type, ("Linux", "Windows"))
