"""The worker's side: reads jobs from a stream, runs them one after the other, answers on another stream.

One thread reads, so that a cancel is seen while a job runs; the caller's thread loads and generates. What a
job makes is `mdm_core.generator`'s affair; which file descriptors are used is `__main__`'s.
"""

from __future__ import annotations

import queue
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from ..editing.request import EditRequest
from ..errors import Cancelled, MotionError
from ..generator import MotionGenerator, Request
from ..motion import Motion
from .protocol import Message, ProtocolError, read_frame, write_frame

MODEL_FIELDS = {"model": "bundled", "engine": "auto", "device": "auto"}
"""Which model a message asks for, and what it gets if it does not say."""


class HostGone(Exception):
    """Nobody reads the answers any more."""


class Generator(Protocol):
    """What the worker needs of a loaded model; `generator.MotionGenerator` is one."""

    @property
    def card(self) -> Mapping[str, Any]: ...

    def generate(self, request: Request, *, on_step: Callable[[int, int], None] | None = None) -> list[Motion]: ...

    def edit(
        self, motion: Motion | None, request: EditRequest, *, on_step: Callable[[int, int], None] | None = None
    ) -> list[Motion]: ...


Load = Callable[[str, str, str], Generator]
"""(model, engine, device) to a generator."""


def load_generator(model: str, engine: str, device: str) -> Generator:
    """The real model: what `serve` uses where a test brings no other."""
    return MotionGenerator.load(model, engine=engine, device=device)


def serve(
    stdin: BinaryIO, stdout: BinaryIO, load: Load = load_generator, *, on_closed: Callable[[], None] | None = None
) -> None:
    """Answers messages until the host says shutdown, or closes `stdin` or stops reading `stdout`.

    `on_closed` is called in the reader thread once the host has gone; a running job sees it at its next step.
    """
    inbox = Inbox(stdin, on_closed)
    threading.Thread(target=inbox.read, name="mdm-reader", daemon=True).start()
    try:
        Runner(inbox, stdout, load).run()
    except HostGone:
        print("The host has gone.", file=sys.stderr)


class Inbox:
    """What the host sent: jobs in order, and the cancels that overtake them."""

    def __init__(self, stdin: BinaryIO, on_closed: Callable[[], None] | None) -> None:
        self._stdin = stdin
        self._on_closed = on_closed
        self._jobs: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        self._closed = threading.Event()

    def read(self) -> None:
        """Runs in the reader thread until the stream ends."""
        try:
            while (message := read_frame(self._stdin)) is not None and message.kind != "shutdown":
                if message.kind == "cancel":
                    self._cancelled.add(message.job)
                else:
                    self._jobs.put(message)
        except (ProtocolError, OSError) as error:
            print(f"The host's messages can't be read: {error}", file=sys.stderr)
        self._closed.set()
        self._jobs.put(None)
        if self._on_closed is not None:
            self._on_closed()

    def next(self) -> Message | None:
        """Blocks; None once the host has gone."""
        return self._jobs.get()

    def is_cancelled(self, job: int) -> bool:
        return self._closed.is_set() or job in self._cancelled

    def forget(self, job: int) -> None:
        self._cancelled.discard(job)


class Runner:
    """Runs jobs and keeps the model that the last one used."""

    def __init__(self, inbox: Inbox, stdout: BinaryIO, load: Load) -> None:
        self._inbox = inbox
        self._stdout = stdout
        self._load = load
        self._loaded: tuple[tuple[str, ...], Generator] | None = None

    def run(self) -> None:
        while (message := self._inbox.next()) is not None:
            self._answer(message)
            self._inbox.forget(message.job)

    def _answer(self, message: Message) -> None:
        try:
            self._stop_if_cancelled(message.job)
            match message.kind:
                case "load":
                    self._send(message, "ready", {"card": dict(self._generator(message).card)})
                case "generate":
                    self._generate(message)
                case "edit":
                    self._edit(message)
                case kind:
                    raise MotionError(f"The worker does not know '{kind}'; restart Blender after an update.")
        except Cancelled:
            self._send(message, "cancelled")
        except HostGone:
            raise
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            self._send(message, "error", {"message": sentence(error), "detail": traceback.format_exc()})

    def _generate(self, message: Message) -> None:
        generator = self._generator(message)
        fields = {name: value for name, value in message.fields.items() if name not in MODEL_FIELDS}
        fields["prompts"] = tuple(fields.get("prompts", ()))
        motions = generator.generate(Request(**fields), on_step=self._reporter(message))
        self._stop_if_cancelled(message.job)
        self._write(result(message.job, motions))

    def _edit(self, message: Message) -> None:
        request = EditRequest.from_fields(message.fields.get("request", {}))
        motion = source(message)
        generator = self._generator(message)
        motions = generator.edit(motion, request, on_step=self._reporter(message))
        self._stop_if_cancelled(message.job)
        self._write(result(message.job, motions))

    def _reporter(self, message: Message) -> Callable[[int, int], None]:
        def on_step(step: int, steps: int) -> None:
            self._stop_if_cancelled(message.job)
            self._send(message, "progress", {"stage": "generating", "step": step, "steps": steps})

        return on_step

    def _generator(self, message: Message) -> Generator:
        model, engine, device = (str(message.fields.get(name, default)) for name, default in MODEL_FIELDS.items())
        wanted = (model, engine, device)
        if self._loaded is None or self._loaded[0] != wanted:
            self._loaded = None
            self._send(message, "progress", {"stage": "loading", "step": 0, "steps": 0})
            self._loaded = wanted, self._load(model, engine, device)
            self._stop_if_cancelled(message.job)
        return self._loaded[1]

    def _stop_if_cancelled(self, job: int) -> None:
        if self._inbox.is_cancelled(job):
            raise Cancelled

    def _send(self, message: Message, kind: str, fields: Mapping[str, Any] | None = None) -> None:
        self._write(Message(kind, message.job, fields or {}))

    def _write(self, message: Message) -> None:
        try:
            write_frame(self._stdout, message)
        except OSError as error:
            raise HostGone from error


def source(message: Message) -> Motion | None:
    """The motion that an edit begins with, or None if the message holds none."""
    positions, contacts = message.arrays.get("positions"), message.arrays.get("contacts")
    if positions is None:
        return None
    return Motion(
        positions.astype(np.float32),
        fps=float(message.fields.get("fps", 20.0)),
        contacts=None if contacts is None else contacts.astype(np.bool_),
    )


def result(job: int, motions: list[Motion]) -> Message:
    """The takes of one job, all of one length, as a message."""
    arrays: dict[str, NDArray[Any]] = {
        "positions": np.stack([motion.positions for motion in motions]).astype(np.float32)
    }
    contacts = [motion.contacts for motion in motions if motion.contacts is not None]
    if len(contacts) == len(motions):
        arrays["contacts"] = np.stack(contacts).astype(np.bool_)
    fields = {
        "fps": float(motions[0].fps),
        "prompts": [motion.prompt for motion in motions],
        "seeds": [motion.seed for motion in motions],
        "model": motions[0].model,
    }
    return Message("result", job, fields, arrays)


def sentence(error: Exception) -> str:
    """What the user reads. A MotionError is made to be read; anything else is named as the fault of ours that it is."""
    if isinstance(error, MotionError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this motion: ask for fewer takes, or close other programs."
    return f"The motion worker failed ({type(error).__name__}: {error}); please report it with the copied details."
