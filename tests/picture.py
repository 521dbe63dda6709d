"""The README's picture: the worklist of a demo, some way into its live stretch.

`python -m tests.picture FILE.png`; needs Chromium.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from hjemmepuls.processes import free_port, hjemmepuls, listening

WATCH_S = 38.0


def take(picture: Path) -> None:
    port = free_port()
    with (
        TemporaryDirectory() as folder,
        hjemmepuls(
            *("demo", "--port", str(port), "--no-browser", "--json", "--seconds", "60"),
            log=Path(folder) / "demo.log",
        ) as demo,
        sync_playwright() as playwright,
    ):
        demo.wait_until(lambda: listening(port))
        time.sleep(WATCH_S)
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"http://127.0.0.1:{port}/")
        if not page.evaluate("document.styleSheets.length"):
            raise SystemExit("the page came without its style: the demo had ended; no picture")
        page.fill("#by", "Mette Holm")
        page.wait_for_timeout(1000)
        page.locator(".row .main").nth(1).click()
        page.wait_for_selector(".row.done")
        page.locator(".row summary").first.click()
        page.mouse.move(640, 5)
        page.wait_for_timeout(300)
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
