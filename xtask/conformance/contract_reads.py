"""The checks that change nothing. The sections in brackets are those of the project's collected API facts."""

import re
import time
from collections import Counter
from email.utils import parsedate_to_datetime

from contract_client import Broken, Check, Endpoint, absent_id, check_list, expect, page_of

READS: list[Check] = []
reads = check_list(READS, changes=False)

# Every word that any version of the documents has [2]. `teminated` is the SDKs' spelling of 2025.
STATES = set(
    "pending running stopping stopped reinstalling shutting-down terminated teminated failed modifyIping switch-installing"
    " error".split()
)
WORKS = ("install", "reinstall", "switch-install", "modify-ip", "uninstall")
OPERATION_STATES = {f"{work}-{how}" for work in WORKS for how in ("processing", "succeed", "failed")}
# What the SDK's model of a row requires [3].
REQUIRED = ("id", "name", "vpc_id", "tags", "image", "state", "server_id", "created_at", "updated_at", "launched_at")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The most rows of a page, and the fewest that are given if there are as many [3].
LIMIT_MAX, LIMIT_MIN = 1000, 10


@reads
def pages_are_complete_and_stable(endpoint: Endpoint) -> str:
    """Following the markers shows each instance once, twice in the same order, whatever the size of a page."""
    seen = []
    for limit in ("10", "10", "1000"):
        pages = list(endpoint.pages(limit=limit))
        ids = [row["id"] for page in pages for row in page["instances"]]
        twice = [each for each, count in Counter(ids).items() if count > 1]
        expect(not twice, f"with limit={limit} some stand on two pages: {twice[:3]}")
        for page in pages:
            expect(page.get("count") == len(ids), f"count says {page.get('count')}, the pages have {len(ids)}")
            told, there = page["page_info"].get("current_count"), len(page["instances"])
            expect(told in (None, there), f"current_count says {told}, the page has {there}")
            expect(there <= int(limit), f"a page of {there} with limit={limit}")
        seen.append(ids)
    expect(seen[0] == seen[1], "the second time the order was another")
    expect(sorted(seen[0]) == sorted(seen[2]), "pages of 10 and of 1000 do not show the same instances")
    return f"{len(seen[0])} instances"


@reads
def limits_are_brought_into_range(endpoint: Endpoint) -> str:
    """Below 10 counts as 10, above 1000 as 1000; what is no number is refused. What none at all means is reported."""
    total = page_of(endpoint.listed(limit="10"))["count"]
    for limit, most in [("0", LIMIT_MIN), ("1", LIMIT_MIN), ("9", LIMIT_MIN), ("10", LIMIT_MIN), ("11", 11),
                        ("1000", LIMIT_MAX), ("1001", LIMIT_MAX), ("99999999999999999999", LIMIT_MAX)]:
        count = len(endpoint.rows(limit=limit))
        expect(count == min(most, total), f"limit={limit} gave {count} rows of {total}")
    for wrong in ("ten", "-5", "1.5"):
        endpoint.listed(limit=wrong).must_be(400, "iMetal.0001")
    unset = len(endpoint.rows())
    return f"without a limit {unset} of {total} come; the page says both 10 and 1000"


@reads
def ids_filter_the_list(endpoint: Endpoint) -> str:
    """`instance_id` with up to 100 ids shows those and no others; ids of no instance are left out without a word."""
    ids = [row["id"] for row in endpoint.rows(limit="1000")][:99]
    expect(bool(ids), "there is no instance to look at")
    page = page_of(endpoint.listed(limit="1000", instance_id=",".join([*ids, absent_id()])))
    expect(sorted(row["id"] for row in page["instances"]) == sorted(ids), "others came than were asked for")
    expect(page["count"] == len(ids), f"count says {page['count']} of {len(ids)}")
    expect(not endpoint.rows(limit="10", instance_id=absent_id()), "an id of no instance finds something")
    return f"{len(ids)} ids"


@reads
def servers_filter_the_list(endpoint: Endpoint) -> None:
    """`server_id` leads to the instance on that server."""
    rows = endpoint.rows(limit="1000")[:50]
    found = endpoint.rows(limit="1000", server_id=",".join(row["server_id"] for row in rows))
    expect(sorted(row["id"] for row in found) == sorted(row["id"] for row in rows), "others came than were asked for")


@reads
def filters_have_bounds(endpoint: Endpoint) -> None:
    """101 ids are refused, and so is `instance_id` together with `server_id`."""
    many = ",".join([absent_id() for _ in range(101)])
    endpoint.listed(limit="10", instance_id=many).must_be(400, "iMetal.0001")
    endpoint.listed(limit="10", server_id=many).must_be(400, "iMetal.0001")
    endpoint.listed(limit="10", instance_id=absent_id(), server_id=absent_id()).must_be(400, "iMetal.0001")
    endpoint.listed(limit="10", instance_id="x").must_be(400, "iMetal.0001")


@reads
def states_filter_the_list(endpoint: Endpoint) -> str:
    """`instance_state` shows instances of that state alone, and all states together are all instances."""
    for attempt in range(3):
        total = page_of(endpoint.listed(limit="10"))["count"]
        counts = {}
        for state in sorted(STATES):
            page = page_of(endpoint.listed(limit="1000", instance_state=state))
            wrong = {row["state"] for row in page["instances"]} - {state}
            expect(not wrong, f"instance_state={state} shows {wrong}")
            counts[state] = page["count"]
        if sum(counts.values()) == total:
            return ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        # States change while one looks.
        time.sleep(0.5 * (attempt + 1))
    raise Broken(f"of {total} instances only {sum(counts.values())} have a documented state")


@reads
def markers_are_checked(endpoint: Endpoint) -> str:
    """What an endpoint says to a marker that it never gave is reported; nothing is documented."""
    answer = endpoint.listed(limit="10", marker="no-marker-of-yours")
    expect(answer.status < 500, f"a marker of another's breaks it: {answer.shown()}")
    return f"{answer.status} {answer.code or ''}"


@reads
def rows_have_what_the_sdk_requires(endpoint: Endpoint) -> str:
    """Each row has what the official SDK's model requires, and ids are UUIDs in lower case."""
    rows = endpoint.rows(limit="1000")
    for row in rows:
        missing = [name for name in REQUIRED if name not in row]
        expect(not missing, f"{row.get('id')} lacks {missing}")
        expect(bool(UUID.fullmatch(row["id"])), f"{row['id']} is no UUID in lower case")
        for name in ("id", "name", "os_type"):
            expect(bool(row["image"].get(name)), f"the image of {row['id']} lacks {name}")
    kinds = sorted({row["image"]["os_type"] for row in rows})
    return f"{len(rows)} rows; os_type is one of {kinds}"


@reads
def words_are_documented(endpoint: Endpoint) -> str:
    """Words for states that no document has are reported, not failed: there have been new ones every few months."""
    words, works = Counter(), Counter()
    for row in endpoint.rows(limit="1000"):
        words[row["state"]] += 1
        works[row.get("operation_state")] += 1
    strange = sorted(set(words) - STATES) + sorted(set(works) - OPERATION_STATES - {None})
    return f"{dict(words)}, {dict(works)}; not documented: {strange or 'none'}"


@reads
def times_have_a_format(endpoint: Endpoint) -> str:
    """The format of the times of a row is reported; none is documented."""
    rows = endpoint.rows(limit="1000")
    names = ("created_at", "updated_at", "launched_at")
    shapes = Counter(re.sub(r"\d", "9", str(row[name])) for row in rows for name in names)
    return ", ".join(f"{shape} ({count})" for shape, count in shapes.most_common(5))


@reads
def status_agrees_with_the_list(endpoint: Endpoint) -> str:
    """ShowInstanceStatus and ListInstances tell the same of an instance."""
    rows = endpoint.rows(limit="10")[:5]
    for row in rows:
        for attempt in range(5):
            told = endpoint.status(row["id"]).must_be(200).body
            again = endpoint.row(row["id"])
            pair = [(each.get("state"), each.get("operation_state")) for each in (told, again)]
            if pair[0] == pair[1]:
                break
            time.sleep(0.2 * attempt)
        expect(pair[0] == pair[1], f"{row['id']}: status says {pair[0]}, the list {pair[1]}")
    return f"{len(rows)} instances"


@reads
def unknown_instances_are_told_by_their_ids(endpoint: Endpoint) -> None:
    """The status of no instance is 404 iMetal.0200, with the id in its text. [7]"""
    absent = absent_id()
    answer = endpoint.status(absent).must_be(404, "iMetal.0200")
    expect(absent in answer.message, f"the id is not in {answer.message!r}")


@reads
def what_is_no_id_is_refused(endpoint: Endpoint) -> str:
    """The status of what is no UUID is refused, as wrong or as unknown."""
    answer = endpoint.status("i-1")
    expect(answer.status in (400, 404), f"400 or 404 was expected, and {answer.shown()} came")
    return f"{answer.status} {answer.code}"


@reads
def nobody_is_let_in_without_a_token(endpoint: Endpoint) -> str:
    """Without a token, and with a wrong one, each call is 401 APIGW.0301 (or APIGW.0307), whatever it is about. [5, 7]"""
    codes = Counter()
    for token in (None, "no-token-of-yours"):
        for answer in (
            endpoint.cloud("GET", "/instances", query={"limit": "10"}, token=token),
            endpoint.cloud("GET", f"/instances/{absent_id()}/status", token=token),
            # Names nobody and has no password, so that even an open door would do no harm.
            endpoint.cloud("PUT", "/instances/reinstall", {}, token=token),
        ):
            answer.must_be(401)
            expect(answer.code in ("APIGW.0301", "APIGW.0307"), f"an unknown code for 401: {answer.shown()}")
            codes[answer.code] += 1
    return str(dict(codes))


@reads
def signatures_are_checked(endpoint: Endpoint) -> None:
    """A signature with a key that nobody has is 401 APIGW.0301. [5.2]"""
    signed = {
        "X-Sdk-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        "Authorization": f"SDK-HMAC-SHA256 Access=AKOFNOBODY, SignedHeaders=x-sdk-date, Signature={'0' * 64}",
    }
    endpoint.cloud("GET", "/instances", query={"limit": "10"}, token=None, headers=signed).must_be(401, "APIGW.0301")


@reads
def other_addresses_are_apis_that_do_not_exist(endpoint: Endpoint) -> None:
    """An unknown address, and a known one with another method, are 404 APIGW.0101. [7]"""
    endpoint.cloud("GET", "/instances/reinstall-or-not").must_be(404, "APIGW.0101")
    endpoint.cloud("DELETE", f"/instances/{absent_id()}/status").must_be(404, "APIGW.0101")


@reads
def other_projects_are_not_shown(endpoint: Endpoint) -> str:
    """The instances of a project that the token is not for are not shown; in what words is reported."""
    answer = endpoint.call("GET", "/v1/00000000000000000000000000000000/instances", query={"limit": "10"})
    expect(answer.status in (401, 403, 404), f"401, 403 or 404 was expected, and {answer.shown()} came")
    return f"{answer.status} {answer.code}"


@reads
def answers_are_dated(endpoint: Endpoint) -> str:
    """Answers have a Date; how far it is from this machine's clock is reported."""
    answer = endpoint.listed(limit="10").must_be(200)
    expect("date" in answer.headers, "no Date")
    ahead = parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()
    return f"{ahead:+.0f} s"


@reads
def refusals_have_code_and_message(endpoint: Endpoint) -> str:
    """Each 4xx so far had error_code and error_msg; the gateway's also the request id that its header has. [7]"""
    endpoint.status(absent_id())
    gateways = 0
    for answer in endpoint.refusals:
        if answer.status == 429:
            continue
        expect(bool(answer.code) and bool(answer.message), f"no code or no message: {answer.shown()}")
        if "request_id" in answer.body:
            gateways += 1
            is_same = answer.body["request_id"] == answer.headers.get("x-request-id")
            expect(is_same, f"{answer.body['request_id']} in the body, {answer.headers.get('x-request-id')} in the header")
    return f"{len(endpoint.refusals)} refusals, {gateways} of the gateway"


@reads
def each_answer_has_a_name_of_its_own(endpoint: Endpoint) -> str:
    """Each answer so far had an X-Request-Id, and no two the same."""
    endpoint.listed(limit="10")
    expect(None not in endpoint.request_ids, "an answer has no X-Request-Id")
    twice = [each for each, count in Counter(endpoint.request_ids).items() if count > 1]
    expect(not twice, f"two answers are called the same: {twice[:3]}")
    return f"{len(endpoint.request_ids)} answers"


def wanted_token(user: str, **changed: str) -> dict:
    """A request for a token that is good for nothing in particular."""
    name, _, rest = user.partition(":")
    password, _, domain = rest.rpartition("@")
    told = {"name": name, "password": password, "domain": {"name": domain}, **changed}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": told}}, "scope": "unscoped"}}


@reads(needs_user=True)
def tokens_are_handed_out_to_users(endpoint: Endpoint) -> None:
    """A user gets a token that is good for the project, and IAM says of it what it said when it made it. [5.1]"""
    wanted = wanted_token(endpoint.user)
    wanted["auth"]["scope"] = {"project": {"id": endpoint.project}}
    made = endpoint.call("POST", "/v3/auth/tokens", wanted, token=None).must_be(201)
    token = made.headers.get("x-subject-token", "")
    expect(bool(token), "no X-Subject-Token")
    endpoint.cloud("GET", "/instances", query={"limit": "10"}, token=token).must_be(200)
    told = endpoint.call("GET", "/v3/auth/tokens", token=token, headers={"X-Subject-Token": token}).must_be(200)
    for name in ("expires_at", "user", "project"):
        expect(told.body["token"].get(name) == made.body["token"].get(name), f"{name} is another")
    unscoped = endpoint.call("POST", "/v3/auth/tokens", wanted_token(endpoint.user), token=None).must_be(201)
    token = unscoped.headers["x-subject-token"]
    endpoint.cloud("GET", "/instances", query={"limit": "10"}, token=token).must_be(401)


@reads(needs_user=True)
def wrong_users_get_no_token(endpoint: Endpoint) -> None:
    """A wrong password and an unknown user are 401 alike, and what makes no sense is 400."""
    told = []
    for changed in ({"password": "no-password-of-yours"}, {"name": "nobody-of-yours"}):
        answer = endpoint.call("POST", "/v3/auth/tokens", wanted_token(endpoint.user, **changed), token=None).must_be(401)
        told.append(answer.body)
    expect(told[0] == told[1], "the two are told apart")
    endpoint.call("POST", "/v3/auth/tokens", {}, token=None).must_be(400)
