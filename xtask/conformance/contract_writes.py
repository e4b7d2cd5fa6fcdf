"""The checks that change something: for a mock alone, whose instances nobody misses."""

import json
import time
from typing import Any

from contract_client import Broken, Check, Endpoint, absent_id, check_list, expect

WRITES: list[Check] = []
writes = check_list(WRITES, changes=True)

# Allowed for every image. It opens nothing.
PASSWORD = "Contract-Passw0rd"
# Between two looks at an instance, in seconds.
LOOK_EVERY = 0.05
SUCCEEDED = "reinstall-succeed"
SPECIALS = "!@$%^-_=+[{}]:,./?"


def asked(ids: list[str], password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    return {"password": password, "instance_id_set": ids, **more}


def launches(endpoint: Endpoint, ids: list[str]) -> dict[str, str]:
    """When a reinstall of each last succeeded."""
    rows = endpoint.rows(limit="1000", instance_id=",".join(ids))
    return {row["id"]: row["launched_at"] for row in rows}


def accepted(endpoint: Endpoint, ids: list[str], **more: Any) -> None:
    """Asks for a reinstall that must be accepted."""
    endpoint.launched_before.update(launches(endpoint, ids))
    answer = endpoint.reinstall(asked(ids, **more)).must_be(202)
    named = [each.get("id") for each in answer.body.get("instances") or []]
    expect(sorted(named, key=str) == sorted(ids), f"asked for {ids}, and {named} were accepted")


def is_over(endpoint: Endpoint, instance: str, told: dict[str, Any]) -> bool:
    """Whether a reinstall that worked is over. A service without `operation_state` tells by `launched_at` alone."""
    if told["state"] != "running" or told.get("operation_state", SUCCEEDED) != SUCCEEDED:
        return False
    return launches(endpoint, [instance])[instance] != endpoint.launched_before[instance]


def see_through(endpoint: Endpoint, instance: str) -> list[str]:
    """Looks until the reinstall is over; the states that were seen, in order."""
    seen: list[str] = []
    until = time.monotonic() + endpoint.reinstall_within
    while time.monotonic() < until:
        told = endpoint.status(instance).must_be(200).body
        if told["state"] not in seen[-1:]:
            seen.append(told["state"])
        if is_over(endpoint, instance, told):
            return seen
        expect("error" not in told, f"the reinstall of {instance} failed: {told.get('error')}")
        time.sleep(LOOK_EVERY)
    raise Broken(f"the reinstall of {instance} was not over within {endpoint.reinstall_within} s: {' '.join(seen)}")


def untouched(endpoint: Endpoint, ids: list[str], before: list[dict[str, Any]]) -> None:
    """Whether instances are as they were: a refused request must not have begun."""
    after = [endpoint.row(each) for each in ids]
    expect(after == before, f"what was refused took hold: {before} became {after}")


@writes
def a_reinstall_is_seen_through(endpoint: Endpoint) -> str:
    """A reinstall is accepted with the ids that were named, goes on, and comes to its end."""
    (instance,) = endpoint.spare()
    before = endpoint.row(instance)
    accepted(endpoint, [instance])
    seen = see_through(endpoint, instance)
    after = endpoint.row(instance)
    expect(after["image"] == before["image"], "it has another image, and none was asked for")
    expect(after["launched_at"] != before["launched_at"], "launched_at is as before")
    return " ".join(seen)


@writes
def images_are_installed(endpoint: Endpoint) -> None:
    """A reinstall with `image_id` shows that image when it is over; an empty one and null keep the image."""
    rows = [endpoint.row(each) for each in endpoint.spare(20)]
    linux = [row for row in rows if row["image"]["os_type"] == "Linux"]
    first = linux[0]
    other = next((row for row in linux if row["image"]["id"] != first["image"]["id"]), None)
    expect(other is not None, "twenty instances have the same image")
    accepted(endpoint, [first["id"]], image_id=other["image"]["id"])
    see_through(endpoint, first["id"])
    shown = endpoint.row(first["id"])["image"]["id"]
    expect(shown == other["image"]["id"], f"{other['image']['id']} was asked for, {shown} is shown")
    for keep in ("", None):
        accepted(endpoint, [other["id"]], image_id=keep)
        see_through(endpoint, other["id"])
        expect(endpoint.row(other["id"])["image"]["id"] == other["image"]["id"], f"image_id {keep!r} changed the image")
    endpoint.reinstall(asked([first["id"]], image_id="x")).must_be(400, "iMetal.0001")


@writes
def one_reinstall_at_a_time(endpoint: Endpoint) -> None:
    """While a reinstall goes on, another of the same instance is 400 iMetal.0201 with its id, and the others are left alone."""
    busy, idle = endpoint.spare(2)
    before = endpoint.row(idle)
    accepted(endpoint, [busy])
    answer = endpoint.reinstall(asked([idle, busy])).must_be(400, "iMetal.0201")
    expect(busy in answer.message and idle not in answer.message, f"whom it is about: {answer.message!r}")
    untouched(endpoint, [idle], [before])
    see_through(endpoint, busy)
    accepted(endpoint, [busy])
    see_through(endpoint, busy)


@writes
def unknown_instances_stop_a_reinstall(endpoint: Endpoint) -> None:
    """With an unknown id among others it is 404 iMetal.0200 that names that one alone, and nothing begins."""
    (known,) = endpoint.spare()
    before, absent = endpoint.row(known), absent_id()
    answer = endpoint.reinstall(asked([known, absent])).must_be(404, "iMetal.0200")
    expect(absent in answer.message and known not in answer.message, f"whom it is about: {answer.message!r}")
    untouched(endpoint, [known], [before])


@writes
def batches_have_a_cap(endpoint: Endpoint) -> None:
    """As many ids as may be are accepted, one more is 400 iMetal.0001, and so are none and a repeat."""
    ids = endpoint.spare(endpoint.batch_cap + 1)
    before = endpoint.row(ids[-1])
    endpoint.reinstall(asked(ids)).must_be(400, "iMetal.0001")
    endpoint.reinstall(asked([])).must_be(400, "iMetal.0001")
    endpoint.reinstall(asked([ids[-1], ids[-1].upper()])).must_be(400, "iMetal.0001")
    endpoint.reinstall({"password": PASSWORD}).must_be(400, "iMetal.0002")
    untouched(endpoint, ids[-1:], [before])
    accepted(endpoint, ids[:-1])
    for instance in ids[:-1]:
        see_through(endpoint, instance)


@writes
def weak_passwords_are_refused(endpoint: Endpoint) -> None:
    """A password that breaks a rule is 400 iMetal.0001, a missing one iMetal.0002, and no answer repeats it. [9]"""
    (instance,) = endpoint.spare()
    before = endpoint.row(instance)
    name = {"Linux": "root", "Windows": "Administrator"}[before["image"]["os_type"]]
    for wrong in ("Ab1!xyz", "Abcdefgh1!" * 3, "abcdefgh1", "ABCDEFGH!!", "12345678!", "Abcdef 1!x", "Abcdefg1~", f"Ab1!{name}",
                  f"Ab1!{name[::-1].upper()}"):
        answer = endpoint.reinstall(asked([instance], wrong)).must_be(400, "iMetal.0001")
        expect(wrong not in answer.text, "the answer repeats the password")
    for missing in ({}, {"password": None}):
        answer = endpoint.reinstall({"instance_id_set": [instance], **missing}).must_be(400, "iMetal.0002")
        expect("password" in answer.message, f"what is missing: {answer.message!r}")
    untouched(endpoint, [instance], [before])
    accepted(endpoint, [instance], password="Aa1" + SPECIALS)
    see_through(endpoint, instance)


@writes
def wrong_types_are_refused_by_name(endpoint: Endpoint) -> None:
    """A field of a wrong type is 400 iMetal.0001 with its name, and a body that is no JSON object is, too."""
    (instance,) = endpoint.spare()
    before = endpoint.row(instance)
    for field, wrong in [("password", 12345678), ("password", [PASSWORD]), ("image_id", 7), ("image_id", {}),
                         ("instance_id_set", instance), ("instance_id_set", [7]), ("instance_id_set", {"id": instance})]:
        body = {**asked([instance]), field: wrong}
        answer = endpoint.reinstall(body).must_be(400, "iMetal.0001")
        expect(field in answer.message, f"{field} was {wrong!r}, and {answer.message!r} came")
    for raw in (b"", b"[]", b"null", b"{", b'"text"', b"\xff\xfe", json.dumps(asked([instance]))[:-1].encode()):
        endpoint.reinstall(None, raw=raw).must_be(400, "iMetal.0001")
    endpoint.reinstall(None, raw=b" " * 70_000).must_be(413, "APIGW.0201")
    untouched(endpoint, [instance], [before])


@writes
def labels_come_and_go(endpoint: Endpoint) -> None:
    """Labels are set, replaced, shown in the list, and taken off; one that is named with another value stays."""
    (instance,) = endpoint.spare()

    def ask(what: str, *tags: dict[str, Any]) -> None:
        answer = endpoint.cloud("POST", f"/instances/{instance}/tags/{what}", {"tags": list(tags)})
        expect(answer.must_be(204).text == "", "a 204 has no content")

    def shown() -> dict[str, Any]:
        return {tag["key"]: tag.get("value") for tag in endpoint.row(instance)["tags"]}

    before = shown()
    ask("create", {"key": "contract", "value": "one"}, {"key": "bare"})
    expect(shown() == {**before, "contract": "one", "bare": None}, f"set, and {shown()} is shown")
    ask("create", {"key": "contract", "value": "two"})
    expect(shown()["contract"] == "two", f"replaced, and {shown()} is shown")
    ask("delete", {"key": "contract", "value": "one"}, {"key": "never-there"})
    expect(shown()["contract"] == "two", "it was named with another value, and went")
    ask("delete", {"key": "contract", "value": "two"}, {"key": "bare"})
    expect(shown() == before, f"{before} became {shown()}")


@writes
def wrong_labels_are_refused(endpoint: Endpoint) -> None:
    """No labels, a repeat, and keys or values that are too long are 400; an unknown instance is 404."""
    (instance,) = endpoint.spare()
    before = endpoint.row(instance)
    path = f"/instances/{instance}/tags"
    for wrong in ([], [{"key": ""}], [{"key": "k" * 129}], [{"key": "k", "value": "v" * 256}], [{"key": "k"}, {"key": "k"}],
                  [{"value": "v"}], "k", [{"key": 7}]):
        for what in ("create", "delete"):
            endpoint.cloud("POST", f"{path}/{what}", {"tags": wrong}).must_be(400, "iMetal.0001")
    endpoint.cloud("POST", f"{path}/create", {}).must_be(400, "iMetal.0002")
    endpoint.cloud("POST", f"/instances/{absent_id()}/tags/create", {"tags": [{"key": "k"}]}).must_be(404, "iMetal.0200")
    untouched(endpoint, [instance], [before])


@writes
def passwords_of_running_systems_are_changed(endpoint: Endpoint) -> None:
    """On all instances or none: unknown ids are 404, one being reinstalled is 400 iMetal.0201; weak ones are accepted. [4]"""
    one, two = endpoint.spare(2)

    def ask(ids: list[str], **more: Any) -> Any:
        return endpoint.cloud("PUT", "/instances/password", {"instance_id_set": ids, "new_password": "weak", **more})

    answer = ask([one, two]).must_be(200)
    named = sorted(each["id"] for each in answer.body["instances"])
    expect(named == sorted([one, two]), f"changed on {named}")
    absent = absent_id()
    answer = ask([one, absent]).must_be(404, "iMetal.0200")
    expect(absent in answer.message and one not in answer.message, f"whom it is about: {answer.message!r}")
    ask([one], new_password=None).must_be(400, "iMetal.0002")
    ask([one], new_password=7).must_be(400, "iMetal.0001")
    ask([]).must_be(400, "iMetal.0001")
    accepted(endpoint, [two])
    if endpoint.status(two).body["state"] != "running":
        answer = ask([one, two]).must_be(400, "iMetal.0201")
        expect(two in answer.message and one not in answer.message, f"whom it is about: {answer.message!r}")
    see_through(endpoint, two)
