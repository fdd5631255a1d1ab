"""Take a picture of a page: ``python -m tools.screenshot PAGE OUT.png``."""

import sys
from pathlib import Path

from tools.browser import chromium

WIDTH, HEIGHT = 1280, 1500


def main(page: Path, picture: Path) -> None:
    """Write a PNG of the top of a local page, in light colours."""
    with chromium() as browser:
        shown = browser.open(page.resolve(), WIDTH, HEIGHT, dark=False)
        picture.write_bytes(shown.screenshot(whole=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
