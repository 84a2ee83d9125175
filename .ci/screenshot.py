"""Takes the console's picture for the README: plays a demo until much is to be seen, `make screenshot`."""

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "console.webp"
MUCH = """() => document.querySelectorAll("#signals li").length >= 4
  && document.querySelectorAll("#ladder tr").length > 3
  && document.querySelectorAll("#notices li").length > 3
  && document.querySelector("#latency rect")
  && document.querySelector(".health[data-level=ok]")
  && /^T−[2-7]\\.\\d$/.test(document.getElementById("countdown").textContent)"""


def main() -> None:
    """Play, look, keep."""
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen(
            [sys.executable, "-m", "signald", "demo", "--duration=240"], cwd=folder, stdout=subprocess.PIPE, text=True
        )
        try:
            assert demo.stdout is not None
            address = next(found[1] for line in demo.stdout if (found := re.search(r"console: (\S+)", line)))
            with sync_playwright() as playwright:
                program = shutil.which("chromium") or sys.exit("chromium is not installed")
                browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                keep(look(browser.new_page(viewport={"width": 1600, "height": 1000}, color_scheme="dark"), address))
                browser.close()
        finally:
            demo.terminate()
            demo.wait(20)


def look(page: Page, address: str) -> bytes:
    """The page at a moment when much is to be seen."""
    page.goto(address)
    page.wait_for_function(MUCH, timeout=240_000, polling=50)
    return page.screenshot()


def keep(png: bytes) -> None:
    """Write it small."""
    Image.open(io.BytesIO(png)).convert("RGB").save(PICTURE, "WEBP", quality=80, method=6)


if __name__ == "__main__":
    main()
