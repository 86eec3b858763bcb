"""The processor time of processes, which other load distorts less than the time of a clock."""

from __future__ import annotations

import os
from pathlib import Path


def family_seconds(pid: int, *, ended: bool) -> float:
    """The processor time that a process and all below it have taken so far.

    Args:
        pid: of the process.
        ended: whether to count those below it, too, that have ended and were waited for.
    """
    last = 15 if ended else 13  # utime, stime, and the same of children: see proc_pid_stat(5)
    parents, ticks = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        parents[int(path.parent.name)] = int(fields[1])
        ticks[int(path.parent.name)] = sum(int(field) for field in fields[11:last])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(each, 0) for each in family) / os.sysconf("SC_CLK_TCK")
