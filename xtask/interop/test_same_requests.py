"""For the same call, our client sends what the official clients send, but for the differences that are listed here."""

import json
import tempfile
from collections.abc import Callable

from huaweicloudsdkclouddc.v1 import CloudDCClient
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.region.region import Region
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from case import Case, Sdk, finish
from cli import SIGNED, Cli
from mock import ACCESS_KEY, PROJECT, SECRET_KEY, Mock
from recorder import Recorded, Recorder

# As hard on JSON and on signatures as a password may be.
PASSWORD = "Ab1!@$%^-_=+[{}]:,./?"
REGION = "cn-east-3"

# Headers that only the official clients send, each with its reason.
ONLY_THEIRS = {
    "accept-encoding": "we ask for no compression: the bound on an answer counts the bytes that come",
    "connection": "keep-alive goes without saying in HTTP/1.1",
}
# The same, of the GETs of CloudDC alone.
ONLY_THEIRS_LOOKING = {"content-type": "a GET has no content whose type there is to tell"}
# Headers that both send, whose values may differ, each with its reason.
OTHER_VALUE = {
    "accept": "the SDK takes anything, we take JSON",
    "authorization": "another time and, with the tables above, another set of headers; checked below, and by the mock",
    "content-length": "their JSON has spaces in it",
    "content-type": "the SDK adds a charset, which JSON does not have",
    "host": "each side has a port of its own",
    "user-agent": "each tells its own name; we leave it unsigned, since proxies rewrite it",
    "x-sdk-date": "another time",
}


class SameRequests(Case):
    def sent(self, act: Callable[[str, str], None], *flags: str) -> list[Recorded]:
        """What is sent to a mock of its own by an act that is given its address and an empty folder."""
        with tempfile.TemporaryDirectory() as folder, Mock(*flags) as mock, Recorder(mock.url) as recorder:
            act(recorder.url, folder)
            return recorder.take()

    def compare(self, call: Callable[[Sdk], object], command: Callable[[Cli], object], *flags: str) -> None:
        """Lets the SDK and our command line do the same."""
        theirs = self.sent(lambda url, _: call(Sdk(url)), *flags)
        ours = self.sent(lambda url, folder: command(Cli(folder, url, SIGNED)), *flags)
        self.assertTrue(theirs)
        for request in theirs:
            self.compare_headers(request, self.twin(request, ours))

    def twin(self, theirs: Recorded, ours: list[Recorded]) -> Recorded:
        """The first of our requests that asks for the same."""
        twins = [request for request in ours if meaning(request) == meaning(theirs)]
        self.assertTrue(twins, f"we never sent {meaning(theirs)}, but {[meaning(request) for request in ours]}")
        return twins[0]

    def compare_headers(self, theirs: Recorded, ours: Recorded) -> None:
        missing, added = theirs.header_names - ours.header_names, ours.header_names - theirs.header_names
        expected = set(ONLY_THEIRS)
        if theirs.method == "GET" and theirs.path.startswith("/v1/"):
            expected |= ONLY_THEIRS_LOOKING.keys()
        self.assertEqual(missing, expected)
        self.assertEqual(added, set())
        for name in (theirs.header_names & ours.header_names) - OTHER_VALUE.keys():
            self.assertEqual(ours.header(name), theirs.header(name), name)
        if theirs.body:
            media_types = {request.header("content-type").split(";")[0] for request in (theirs, ours)}
            self.assertEqual(media_types, {"application/json"})
        if theirs.header("authorization"):
            unsigned = signed_headers(theirs) & (missing | {"user-agent"})
            self.assertEqual(signed_headers(ours), signed_headers(theirs) - unsigned)
            self.assertEqual(access_key(ours), access_key(theirs))

    def test_a_reinstall(self) -> None:
        with Mock("--instances", "20") as mock:
            rows = Sdk(mock.url).page(limit="20").instances
        ids, image = [row.id for row in rows[4:9]], rows[0].image.id
        for name, kept in [("image kept", None), ("image named", image)]:
            with self.subTest(name):
                call = lambda sdk: sdk.reinstall(ids, PASSWORD, kept)  # noqa: E731
                self.compare(call, lambda cli: cli.reinstall(ids, PASSWORD, kept), "--instances", "20")

    def test_a_batch_of_fifty(self) -> None:
        with Mock("--instances", "60") as mock:
            ids = Sdk(mock.url).ids(50)
        call = lambda sdk: sdk.reinstall(ids, PASSWORD)  # noqa: E731
        self.compare(call, lambda cli: cli.reinstall(ids, PASSWORD), "--instances", "60")

    def test_all_pages_of_the_list(self) -> None:
        def pages(sdk: Sdk) -> None:
            first = sdk.page(limit="100")
            second = sdk.page(limit="100", marker=first.page_info.next_marker)
            self.assertFalse(second.page_info.next_marker)

        self.compare(pages, lambda cli: cli.command("list"), "--instances", "120")

    def test_rows_by_their_ids(self) -> None:
        with Mock() as mock:
            ids = Sdk(mock.url).ids(12)
        call = lambda sdk: sdk.page(limit="12", instance_id=",".join(ids))  # noqa: E731
        self.compare(call, lambda cli: cli.command("status", *ids))

    def test_the_status_of_one(self) -> None:
        with Mock() as mock:
            (instance,) = Sdk(mock.url).ids(1)
        self.compare(lambda sdk: sdk.status(instance), lambda cli: cli.command("status", instance), "--no-list")

    def test_the_search_for_a_project(self) -> None:
        def theirs(url: str, _: str) -> None:
            credentials = BasicCredentials(key, SECRET_KEY).with_iam_endpoint(url)
            builder = CloudDCClient.new_builder().with_credentials(credentials)
            finish(builder.with_region(Region(REGION, url)), [])

        def ours(url: str, folder: str) -> None:
            region = {"REINSTALL_REGION": REGION, "REINSTALL_PROJECT_ID": ""}
            iam = {**SIGNED, "HUAWEICLOUD_SDK_AK": key, "HUAWEICLOUD_SDK_IAM_ENDPOINT": url}
            Cli(folder, url, {**region, **iam}).command("list")

        # Of its own, since the SDK remembers a key's project for as long as the process lives.
        key = "AKSEARCH"
        flags = ("--access-key", f"{key}:{SECRET_KEY}")
        (request,) = self.sent(theirs, *flags)
        self.assertEqual(meaning(request), ("GET", "/v3/projects", (("name", REGION),), None))
        self.compare_headers(request, self.twin(request, self.sent(ours, *flags)))

    def test_the_request_for_a_token(self) -> None:
        def theirs(url: str, _: str) -> None:
            names = {"username": "ann", "user_domain_name": "acme", "project_name": REGION}
            Session(auth=v3.Password(f"{url}/v3", password=PASSWORD, **names)).get_token()

        def ours(url: str, folder: str) -> None:
            names = {"OS_USERNAME": "ann", "OS_USER_DOMAIN_NAME": "acme", "OS_PROJECT_NAME": REGION}
            user = {"OS_AUTH_URL": f"{url}/v3", "OS_PASSWORD": PASSWORD, "REINSTALL_PROJECT_ID": "", **names}
            Cli(folder, url, user).command("list")

        flags = ("--iam-user", f"ann:{PASSWORD}@acme")
        (request,) = self.sent(theirs, *flags)
        sent = self.sent(ours, *flags)
        # We ask for a token without the catalogue of all services, which we have no use for.
        self.assertEqual(sent[0].query, [("nocatalog", "true")])
        self.assertEqual(sent[0].path, request.path)
        self.assertEqual(json.loads(sent[0].body), json.loads(request.body))
        self.compare_headers(request, sent[0])

    def test_what_is_compared_is_what_was_sent(self) -> None:
        """A recorder that lost what came would let everything pass."""
        (request,) = self.sent(lambda url, _: Sdk(url).page(limit="10", instance_state="running"))
        path, pairs = f"/v1/{PROJECT}/instances", (("instance_state", "running"), ("limit", "10"))
        self.assertEqual(meaning(request), ("GET", path, pairs, None))
        self.assertEqual(access_key(request), ACCESS_KEY)


def meaning(request: Recorded) -> tuple:
    """What a request asks for, however it is spelled: method, path, decoded query and body as JSON."""
    body = json.dumps(json.loads(request.body), sort_keys=True) if request.body else None
    return request.method, request.path, tuple(request.query), body


def signed_headers(request: Recorded) -> set[str]:
    return set(request.header("authorization").split("SignedHeaders=")[1].split(",")[0].split(";"))


def access_key(request: Recorded) -> str:
    return request.header("authorization").split("Access=")[1].split(",")[0]
