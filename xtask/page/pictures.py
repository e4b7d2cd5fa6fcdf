"""The pictures of the page for the documents: a client has sent a reinstall again in doubt, and is convicted."""

import time
from pathlib import Path

from browser import Browser, Page
from mock import Mock, World

import given

# Longer than what the judge forgives a client as having been on its way, in seconds.
BEYOND_GRACE = 0.4
# What is added to the name of the file, width and height in CSS pixels, and whether it is night.
SIZES = [("", 1360, 940, False), ("-dark", 1360, 940, True), ("-phone", 390, 844, False)]


def scene(world: World) -> str:
    """Brings a world into a state worth looking at; the instance to look at more closely."""
    ids = [row["id"] for row in world.instances()]
    world.admin("PUT", "clock", {"mode": "manual"})
    failure = {"code": "iMetal.0099", "message": "no PXE boot"}
    for instance in ids[1234:1240] + ids[8421:8427]:
        world.admin("PATCH", f"instances/{instance}", {"ending": {"fails": failure}})
    for instance in ids[3300:3700:9]:
        world.admin("PATCH", f"instances/{instance}", {"state": "stopped"})
    for start in (1200, 8400):
        world.reinstall(*ids[start : start + 50])
    world.admin("POST", "clock/idle")
    for instance in ids[1200:1250] + ids[8400:8450]:
        world.look(instance)
    for start in range(5000, 6500, 50):
        world.reinstall(*ids[start : start + 50 : 2])
    world.admin("POST", "clock/advance", {"by": "17s"})
    lost = {"kind": "break", "at": "after_commit", "how": "close"}
    world.admin("POST", "faults", [{"name": "Lose next answer", "on": "ReinstallOS", "effect": lost}])
    for instance in ids[9000:9003]:
        world.look(instance)
    world.reinstall(ids[9100])
    time.sleep(BEYOND_GRACE)
    world.reinstall(ids[9100])
    for instance in ids[9200:9204]:
        world.look(instance)
    throttle = {"kind": "answer", "when": "before", "status": 429, "body": "slow down", "retry_after": "2s"}
    world.admin("POST", "faults", [{"name": "Throttle next 5", "times": 5, "effect": throttle}])
    return ids[9100]


def draw(file: Path) -> None:
    """Draws the page into this file, and by night and in a pocket into files beside it."""
    with Mock() as mock, Browser(given.started_with.chromium) as browser:
        world = mock.world("demo")
        instance = scene(world)
        for name, width, height, dark in SIZES:
            page = browser.page(width, height, dark)
            page.go(world.page_url)
            ready(page)
            if width > 600:
                page.run(f"opened.open('{instance}')")
                page.until("document.querySelector('#timeline').childElementCount === 2", "the timeline")
            page.screenshot(file.with_stem(f"{file.stem}{name}"))
            page.close()
        world.forget()


def ready(page: Page) -> None:
    page.until("fleet.cells.length > 0 && fleet.ids.length === fleet.cells.length", "the names")
    page.until("document.querySelector('#log [data-id]')", "the log")
    page.until("document.querySelector('#ruling').textContent.includes('Convicted')", "the verdict")
    page.until("document.querySelector('#armed b')", "the faults")
