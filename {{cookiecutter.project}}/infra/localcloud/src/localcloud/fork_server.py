"""A warm process that forks children: `fork_server.py CONTROL_FD SCRIPT MODULE...`.

It stands alone, because it runs in an image's Python, where nothing of localcloud is installed.
It imports SCRIPT and the modules once; a child then does what `python SCRIPT ARGUMENTS...` would
do, without the time that Python takes to start: it has a process group, variables, a working
folder and an output of its own, keeps nothing open that is the server's, and ends as every Python
does. One child is forked ahead and waits, so that a task need not wait for the fork.

A request on the control socket is a length, with two file descriptors, and as many bytes of JSON
with `arguments`, `environment` and `folder`. The descriptors are the child's output and a channel
on which two messages come back: one when the child has started, one when it has ended. What it
has left in its process group is killed then, and also if the other end of the channel is closed
before. Without a control socket the server ends after its last child, so that nothing outlives
localcloud.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import importlib.util
import io
import json
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import types
from collections.abc import Sequence

# Allocations before each generation is collected. Python's 700 cost a child that traces graphs or
# builds pipelines a twelfth of its time.
_GC_THRESHOLD = (50_000, 20, 20)
LENGTH = struct.Struct("!I")
MESSAGE = struct.Struct("!ii")  # a child's number, and its exit code once it has ended
PR_SET_PDEATHSIG = 1  # from linux/prctl.h
_LIBC = ctypes.PyDLL(None)


class Server:
    """Forks a child for each request, and tells how it has ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._selector = selectors.PollSelector()  # holds no descriptor that a child would share
        self._children: dict[int, socket.socket] = {}
        self._spare: tuple[int, socket.socket] | None = None
        self._woken, self._waker = os.pipe()
        for end in (self._woken, self._waker):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._selector.register(control, selectors.EVENT_READ, self._hand_over)
        self._selector.register(self._woken, selectors.EVENT_READ, self._reap)

    def serve(self) -> "list[str]":
        """Serve until nobody asks any more; returns in the children, with their arguments."""
        while self._control.fileno() >= 0 or self._children:
            if self._spare is None and (arguments := self._fork_spare()) is not None:
                return arguments
            for key, _ in self._selector.select():
                key.data()
        sys.exit()

    def _fork_spare(self) -> "list[str] | None":
        """Fork a child ahead of its task; returns there once it has one, with its arguments."""
        ours, theirs = socket.socketpair()
        server = os.getpid()
        if (child := os.fork()) == 0:
            ours.close()
            self._leave()
            _tie_to(server)
            return _become_task(theirs)
        theirs.close()
        self._spare = child, ours
        return None

    def _hand_over(self) -> None:
        """Let the spare child become the task that a request describes."""
        if self._spare is None:  # it was just killed; the next one takes the request
            return
        content, descriptors = receive(self._control)
        if not content:  # localcloud needs this server no more
            self._selector.unregister(self._control)
            self._control.close()
            return
        (child, spare), self._spare = self._spare, None
        with spare, contextlib.suppress(OSError):  # it was killed, as `_reap` tells
            send(spare, content, descriptors)
        output, channel = descriptors[0], socket.socket(fileno=descriptors[1])
        os.close(output)
        self._children[child] = channel
        self._selector.register(channel, selectors.EVENT_READ, lambda: self._abandon(child))

    def _leave(self) -> None:
        """Close, in a child, all that is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self._woken, self._waker):
            os.close(end)
        self._control.close()
        for channel in self._children.values():
            channel.close()

    def _reap(self) -> None:
        os.read(self._woken, 4096)
        while self._children or self._spare:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            if self._spare and child == self._spare[0]:  # somebody has killed it
                self._spare[1].close()
                self._spare = None
                continue
            _kill_group(child)
            code = os.waitstatus_to_exitcode(status)
            channel = self._children.pop(child)
            if channel.fileno() >= 0:
                with contextlib.suppress(OSError):  # nobody waits for it
                    channel.send(MESSAGE.pack(child, code))
                self._close(channel)

    def _abandon(self, child: int) -> None:
        """The other end of a child's channel was closed: nobody waits for it any more."""
        if channel := self._children.get(child):
            _kill_group(child)
            os.kill(child, signal.SIGKILL)  # it may not have its group yet
            self._close(channel)

    def _close(self, channel: socket.socket) -> None:
        self._selector.unregister(channel)
        channel.close()


def send(control: socket.socket, content: bytes, descriptors: "Sequence[int]") -> None:
    """Send a request.

    Raises:
        OSError: the other end is closed.
    """
    socket.send_fds(control, [LENGTH.pack(len(content))], descriptors)
    control.sendall(content)


def receive(control: socket.socket) -> "tuple[bytes, list[int]]":
    """A request's content and descriptors; nothing if the other end is closed."""
    header, descriptors, *_ = socket.recv_fds(control, LENGTH.size, 2)
    length = LENGTH.unpack(header)[0] if header else 0
    parts = []
    while length and (part := control.recv(min(length, 1 << 20))):
        parts.append(part)
        length -= len(part)
    return b"" if length else b"".join(parts), descriptors


def _tie_to(server: int) -> None:
    """Give this child a session of its own, and end it with the server (on Linux)."""
    os.setsid()
    if sys.platform == "linux":
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:  # it died before the kernel was told
            os._exit(1)


def _become_task(control: socket.socket) -> "list[str]":
    """Wait for a request and become the process that it describes; returns its arguments."""
    with control:
        content, descriptors = receive(control)
    if not content:  # the server has ended
        os._exit(0)
    request = json.loads(content)
    output, channel = descriptors
    with socket.socket(fileno=channel) as told:
        told.send(MESSAGE.pack(os.getpid(), 0))
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    return request["arguments"]  # type: ignore[no-any-return]


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _load(path: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("localcloud_script", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python script.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _end() -> None:
    """End as Python does after its last line, but leave memory as it is if nothing is lost by it.

    To take all objects apart would write to most of the memory that is shared with the server,
    which takes longer than all else.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that are no daemons
    atexit._run_exitfuncs()
    if not _is_written():
        return
    if threading.active_count() > 1:  # daemons: they would crash in what handlers take away
        _LIBC.fflush(None)
        os._exit(0)
    _LIBC.exit(0)  # and not os._exit: libraries have handlers and output of their own


def _is_written() -> bool:
    """Whether all output is written: no file that the child has opened is still open."""
    try:
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            stream.flush()  # type: ignore[union-attr]
        files = [each for each in gc.get_objects() if issubclass(type(each), io.IOBase)]
        return all(file.closed for file in files)
    except Exception:  # somebody's file objects may be anything
        return False


def main() -> None:
    """Be the server, or one of its children."""
    sys.path.pop(0)  # this file's folder, whose modules are not the children's
    descriptor, script, *modules = sys.argv[1:]
    for module in modules:
        importlib.import_module(module)
    loaded = _load(script)
    gc.collect()
    gc.freeze()  # the children share this memory, as long as no collection writes to it
    gc.set_threshold(*_GC_THRESHOLD)
    arguments = Server(socket.socket(fileno=int(descriptor))).serve()
    sys.argv = [script, *arguments]
    loaded.main()
    _end()


if __name__ == "__main__":
    main()
