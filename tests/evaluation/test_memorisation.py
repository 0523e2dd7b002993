"""Distances to training motion: copies are found wherever they stand, and the distance is that of a loop."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.evaluation import held_out, memorisation
from mdm_core.skeleton import MIRROR
from tests.datasets.bodies import standing
from tests.evaluation.small_pack import FRAMES, about, small_pack

PACK = small_pack()
TRAINED = ~held_out.held(PACK)


def clip(number: int) -> np.ndarray:
    return PACK.positions[number * FRAMES : (number + 1) * FRAMES].astype(np.float64)


def test_copies_moved_turned_or_mirrored_are_at_no_distance() -> None:
    copy = clip(3)[8:60]
    moved = about(copy, 1.3) + [5, 0, 2]
    mirrored = copy[:, MIRROR] * [-1, 1, 1]
    found = memorisation.nearest([copy, moved, mirrored], PACK, TRAINED)
    assert (found < 2e-3).all()


def test_unseen_people_are_further_and_the_distance_is_in_metres() -> None:
    own = np.flatnonzero(~TRAINED)
    unseen = memorisation.nearest([clip(int(k)) for k in own], PACK, TRAINED)
    assert (unseen > 5e-3).all()
    raised = clip(3) + [0, 0.5, 0]
    assert memorisation.nearest([raised], PACK, TRAINED)[0] == pytest.approx(0.5, abs=0.1)


def test_the_distance_is_what_a_loop_finds() -> None:
    query = clip(130)[:40]
    few = np.zeros(len(PACK.names), dtype=bool)
    few[[0, 9]] = True

    def canonical(window: np.ndarray) -> np.ndarray:
        across = (window[0, 2] - window[0, 1]) + (window[0, 17] - window[0, 16])
        angle = np.arctan2(-across[2], -across[0])  # its right hand is on -X once it faces +Z
        return about(window - window[0, 0] * [1, 0, 1], angle)[::5]

    best = np.inf
    for wanted in (canonical(query), canonical(query[:, MIRROR] * [-1, 1, 1])):
        for number in (0, 9):
            for start in range(0, FRAMES - 39, 4):
                gap = wanted - canonical(clip(number)[start : start + 40])
                best = min(best, float(np.sqrt((gap**2).sum(axis=-1).mean())))
    assert memorisation.nearest([query], PACK, few)[0] == pytest.approx(best, rel=1e-3)


def test_motions_shorter_than_a_window_have_no_distance() -> None:
    found = memorisation.nearest([standing(39), standing(40)], PACK, TRAINED)
    assert np.isnan(found[0]) and np.isfinite(found[1])
    assert np.isnan(memorisation.nearest([standing(39)], PACK, TRAINED)).all()
