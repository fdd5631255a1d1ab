"""The comparison page in a real Chromium, light and dark, on a desk and on a phone."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.reporting.example_page import example_experiment, example_page
from threads_pipelines.reporting.page import render
from threads_pipelines.reporting.shown_feeds import AccountFeed, FeedPost, PastPost
from tools.browser import PROGRAMS, Browser, chromium, find_chromium

# Pairs of text and background that WCAG 2.2 AA would refuse.
LOW_CONTRAST = """(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
  const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = channels(getComputedStyle(element).backgroundColor);
    return (own[3] ?? 1) === 1 ? own : over(own, ground(element.parentElement));
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const says = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!says || element.closest(".sr, .skip")) continue;
    const style = getComputedStyle(element);
    const under = ground(element);
    const [a, b] = [light(over(channels(style.color), under)), light(under)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${element.className}: ${ratio.toFixed(2)}`);
  }
  return found;
})()"""

HOSTILE = (
    "<script>document.title='broken'</script>",
    "<img src=//example.com/x.png onerror=document.title='broken'>",
    "</style></title><svg onload=\"document.title='broken'\">",
    "\"><a href=javascript:document.title='broken'>x</a>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202eright to left override",
    "w" * 500,
    "Z" + "\u0301\u0302\u0303" * 60,
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if find_chromium() is None:
        pytest.skip(f"the page is not tested in a browser: none of {', '.join(PROGRAMS)} found")
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "comparison.html"
    file.write_text(render(example_page(example_experiment())))
    return file


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits_is_quiet_and_readable(
    width: int, dark: bool, page: Path, browser: Browser
) -> None:
    tab = browser.open(page, width, dark=dark)

    assert tab.requests == [page.as_uri()]
    assert tab.complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate(LOW_CONTRAST) == []
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(246, 245, 242)") is not dark


def test_contrast_check_sees_pale_text(page: Path, browser: Browser) -> None:
    tab = browser.open(page, 1280)
    tab.evaluate("document.querySelector('h1').style.color = '#ccc'")
    assert len(tab.evaluate(LOW_CONTRAST)) == 1


def test_feeds_stand_side_by_side_on_a_desk_and_below_each_other_on_a_phone(
    page: Path, browser: Browser
) -> None:
    cards = "[...document.querySelectorAll('#feeds .account')]"
    places = f"{cards}.map((card) => card.getBoundingClientRect().top)"
    desk = browser.open(page, 1280).evaluate(places)
    phone = browser.open(page, 390).evaluate(places)

    assert desk[0] == desk[1]
    assert phone[0] < phone[1]


def test_hostile_text_is_only_text(tmp_path: Path, browser: Browser) -> None:
    example = example_page()
    assert example.control
    assert example.treatment
    file = tmp_path / "hostile.html"
    file.write_text(
        render(
            replace(
                example,
                control=hostile(example.control),
                treatment=hostile(example.treatment),
                sampled=tuple(map(hostile, example.sampled)),
            )
        )
    )

    tab = browser.open(file, 390)

    assert tab.requests == [file.as_uri()]
    assert tab.complaints == []
    assert tab.evaluate("document.title").startswith("Two feeds")
    assert tab.evaluate("document.querySelectorAll('script, img, svg, iframe').length") == 0
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    shown = tab.evaluate("[...document.querySelectorAll('.feed .content')].map(e => e.textContent)")
    assert set(shown) == set(HOSTILE)


def test_screenshot_is_the_whole_page(page: Path, browser: Browser) -> None:
    tab = browser.open(page, 390)
    image = tab.screenshot()

    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(image[16:20]) == 390
    assert int.from_bytes(image[20:24]) == tab.evaluate("document.documentElement.scrollHeight")


def hostile(account: AccountFeed) -> AccountFeed:
    """Put every hostile text into every field that someone else wrote."""
    at = datetime.fromisoformat("2026-01-01")
    return AccountFeed(
        name=HOSTILE[0],
        group=HOSTILE[3],
        source=HOSTILE[2],
        interests=(HOSTILE[3],),
        posts=tuple(FeedPost(text, text, text, at, 0.5, text) for text in HOSTILE),
        history=tuple(PastPost(text, text, text, text, at) for text in HOSTILE),
    )


def test_hostile_reaches_every_text_field() -> None:
    account = example_page().control
    assert account
    made = hostile(account)
    parts: list[AccountFeed | FeedPost | PastPost] = [made, *made.posts, *made.history]
    for part in parts:
        texts = [getattr(part, field.name) for field in fields(part) if field.type is str]
        assert all(text in HOSTILE for text in texts)
