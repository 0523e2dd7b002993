"""The whole table on a small pack with a judge that knows the truth, and the command that prints it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the evaluator needs torch")

from mdm_core.cli import main
from mdm_core.errors import MotionError
from mdm_core.evaluation import comparison, comparison_report, judges
from mdm_core.evaluation.asking import Asking
from mdm_core.evaluation.metrics import Interval
from mdm_core.generator import MotionGenerator, Request
from mdm_core.motion import Motion
from tests.evaluation.small_pack import DIRECTIONS, SPEEDS, small_pack

PACK = small_pack()
SETTINGS = comparison.Settings(rounds=2, reference_rounds=4, texts=4, takes=3, halves=10)


class Truth:
    """Mean velocity against the facing, which is what the kinds differ in; words are where their kind's lies."""

    def motions(self, positions: Sequence[Any]) -> np.ndarray:
        rows: list[np.ndarray] = []
        for p in positions:
            across = (p[0, 1] - p[0, 2])[[0, 2]] / np.linalg.norm((p[0, 1] - p[0, 2])[[0, 2]])
            ahead = np.array([-across[1], across[0]])
            velocity = (p[-1, 0] - p[0, 0])[[0, 2]] / (len(p) - 1) * 20
            rows.append(np.array([velocity @ across, velocity @ ahead]))
        return np.array(rows)

    def texts(self, sentences: np.ndarray) -> np.ndarray:
        near = sentences.astype(np.float32) @ PACK.embeddings.astype(np.float32).T
        kinds = near.argmax(axis=1)
        angle, speed = 2 * np.pi * (kinds // len(SPEEDS)) / DIRECTIONS, np.array(SPEEDS)[kinds % len(SPEEDS)]
        return np.stack([speed * np.sin(angle), speed * np.cos(angle)], axis=1)


class Walker:
    """A stand-in for a generator: everybody walks ahead at 1 m/s, at 10 fps, whatever is said."""

    def __init__(self) -> None:
        self.condition = "text"
        self.card: dict[str, Any] = {"name": "walker", "features": {"fps": 10.0}}
        self.requests: list[Request] = []

    def generate(self, request: Request, *, on_step: Any = None) -> list[Motion]:
        assert request.seconds is not None
        self.requests.append(request)
        frames = round(request.seconds * 10)
        still = PACK.positions[:1]
        on_step(1, 1)
        ahead = np.arange(frames)[:, None, None] * 0.1 * facing(still[0])
        return [Motion((still + ahead).astype(np.float32), fps=10.0) for _ in request.asked]


def facing(pose: np.ndarray) -> np.ndarray:
    across = (pose[1] - pose[2]) * [1, 0, 1]
    across /= np.linalg.norm(across)
    return np.array([-across[2], 0, across[0]])


@pytest.fixture(scope="module")
def known() -> comparison.Context:
    return comparison.context(PACK, Truth(), SETTINGS)


def test_real_motion_is_found_by_its_words_and_lies_where_real_motion_lies(known: comparison.Context) -> None:
    row = comparison.measure(comparison.real(PACK, known.captions), known)
    assert row["r_precision_top1"].value > 0.95 and row["fid"].value < 0.05
    assert row["mm_distance"].value < 0.15 and row["nearest_training"].value < 0.2
    assert "multimodality" not in row and all(one.half >= 0 for one in row.values())


def test_a_model_that_does_one_thing_is_found_by_chance_and_has_no_diversity(known: comparison.Context) -> None:
    walker, seen = Walker(), []
    asking = Asking(walker, on_step=lambda done, total: seen.append((done, total)))  # pyright: ignore[reportArgumentType]
    made = comparison.generated(asking, PACK, known.captions, SETTINGS)
    assert [len(m) for m in made.motions] == [item.frames for item in known.captions.items]
    seeds = [seed for request in walker.requests for seed in request.seeds]
    assert sorted(seeds) == list(range(64 + 4 * 3)) and seen[-1] == (1000, 1000)
    row = comparison.measure(made, known)
    assert row["r_precision_top3"].value < 0.2 and row["fid"].value > 0.5
    assert row["diversity"].value < 1e-3 and row["multimodality"].value < 1e-3


def test_the_baseline_is_training_motion(known: comparison.Context) -> None:
    row = comparison.measure(comparison.retrieved(PACK, known.captions, SETTINGS), known)
    assert row["nearest_training"].value < 2e-3 and row["r_precision_top1"].value > 0.95
    assert 0 < row["multimodality"].value < row["diversity"].value


def test_every_model_is_asked_the_same() -> None:
    assert comparison.captions(PACK, SETTINGS) == comparison.captions(PACK, SETTINGS)
    other = comparison.Settings(rounds=2, seed=1)
    assert comparison.captions(PACK, SETTINGS).items != comparison.captions(PACK, other).items
    with pytest.raises(MotionError, match="64 motions or more"):
        comparison.context(PACK, Truth(), comparison.Settings(rounds=1))


def test_models_that_are_not_told_in_words_are_refused(known: comparison.Context) -> None:
    walker = Walker()
    walker.condition = "action"
    with pytest.raises(MotionError, match="not told what to do in words"):
        comparison.generated(Asking(walker), PACK, known.captions, SETTINGS)  # pyright: ignore[reportArgumentType]


def test_a_judge_that_reads_no_words_leaves_their_metrics_out() -> None:
    class Mute(Truth):
        def texts(self, sentences: np.ndarray) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            assert len(sentences)

    mute = comparison.context(PACK, Mute(), SETTINGS)
    row = comparison.measure(comparison.real(PACK, mute.captions), mute)
    assert "fid" in row and "mm_distance" not in row and not [name for name in row if name.startswith("r_")]


def test_the_table_has_a_line_for_each_metric_and_a_dash_where_there_is_none() -> None:
    rows = {"real": {"fid": Interval(0.5, 0.1)}, "model": {"fid": Interval(2, 0), "multimodality": Interval(1, 0.25)}}
    assert comparison_report.table(rows).splitlines() == [
        "| | good | real | model |",
        "|---|---|---|---|",
        "| FID | lower | 0.500±0.100 | 2.000±0.000 |",
        "| multimodality | higher | – | 1.000±0.250 |",
    ]
    assert comparison_report.numbers(rows)["model"] == {"fid": [2, 0], "multimodality": [1, 0.25]}


def test_the_command_prints_all_rows_and_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mdm_core.datasets.pack.load", lambda _path: PACK)
    monkeypatch.setattr(judges, "read", lambda _path: Truth())
    monkeypatch.setattr(MotionGenerator, "load", staticmethod(lambda *_, **__: Walker()))
    out = tmp_path / "numbers.json"
    assert main(["eval", "--metrics", "--motions", "70", "--repetitions", "5", "--json", str(out)]) == 0
    head = capsys.readouterr().out.splitlines()[0]
    assert head == "| | good | real | bundled | retrieval |"
    found = json.loads(out.read_text(encoding="utf-8"))
    assert set(found) == {"real", "bundled", "retrieval"} and found["real"]["r_precision_top1"][0] > 0.95


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--metrics", "--evaluator", str(tmp_path)]) == 1
    assert "There is no evaluator in" in capsys.readouterr().err
