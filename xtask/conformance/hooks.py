"""What schemathesis is told of this API beside its document; see docs/conformance.md. Loaded by schemathesis itself."""

import hashlib
import json
import re
import string
from collections import Counter
from pathlib import Path

import schemathesis
from hypothesis import strategies as st

# In the folder that schemathesis runs in: what there is on the server that is tested, and where to tell what was dropped.
KNOWN = json.loads(Path("known.json").read_text(encoding="utf-8"))
INSTANCES = KNOWN["instances"]
DROPPED = Path("dropped.json")

# Schemathesis' names for failures, which it promises to keep: another answer than 405 to a method that is not in the document,
# and a refusal of what has the document's form.
OTHER_METHOD, REFUSED = "ST204", "ST202"

SPECIALS = "!@$%^-_=+[{}]:,./?"
KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SPECIALS)
NAMES = ("root", "administrator")

# What a request of the documents' form may still be refused for, since OpenAPI has no words for it: each rule is in a document as
# text, and those of the provider's API each have a check in contract.py.
NOT_SAID_BY_THE_DOCUMENTS = {
    "two filters": re.compile(r"instance_id and server_id exclude each other"),
    "a key twice": re.compile(r"tags\[\d+\]\.key is a repeat"),
    "an id twice, in two letter cases": re.compile(r"instance_id_set\[\d+\] is a repeat"),
    "an instance on its way": re.compile(r"Instances state is not ready"),
    "the user's name in the password": re.compile(r"password: it contains the user name `\w+`( spelled backwards)? \(in"),
    "a fault rule that could never hit": re.compile(r"^rule \d+: "),
    "a whole number written with a point": re.compile(r"^invalid type: floating point `-?\d+\.0`"),
}


@st.composite
def passwords(draw: st.DrawFn) -> str:
    """8 to 26 characters of at least three kinds, without the administrator's name."""
    kinds = draw(st.permutations(KINDS))[:3]
    needed = [draw(st.sampled_from(kind)) for kind in kinds]
    rest = draw(st.text(st.sampled_from("".join(KINDS)), min_size=5, max_size=23))
    text = "".join(draw(st.permutations([*needed, *rest])))
    lower = text.lower()
    return "Ab1-Cd2-Ef3" if any(name in lower or name[::-1] in lower for name in NAMES) else text


schemathesis.openapi.format("clouddc-password", passwords())


# They exclude each other.
FILTERS = ("instance_id", "server_id")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@schemathesis.hook
def map_case(_, case):
    """Broken requests are about what there is, or each would be a 404; so are half of the others, or none would ever be met."""
    if case.meta is None:
        return case
    if case.path == "/_mock/wait" and isinstance(case.body, dict) and case.meta.generation.mode.is_positive:
        # Whoever waits for what never comes would wait for ten seconds each time.
        case.body["timeout"] = "10ms"
        return case
    told = json.dumps([case.path_parameters, case.query, dict(case.headers or {}), case.body], default=str, sort_keys=True)
    dice = int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big")
    filters = [name for name in FILTERS if name in (case.query or {})]
    if len(filters) == len(FILTERS) and case.meta.generation.mode.is_positive:
        # Nearly every case has all parameters, and would be refused for these two before the others are looked at.
        del case.query[filters[dice % 2]]
    if dice // 2 % 2 and case.meta.generation.mode.is_positive:
        return case
    known: dict[str, str] = {}

    def there_is(text):
        """An instance in the place of a UUID, the same for the same; what is none stays as it is."""
        if not isinstance(text, str) or not UUID.fullmatch(text) or len(known) == len(INSTANCES):
            return text
        return known.setdefault(text, INSTANCES[(dice // 4 + len(known)) % len(INSTANCES)])

    if "X-Subject-Token" in (case.headers or {}) and case.meta.generation.mode.is_positive:
        case.headers["X-Subject-Token"] = KNOWN["iam_token"]
    for name in ("id", "resource_id"):
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = there_is(case.path_parameters[name])
    if isinstance(case.body, dict) and isinstance(case.body.get("instance_id_set"), list):
        case.body["instance_id_set"] = [there_is(each) for each in case.body["instance_id_set"]]
    return case


dropped: Counter[str] = Counter()


def drop(why: str) -> bool:
    dropped[why] += 1
    DROPPED.write_text(json.dumps(dropped), encoding="utf-8")
    return False


@schemathesis.hook
def filter_failure(_, failure, case, response) -> bool:
    """Whether it is a failure. Everything that is not named here is."""
    try:
        told = response.json()
    except ValueError:
        return True
    if not isinstance(told, dict):
        return True
    code, message = told.get("error_code"), str(told.get("error_msg") or told.get("error"))
    if failure.code == OTHER_METHOD and response.status_code == 404 and code == "APIGW.0101":
        # To the provider's gateway an address with another method is another API (api-facts 7).
        return drop("404 APIGW.0101 for another method")
    if failure.code == REFUSED and response.status_code == 400:
        for why, pattern in NOT_SAID_BY_THE_DOCUMENTS.items():
            if pattern.search(message):
                return drop(f"400 for {why}")
    return True
