"""Runs a command that must not outlive localcloud: `launcher.py PID COMMAND...`.

It stands alone and imports little, because it runs before every step and model server. A
separate program does this because code between fork and exec is not safe in a threaded server.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def main() -> None:
    """Tie this process's life to its parent's (on Linux), then become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was told
        sys.exit("localcloud has ended")
    try:
        os.execvp(command[0], command)  # noqa: S606 - there is no shell to speak of
    except OSError as error:
        sys.exit(f"{command[0]} cannot be started: {error.strerror}")


main()
