"""A headless Chromium, to look at the comparison page: screenshots for people, facts for tests.

Spoken to by the DevTools protocol over a pipe, which needs neither a port nor a driver package.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from threads_pipelines.errors import StackError

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")

# It must not speak to anyone of its own accord.
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)
_PATIENCE = 60.0


def find_chromium() -> str | None:
    """Path of a Chromium on this machine, or None."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


@dataclass(slots=True)
class Tab:
    """An open page. ``requests`` and ``complaints`` (console, exceptions) grow as they happen."""

    session: str
    browser: "Browser"
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise StackError(f"The page's script failed: {answer['exceptionDetails']['text']}")
        return answer["result"].get("value")

    def screenshot(self, whole: bool = True) -> bytes:
        """Return a PNG of the whole page, or of what the window shows."""
        answer = self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole)
        )
        return base64.b64decode(answer["data"])

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol in this page."""
        return self.browser.call(method, self, **parameters)

    def _clip(self, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {
            "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        }


class Browser:
    """A running Chromium; see ``chromium``."""

    def __init__(self, writes: int, reads: int) -> None:
        self._writes, self._reads = writes, reads
        self._buffer = b""
        self._last = 0
        self._tabs: dict[str, Tab] = {}
        self._loaded: set[str] = set()

    def open(self, page: Path | str, width: int, height: int = 900, dark: bool = False) -> Tab:
        """Open a file or an address in a window of this size and wait until it has loaded."""
        address = page if isinstance(page, str) else page.absolute().as_uri()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        tab = Tab(attached["sessionId"], self)
        self._tabs[tab.session] = tab
        for domain in ("Page", "Runtime", "Network", "Log"):
            tab.call(f"{domain}.enable")
        tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        tab.call("Emulation.setEmulatedMedia", features=[scheme])
        self._loaded.discard(tab.session)
        tab.call("Page.navigate", url=address)
        while tab.session not in self._loaded:
            self._receive()
        return tab

    def call(self, method: str, tab: Tab | None = None, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol and wait for its answer."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if tab is not None:
            message["sessionId"] = tab.session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise StackError(f"Chromium refuses {method}: {answer['error']['message']}")
                return dict(answer["result"])

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while b"\0" not in self._buffer:
            if not select.select([self._reads], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise StackError(f"Chromium has not answered for {_PATIENCE:.0f} seconds")
            received = os.read(self._reads, 1 << 20)
            if not received:
                raise StackError("Chromium ended")
            self._buffer += received
        raw, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        tab = self._tabs.get(message.get("sessionId", ""))
        if tab is not None:
            self._note(tab, message.get("method"), message.get("params", {}))
        return message

    def _note(self, tab: Tab, event: str | None, told: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            tab.requests.append(told["request"]["url"])
        elif event == "Runtime.consoleAPICalled":
            tab.complaints.append(json.dumps(told["args"]))
        elif event == "Runtime.exceptionThrown":
            tab.complaints.append(told["exceptionDetails"]["text"])
        elif event == "Log.entryAdded":
            tab.complaints.append(told["entry"]["text"])
        elif event == "Page.loadEventFired":
            self._loaded.add(tab.session)


@contextmanager
def chromium(program: str | None = None) -> Iterator[Browser]:
    """Run a Chromium with a profile of its own; raise StackError where there is none."""
    program = program or find_chromium()
    if program is None:
        raise StackError(f"No Chromium: install one of {', '.join(PROGRAMS)}")
    to_browser, from_browser = os.pipe(), os.pipe()
    # The browser's ends, clear of the numbers 3 and 4 that it expects them at.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_browser[0], from_browser[1])]

    def place() -> None:
        os.dup2(ends[0], 3)
        os.dup2(ends[1], 4)

    flags = (*_FLAGS, *(("--no-sandbox",) if os.geteuid() == 0 else ()))
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            # It leaves a folder of sockets wherever temporary files go.
            [
                "env",
                f"TMPDIR={profile}",
                program,
                *flags,
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            close_fds=False,  # Python's own are closed at exec anyway
            preexec_fn=place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for descriptor in (to_browser[0], from_browser[1], *ends):
            os.close(descriptor)
        browser = Browser(to_browser[1], from_browser[0])
        try:
            yield browser
        finally:
            process.terminate()
            process.wait()
            os.close(to_browser[1])
            os.close(from_browser[0])
