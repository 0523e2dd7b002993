"""The host's side: starts the worker process and talks to it without ever blocking the caller.

Blender's main thread calls `submit` and `poll` only; three threads do what can block: one writes to the
worker, one reads its messages, one keeps the end of its log.
"""

from __future__ import annotations

import itertools
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from typing import IO, Any, BinaryIO, cast

from numpy.typing import NDArray

from ..errors import MotionError
from .protocol import Message, ProtocolError, read_frame, write_frame

LOG_LINES = 60
CLOSE_SECONDS = 1.0

BOOTSTRAP = "import sys; sys.path.extend(sys.argv[1:]); from mdm_core.worker.__main__ import main; main()"


def worker_command(python: str, paths: Sequence[str]) -> list[str]:
    """`python -m mdm_core.worker`, isolated: no user site, no PYTHON* variables, nothing from the current folder.

    `paths` are the folders that hold `mdm_core` and, where this Python has none of its own, NumPy; they come
    last on the module path, so that nothing that lies beside them can stand in for a standard module.
    """
    return [python, "-I", "-u", "-X", "utf8", "-c", BOOTSTRAP, *paths]


class WorkerClient:
    """One worker process. Start it once, submit jobs, poll for what came back; after its end make a new one.

    Besides the worker's own messages `poll` returns one of kind "exited" {message, detail} when the process
    has ended although nobody asked it to.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._env = dict(os.environ if env is None else env)
        self._jobs = itertools.count(1)
        self._outbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = False

    def start(self) -> None:
        """Starts the process; a `MotionError` says that this Python can't be run."""
        try:
            self._process = process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._env,
                creationflags=_windows_flags(),
            )
        except (OSError, ValueError) as error:
            raise MotionError(
                f"The motion worker could not be started with '{self._command[0]}' ({error}); "
                "choose a Python in the add-on's preferences."
            ) from error
        log = threading.Thread(target=self._keep_log, args=(process.stderr,), name="mdm-log", daemon=True)
        log.start()
        threading.Thread(target=self._write, args=(process.stdin,), name="mdm-writer", daemon=True).start()
        threading.Thread(target=self._read, args=(process, log), name="mdm-reader", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def stderr_tail(self) -> str:
        """The last lines that the worker logged."""
        return "\n".join(self._log)

    def submit(self, kind: str, *, arrays: Mapping[str, NDArray[Any]] | None = None, **fields: Any) -> int:
        """Queues a job and returns its number, which is in every message about it."""
        job = next(self._jobs)
        self._outbox.put(Message(kind, job, fields, arrays or {}))
        return job

    def cancel(self, job: int) -> None:
        """Asks the worker to stop `job` at its next step; it answers "cancelled", or the result if it was faster."""
        self._outbox.put(Message("cancel", job))

    def poll(self) -> list[Message]:
        """What has come since the last call; never waits."""
        messages: list[Message] = []
        while True:
            try:
                messages.append(self._inbox.get_nowait())
            except queue.Empty:
                return messages

    def close(self) -> None:
        """Ends the process, by force if it is not gone within `CLOSE_SECONDS`."""
        self._closing = True
        self._outbox.put(Message("shutdown"))
        self._outbox.put(None)
        if self._process is None:
            return
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _write(self, stdin: IO[bytes]) -> None:
        stream = cast(BinaryIO, stdin)
        # A broken pipe is not reported here: the reader sees that the process has ended, and says so.
        with suppress(OSError), closing(stream):
            while (message := self._outbox.get()) is not None:
                try:
                    write_frame(stream, message)
                except (TypeError, ValueError) as error:
                    text = f"The motion worker can't be sent this request: {error}"
                    self._inbox.put(Message("error", message.job, {"message": text, "detail": ""}))

    def _read(self, process: subprocess.Popen[bytes], log: threading.Thread) -> None:
        problem = "stopped unexpectedly"
        try:
            while (message := read_frame(cast(BinaryIO, process.stdout))) is not None:
                self._inbox.put(message)
        except (ProtocolError, OSError) as error:
            problem = f"sent something that is not a message ({error})"
            process.kill()
        code = process.wait()
        log.join(CLOSE_SECONDS)
        if not self._closing:
            self._inbox.put(Message("exited", fields=self._obituary(problem, code)))

    def _obituary(self, problem: str, code: int) -> dict[str, str]:
        last = next((line.strip() for line in reversed(self._log) if line.strip()), "it left no message")
        text = f"The motion worker {problem} (exit code {code}: {last}); generate again to start a new one."
        return {"message": text, "detail": self.stderr_tail}

    def _keep_log(self, stderr: IO[bytes]) -> None:
        for line in stderr:
            self._log.append(line.decode("utf-8", "replace").rstrip())


def _windows_flags() -> int:
    """No console window beside the host's, and a lower priority than its own; nothing elsewhere."""
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    return 0
