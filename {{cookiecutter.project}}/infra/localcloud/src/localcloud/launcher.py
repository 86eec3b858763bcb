"""Runs a command as a container would: `launcher.py PARENT STORAGE COMMAND...`.

It must not outlive the process PARENT (0: whatever may end), and finds the folder STORAGE at
`/gcs` (empty: no such folder). It stands alone and imports little, because it runs before every
step and model server. A separate program does this because code between fork and exec is not safe
in a threaded server.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # from linux/prctl.h
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000  # from linux/sched.h
MS_BIND, MS_REC = 4096, 16384  # from linux/mount.h
MS_UNBINDABLE, MS_SLAVE = 1 << 17, 1 << 19
MNT_DETACH = 2  # from sys/mount.h
_LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Give the command its `/gcs`, tie its life to its parent's (on Linux), and become it."""
    parent, storage, *command = sys.argv[1:]
    try:
        if storage:
            mount(storage)
    except OSError as error:
        sys.exit(f"{storage} cannot be mounted at /gcs: {error.strerror}")
    if sys.platform == "linux" and int(parent):
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if int(parent) and os.getppid() != int(parent):  # it died before the kernel was told
        sys.exit("localcloud has ended")
    try:
        os.execvp(command[0], command)  # noqa: S606 - there is no shell to speak of
    except OSError as error:
        sys.exit(f"{command[0]} cannot be started: {error.strerror}")


def mount(storage: str) -> None:
    """Show the storage folder at `/gcs`, to this process and what it starts.

    Nobody but root may make a folder there, so this process gets a root of its own, in a mount
    namespace: a folder in memory on which all that lies in `/` is mounted. Root needs no user
    namespace for it, and would lose the right to read other users' files in one.

    Raises:
        OSError: the kernel, or how it is set up, does not allow it.
    """
    folder, user, group = os.getcwd(), os.geteuid(), os.getegid()
    _check(_LIBC.unshare(CLONE_NEWNS if user == 0 else CLONE_NEWNS | CLONE_NEWUSER))
    if user != 0:
        for name, content in (
            ("setgroups", "deny"),  # without it the kernel does not let a group be mapped
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(content)
    root = os.path.join(os.path.dirname(storage), "root")
    os.makedirs(root, mode=0o700, exist_ok=True)
    _mount("none", "/", MS_REC | MS_SLAVE)  # what is mounted here stays here
    _mount("tmpfs", root, 0, "tmpfs", "mode=755")
    _mount("none", root, MS_UNBINDABLE)  # a mount of what it lies in does not take it along
    for entry in os.scandir("/"):
        if entry.name != "gcs":
            _show(entry, os.path.join(root, entry.name))
    os.mkdir(os.path.join(root, "gcs"))
    _mount(storage, os.path.join(root, "gcs"), MS_BIND | MS_REC)
    os.chdir(root)
    _check(_LIBC.pivot_root(b".", b"."))
    _check(_LIBC.umount2(b".", MNT_DETACH))
    os.chdir(folder)


def _show(entry: "os.DirEntry[str]", target: str) -> None:
    if entry.is_symlink():
        os.symlink(os.readlink(entry.path), target)
        return
    if entry.is_dir():
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT))
    _mount(entry.path, target, MS_BIND | MS_REC)


def _mount(source: str, target: str, flags: int, kind: str = "", options: str = "") -> None:
    arguments = [os.fsencode(each) for each in (source, target, kind)]
    _check(_LIBC.mount(*arguments, ctypes.c_ulong(flags), os.fsencode(options)))


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


main()
