"""The evaluation page as a real browser draws it; needs Chromium."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mlops.evaluation.page import write_page
from mlops.features import Problem
from tests.unit.test_evaluation_page import result

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
# appended to the page under test: what only a browser that has laid it out knows
MEASURE = """
<pre id="measured"></pre>
<script>
const outside = (inner, outer) => inner.left < outer.left - 1 || inner.right > outer.right + 1
  || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
const charts = [...document.querySelectorAll("svg")];
document.getElementById("measured").textContent = JSON.stringify({
  width: document.documentElement.scrollWidth,
  window: window.innerWidth,
  charts: charts.map(each => each.getBoundingClientRect().height),
  clipped: charts.flatMap(each => [...each.querySelectorAll("text, rect, circle")]
    .filter(part => outside(part.getBoundingClientRect(), each.getBoundingClientRect()))
    .map(part => part.outerHTML)),
  fetched: performance.getEntriesByType("resource").map(each => each.name),
  verdict: getComputedStyle(document.querySelector(".verdict")).color,
});
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
@pytest.mark.parametrize("width", [500, 1200])
def test_all_that_is_drawn_is_seen(tmp_path: Path, width: int) -> None:
    page = write_page(result(0.7, 0.65), Problem.CLASSIFICATION)
    passed = draw(page, tmp_path, width)
    assert passed["width"] <= passed["window"]
    assert len(passed["charts"]) >= 4
    assert all(height > 8 for height in passed["charts"])
    assert passed["clipped"] == []
    assert passed["fetched"] == []
    page = write_page(result(0.5, 0.65), Problem.CLASSIFICATION)
    refused = draw(page, tmp_path, width)
    assert refused["verdict"] != passed["verdict"]


def draw(page: str, folder: Path, width: int) -> dict[str, Any]:
    """What the browser measures of a page in a window of this width, in pixels."""
    path = folder / "page.html"
    path.write_text(page.replace("</body>", f"{MEASURE}</body>"), encoding="utf-8")
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder}/browser"]
    done = subprocess.run(
        [*command, f"--window-size={width},900", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    measured = re.search(r'<pre id="measured">(.*?)</pre>', done.stdout)
    assert measured, done.stdout[-1000:]
    content: dict[str, Any] = json.loads(html.unescape(measured[1]))
    return content
