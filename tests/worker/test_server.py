"""The job loop with a model of the test's own: in this process, over in-memory pipes."""

from __future__ import annotations

import io
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from mdm_core.editing.request import EditRequest, Target
from mdm_core.editing.windows import Segment
from mdm_core.errors import MotionError
from mdm_core.generator import Request
from mdm_core.motion import Motion
from mdm_core.worker.protocol import PREFIX, Message, read_frame, write_frame
from mdm_core.worker.server import Load, serve

WAIT = 20


class Model:
    """Steps only when the test lets it, and remembers how far it came."""

    card: ClassVar[dict[str, Any]] = {"name": "fake", "fps": 20}

    def __init__(self) -> None:
        self.steps_done: list[int] = []
        self.may_step = threading.Semaphore(0)
        self.error: Exception | None = None
        self.edits: list[tuple[Motion | None, EditRequest]] = []

    def generate(self, request: Request, *, on_step: Callable[[int, int], None] | None = None) -> list[Motion]:
        for step in range(1, 6):
            assert self.may_step.acquire(timeout=WAIT)
            self.steps_done.append(step)
            if self.error:
                raise self.error
            assert on_step is not None
            on_step(step, 5)
        frames = round(request.seconds * 20)
        positions = [np.full((frames, 22, 3), request.seed + k, dtype=np.float32) for k in range(request.takes)]
        return [Motion(p, 20.0, None, request.prompts[0], request.seed + k, "fake") for k, p in enumerate(positions)]

    def edit(
        self, motion: Motion | None, request: EditRequest, *, on_step: Callable[[int, int], None] | None = None
    ) -> list[Motion]:
        self.edits.append((motion, request))
        assert on_step is not None
        on_step(1, 1)
        start = Motion(np.zeros((40, 22, 3), dtype=np.float32)) if motion is None else motion
        return [replace(start, prompt=request.prompt, seed=request.seed + k) for k in range(request.takes)]


class CountingReader(io.BufferedReader):
    """Knows how many frames were read and dealt with: before each, the reader asks for a prefix."""

    prefixes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if size == PREFIX.size:
            self.prefixes += 1
        return super().read(size)


class Host:
    """The other end of the two pipes."""

    def __init__(self, load: Load) -> None:
        to_worker, from_host = os.pipe()
        from_worker, to_host = os.pipe()
        self.out = os.fdopen(from_host, "wb")
        self.inp = os.fdopen(from_worker, "rb")
        self.closed = threading.Event()
        self.messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        worker_in, worker_out = CountingReader(io.FileIO(to_worker)), os.fdopen(to_host, "wb")
        self.worker_in = worker_in

        def run() -> None:
            with worker_in, worker_out:
                serve(worker_in, worker_out, load, on_closed=self.closed.set)

        def read() -> None:
            while (message := read_frame(self.inp)) is not None:
                self.messages.put(message)
            self.messages.put(None)

        self.server = threading.Thread(target=run)
        self.reader = threading.Thread(target=read)
        self.server.start()
        self.reader.start()

    def send(self, kind: str, job: int, arrays: dict[str, Any] | None = None, **fields: Any) -> None:
        write_frame(self.out, Message(kind, job, fields, arrays or {}))

    def next(self) -> Message:
        message = self.messages.get(timeout=WAIT)
        assert message is not None
        return message

    def wait_read(self, frames: int) -> None:
        deadline = time.monotonic() + WAIT
        while self.worker_in.prefixes <= frames:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def until(self, kind: str) -> Message:
        while (message := self.next()).kind != kind:
            assert message.kind == "progress", message
        return message


@contextmanager
def host(load: Load) -> Iterator[Host]:
    it = Host(load)
    try:
        yield it
    finally:
        if not it.out.closed:
            it.out.close()
        it.server.join(WAIT)
        it.reader.join(WAIT)
        it.inp.close()
        assert not it.server.is_alive()


@pytest.fixture
def model() -> Model:
    return Model()


def test_every_step_is_reported_and_the_result_has_every_take(model: Model) -> None:
    model.may_step.release(5)
    with host(lambda *_: model) as it:
        it.send("generate", 3, prompts=["walk"], seconds=1.0, seed=7, takes=3)
        assert it.next().fields["stage"] == "loading"
        for step in range(1, 6):
            message = it.next()
            assert message.job == 3
            assert message.fields == {"stage": "generating", "step": step, "steps": 5}
        result = it.next()
    assert (result.kind, result.job) == ("result", 3)
    assert result.arrays["positions"].shape == (3, 20, 22, 3)
    assert result.arrays["positions"][:, 0, 0, 0].tolist() == [7, 8, 9]
    assert result.fields["seeds"] == [7, 8, 9]
    assert result.fields["fps"] == 20.0
    assert "contacts" not in result.arrays


def test_a_cancel_stops_at_the_next_step_and_the_next_job_runs(model: Model) -> None:
    with host(lambda *_: model) as it:
        it.send("generate", 1, prompts=["walk"])
        model.may_step.release(2)
        it.next()  # loading
        it.next()
        it.next()
        it.send("cancel", 1)
        it.send("generate", 2, prompts=["run"], seconds=1.0)
        it.wait_read(3)
        model.may_step.release(1)
        assert (it.next().kind, model.steps_done) == ("cancelled", [1, 2, 3])
        model.may_step.release(5)
        result = it.until("result")
        assert result.job == 2


def test_a_job_that_waits_can_be_cancelled_before_it_starts(model: Model) -> None:
    with host(lambda *_: model) as it:
        it.send("generate", 1, prompts=["walk"], seconds=1.0)
        it.send("generate", 2, prompts=["run"], seconds=1.0)
        it.send("cancel", 2)
        it.wait_read(3)
        model.may_step.release(10)
        assert it.until("result").job == 1
        assert (it.next().kind, len(model.steps_done)) == ("cancelled", 5)


def test_a_cancel_for_a_finished_job_harms_no_other(model: Model) -> None:
    model.may_step.release(10)
    with host(lambda *_: model) as it:
        it.send("generate", 1, prompts=["walk"], seconds=1.0)
        it.until("result")
        it.send("cancel", 1)
        it.send("generate", 2, prompts=["walk"], seconds=1.0)
        assert it.until("result").job == 2


def test_a_user_error_arrives_word_for_word_and_the_worker_lives_on(model: Model) -> None:
    model.may_step.release(10)
    model.error = MotionError("Type what the character does.")
    with host(lambda *_: model) as it:
        it.send("generate", 1, prompts=[""], seconds=1.0)
        assert it.until("error").fields["message"] == "Type what the character does."
        model.error = None
        it.send("generate", 2, prompts=["walk"], seconds=1.0)
        assert it.until("result").job == 2


@pytest.mark.parametrize(
    ("error", "words"), [(ZeroDivisionError("one by nothing"), "ZeroDivisionError"), (MemoryError(), "memory")]
)
def test_a_fault_of_ours_is_one_sentence_with_the_traceback_beside_it(
    model: Model, error: Exception, words: str
) -> None:
    model.may_step.release(5)
    model.error = error
    with host(lambda *_: model) as it:
        it.send("generate", 1, prompts=["walk"])
        message = it.until("error")
    assert words in message.fields["message"]
    assert "\n" not in message.fields["message"]
    assert "Traceback" in message.fields["detail"]


def test_what_is_no_request_is_an_error_and_not_the_end(model: Model) -> None:
    with host(lambda *_: model) as it:
        it.send("dance", 1)
        assert "dance" in it.until("error").fields["message"]
        it.send("generate", 2, prompts=["walk"], tempo=3)
        assert "tempo" in it.until("error").fields["message"]
        it.send("load", 3)
        assert it.until("ready").fields["card"] == {"name": "fake", "fps": 20}


def test_the_model_is_loaded_once_and_again_only_when_another_is_asked_for(model: Model) -> None:
    loaded: list[tuple[str, str, str]] = []

    def load(name: str, engine: str, device: str) -> Model:
        loaded.append((name, engine, device))
        if name == "broken":
            raise MotionError("The weights are damaged.")
        return model

    model.may_step.release(100)
    with host(load) as it:
        for job, name in enumerate(["bundled", "bundled", "other", "broken", "other"]):
            it.send("generate", job, prompts=["walk"], seconds=1.0, model=name, engine="numpy")
            assert it.until("error" if name == "broken" else "result").job == job
    assert loaded == [(name, "numpy", "auto") for name in ("bundled", "other", "broken", "other")]


def test_a_host_that_goes_stops_the_running_job(model: Model) -> None:
    with host(lambda *_: model) as it:
        it.send("generate", 1, prompts=["walk"])
        model.may_step.release(1)
        it.next()
        it.next()
        it.out.close()
        assert it.closed.wait(WAIT)
        model.may_step.release(4)
        it.server.join(WAIT)
        assert model.steps_done == [1, 2]


def test_shutdown_and_noise_both_end_the_loop(model: Model) -> None:
    with host(lambda *_: model) as it:
        it.send("shutdown", 0)
        it.server.join(WAIT)
        assert not it.server.is_alive()
    with host(lambda *_: model) as it:
        it.out.write(b"not a frame at all, but more than eight bytes")
        it.out.flush()
        it.out.close()
        it.server.join(WAIT)
        assert not it.server.is_alive()


def test_an_edit_arrives_with_its_motion_and_comes_back(model: Model) -> None:
    positions = np.random.default_rng(0).normal(size=(30, 22, 3)).astype(np.float32)
    contacts = np.ones((30, 4), dtype=np.bool_)
    request = EditRequest("waves", ("head",), (3, 9), targets=(Target("head", 5, (0.0, 1.0, 2.0)),), takes=2, seed=4)
    with host(lambda *_: model) as it:
        arrays = {"positions": positions, "contacts": contacts}
        it.send("edit", 5, arrays=arrays, request=asdict(request), fps=24.0)
        result = it.until("result")
    assert result.job == 5 and result.fields["seeds"] == [4, 5] and result.fields["fps"] == 24.0
    np.testing.assert_array_equal(result.arrays["positions"], np.stack([positions, positions]))
    [(motion, received)] = model.edits
    assert received == request
    assert motion is not None and motion.fps == 24.0 and motion.contacts is not None
    np.testing.assert_array_equal(motion.contacts, contacts)


def test_a_timeline_needs_no_motion_and_a_strange_edit_is_refused(model: Model) -> None:
    timeline = EditRequest(timeline=(Segment(0, 40, "walks"),))
    with host(lambda *_: model) as it:
        it.send("edit", 1, request=asdict(timeline))
        it.until("result")
        it.send("edit", 2, request={"colour": "red"})
        assert "colour" in it.until("error").fields["message"]
    assert model.edits == [(None, timeline)]
