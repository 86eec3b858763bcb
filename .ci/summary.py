"""Add up the JUnit reports of all test runs into one closing line."""

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path


def count_tests(folder: Path) -> Counter[str]:
    """Numbers of tests, failures, errors and skips in a folder's JUnit reports."""
    counts: Counter[str] = Counter()
    for report in folder.glob("*.xml"):
        root = ElementTree.parse(report).getroot()  # noqa: S314 - pytest wrote it just now
        for suite in root.iter("testsuite"):
            counts.update(
                {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
            )
    return counts


counts = count_tests(Path(sys.argv[1]))
failed = counts["failures"] + counts["errors"]
passed = counts["tests"] - failed - counts["skipped"]
print(f"{passed} passed, {failed} failed, {counts['skipped']} skipped")
