"""For the same call, our client sends what the official SDK sends, but for the differences that are listed here."""

import json
import tempfile
from collections.abc import Callable

from case import Case, Sdk
from cli import SIGNED, TOKENED, Cli, takes_access_keys
from mock import PROJECT, Mock
from recorder import Recorded, Recorder

# As hard on JSON and on signatures as a password may be.
PASSWORD = "Ab1!@$%^-_=+[{}]:,./?"

# Headers that only one side sends, by method, each with its reason.
ONLY_SDK = {
    "GET": {
        "accept-encoding": "we ask for no compression: the bound on an answer counts the bytes that come",
        "connection": "keep-alive goes without saying in HTTP/1.1",
        "content-type": "a GET has no content whose type there is to tell",
    },
    "PUT": {
        "accept-encoding": "as with GET",
        "connection": "as with GET",
    },
}
# Headers that both send, whose values may differ, each with its reason.
OTHER_VALUE = {
    "accept": "the SDK takes anything, we take JSON",
    "authorization": "another time and, with the two above, another set of headers; checked below, and by the mock",
    "content-length": "the SDK's JSON has spaces in it",
    "content-type": "the SDK adds a charset, which JSON does not have",
    "user-agent": "each tells its own name; we leave it unsigned, since proxies rewrite it",
    "x-sdk-date": "another time",
}
# What a signature brings along, and what stands in its place where our client is given a token.
OF_SIGNATURE = {"authorization", "x-project-id", "x-sdk-date"}
OF_TOKEN = {"x-auth-token"}


class SameRequests(Case):
    @classmethod
    def setUpClass(cls) -> None:
        with Mock() as mock, tempfile.TemporaryDirectory() as folder:
            cls.signs = takes_access_keys(folder, mock.url)
        if not cls.signs:
            print("our command line takes no access keys: its signed headers are not compared")

    def compare(self, instances: int, call: Callable[[Sdk], None], command: Callable[[Cli], None], *flags: str) -> None:
        """Lets both sides do the same, each before a mock of its own that is like the other's."""
        sent = []
        for side in ("sdk", "ours"):
            with (
                tempfile.TemporaryDirectory() as folder,
                Mock("--instances", str(instances), *flags) as mock,
                Recorder(mock.url) as recorder,
            ):
                if side == "sdk":
                    call(Sdk(recorder.url))
                else:
                    command(Cli(folder, recorder.url, SIGNED if self.signs else TOKENED))
                sent.append(recorder.take())
        theirs, ours = sent
        self.assertTrue(theirs)
        for request in theirs:
            twins = [other for other in ours if meaning(other) == meaning(request)]
            self.assertTrue(twins, f"we never sent {meaning(request)}, but {[meaning(other) for other in ours]}")
            self.compare_headers(request, twins[0])

    def compare_headers(self, theirs: Recorded, ours: Recorded) -> None:
        missing, added = theirs.header_names - ours.header_names, ours.header_names - theirs.header_names
        expected = set(ONLY_SDK[theirs.method])
        self.assertEqual(missing, expected if self.signs else expected | OF_SIGNATURE)
        self.assertEqual(added, set() if self.signs else OF_TOKEN)
        for name in (theirs.header_names & ours.header_names) - OTHER_VALUE.keys() - {"host"}:
            self.assertEqual(ours.header(name), theirs.header(name), name)
        if theirs.body:
            media_types = {request.header("content-type").split(";")[0] for request in (theirs, ours)}
            self.assertEqual(media_types, {"application/json"})
        if self.signs:
            unsigned = {"content-type", "user-agent"} if theirs.method == "GET" else {"user-agent"}
            self.assertEqual(signed_headers(theirs) - signed_headers(ours), unsigned)
            self.assertLessEqual(signed_headers(ours), signed_headers(theirs))
            self.assertEqual(access_key(ours), access_key(theirs))

    def test_a_reinstall(self) -> None:
        with Mock("--instances", "20") as mock:
            rows = Sdk(mock.url).page(limit="20").instances
        ids, image = [row.id for row in rows[4:9]], rows[0].image.id
        for name, kept in [("image kept", None), ("image named", image)]:
            with self.subTest(name):
                self.compare(
                    20,
                    lambda sdk: sdk.reinstall(ids, PASSWORD, kept),
                    lambda cli: cli.reinstall(ids, PASSWORD, kept),
                )

    def test_a_batch_of_fifty(self) -> None:
        with Mock("--instances", "60") as mock:
            ids = Sdk(mock.url).ids(50)
        self.compare(60, lambda sdk: sdk.reinstall(ids, PASSWORD), lambda cli: cli.reinstall(ids, PASSWORD))

    def test_all_pages_of_the_list(self) -> None:
        def pages(sdk: Sdk) -> None:
            first = sdk.page(limit="100")
            second = sdk.page(limit="100", marker=first.page_info.next_marker)
            self.assertFalse(second.page_info.next_marker)

        self.compare(120, pages, lambda cli: cli.command("list"))

    def test_rows_by_their_ids(self) -> None:
        with Mock("--instances", "20") as mock:
            ids = Sdk(mock.url).ids(12)
        self.compare(
            20,
            lambda sdk: sdk.page(limit="12", instance_id=",".join(ids)),
            lambda cli: cli.command("status", *ids),
        )

    def test_the_status_of_one(self) -> None:
        with Mock("--instances", "20") as mock:
            (instance,) = Sdk(mock.url).ids(1)
        self.compare(20, lambda sdk: sdk.status(instance), lambda cli: cli.command("status", instance), "--no-list")

    def test_only_calls_that_the_sdk_has_are_compared(self) -> None:
        """A recorder that lost what came would let everything pass."""
        with Mock() as mock, Recorder(mock.url) as recorder:
            Sdk(recorder.url).page(limit="10", instance_state="running")
            (request,) = recorder.take()
        path, pairs = f"/v1/{PROJECT}/instances", (("instance_state", "running"), ("limit", "10"))
        self.assertEqual(meaning(request), ("GET", path, pairs, None))
        self.assertEqual(access_key(request), "AKINTEROP")


def meaning(request: Recorded) -> tuple:
    """What a request asks for, however it is spelled: method, path, decoded query and body as JSON."""
    body = json.dumps(json.loads(request.body), sort_keys=True) if request.body else None
    return request.method, request.path, tuple(request.query), body


def signed_headers(request: Recorded) -> set[str]:
    return set(request.header("authorization").split("SignedHeaders=")[1].split(",")[0].split(";"))


def access_key(request: Recorded) -> str:
    return request.header("authorization").split("Access=")[1].split(",")[0]
