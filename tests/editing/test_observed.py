"""What a network is shown of an edit, against `features.observation` on the whole motion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import editing as benchmark
from mdm_core import editor
from mdm_core.editing import observed, source
from mdm_core.editing.request import EditRequest
from mdm_core.engine import loading
from mdm_core.engine.base import Conditioning
from mdm_core.features import observation
from mdm_core.features.layout import Layout
from mdm_core.generator import MotionGenerator
from mdm_core.motion import Motion
from tests.test_editor import someone
from tests.test_generator import GROUPS, WIDTH, HashEncoder, bundle

LAYOUT = Layout(GROUPS)
RIC = LAYOUT.slice("ric")
WIDE = WIDTH + observation.PLACE


class Watcher:
    """A denoiser that keeps its last conditioning."""

    told: Conditioning

    def __call__(self, x: NDArray[Any], step: NDArray[Any], conditioning: Conditioning) -> NDArray[Any]:
        del step
        self.told = conditioning
        return x * 0


def watched(motion: Motion, request: EditRequest, **sizes: int) -> tuple[MotionGenerator, Conditioning]:
    made = bundle()
    made.card["architecture"] = made.card["architecture"] | sizes
    watcher = Watcher()
    model = MotionGenerator(made, loading.Engine("watcher", "cpu", watcher, np.asarray, np.asarray), HashEncoder())
    editor.sample(model, editor.task_of(model, plan_of(model, motion, request), request), request)
    return model, watcher.told


def shown(motion: Motion, request: EditRequest) -> tuple[MotionGenerator, NDArray[Any], NDArray[np.bool_]]:
    """The model, and what it was shown: values and mask [B, T, D + 4]."""
    model, told = watched(motion, request, observed=WIDE)
    assert told.observed is not None and told.observed_mask is not None
    return model, told.observed, told.observed_mask


def plan_of(model: MotionGenerator, motion: Motion, request: EditRequest) -> editor.Plan:
    return editor.plan(editor.scene(motion, request), editor.model_of(model))


def test_a_gap_is_shown_with_its_surroundings_and_their_places() -> None:
    motion, request = someone(bend=-0.2), EditRequest("walks", frames=(30, 50))
    model, values, mask = shown(motion, request)
    assert values.shape == mask.shape == (2, 80, WIDE)  # with guidance
    laid = plan_of(model, motion, request)
    body = laid.placement.to_model(motion.positions.astype(np.float64), 20.0)
    features = source.encode(body, "steady", motion.contacts)[:, LAYOUT.columns]
    outside = np.r_[0:29, 51:79]
    known, placed = np.zeros((80, WIDTH), dtype=bool), np.zeros(80, dtype=bool)
    known[outside] = placed[outside] = True
    wanted, _ = observation.observe(features, model.mean, model.std, known, placed)
    assert mask[0, outside].all() and not mask[:, 31:49].any()
    # headings are smoothed over seconds, and here each side by itself
    place = slice(WIDTH, WIDE)
    np.testing.assert_allclose(values[0, outside, place], wanted[outside, place], atol=0.08)
    seen = values[0, outside, RIC] * model.std[RIC]
    np.testing.assert_allclose(seen, wanted[outside, RIC] * model.std[RIC], atol=0.03)
    assert not values[~mask].any()


def test_a_key_pose_is_shown_where_it_is() -> None:
    motion = someone()
    positions = motion.positions.copy()
    positions[50] += [1.0, 0.1, 0.5]
    request = EditRequest("walks", keys=(0, 50, 79))
    model, values, masks = shown(replace(motion, positions=positions), request)
    mask = masks[0]
    assert mask[50, RIC].all() and mask[50, 3] and not mask[50, :3].any() and not mask[49].any()
    height = values[0, 50, 3] * model.std[3] + model.mean[3]
    floor = plan_of(model, motion, request).placement.offset[1]
    assert height == pytest.approx(positions[50, 0, 1] - floor, abs=0.01)
    away = (positions[50] - positions[0])[0, ::2]
    seen = values[0, 50, WIDTH : WIDTH + 2] * observation.METRES
    assert np.linalg.norm(seen) == pytest.approx(np.linalg.norm(away), abs=0.02)


def test_arms_alone_leave_the_rest_known_and_placed() -> None:
    _, _, masks = shown(someone(), EditRequest("waves", ("left_arm",), (20, 60)))
    mask = masks[0]
    assert mask[:, WIDTH:].all() and not mask[30, RIC].all() and mask[30, RIC].sum() == 3 * 17


def test_long_edits_are_shown_window_by_window_each_from_its_own_start() -> None:
    motion = someone(300, bend=0.1)
    _, values, mask = shown(motion, EditRequest("waves", ("right_arm",)))
    first = mask.argmax(axis=1)
    assert len(values) == 4 and not first.any()
    np.testing.assert_allclose(values[:, 0, WIDTH:], [[0, 0, 0, 1]] * 4, atol=1e-6)


def test_without_a_known_start_no_place_is_known() -> None:
    _, _, mask = shown(someone(), EditRequest("runs", lead_in=1.0))
    assert mask[0, 30, :WIDTH].all() and not mask[:, :, WIDTH:].any()


def test_models_that_do_not_look_are_shown_nothing() -> None:
    _, told = watched(someone(), EditRequest("waves", frames=(20, 60)))
    assert told.observed is None and told.observed_mask is None


def test_padding_is_unknown() -> None:
    some = observed.Observed(
        np.ones((5, 3)), np.ones((5, 3), dtype=bool), np.zeros((5, 2)), np.zeros(5), np.ones(5, dtype=bool)
    )
    values, mask = observed.window(some, 1, 5, 6)
    assert mask[:4].all() and not mask[4:].any() and values[:4, :3].all() and not values[4:].any()


def test_the_benchmark_compares_being_shown_with_replacing_alone() -> None:
    seen: list[bool] = []

    class Counting(Watcher):
        def __call__(self, x: NDArray[Any], step: NDArray[Any], conditioning: Conditioning) -> NDArray[Any]:
            seen.append(conditioning.observed is not None)
            return super().__call__(x, step, conditioning)

    made = bundle()
    made.card["architecture"] = made.card["architecture"] | {"observed": WIDE}
    engine = loading.Engine("watcher", "cpu", Counting(), np.asarray, np.asarray)
    model, told = MotionGenerator(made, engine, HashEncoder()), {}
    for by, motions, _ in benchmark.ways(model, someone(), benchmark.cases(80)[3], 1):
        told[by] = set(seen)
        seen.clear()
        assert len(motions) == 1
    shown = {"MDM, shown": {True}, "edit": {True}}
    assert told == {"MDM": {False}, "MDM, cleaned": set(), "edit, not shown": {False}} | shown
