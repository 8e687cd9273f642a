"""Find a Chromium for the browser tests, or get one.

As a program it prints the path of one that runs (nothing, and a loud word, when none can be had). In order:
the path in ``CHROMIUM``, one on the PATH, Playwright's own, and as root on Debian the system's package.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _runs(path: str) -> bool:
    """Whether it starts at all: a snap's stand-in, or a browser whose libraries are missing, does not."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and b"." in done.stdout


def _try(*command: str) -> None:
    """Run an installer; what it says goes to standard error, and its failure is not ours."""
    print("+", *command, file=sys.stderr)
    try:
        subprocess.run(command, stdout=sys.stderr, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        print(problem, file=sys.stderr)


def _of_playwright() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _candidates() -> Iterator[str]:
    if chosen := os.environ.get("CHROMIUM"):
        yield chosen
    yield from filter(None, map(shutil.which, _NAMES))
    own = _of_playwright()
    yield own
    if not os.path.exists(own):
        _try(sys.executable, "-m", "playwright", "install", "chromium")
        yield own
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _try("apt-get", "update", "-qq")
        _try("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
        yield from filter(None, map(shutil.which, _NAMES))
        yield own


def find() -> str:
    """The path of a Chromium that runs, or an empty string."""
    return next((path for path in _candidates() if _runs(path)), "")


if __name__ == "__main__":
    found = find()
    if not found:
        print(
            "\n*** NO CHROMIUM: none was found and none could be installed. Browser tests are SKIPPED.\n"
            "*** Install Chromium, or name one: make test CHROMIUM=/path/to/chromium\n",
            file=sys.stderr,
        )
    print(found)
