"""The baseline that looks captions up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mdm_core.errors import MotionError
from mdm_core.evaluation import held_out
from mdm_core.evaluation.retrieval import retrieval
from tests.evaluation.small_pack import FRAMES, small_pack

PACK = small_pack()
TRAINED = ~held_out.held(PACK)


def clip_of(motion: np.ndarray) -> int:
    (found,) = [
        k for k in range(len(PACK.names)) if np.array_equal(PACK.positions[k * FRAMES :][: len(motion)], motion)
    ]
    return found


def test_the_answer_is_training_motion_of_the_nearest_caption() -> None:
    baseline = retrieval(PACK, TRAINED)
    for kind in (0, 17, 31):
        asked = PACK.embeddings[kind].astype(np.float64) * 3 + 0.02
        for motion in baseline.answers(asked, 56, 3, np.random.default_rng(0)):
            clip = clip_of(motion)
            assert motion.shape == (56, 22, 3) and TRAINED[clip] and PACK.words[clip][0] == kind


def test_takes_are_different_windows_as_long_as_there_are_any() -> None:
    baseline = retrieval(PACK, TRAINED)
    clips = [clip_of(m) for m in baseline.answers(PACK.embeddings[5], 40, 6, np.random.default_rng(0))]
    assert len(set(clips)) == 4 and max(clips.count(clip) for clip in clips) == 2


def test_windows_that_are_too_short_are_passed_over() -> None:
    windows = PACK.windows.copy()
    of_kind = [k for k in range(len(windows)) if PACK.words[k][0] == 5]
    windows[of_kind, 2] = 48
    baseline = retrieval(replace(PACK, windows=windows), TRAINED)
    near = PACK.embeddings.astype(np.float32) @ PACK.embeddings[5].astype(np.float32)
    second = int(np.argsort(-near)[1])
    assert PACK.words[clip_of(baseline.answers(PACK.embeddings[5], 48, 1, np.random.default_rng(0))[0])][0] == 5
    assert PACK.words[clip_of(baseline.answers(PACK.embeddings[5], 56, 1, np.random.default_rng(0))[0])][0] == second
    with pytest.raises(MotionError, match="80 frames long"):
        baseline.answers(PACK.embeddings[5], 80, 1, np.random.default_rng(0))


def test_a_pack_without_training_motion_is_refused() -> None:
    with pytest.raises(MotionError, match="no captioned training motion"):
        retrieval(PACK, np.zeros(len(PACK.names), dtype=bool))
