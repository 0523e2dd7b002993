"""The `mdm` command: files, numbering, exit status, and one sentence where something is wrong."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mdm_core import cli, generator, threads
from mdm_core.errors import Cancelled, MotionError
from mdm_core.io import bvh, npz, video
from mdm_core.io.bone_rotations import rest_pose
from mdm_core.motion import Motion
from mdm_core.skeleton import BONE_LENGTHS

ROOT = Path(__file__).resolve().parents[1]


class FakeGenerator:
    """Stands in for the model: makes a standing figure for every take that is asked for."""

    requests: list[generator.Request]

    class engine:
        name, device = "fake", "cpu"

    def __init__(self) -> None:
        self.requests = []
        self.error: BaseException | None = None

    def generate(self, request: generator.Request, *, on_step: generator.OnStep) -> list[Motion]:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        on_step(1, 2)
        on_step(2, 2)
        pose = (np.stack([rest_pose(BONE_LENGTHS)] * 4) + [0, 1, 0]).astype(np.float32)
        contacts = np.ones((4, 4), dtype=bool)
        return [
            Motion(pose, 20.0, contacts, prompt, request.seed + k, "fake", np.zeros((4, 5), dtype=np.float32))
            for prompt in request.prompts
            for k in range(request.takes)
        ]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeGenerator:
    made = FakeGenerator()
    monkeypatch.setattr(generator.MotionGenerator, "load", lambda *_, **__: made)
    return made


def test_arguments_become_the_request(fake: FakeGenerator, tmp_path: Path) -> None:
    out = str(tmp_path / "a.npz")
    options = "--seconds 3.5 --seed 9 --takes 2 --guidance 1.5 --steps 10 --sampler ddim --raw"
    assert cli.main(["generate", "walks", "runs", "--out", out, *options.split()]) == 0
    assert fake.requests == [generator.Request(("walks", "runs"), 3.5, 9, 2, 1.5, 10, "ddim", clean=False)]


def test_defaults_are_the_models(fake: FakeGenerator, tmp_path: Path) -> None:
    assert cli.main(["generate", "walks", "--out", str(tmp_path / "a.npz")]) == 0
    assert fake.requests == [generator.Request(("walks",))]


@pytest.mark.usefixtures("fake")
def test_every_format_holds_the_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    formats = ["npz", "bvh"] + (["gif"] if importlib.util.find_spec("PIL") else [])
    outs = [argument for suffix in formats for argument in ("--out", str(tmp_path / f"take.{suffix}"))]
    assert cli.main(["generate", "walks", "runs", "--takes", "2", *outs]) == 0
    printed = capsys.readouterr()
    names = ["take.npz", *(f"take_{k:02d}.{s}" for s in formats[1:] for k in (1, 2, 3, 4))]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert [Path(line).name for line in printed.out.split("\n")[:-1]] == names
    assert "4 takes" in printed.err
    assert [m.prompt for m in npz.read(tmp_path / "take.npz")] == ["walks", "walks", "runs", "runs"]
    assert len(bvh.read(tmp_path / "take_03.bvh")) == 4


@pytest.mark.usefixtures("fake")
def test_one_take_keeps_its_name(tmp_path: Path) -> None:
    assert cli.main(["generate", "walks", "--out", str(tmp_path / "walk.bvh")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["walk.bvh"]


def test_numbers_sort_as_they_count() -> None:
    names = [path.name for path in cli.numbered(Path("a.bvh"), 120)]
    assert names == sorted(names) and len(set(names)) == 120 and names[0] == "a_001.bvh"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2),
        (["generate"], 2),
        (["generate", "walks"], 2),
        (["generate", "walks", "--out", "walk.fbx"], 2),
        (["generate", "walks", "--out", "a.npz", "--seconds", "long"], 2),
        (["generate", "walks", "--out", "a.npz", "--engine", "jax"], 2),
        (["dance"], 2),
        (["generate", "walks", "--out", "no/such/folder/a.npz"], 1),
        (["generate", "walks", "--out", "a.npz", "--out", "a.npz"], 1),
        (["info", "missing.npz"], 1),
        (["info", "missing.bvh"], 1),
        (["info", "nobody"], 1),
    ],
)
def test_wrong_usage_is_two_and_what_cannot_be_done_is_one(
    fake: FakeGenerator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        found = cli.main(arguments)
    except SystemExit as stop:
        found = stop.code
    printed = capsys.readouterr()
    assert found == status and printed.out == "" and fake.requests == []
    assert "Traceback" not in printed.err
    if status == 1:
        assert printed.err.startswith("mdm: ") and printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (MotionError("The prompt is empty; say what happens."), 1, "mdm: The prompt is empty; say what happens.\n"),
        (Cancelled(), 1, "cancelled"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "memory"),
    ],
)
def test_what_stops_the_model_leaves_no_file(
    fake: FakeGenerator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    words: str,
) -> None:
    fake.error = error
    assert cli.main(["generate", "walks", "--out", str(tmp_path / "a.npz")]) == status
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("fake")
def test_if_one_file_fails_none_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.npz").write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise MotionError("The disk is full; free some space.")

    monkeypatch.setattr(video, "write", fail)
    monkeypatch.setattr(video, "require", lambda _: None)
    outs = ["--out", str(tmp_path / "a.npz"), "--out", str(tmp_path / "b.bvh"), "--out", str(tmp_path / "c.gif")]
    assert cli.main(["generate", "walks", *outs]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"] and (tmp_path / "a.npz").read_text() == "old"


def test_help_says_how_several_takes_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["generate", "--help"])
    assert stop.value.code == 0 and "walk_01.bvh" in capsys.readouterr().out


@pytest.mark.usefixtures("fake")
def test_info_describes_motions_and_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["generate", "walks", "runs", "--out", str(tmp_path / "a.npz"), "--out", str(tmp_path / "b.bvh")])
    capsys.readouterr()
    assert cli.main(["info", str(tmp_path / "a.npz")]) == 0
    printed = capsys.readouterr().out
    assert "2 takes of 0.20 s" in printed and '"runs"' in printed and "model fake" in printed
    assert cli.main(["info", str(tmp_path / "b_02.bvh")]) == 0
    assert "4 frames at 20 a second" in capsys.readouterr().out


def test_the_number_of_threads_is_settled_before_numpy_is_there() -> None:
    code = "import sys; from mdm_core import cli; cli.parser(); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("cores", "wanted"), [(1, "1"), (2, "1"), (8, "4"), (64, "4"), (None, "1")])
def test_threads_leave_room_unless_the_user_says(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, wanted: str
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    threads.leave_room()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "7"
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    threads.leave_room()
    assert os.environ["OPENBLAS_NUM_THREADS"] == wanted


def test_a_prompt_that_the_console_cannot_show_is_no_fault(tmp_path: Path) -> None:
    pose = np.stack([rest_pose(BONE_LENGTHS)] * 4).astype(np.float32)
    npz.write(tmp_path / "a.npz", [Motion(pose, prompt="歩く")])
    done = subprocess.run(
        [sys.executable, "-m", "mdm_core", "info", str(tmp_path / "a.npz")],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0 and "\\u6b69" in done.stdout


def test_the_module_runs_and_reports_without_a_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mdm_core", "info", str(tmp_path / "missing.npz")],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 1 and done.stderr.startswith("mdm: ") and "Traceback" not in done.stderr
