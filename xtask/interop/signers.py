"""The two signers, side by side: the provider's own, and ours behind the example `sign` of reinstall-http."""

import json
import random
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest

# How long our signer may take for what it is given.
SIGN_SECONDS_MAX = 60


@dataclass(frozen=True)
class Request:
    """A request with the key to sign it with, in the shape of the signing vectors."""

    name: str
    ak: str
    sk: str
    security_token: str | None
    method: str
    url: str
    headers: dict[str, str]
    body: str
    date: str

    def for_sdk(self) -> Callable[[], SdkRequest]:
        """Makes it as the SDK's client hands it to the SDK's signer, which changes what it is handed."""
        parts = urlsplit(self.url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        headers = {**self.headers, "X-Sdk-Date": self.date}
        return lambda: SdkRequest(
            method=self.method,
            schema=parts.scheme,
            host=parts.netloc,
            resource_path=parts.path,
            query_params=pairs,
            header_params=dict(headers),
            body=self.body,
        )

    def credentials(self) -> BasicCredentials:
        credentials = BasicCredentials(self.ak, self.sk)
        return credentials.with_security_token(self.security_token) if self.security_token else credentials


def sdk_authorization(request: Request) -> str:
    """What the provider's signer puts into `Authorization`."""
    return request.credentials().sign_request(request.for_sdk()()).header_params["Authorization"]


def our_answers(program: Path, requests: list[Request], rounds: int = 0) -> list[dict]:
    """What our signer says of each: `authorization`, and `per_second` if it is to measure for some rounds."""
    command = [str(program), *(["--rounds", str(rounds)] if rounds else [])]
    text = json.dumps([asdict(request) for request in requests])
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=SIGN_SECONDS_MAX, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"our signer failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def draw(dice: random.Random, index: int) -> Request:
    """A random request of which both signers hold that it may be sent."""
    def word(len_max: int) -> str:
        return "".join(dice.choices("abcXYZ019-._~ +*%/é实😀=&?#,:;@!$'()[]", k=dice.randint(0, len_max)))

    def escaped(len_max: int) -> str:
        return quote(word(len_max), safe="")

    path = "/".join(["", "v1", *(escaped(8) for _ in range(dice.randint(0, 4)))])
    # Names of few letters, so that some stand twice.
    pairs = [f"{dice.choice(['a', 'b', 'é', escaped(6)])}={escaped(12)}" for _ in range(dice.randint(0, 6))]
    query = "?" + "&".join(pairs) if pairs else ""
    headers = {"X-Project-Id": word(9).encode("ascii", "ignore").decode(), "x_left_out": "1"}
    if dice.random() < 0.5:
        headers["User-Agent"] = f"  drawn/{index}  "
    method = dice.choice(["GET", "PUT", "POST", "DELETE", "PATCH"])
    body = ""
    if method != "GET" and dice.random() < 0.8:
        body = json.dumps({"password": word(20), "n": index}, ensure_ascii=dice.random() < 0.5)
        headers["Content-Type"] = dice.choice(["application/json", "application/json;charset=UTF-8", "text/plain"])
    moment = datetime.fromtimestamp(dice.randint(0, 4_000_000_000), tz=timezone.utc)
    return Request(
        name=f"drawn {index}",
        ak=f"AK{dice.randint(0, 999)}",
        sk="".join(dice.choices("abcDEF0189+/=", k=40)),
        security_token="".join(dice.choices("abcDEF0189+/=", k=300)) if dice.random() < 0.5 else None,
        method=method,
        url=f"https://host-{index}.example{dice.choice(['', ':8443'])}{path}{query}",
        headers=headers,
        body=body,
        date=moment.strftime("%Y%m%dT%H%M%SZ"),
    )
