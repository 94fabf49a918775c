"""The browser that the console's tests look through. `python tests/browser.py` makes sure that there is one.

Looked for in this order: `RAPPORT_TEST_BROWSER`, Debian's Chromium, one on the PATH, one inside the virtual
environment. When none is there: apt-get for root, else Playwright's own build into the virtual environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

OWN = Path(sys.prefix) / "browsers"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_BUILDS = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
_NOT_FOUND = (
    "The console's tests need a Chromium and none was found. Install one (Debian: apt-get install chromium\n"
    "fonts-noto-cjk), or name one in RAPPORT_TEST_BROWSER."
)


def find_browser() -> str | None:
    """The path of a Chromium or Chrome; None when there is none."""
    named = os.environ.get("RAPPORT_TEST_BROWSER")
    if named:
        return shutil.which(named)
    found = "/usr/bin/chromium" if os.access("/usr/bin/chromium", os.X_OK) else None
    found = found or next(filter(None, map(shutil.which, _NAMES)), None)
    return found or next((str(build) for pattern in _BUILDS for build in sorted(OWN.glob(pattern))), None)


def main() -> int:
    """Silent when a browser is there; else installs one or says what to do, with status 2."""
    if find_browser() is None:
        print("Installing a browser for the console's tests (once) ...", flush=True)
        if not _from_debian("chromium", "fonts-noto-cjk"):
            _from_playwright()
        if find_browser() is None:
            print(_NOT_FOUND, file=sys.stderr)
            return 2
    if not _shows_chinese() and not _from_debian("fonts-noto-cjk"):
        print("No Chinese font here: screenshots will show boxes. Debian: apt-get install fonts-noto-cjk.")
    return 0


def _from_debian(*packages: str) -> bool:
    if not shutil.which("apt-get") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)
    return _quietly(*install) or (_quietly("apt-get", "update", "-qq") and _quietly(*install))


def _from_playwright() -> bool:
    return _quietly(sys.executable, "-m", "playwright", "install", "chromium")


def _quietly(*command: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PLAYWRIGHT_BROWSERS_PATH": str(OWN)}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


def _shows_chinese() -> bool:
    if sys.platform == "darwin" or not shutil.which("fc-list"):
        return sys.platform == "darwin"
    return bool(subprocess.run(("fc-list", ":lang=zh"), capture_output=True, check=False).stdout)


if __name__ == "__main__":
    sys.exit(main())
