"""The client against a real process: `fake_worker.py`, or the real worker where its start alone is looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mdm_core.errors import MotionError
from mdm_core.worker.client import WorkerClient, worker_command
from mdm_core.worker.protocol import Message

ROOT = Path(__file__).resolve().parents[2]
FAKE = [sys.executable, str(Path(__file__).with_name("fake_worker.py"))]
WAIT = 30


@pytest.fixture
def client() -> Iterator[WorkerClient]:
    it = WorkerClient(FAKE)
    it.start()
    yield it
    it.close()
    assert not it.alive


def wait_for(client: WorkerClient, *kinds: str) -> list[Message]:
    """Every message up to the first of `kinds`."""
    seen: list[Message] = []
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        for message in client.poll():
            seen.append(message)
            if message.kind in kinds:
                return seen
        time.sleep(0.005)
    pytest.fail(f"no {kinds} within {WAIT} s but {[message.kind for message in seen]}; log: {client.stderr_tail}")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_gone(pid: int, seconds: float) -> float:
    start = time.monotonic()
    while is_running(pid):
        assert time.monotonic() - start < seconds, "the worker outlived its host"
        time.sleep(0.02)
    return time.monotonic() - start


def test_a_job_through_a_real_process(client: WorkerClient) -> None:
    job = client.submit("generate", prompts=["walk"], seconds=2.0, seed=5, takes=2)
    messages = wait_for(client, "result", "error")
    assert [m.fields["step"] for m in messages if m.fields.get("stage") == "generating"] == list(range(1, 11))
    result = messages[-1]
    assert (result.job, result.arrays["positions"].shape) == (job, (2, 40, 22, 3))
    assert result.arrays["contacts"].dtype == np.bool_


def test_what_libraries_print_goes_to_the_log(client: WorkerClient) -> None:
    client.submit("generate", prompts=["print"])
    assert wait_for(client, "result", "error", "exited")[-1].kind == "result"
    deadline = time.monotonic() + 10  # the log has a pipe and a thread of its own
    while "noise from a C library" not in client.stderr_tail and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "noise from a library" in client.stderr_tail
    assert "noise from a C library" in client.stderr_tail


def test_cancel_and_the_next_job_at_once(client: WorkerClient) -> None:
    slow = client.submit("generate", prompts=["slow"])  # 150 steps of 20 ms
    while not any(m.fields.get("stage") == "generating" for m in client.poll()):
        time.sleep(0.01)
    client.cancel(slow)
    start = time.monotonic()
    after = wait_for(client, "cancelled")
    assert time.monotonic() - start < 1.0
    assert max(m.fields.get("step", 0) for m in after) < 75
    client.submit("generate", prompts=["walk"])
    assert wait_for(client, "result")[-1].kind == "result"


def test_a_worker_that_dies_is_one_sentence_with_its_last_words(client: WorkerClient) -> None:
    client.submit("generate", prompts=["crash"])
    exited = wait_for(client, "exited")[-1]
    assert "stopped unexpectedly" in exited.fields["message"]
    assert "the last words of the worker" in exited.fields["message"]
    assert "\n" not in exited.fields["message"]
    assert "the last words of the worker" in exited.fields["detail"]
    assert not client.alive


def test_a_worker_that_is_killed_is_reported(client: WorkerClient) -> None:
    client.submit("generate", prompts=["slow"])
    wait_for(client, "progress")
    assert client.pid is not None
    subprocess.run([sys.executable, "-c", f"import os, signal; os.kill({client.pid}, signal.SIGTERM)"], check=True)
    assert "stopped unexpectedly" in wait_for(client, "exited")[-1].fields["message"]


def test_a_request_that_cannot_be_sent_is_an_error_and_not_silence(client: WorkerClient) -> None:
    job = client.submit("generate", prompts=["walk"], guidance=float("nan"))
    error = wait_for(client, "error")[-1]
    assert error.job == job
    client.submit("generate", prompts=["walk"])
    assert wait_for(client, "result")[-1].kind == "result"


def test_a_process_that_speaks_something_else_is_reported_and_ended() -> None:
    client = WorkerClient([sys.executable, "-c", "print('Welcome to another program!'); input()"])
    client.start()
    assert "not a message" in wait_for(client, "exited")[-1].fields["message"]
    assert not client.alive


def test_a_python_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(MotionError, match="preferences"):
        WorkerClient(["/nowhere/python"]).start()


def test_close_ends_a_worker_that_hangs_and_says_nothing() -> None:
    client = WorkerClient(FAKE)
    client.start()
    client.submit("generate", prompts=["hang"])
    wait_for(client, "progress")
    start = time.monotonic()
    client.close()
    assert time.monotonic() - start < 3
    assert not client.alive
    assert all(message.kind != "exited" for message in client.poll())


@pytest.mark.skipif(sys.platform == "win32", reason="looks at processes as POSIX shows them")
@pytest.mark.parametrize("prompt", ["slow", "hang", "none"])
def test_no_worker_outlives_a_host_that_is_killed(prompt: str) -> None:
    """A middle process starts the worker, tells its pid, and dies without closing anything."""
    middle = f"""
import os, sys, time
sys.path.insert(0, {str(ROOT)!r})
from mdm_core.worker.client import WorkerClient
client = WorkerClient({FAKE!r})
client.start()
if {prompt!r} != "none":
    client.submit("generate", prompts=[{prompt!r}])
    while not client.poll():
        time.sleep(0.01)
print(client.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", middle], check=False, capture_output=True, text=True, timeout=WAIT)
    assert done.returncode == -9, done.stderr
    wait_gone(int(done.stdout), 15)


def test_submit_cancel_and_poll_never_wait_for_the_worker() -> None:
    """A worker that reads nothing: its pipe is full after 64 KiB, and the caller must not notice."""
    client = WorkerClient([sys.executable, "-c", "import time; time.sleep(60)"])
    client.start()
    start = time.monotonic()
    for _ in range(200):
        client.cancel(client.submit("generate", prompts=["x" * 10_000]))
        client.poll()
    assert time.monotonic() - start < 0.5
    client.close()


def test_the_command_starts_the_real_worker_isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run from a folder with a `json.py` that would break everything, and with a hostile environment."""
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    numpy_folder = str(Path(np.__file__).parent.parent)
    client = WorkerClient(worker_command(sys.executable, [str(ROOT), numpy_folder]))
    client.start()
    job = client.submit("load", model=str(tmp_path / "nothing here"))
    answer = wait_for(client, "error", "exited")[-1]
    client.close()
    assert (answer.kind, answer.job) == ("error", job), answer
    assert "Traceback" in answer.fields["detail"]


@pytest.mark.parametrize("damage", ["no weights", "cut weights", "no card"])
def test_the_real_worker_answers_a_damaged_model_with_one_sentence(tmp_path: Path, damage: str) -> None:
    card = {"format": 1, "name": "x", "guidance": 1.0, "architecture": {"features": 4}}
    card |= {name: {} for name in ("diffusion", "features", "frames", "text")}
    (tmp_path / "card.json").write_text("{" if damage == "no card" else json.dumps(card))
    if damage == "cut weights":
        (tmp_path / "model.safetensors").write_bytes(bytes(range(100)))
    client = WorkerClient(worker_command(sys.executable, [str(ROOT), str(Path(np.__file__).parent.parent)]))
    client.start()
    client.submit("generate", prompts=["walk"], model=str(tmp_path))
    answer = wait_for(client, "error", "exited", "result")[-1]
    client.close()
    assert answer.kind == "error"
    assert "\n" not in answer.fields["message"]
    assert str(tmp_path) in answer.fields["message"]
