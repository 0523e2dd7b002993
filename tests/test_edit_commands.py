"""`mdm edit`: what the words on the command line ask for, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mdm_core import cli, generator
from mdm_core.editing.request import EditRequest, GroundPath, Target
from mdm_core.editing.windows import Segment
from mdm_core.io import bvh, npz
from mdm_core.motion import Motion
from tests.editing.test_source import figure

MOTION = Motion(figure(40).astype(np.float32), 20.0, np.ones((40, 4), dtype=bool), "stands", 1, "fake")


class FakeGenerator:
    """Stands in for the model: gives the motion back and remembers what it was asked for."""

    class engine:
        name, device = "fake", "cpu"

    def __init__(self) -> None:
        self.asked: list[tuple[Motion | None, EditRequest]] = []

    def edit(self, motion: Motion | None, request: EditRequest, *, on_step: generator.OnStep) -> list[Motion]:
        self.asked.append((motion, request))
        on_step(1, 1)
        return [replace(motion or MOTION, seed=request.seed + k) for k in range(request.takes)]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeGenerator:
    made = FakeGenerator()
    monkeypatch.setattr(generator.MotionGenerator, "load", lambda *_, **__: made)
    return made


@pytest.fixture
def source(tmp_path: Path) -> str:
    npz.write(tmp_path / "source.npz", [MOTION, replace(MOTION, seed=2)])
    return str(tmp_path / "source.npz")


def asked(fake: FakeGenerator, source: str, tmp_path: Path, options: list[str]) -> EditRequest:
    """The request that these options make of `source`."""
    assert cli.main(["edit", source, *options, "--out", str(tmp_path / "out.npz")]) == 0
    return fake.asked[-1][1]


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ([], EditRequest()),
        (["--prompt", "waves", "--parts", "left_arm, right-arm"], EditRequest("waves", ("left_arm", "right_arm"))),
        (["--frames", "5:20", "--keep-keys", "8,12"], EditRequest(frames=(5, 20), keys=(8, 12))),
        (["--between", "30,5,12"], EditRequest(frames=(5, 31), keys=(5, 12, 30))),
        (["--inbetween", "0,39"], EditRequest(frames=(0, 40), keys=(0, 39))),
        (["--extend", "2", "--lead-in", "1.5"], EditRequest(extend=2.0, lead_in=1.5)),
        (["--loop"], EditRequest(loop="travel")),
        (["--loop", "in_place", "--takes", "2"], EditRequest(loop="in_place", takes=2)),
        (["--vary", "0.3", "--seed", "7"], EditRequest(vary=0.3, seed=7)),
        (
            ["--target", "right-wrist@9=0.1,-1,2e-1", "--target", "head@3=0,1,2"],
            EditRequest(targets=(Target("right_wrist", 9, (0.1, -1.0, 0.2)), Target("head", 3, (0.0, 1.0, 2.0)))),
        ),
        (
            ["--blend", "0.2", "--rounds", "3", "--guidance", "2", "--steps", "9", "--raw"],
            EditRequest(blend=0.2, rounds=3, guidance=2.0, steps=9, clean=False),
        ),
    ],
)
def test_options_become_the_request(
    fake: FakeGenerator, source: str, tmp_path: Path, options: list[str], request_: EditRequest
) -> None:
    assert asked(fake, source, tmp_path, options) == request_
    motion = fake.asked[0][0]
    assert motion is not None and motion.positions.tobytes() == MOTION.positions.tobytes()
    assert len(npz.read(tmp_path / "out.npz")) == request_.takes


def test_a_timeline_needs_no_motion(fake: FakeGenerator, tmp_path: Path) -> None:
    out = str(tmp_path / "out.npz")
    assert cli.main(["edit", "--timeline", "0:80=walks = runs", "80:160=jumps", "--out", out]) == 0
    assert fake.asked == [(None, EditRequest(timeline=(Segment(0, 80, "walks = runs"), Segment(80, 160, "jumps"))))]


def test_a_path_is_read_from_json(fake: FakeGenerator, source: str, tmp_path: Path) -> None:
    way = tmp_path / "way.json"
    way.write_text(json.dumps({"points": [[0, 0], [1, 2.5]], "facing": "free"}))
    assert asked(fake, source, tmp_path, ["--path", str(way)]).path == GroundPath(((0.0, 0.0), (1.0, 2.5)), "free")
    way.write_text("[[0, 0], [1, 2]]")
    assert asked(fake, source, tmp_path, ["--path", str(way)]).path == GroundPath(((0.0, 0.0), (1.0, 2.0)))


def test_takes_and_bvh(fake: FakeGenerator, source: str, tmp_path: Path) -> None:
    asked(fake, source, tmp_path, ["--take", "2"])
    assert fake.asked[-1][0] is not None and fake.asked[-1][0].seed == 2
    bvh.write(tmp_path / "a.bvh", MOTION)
    asked(fake, str(tmp_path / "a.bvh"), tmp_path, [])
    motion = fake.asked[-1][0]
    assert motion is not None
    np.testing.assert_allclose(motion.positions, MOTION.positions, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--frames", "a:b"], 2),
        (["--keep-keys", "a"], 2),
        (["--target", "head=1,2,3"], 2),
        (["--timeline", "walks"], 2),
        (["--loop", "round"], 2),
        (["--frames", "30:99"], 1),
        (["--take", "3"], 1),
        (["--between", "4"], 1),
        (["--between", "4,9", "--frames", "4:9"], 1),
        (["--path", "nowhere.json"], 1),
        (["--path", "bad.json"], 1),
        (["--path", "points.json"], 1),
        (["--vary", "7"], 1),
        (["--timeline", "0:40=walks"], 1),
        (["--out", "no/such/folder/a.npz"], 1),
    ],
)
def test_wrong_usage_is_two_and_what_cannot_be_done_is_one(
    fake: FakeGenerator,
    source: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    status: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "points.json").write_text('{"points": [[1, 2, 3]]}')
    try:
        result = cli.main(["edit", source, "--out", "out.npz", *options])
    except SystemExit as stop:
        result = stop.code
    assert result == status and fake.asked == [] and not (tmp_path / "out.npz").exists()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["missing.npz", "motion.fbx", ""])
def test_files_that_are_no_motion(fake: FakeGenerator, tmp_path: Path, name: str) -> None:
    arguments = ["edit", *([str(tmp_path / name)] if name else []), "--out", str(tmp_path / "out.npz")]
    assert cli.main(arguments) == 1 and fake.asked == []
