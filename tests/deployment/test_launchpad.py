"""A person's first visit: Launchpad, Launch Run, Success, in a real browser."""

import json
from collections.abc import Iterator
from functools import partial

import pytest

from tests.deployment.processes import Deployment, wait_for
from tools.browser import PROGRAMS, Browser, Tab, chromium, find_chromium

PATIENCE = 420.0
# The middle of the last visible element that says just this, or of the button after it.
PLACE = """((text, after) => {
  const says = (element) => element.innerText?.replace(/\\u200b/g, "").trim() === text;
  const found = [...document.querySelectorAll("a, button, [role=menuitem], span, div")]
    .filter((element) => element.getClientRects().length && says(element)).at(-1);
  const buttons = [...document.querySelectorAll("button")];
  const target = after ? buttons[buttons.indexOf(found?.closest("button")) + 1] : found;
  if (!found || !target || target.closest("[disabled]")) return null;
  const box = target.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})"""


@pytest.fixture
def browser() -> Iterator[Browser]:
    if find_chromium() is None:
        pytest.skip(f"the UI is not tested in a browser: none of {', '.join(PROGRAMS)} found")
    with chromium() as running:
        yield running


def text_of(tab: Tab) -> str:
    return str(tab.evaluate("document.body.innerText"))


def click(tab: Tab, text: str, *, after: bool = False) -> None:
    """Press the mouse on what says ``text``, or on the button after it, once it is there."""
    place = f"{PLACE}({json.dumps(text)}, {json.dumps(after)})"
    wait_for(lambda: tab.evaluate(place) is not None, PATIENCE, partial(text_of, tab))
    wait_for(lambda: tab.evaluate(place) == tab.evaluate(place), PATIENCE)  # it no longer moves
    x, y = tab.evaluate(place)
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def sees(tab: Tab, *words: str) -> None:
    """Wait until the page shows all of these words as lines of their own."""
    wait_for(lambda: set(words) <= set(text_of(tab).splitlines()), PATIENCE, partial(text_of, tab))


def test_a_job_is_launched_from_the_launchpad_and_succeeds(
    browser: Browser, deployment: Deployment
) -> None:
    deployment.start("code", "webserver", "daemon")
    page = browser.open(f"{deployment.url}/locations/threads_pipelines/jobs/release_version", 1400)
    click(page, "Launchpad")
    click(page, "Launch Run")
    sees(page, "Success")


@pytest.mark.soak
def test_a_job_of_assets_is_launched_from_the_menu_and_succeeds(
    browser: Browser, deployment: Deployment
) -> None:
    deployment.start("code", "webserver", "daemon")
    job = f"{deployment.url}/locations/threads_pipelines/jobs/services_check"
    page = browser.open(job, 1400)
    click(page, "Materialize", after=True)
    click(page, "Open launchpad")
    sees(page, "No errors", "All defaults expanded")
    click(page, "Materialize")
    sees(browser.open(f"{job}/runs", 1400), "Success")
