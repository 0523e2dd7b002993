"""The probe's tests, on motions whose truth is known because they were made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mdm_core.datasets.cmu import Clip
from mdm_core.evaluation import probe, report
from mdm_core.evaluation.paraphrases import PARAPHRASES, SECOND
from mdm_core.evaluation.prompts import PROMPTS
from mdm_core.generator import Request
from mdm_core.motion import Motion
from tests.datasets.bodies import moved, standing, turned

CAPTIONS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cmu_clips.jsonl"


def raised(*sides: int) -> np.ndarray:
    body = standing(80)
    for side in sides:
        body[:, 18 + side] = body[:, 16 + side] + [0, 0.26, 0]
        body[:, 20 + side] = body[:, 18 + side] + [0, 0.26, 0]
    return body


def kicking(side: int) -> np.ndarray:
    body = standing(80)
    swing = np.exp(-(((np.arange(80) - 40) / 4) ** 2))[:, None]
    body[:, 7 + side] += swing * [0, 0.6, 0.5]
    return body


def stairs() -> np.ndarray:
    return moved(standing(80), (0, 0.15, 0.5))


def spinning() -> np.ndarray:
    return turned(standing(80), np.radians(-360))


def clapping() -> np.ndarray:
    body = standing(80)
    apart = 0.2 + 0.15 * np.cos(2 * np.pi * 1.5 * np.arange(80) / 20)
    for side, sign in ((0, 1), (1, -1)):
        body[:, 20 + side] = body[:, 9] + [0, 0, 0.3]
        body[:, 20 + side, 0] += sign * apart
    return body


def inverted() -> np.ndarray:
    body = standing(80)
    body[30:50, :, 1] = 1.6 - body[30:50, :, 1]
    return body


def walking_then_still() -> np.ndarray:
    body = moved(standing(80), (0, 0, 1.2))
    body[40:] = body[40]
    return body


def pointing() -> np.ndarray:
    body = standing(80)
    body[20:60, 19] = body[20:60, 17] + [0, 0, 0.26]
    body[20:60, 21] = body[20:60, 19] + [0, 0, 0.25]
    return body


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
    "a person raises both arms": raised(0, 1),
    "a person raises the left arm": raised(0),
    "a person raises the right arm": raised(1),
    "a person kicks with the left leg": kicking(0),
    "a person kicks with the right leg": kicking(1),
    "a person walks up the stairs": stairs(),
    "a person spins around": spinning(),
    "a person claps": clapping(),
    "a person does a cartwheel": inverted(),
    "a person walks forward, then stops": walking_then_still(),
    "a person points at something": pointing(),
}


@pytest.mark.parametrize("prompt", TRUTH)
def test_each_test_passes_what_it_names(prompt: str) -> None:
    assert PROMPTS[prompt].test(TRUTH[prompt])


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
        ("a person raises the left arm", "a person raises the right arm"),
        ("a person raises the right arm", "a person raises both arms"),
        ("a person kicks with the left leg", "a person kicks with the right leg"),
        ("a person kicks", "a person walks forward"),
        ("a person walks up the stairs", "a person walks forward"),
        ("a person spins around", "a person turns left"),
        ("a person claps", "a person waves the right hand"),
        ("a person does a cartwheel", "a person jumps"),
        ("a person walks forward, then stops", "a person walks forward"),
        ("a person walks forward, then stops", "a person stands still"),
        ("a person points at something", "a person stands still"),
    ],
)
def test_each_test_fails_what_it_does_not_name(prompt: str, other: str) -> None:
    assert not PROMPTS[prompt].test(TRUTH[other])


def test_report_counts_own_and_foreign_passes() -> None:
    walk = Motion(moved(standing(80), (0, 0, 1.2)).astype(np.float32))
    report = probe.judge([walk] * (2 * len(PROMPTS)), 2)
    rows = {row.prompt: row for row in report.rows}
    assert rows["a person walks forward"].passed == 1 and rows["a person walks forward"].chance == 1
    assert rows["a person jumps"].passed == 0 and rows["a person jumps"].chance == 0
    assert report.physical["jitter"] < 0.5


def clip(actions: tuple[str, ...], positions: np.ndarray, *captions: str) -> Clip:
    return Clip("0_0", 1, "single", actions, captions or ("a person moves",), positions)


def test_real_clips_are_found_by_label_and_words() -> None:
    clips = [
        clip(("walk",), TRUTH["a person walks forward"]),
        clip(("walk",), standing(80)),
        clip(("idle",), standing(80)),
        clip(("sidestep",), TRUTH["a person sidesteps to the left"], "a step to the left"),
        clip(("sidestep",), TRUTH["a person sidesteps to the left"], "a step to the right"),
        Clip("0_1", 1, "sequence", ("run",), ("a person runs",), TRUTH["a person runs"]),
    ]
    rows = probe.real(clips)
    assert rows["a person walks forward"] == probe.Real(passed=0.5, chance=0.0, clips=2)
    assert rows["a person sidesteps to the left"].passed == 1.0
    assert rows["a person sidesteps to the right"].passed == 0.0
    assert "a person runs" not in rows and "a person sits down" not in rows


def test_the_table_names_every_prompt_and_both_means() -> None:
    walk = Motion(moved(standing(80), (0, 0, 1.2)).astype(np.float32))
    found = probe.judge([walk] * len(PROMPTS), 1)
    real = probe.real([clip(("walk",), TRUTH["a person walks forward"]), clip(("idle",), standing(80))])
    lines = report.table(found, real).splitlines()
    assert len(lines) == len(PROMPTS) + 4
    assert all(prompt in line for prompt, line in zip(PROMPTS, lines[1:], strict=False))
    assert report.numbers(found, real)["real"]["passed"] == 1.0


class Asked:
    """Notes what it is asked for; everybody walks."""

    def __init__(self) -> None:
        self.request: Request | None = None

    def generate(self, request: Request, on_step: object = None) -> list[Motion]:
        assert on_step is None
        self.request = request
        walk = Motion(moved(standing(80), (0, 0, 1.2)).astype(np.float32))
        return [walk] * (request.takes * len(request.prompts))


@pytest.mark.parametrize("words", [None, PARAPHRASES, SECOND])
def test_every_motion_has_a_seed_of_its_own(words: dict[str, str] | None) -> None:
    model = Asked()
    probe.probe(model, takes=3, words=words)  # type: ignore[arg-type]
    assert model.request is not None
    assert model.request.prompts == tuple(words.values() if words else PROMPTS)
    seeds = [first + take for first in model.request.seeds for take in range(3)]
    assert len(set(seeds)) == 3 * len(PROMPTS)


@pytest.mark.parametrize("words", [PARAPHRASES, SECOND])
def test_each_prompt_has_other_words_that_no_caption_uses(words: dict[str, str]) -> None:
    assert list(words) == list(PROMPTS)
    assert len(set(words.values())) == len(PROMPTS)
    if not CAPTIONS.exists():
        pytest.skip("The captions are in ../shared, which is absent.")
    rows = [json.loads(line) for line in CAPTIONS.read_text(encoding="utf-8").splitlines()]
    said = {caption.casefold() for row in rows for caption in row["captions"]}
    assert len(said) > 1000 and not said & {paraphrase.casefold() for paraphrase in words.values()}
