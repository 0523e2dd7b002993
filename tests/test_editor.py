"""Edits through the façade, on a tiny untrained network: what is kept, what is met, what is refused."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mdm_core.checkpoints.bundle import Bundle
from mdm_core.cleanup import measures
from mdm_core.diffusion import schedule
from mdm_core.editing import finish, world
from mdm_core.editing.request import EditRequest, GroundPath, Target
from mdm_core.editing.source import bone_lengths
from mdm_core.editing.windows import Segment
from mdm_core.engine import loading
from mdm_core.engine.base import Conditioning
from mdm_core.errors import Cancelled, MotionError
from mdm_core.features import humanml3d
from mdm_core.generator import MotionGenerator
from mdm_core.motion import Motion
from mdm_core.skeleton import BONE_LENGTHS, INDEX, PARTS
from tests.editing.test_source import figure
from tests.test_generator import HashEncoder, Recorder, bundle, generator, recording

ARMS = [*PARTS["left_arm"], *PARTS["right_arm"]]


def someone(frames: int = 80, fps: float = 20.0, lengths: NDArray[Any] = BONE_LENGTHS, *, bend: float = 0.3) -> Motion:
    """Somebody who glides along a bend, arms swinging."""
    t = np.arange(frames)[:, None] / fps
    size = lengths.sum() / BONE_LENGTHS.sum()
    yaw = bend * t
    place = np.cumsum(size * 0.5 / fps * np.concatenate([np.sin(yaw), 0 * yaw, np.cos(yaw)], axis=1), axis=0)
    positions = world.turned(yaw, figure(frames, lengths)) + place[:, None]
    return Motion(positions.astype(np.float32), fps, np.zeros((frames, 4), dtype=bool), "strolls")


def same(a: Motion, b: Motion, frames: slice, joints: Any = slice(None)) -> bool:
    """Whether the two have the same bits there."""
    return a.positions[frames][:, joints].tobytes() == b.positions[frames][:, joints].tobytes()


def test_arms_change_and_nothing_else() -> None:
    motion = someone()
    takes = generator().edit(motion, EditRequest("waves", ("left_arm", "right_arm"), (20, 60), takes=2, seed=5))
    rest = [joint for joint in range(22) if joint not in ARMS]
    for take in takes:
        assert same(take, motion, slice(0, 20)) and same(take, motion, slice(60, 80))
        assert same(take, motion, slice(None), rest)
        assert np.abs(take.positions[30:50, 20] - motion.positions[30:50, 20]).max() > 0.01
    assert [(t.prompt, t.seed, t.model, t.fps) for t in takes] == [
        ("waves", 5, "tiny", 20.0),
        ("waves", 6, "tiny", 20.0),
    ]
    assert not np.allclose(takes[0].positions, takes[1].positions)


@pytest.mark.parametrize("prompt", ["jumps", ""])
def test_a_stretch_changes_between_kept_frames(prompt: str) -> None:
    motion = someone()
    made = generator().edit(motion, EditRequest(prompt, frames=(25, 55)))[0]
    assert same(made, motion, slice(0, 25)) and same(made, motion, slice(55, 80))
    assert np.abs(made.positions[30:50] - motion.positions[30:50]).max() > 0.01
    bones = np.linalg.norm(made.positions[25:55, 4] - made.positions[25:55, 1], axis=-1)
    np.testing.assert_allclose(bones, bone_lengths(motion.positions)[4], atol=1e-3)


def test_key_poses_are_met_wherever_they_are() -> None:
    """A pose far off the way and turned, 0.1 mm and 0.1 degrees; the finish is exact, and the bones are whole."""
    motion = someone()
    positions = motion.positions.copy()
    turned = world.turned(np.array([1.2]), (positions[50] - positions[50, 0]).astype(np.float64))
    positions[50] = turned + positions[50, 0] + [0.8, 0, 0.4]
    moved = replace(motion, positions=positions)
    made = generator().edit(moved, EditRequest("walks", keys=(0, 50, 79)))[0]
    for key in (0, 50, 79):
        np.testing.assert_array_equal(made.positions[key], positions[key])
    ahead = humanml3d.heading(made.positions[[50]].astype(np.float64))
    np.testing.assert_allclose(ahead, humanml3d.heading(positions[[50]].astype(np.float64)), atol=1e-5)
    free = [f for f in range(80) if f not in (0, 50, 79)]
    assert measures.bone_deviation(made.positions[free].astype(np.float64), bone_lengths(positions)) < 1e-3


def test_the_network_itself_is_led_to_the_key_pose() -> None:
    """The projection is in the loop, not after it: the last x0 already holds the key, decoded by `humanml3d`."""
    from mdm_core import editor

    model, motion = generator(), someone()
    positions = motion.positions.copy()
    positions[50] += [0.6, 0, 0.3]
    request = EditRequest("walks", keys=(0, 50, 79))
    laid = editor.plan(editor.scene(replace(motion, positions=positions), request), editor.model_of(model))
    features = editor.sample(model, editor.task_of(model, laid, request), request)[0]
    full = np.zeros((len(features), 263))
    full[:, model.layout.columns] = features
    decoded = humanml3d.recover_positions(full)
    turn = world.facing(laid.targets.positions[0]) - world.facing(decoded[0])
    placed = world.turned(np.array(turn), decoded - decoded[0, 0] * [1, 0, 1]) + laid.targets.positions[0, 0] * [
        1,
        0,
        1,
    ]
    assert np.linalg.norm(placed[50] - laid.targets.positions[50], axis=-1).max() < 1e-3


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_another_rate_body_and_place(fps: float) -> None:
    lengths = BONE_LENGTHS * np.linspace(0.8, 0.7, 22)
    motion = someone(int(4 * fps), fps, lengths)
    motion = replace(motion, positions=motion.positions + np.float32([5.0, 0.5, -3.0]))
    a, b = int(1.3 * fps), int(2.9 * fps)
    for request in (EditRequest("waves", frames=(a, b)), EditRequest("waves", ("right_arm",), (a, b))):
        made = generator().edit(motion, request)[0]
        assert len(made) == len(motion) and made.fps == fps
        assert same(made, motion, slice(0, a)) and same(made, motion, slice(b, None))
        assert np.abs(made.positions[a:b] - motion.positions[a:b]).max() > 0.01
        jumps = finish.velocity_changes(made.positions.astype(np.float64))
        assert jumps[[a - 2, a - 1, b - 2, b - 1]].max() < 0.04


def test_longer_at_either_end() -> None:
    motion = someone()
    made = generator().edit(motion, EditRequest("runs", extend=1.5))[0]
    assert len(made) == 110 and same(Motion(made.positions[:80]), motion, slice(0, 80))
    steps = np.linalg.norm(np.diff(made.positions[:, 0], axis=0), axis=-1)
    assert steps[79:82].max() < 0.1
    made = generator().edit(motion, EditRequest("runs", lead_in=1.0))[0]
    assert len(made) == 100 and same(Motion(made.positions[20:]), motion, slice(0, 80))
    assert np.linalg.norm(np.diff(made.positions[:, 0], axis=0), axis=-1)[17:22].max() < 0.1


def test_a_hand_gets_to_its_target() -> None:
    motion = someone()
    place = motion.positions[40, INDEX["right_wrist"]] + np.float32([0.1, 0.25, 0.1])
    request = EditRequest("reaches", frames=(20, 60), targets=(Target("right_wrist", 40, tuple(map(float, place))),))
    made = generator().edit(motion, request)[0]
    assert np.linalg.norm(made.positions[40, INDEX["right_wrist"]] - place) < 1e-4
    assert measures.bone_deviation(made.positions[20:60].astype(np.float64), bone_lengths(motion.positions)) < 2e-3


def test_targets_out_of_reach_are_refused_in_a_sentence() -> None:
    motion = someone()
    for parts, place in ((("right_arm",), (0.0, 3.0, 0.0)), ((), (60.0, 1.0, 0.0))):
        request = EditRequest("reaches", parts, (20, 60), targets=(Target("right_wrist", 40, place),))
        with pytest.raises(MotionError, match=r"reach|m/s") as raised:
            generator().edit(motion, request)
        assert str(raised.value).endswith(".")


def test_hips_follow_a_path() -> None:
    motion = someone()
    x, z = (float(v) for v in motion.positions[0, 0, ::2])
    points = tuple((x + 0.5 * np.sin(s), z + 1.2 * s) for s in np.linspace(0, 2, 30))
    made = generator().edit(motion, EditRequest("walks", path=GroundPath(points)))[0]
    distance = np.linalg.norm(made.positions[:, None, 0, ::2] - np.array(points)[None], axis=-1).min(axis=1)
    assert distance.max() < 0.05
    np.testing.assert_allclose(made.positions[[0, -1], 0][:, ::2], [points[0], points[-1]], atol=1e-4)
    ahead = humanml3d.heading(made.positions.astype(np.float64))[:, ::2]
    along = np.gradient(made.positions[:, 0, ::2], axis=0)
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    assert np.sum(ahead * along, axis=-1).mean() > 0.9


@pytest.mark.parametrize("loop", ["travel", "in_place"])
def test_a_loop_comes_round(loop: Any) -> None:
    motion = someone(bend=0.0)
    made = generator().edit(motion, EditRequest(loop=loop))[0]
    assert len(made) == 80
    if loop == "travel":
        assert same(made, motion, slice(0, 60))
    p = made.positions.astype(np.float64)
    step = p[-1, 0] - p[-2, 0]
    following = p[0] + (p[-1, 0] + step - p[0, 0]) * [1, 0, 1]
    ends = np.concatenate([p[-3:], following[None], (p[1] - p[0] + following)[None]])
    limit = np.percentile(finish.velocity_changes(motion.positions.astype(np.float64)), 99)
    assert finish.velocity_changes(ends).max() < max(2 * limit, 0.03)
    if loop == "in_place":
        assert np.ptp(p[:, 0, [0, 2]], axis=0).max() < 0.3


def test_variants_are_near_by_strength_and_the_same_by_seed() -> None:
    """The denoiser is the exact one of standard normal features, so that it goes with the noise that it is given."""
    chain = schedule.cosine(6)

    def believer(x: NDArray[Any], step: NDArray[Any], conditioning: Conditioning) -> NDArray[Any]:  # noqa: ARG001
        return x * np.sqrt(chain.alpha_bar[step])[:, None, None].astype(np.float32)

    engine = loading.Engine("believer", "cpu", believer, np.asarray, np.asarray)
    motion, model = someone(), MotionGenerator(bundle(), engine, HashEncoder())

    def distance(strength: float, seed: int = 3) -> float:
        made = model.edit(motion, EditRequest("strolls", vary=strength, seed=seed))[0]
        return float(np.abs(made.positions - motion.positions).mean())

    assert model.edit(motion, EditRequest("strolls", vary=0.0))[0].positions.tobytes() == motion.positions.tobytes()
    assert distance(0.34) < distance(1.0)
    assert distance(0.5) == distance(0.5) != distance(0.5, seed=4)


def test_prompts_in_a_row_beyond_the_longest_motion() -> None:
    timeline = (Segment(0, 150, "walks"), Segment(150, 320, "jumps"))
    recorder = Recorder()
    with pytest.raises(MotionError, match="number of takes"):
        recording(recorder).edit(None, EditRequest(timeline=timeline, takes=0))
    recording(recorder).edit(None, EditRequest(timeline=timeline))
    assert {shape[1] <= 196 for shape, _ in recorder.calls} == {True}
    takes = generator().edit(None, EditRequest(timeline=timeline, takes=2))
    assert [(len(t), t.prompt, t.seed) for t in takes] == [(320, "walks / jumps", 0), (320, "walks / jumps", 1)]
    assert measures.bone_deviation(takes[0].positions.astype(np.float64)) < 1e-3
    again = generator().edit(None, EditRequest(timeline=timeline, seed=1))[0]
    np.testing.assert_allclose(again.positions, takes[1].positions, atol=1e-4)


def test_an_edit_of_a_long_motion_looks_only_around_the_change() -> None:
    motion, recorder = someone(600), Recorder()
    made = recording(recorder).edit(motion, EditRequest("waves", frames=(300, 340)))[0]
    assert {shape[1] for shape, _ in recorder.calls} == {120}
    assert same(made, motion, slice(0, 300)) and same(made, motion, slice(340, 600))
    recorder.calls.clear()
    recording(recorder).edit(motion, EditRequest("waves", ("right_arm",)))
    assert {shape[1] <= 196 for shape, _ in recorder.calls} == {True}


def test_a_model_without_frame_mask_sees_its_own_length() -> None:
    recorder = Recorder()
    recording(recorder, frames={"min": 20, "max": 150, "mask": False}).edit(someone(), EditRequest("waves"))
    assert {shape[1] for shape, _ in recorder.calls} == {150}


def test_all_263_features_with_humanml3ds_own_facing() -> None:
    made = bundle(features={"representation": "humanml3d", "groups": ["root", "ric", "rot6d", "velocity", "contact"]})
    made.card["features"]["fps"] = 20.0
    made.card["architecture"] = made.card["architecture"] | {"features": 263}
    mean = humanml3d.process(figure(30)).mean(axis=0)
    full = Bundle(made.card, {"mean": mean, "std": np.full(263, 0.1, dtype=np.float32)})
    engine = loading.Engine("recorder", "cpu", Recorder(np.zeros(263, dtype=np.float32)), np.asarray, np.asarray)
    motion = someone()
    edited = MotionGenerator(full, engine, HashEncoder()).edit(motion, EditRequest("stands", frames=(30, 50)))[0]
    assert same(edited, motion, slice(0, 30)) and same(edited, motion, slice(50, 80))


@pytest.mark.parametrize("request_", [EditRequest("waves", frames=(20, 60)), EditRequest("waves", extend=1.0)])
def test_both_engines_make_the_same(request_: EditRequest) -> None:
    pytest.importorskip("torch", reason="the torch engine needs torch")
    a, b = (generator(engine).edit(someone(), request_)[0] for engine in ("numpy", "torch"))
    np.testing.assert_allclose(a.positions, b.positions, atol=2e-3)


def test_rounds_blend_sampler_and_raw_are_choices() -> None:
    motion, base = someone(), EditRequest("waves", frames=(20, 60))
    plain = generator().edit(motion, base)[0]
    for change in (
        {"rounds": 2},
        {"blend": 0.4},
        {"sampler": "ddim"},
        {"clean": False},
        {"steps": 3},
        {"guidance": 1.0},
    ):
        other = generator().edit(motion, replace(base, **change))[0]
        assert same(other, motion, slice(0, 20)) and not np.array_equal(other.positions, plain.positions)


def test_a_blend_begins_near_the_old_motion() -> None:
    motion = someone()
    made = [
        generator().edit(motion, EditRequest("waves", frames=(20, 60), blend=b, clean=False))[0] for b in (0.0, 0.5)
    ]
    off = [np.abs(m.positions[21:25] - motion.positions[21:25]).mean() for m in made]
    assert off[1] < off[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"parts": ("tail",)}, "tail"),
        ({"frames": (50, 40)}, "80 frames"),
        ({"frames": (0, 81)}, "80 frames"),
        ({"frames": (30, 31), "keys": (30,)}, "Nothing"),
        ({"keys": (80,)}, "frame 80"),
        ({"targets": (Target("tail", 3, (0, 0, 0)),)}, "tail"),
        ({"targets": (Target("head", 90, (0, 0, 0)),)}, "frame 90"),
        ({"targets": (Target("head", 9, (0, float("nan"), 0)),)}, "no place"),
        ({"targets": (Target("head", 9, (0, 1, 0)),), "frames": (20, 40)}, "kept"),
        ({"path": GroundPath(((0, 0),))}, "two points"),
        ({"path": GroundPath(((0, 0), (0, 0)))}, "no length"),
        ({"path": GroundPath(((0, 0), (0, float("inf"))))}, "number"),
        ({"path": GroundPath(((9, 9), (0, 1))), "frames": (20, 40)}, "begins"),
        ({"path": GroundPath(((0, 0), (0, 1))), "parts": ("head",)}, "hips"),
        ({"extend": -1.0}, "extend"),
        ({"lead_in": float("nan")}, "lead_in"),
        ({"vary": 1.5}, "strength"),
        ({"vary": float("nan")}, "strength"),
        ({"rounds": 0}, "rounds"),
        ({"rounds": 2, "sampler": "ddim"}, "ancestral"),
        ({"takes": 0}, "takes"),
        ({"seed": -1}, "seed"),
        ({"guidance": float("nan")}, "Guidance"),
        ({"sampler": "euler"}, "sampler"),
        ({"steps": 99}, "steps"),
        ({"loop": "round"}, "travel"),
        ({"loop": "travel", "vary": 0.5}, "loop"),
        ({"loop": "travel", "loop_seconds": 0.0}, "0.3"),
        ({"loop": "travel", "loop_seconds": 4.0}, "too short"),
        ({"timeline": (Segment(0, 40, "walks"),)}, "timeline"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_runs(change: dict[str, Any], words: str) -> None:
    recorder = Recorder()
    with pytest.raises(MotionError, match=words) as raised:
        recording(recorder).edit(someone(), EditRequest("walks", **change))
    assert recorder.calls == [] and str(raised.value).endswith(".") and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "request_",
    [
        EditRequest(),
        EditRequest("walks", timeline=(Segment(0, 40, "walks"),)),
        EditRequest(vary=0.5, timeline=(Segment(0, 40, "walks"),)),
        EditRequest(timeline=(Segment(0, 5, "walks"),)),
    ],
)
def test_without_a_motion_there_must_be_a_timeline_alone(request_: EditRequest) -> None:
    with pytest.raises(MotionError):
        recording(Recorder()).edit(None, request_)


def test_a_request_survives_json() -> None:
    import json

    request = EditRequest(
        "walks",
        ("head",),
        (3, 9),
        (4,),
        (Target("head", 5, (0.0, 1.0, 2.0)),),
        GroundPath(((0.0, 0.0), (1.0, 2.0)), "free"),
        timeline=(Segment(0, 4, "a"),),
        vary=0.5,
    )
    assert EditRequest.from_fields(json.loads(json.dumps(asdict(request)))) == request
    assert EditRequest.from_fields({}) == EditRequest()
    for wrong in ({"colour": 1}, {"targets": [{}]}, {"path": {}}, {"frames": 3}, {"timeline": [[1]]}):
        with pytest.raises(MotionError):
            EditRequest.from_fields(wrong)


def test_a_cancel_stops_within_a_step() -> None:
    recorder = Recorder()

    def cancel(done: int, _: int) -> None:
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        recording(recorder).edit(someone(), EditRequest("waves"), on_step=cancel)
    assert len(recorder.calls) == 2


def test_a_variation_without_noise_is_the_motion_itself_on_a_bend_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept and what lies between must face as one, or the path leaves its own where they meet."""
    chain = schedule.cosine(6)

    def believer(x: NDArray[Any], step: NDArray[Any], conditioning: Conditioning) -> NDArray[Any]:  # noqa: ARG001
        return x / np.sqrt(chain.alpha_bar[step])[:, None, None].astype(np.float32)

    engine = loading.Engine("believer", "cpu", believer, np.asarray, np.asarray)
    motion, model = someone(100, bend=0.8), MotionGenerator(bundle(), engine, HashEncoder())
    shape = (1, 100, model.layout.width)
    monkeypatch.setattr(model, "noise", lambda *_: (np.zeros(shape, np.float32), lambda: np.zeros(shape, np.float32)))
    made = model.edit(motion, EditRequest("strolls", frames=(20, 80), vary=0.2, sampler="ddim", clean=False))[0]
    assert np.linalg.norm(made.positions - motion.positions, axis=-1).max() < 0.02
