"""The probe's tests, on motions whose truth is known because they were made."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.evaluation import probe
from mdm_core.motion import Motion
from tests.datasets.bodies import moved, standing, turned


def waving(frames: int = 80) -> np.ndarray:
    body = standing(frames)
    body[:, 19] = body[:, 17] + [-0.05, 0.25, 0]
    body[:, 21] = body[:, 19] + [0, 0.26, 0]
    body[:, 21, 0] += 0.15 * np.sin(2 * np.pi * 2 * np.arange(frames) / 20)
    return body


def jumping() -> np.ndarray:
    body = standing(80)
    seconds = np.arange(80) / 20
    body[..., 1] += np.clip(0.3 - 0.5 * 9.81 * (seconds - 2) ** 2, 0, None)[:, None]
    return body


def sitting_down() -> np.ndarray:
    body = standing(80)
    body[..., 1] -= np.linspace(0, 1, 80)[:, None] * 0.45
    return body


TRUTH = {
    "a person walks forward": moved(standing(80), (0, 0, 1.2)),
    "a person runs": moved(standing(80), (0, 0, 3.0)),
    "a person walks backward": moved(standing(80), (0, 0, -0.8)),
    "a person sidesteps to the left": moved(standing(80), (0.6, 0, 0)),
    "a person sidesteps to the right": moved(standing(80), (-0.6, 0, 0)),
    "a person turns left": turned(standing(80), np.radians(90)),
    "a person turns right": turned(standing(80), np.radians(-90)),
    "a person turns around": turned(standing(80), np.radians(180)),
    "a person stands still": standing(80),
    "a person jumps": jumping(),
    "a person sits down": sitting_down(),
    "a person waves the right hand": waving(),
}


@pytest.mark.parametrize("prompt", TRUTH)
def test_each_test_passes_what_it_names(prompt: str) -> None:
    assert probe.PROMPTS[prompt](TRUTH[prompt])


@pytest.mark.parametrize(
    ("prompt", "other"),
    [
        ("a person walks forward", "a person walks backward"),
        ("a person runs", "a person walks forward"),
        ("a person sidesteps to the left", "a person sidesteps to the right"),
        ("a person turns left", "a person turns right"),
        ("a person jumps", "a person stands still"),
        ("a person stands still", "a person walks forward"),
        ("a person sits down", "a person stands still"),
        ("a person waves the left hand", "a person waves the right hand"),
        ("a person waves", "a person stands still"),
        ("a person walks forward and waves", "a person waves the right hand"),
        ("a person walks forward and waves", "a person walks forward"),
    ],
)
def test_each_test_fails_what_it_does_not_name(prompt: str, other: str) -> None:
    assert not probe.PROMPTS[prompt](TRUTH[other])


def test_report_counts_own_and_foreign_passes() -> None:
    walk = Motion(moved(standing(80), (0, 0, 1.2)).astype(np.float32))
    report = probe.judge([walk] * (2 * len(probe.PROMPTS)), 2)
    rows = {row.prompt: row for row in report.rows}
    assert rows["a person walks forward"].passed == 1 and rows["a person walks forward"].chance == 1
    assert rows["a person jumps"].passed == 0 and rows["a person jumps"].chance == 0
    assert report.physical["jitter"] < 0.5
