"""How many requests a second each signer signs on one core: `bench_signing.py SIGN [--rounds N]`, JSON out.

Both sign the same requests in the same run, from headers that are to be kept, and must come to the same signatures.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

from signers import Request, our_answers, sdk_authorization

PROJECT = "1f2e3d4c5b6a79880123456789abcdef"
BASE = f"https://clouddc.cn-east-3.myhuaweicloud.com/v1/{PROJECT}/instances"
# How long a round lasts at least, in seconds, and how often something is done between two looks at the clock.
ROUND, STRIDE = 0.2, 50


def instance_ids(count: int) -> list[str]:
    return [f"{index:08x}-0000-4000-8000-00000000abcd" for index in range(count)]


def request(name: str, method: str, url: str, body: str = "") -> Request:
    headers = {"X-Project-Id": PROJECT}
    if body:
        headers["Content-Type"] = "application/json"
    return Request(
        name=name,
        ak="EXAMPLEACCESSKEY0001",
        sk="exampleSecretKeyForBenchmarksExampleSKey",
        security_token=None,
        method=method,
        url=url,
        headers=headers,
        body=body,
        date="20261123T071500Z",
    )


def requests() -> list[Request]:
    body = {"instance_id_set": instance_ids(50), "password": "Example-Passw0rd", "image_id": instance_ids(1)[0]}
    return [
        request("ShowInstanceStatus", "GET", f"{BASE}/{instance_ids(1)[0]}/status"),
        request("ListInstances, 100 ids", "GET", f"{BASE}?limit=100&instance_id={'%2C'.join(instance_ids(100))}"),
        request("ReinstallOS, 50 ids", "PUT", f"{BASE}/reinstall", json.dumps(body)),
    ]


def sdk_per_second(given: Request, rounds: int) -> int:
    """The median of so many rounds, after one that only warms up; counts time that this thread had a core."""
    credentials, fresh = given.credentials(), given.for_sdk()

    def one_round() -> float:
        began, done = time.thread_time(), 0
        while (took := time.thread_time() - began) < ROUND:
            for _ in range(STRIDE):
                credentials.sign_request(fresh())
            done += STRIDE
        return done / took

    one_round()
    return round(statistics.median(one_round() for _ in range(rounds)))


def facts(rounds: int) -> list[str]:
    """What a reader must know to compare."""
    cpu = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), cpu)
        flags = next((line for line in lines if line.startswith("flags")), "").split()
        cpu += ", with SHA instructions" if "sha_ni" in flags else ""
    return [
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, median of {rounds} rounds of {ROUND} s of one core's time",
        f"{cpu}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start; {platform.system()}",
        f"Python {platform.python_version()}, huaweicloudsdkcore {version('huaweicloudsdkcore')}",
    ]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("sign", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    told, known = [], facts(args.rounds)
    for given, ours in zip(requests(), our_answers(args.sign, requests(), args.rounds), strict=True):
        if ours["authorization"] != sdk_authorization(given):
            print(f"{given.name}: the two signers do not come to the same", file=sys.stderr)
            return 1
        size = len(given.url) + len(given.body)
        told.append({"name": given.name, "url_and_body_bytes": size, "ours": ours["per_second"],
                     "sdk": sdk_per_second(given, args.rounds)})
    print(json.dumps({"facts": known, "requests": told}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
