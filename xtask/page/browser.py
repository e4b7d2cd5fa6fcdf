"""A headless Chromium, driven over its debugging pipe. Nothing but Python's own library is needed."""

import base64
import itertools
import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

# How long anything may take in the browser, in seconds.
PATIENCE_SECONDS = 30
# How often is looked whether something has come about, in seconds.
LOOK_SECONDS = 0.02
FLAGS = [
    "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--disable-gpu", "--force-color-profile=srgb", "--password-store=basic",
]  # fmt: skip


class Browser:
    """One browser with a profile of its own, to be used with `with`."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        flags = [*FLAGS, f"--user-data-dir={self._profile.name}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        # The browser reads commands from descriptor 3 and answers on 4.
        shell = ["sh", "-c", 'exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1', program, *flags, "about:blank"]
        self.process = subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._out, self._in = self.process.stdin, self.process.stdout
        self._numbers = itertools.count(1)
        self._answers: dict[int, queue.Queue] = {}
        self._pages: dict[str, Page] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.ask("Browser.close")
            self.process.wait(10)
        except (OSError, TimeoutError, queue.Empty, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self._out.close()
        self._profile.cleanup()

    def page(self, width: int = 1280, height: int = 800, dark: bool = False) -> "Page":
        """A new page of this size that has not gone anywhere yet."""
        target = self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self._pages[session] = page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.ask(f"{domain}.enable")
        is_phone = width < 600
        metrics = {"width": width, "height": height, "deviceScaleFactor": 2 if is_phone else 1, "mobile": is_phone}
        page.ask("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.ask("Emulation.setEmulatedMedia", {"features": [scheme]})
        return page

    def ask(self, method: str, params: dict[str, Any] | None = None, session: str | None = None) -> dict[str, Any]:
        """Sends a command and waits for its result."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": params or {}} | ({"sessionId": session} if session else {})
        self._answers[number] = answer = queue.Queue()
        self._out.write(json.dumps(command).encode() + b"\0")
        told = answer.get(timeout=PATIENCE_SECONDS)
        if "error" in told:
            raise RuntimeError(f"{method}: {told['error']['message']}")
        return told["result"]

    def _listen(self) -> None:
        rest = b""
        while piece := self._in.read(1 << 20):
            *whole, rest = (rest + piece).split(b"\0")
            for told in map(json.loads, whole):
                if "id" in told:
                    self._answers.pop(told["id"]).put(told)
                elif page := self._pages.get(told.get("sessionId", "")):
                    page.note(told["method"], told["params"])


class Page:
    """One page, what it complained of and what it asked the network for."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session
        self.complaints: list[str] = []
        self.requests: list[str] = []

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._browser.ask(method, params, self._session)

    def note(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description") or details["text"])
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                said = [str(arg.get("value", arg.get("description"))) for arg in params["args"]]
                self.complaints.append(" ".join(said))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                entry = params["entry"]
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}".strip())
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])

    def go(self, url: str) -> None:
        self.ask("Page.navigate", {"url": url})
        self.until("document.readyState === 'complete'", "the page to load")

    def run(self, script: str) -> Any:
        """The value of an expression; a promise is waited for."""
        asked = {"expression": script, "returnByValue": True, "awaitPromise": True}
        told = self.ask("Runtime.evaluate", asked)
        if "exceptionDetails" in told:
            details = told["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return told["result"].get("value")

    def until(self, script: str, what: str, patience: float = PATIENCE_SECONDS) -> float:
        """Waits until an expression is true; how many seconds that took."""
        began = time.monotonic()
        while not self.run(f"Boolean({script})"):
            if time.monotonic() - began > patience:
                raise TimeoutError(f"waited {patience} s for {what}: {script}")
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - began

    def click(self, selector: str) -> None:
        """Clicks with the mouse into the middle of what a selector finds, as a person would."""
        x, y = self.run(
            f"(() => {{ const node = document.querySelector({json.dumps(selector)});"
            " node.scrollIntoView({block: 'nearest'});"
            " const {x, y, width, height} = node.getBoundingClientRect(); return [x + width / 2, y + height / 2]; })()"
        )
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def mouse(self, kind: str, x: float, y: float) -> None:
        button = {"button": "none"} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        self.ask("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **button})

    def press(self, key: str) -> None:
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35}
        text = {"text": "\r"} if key == "Enter" else {}
        event = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        self.ask("Input.dispatchKeyEvent", {"type": "keyDown", **event, **text})
        self.ask("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    def write(self, text: str) -> None:
        """Types into whatever has the focus."""
        self.ask("Input.insertText", {"text": text})

    def close(self) -> None:
        """Closes it; what it complained of is kept."""
        self.ask("Page.close")

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", {"format": "png"})["data"]))

