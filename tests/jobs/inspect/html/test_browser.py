"""The report in a real browser: drawn, switched by its checkboxes, and running nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.engines

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1400,1600",
]


@pytest.fixture
def browser(tmp_path: Path) -> list[str]:
    """Command line of a headless Chromium with a profile of its own."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return [path, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}"]
    pytest.skip("needs Chromium")


def screenshot(browser: list[str], page: Path) -> Any:
    picture = page.with_suffix(".png")
    command = [*browser, f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return np.asarray(Image.open(picture).convert("RGB")).astype(int)


def coloured(pixels: Any, colour: tuple[int, int, int]) -> int:
    return int((np.abs(pixels - np.array(colour)).max(axis=-1) < 24).sum())


def test_boxes_are_drawn_and_can_be_switched_off(
    browser: list[str], inspect_cli: Any, clean_pages: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    assert inspect_cli("html", clean_pages, "--out", report)[0] == 0
    line = (217, 131, 36)
    assert coloured(screenshot(browser, report), line) > 2000
    html = report.read_text().replace('id="t-lines" checked', 'id="t-lines"')
    report.write_text(html)
    assert coloured(screenshot(browser, report), line) < 200


def test_nothing_in_a_report_runs(
    browser: list[str], tmp_path: Path, inspect_cli: Any, writers: dict[str, Any]
) -> None:
    """Even where a script got in, the policy of the page would not let it run."""
    word = "<img/src=x/onerror=document.title='owned'>"
    writers["write_pages"](tmp_path / "d", [writers["Doc"]("evil", [9], first=word)])
    report = tmp_path / "report.html"
    assert inspect_cli("html", tmp_path / "d", "--out", report)[0] == 0
    planted = report.read_text().replace("</main>", "<script>document.title='owned'</script></main>")
    assert "<script>" in planted
    report.write_text(planted)
    run = subprocess.run([*browser, "--dump-dom", report.as_uri()], check=True, capture_output=True, timeout=120)
    dom = run.stdout.decode()
    title = re.search(r"<title>(.*?)</title>", dom)
    assert title is not None
    assert title.group(1).startswith("Pagemill: ")
    assert "<img" not in dom
