"""The generator: what it asks of a denoiser, what it makes of the answer, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mdm_core import generator as generators
from mdm_core.checkpoints.bundle import Bundle
from mdm_core.checkpoints.shapes import encoder as encoder_shapes
from mdm_core.cleanup import measures
from mdm_core.engine import loading
from mdm_core.engine.base import Conditioning
from mdm_core.errors import Cancelled, MotionError
from mdm_core.features import humanml3d
from mdm_core.features.layout import Layout
from mdm_core.generator import MotionGenerator, Request
from mdm_core.io.bone_rotations import rest_pose
from mdm_core.skeleton import BONE_LENGTHS

GROUPS = ("root", "ric", "velocity", "contact")
WIDTH = Layout(GROUPS).width
TEXT = 8


class HashEncoder:
    """Different sentences, different vectors; the same in every run."""

    def encode(self, sentences: list[str]) -> NDArray[np.float32]:
        seeds = [sum(map(ord, sentence)) for sentence in sentences]
        return np.stack([np.random.default_rng(s).normal(size=TEXT) for s in seeds]).astype(np.float32)


def walk(frames: int) -> NDArray[np.float32]:
    """Features [frames, D] of somebody who glides along with swaying limbs."""
    t = np.arange(frames + 1)[:, None, None] / 20
    sway = 0.05 * np.sin(3 * t + np.arange(22)[None, :, None]) * [0.2, 0.1, 1.0]
    positions = rest_pose(BONE_LENGTHS) + [0, 1, 0] + sway + 0.5 * t * [0, 0, 1]
    return humanml3d.process(positions)[:, Layout(GROUPS).columns]


def bundle(**card: Any) -> Bundle:
    """A tiny untrained model whose output stays near a plausible motion, because its std is small."""
    sizes = {
        "arch": "trans_enc",
        "features": WIDTH,
        "text_dim": TEXT,
        "actions": 0,
        "latent": 16,
        "layers": 2,
        "heads": 4,
        "feed_forward": 32,
        "frames_per_token": 4,
    }
    rng = np.random.default_rng(0)
    tensors = {name: (rng.normal(size=shape) * 0.3).astype(np.float32) for name, shape in encoder_shapes(sizes).items()}
    features = walk(60)
    tensors |= {"mean": features.mean(axis=0), "std": (features.std(axis=0) * 0.2 + 1e-3).astype(np.float32)}
    standard: dict[str, Any] = {
        "format": 1,
        "name": "tiny",
        "architecture": sizes,
        "diffusion": {"schedule": "cosine", "steps": 6},
        "features": {"representation": "humanml3d", "groups": list(GROUPS), "fps": 20.0, "facing": "steady"},
        "frames": {"min": 20, "max": 196, "mask": True},
        "text": {"encoder": "all-MiniLM-L6-v2"},
        "guidance": 2.5,
    }
    return Bundle(standard | card, tensors)


def generator(engine: str = "numpy", **card: Any) -> MotionGenerator:
    made = bundle(**card)
    return MotionGenerator(made, loading.load(made, engine, "cpu"), HashEncoder())


class Recorder:
    """A denoiser that notes how it is called and answers `answer`, or where it is None its condition's weight."""

    def __init__(self, answer: NDArray[np.float32] | None = None) -> None:
        self.answer = answer
        self.calls: list[tuple[tuple[int, ...], NDArray[Any]]] = []

    def __call__(self, x: NDArray[Any], step: NDArray[Any], conditioning: Conditioning) -> NDArray[Any]:
        self.calls.append((x.shape, step))
        if self.answer is None:
            return np.ones_like(x) * conditioning.keep[:, None, None]
        return np.broadcast_to(self.answer, x.shape)


def recording(recorder: Recorder, **card: Any) -> MotionGenerator:
    engine = loading.Engine("recorder", "cpu", recorder, np.asarray, np.asarray)
    return MotionGenerator(bundle(**card), engine, HashEncoder())


def test_takes_come_prompt_by_prompt_with_their_seeds() -> None:
    motions = generator().generate(Request(("walks", "runs"), seconds=2.0, seed=5, takes=3))
    assert [(m.prompt, m.seed) for m in motions] == [(p, s) for p in ("walks", "runs") for s in (5, 6, 7)]
    for motion in motions:
        assert motion.positions.shape == (40, 22, 3) and motion.positions.dtype == np.float32
        assert motion.features is not None and motion.features.shape == (40, WIDTH)
        assert motion.contacts is not None and motion.contacts.shape == (40, 4)
        assert (motion.fps, motion.model) == (20.0, "tiny")
    assert not np.allclose(motions[0].positions, motions[1].positions)
    assert not np.allclose(motions[0].positions, motions[3].positions)


def test_each_prompt_may_have_a_seed_of_its_own() -> None:
    made = generator()
    motions = made.generate(Request(("walks", "runs"), seconds=2.0, takes=2, seeds=(5, 9)))
    assert [m.seed for m in motions] == [5, 6, 9, 10]
    alone = made.generate(Request(("runs",), seconds=2.0, seed=10))[0]
    # A matrix library may round a row otherwise in a batch of another size.
    np.testing.assert_allclose(motions[3].positions, alone.positions, atol=1e-5)
    assert np.abs(motions[2].positions - alone.positions).max() > 1e-3
    with pytest.raises(MotionError, match="3 seeds for 2 prompts"):
        made.generate(Request(("walks", "runs"), seconds=2.0, seeds=(1, 2, 3)))
    with pytest.raises(MotionError, match="from 0 up, not -1"):
        made.generate(Request(("walks", "runs"), seconds=2.0, seeds=(1, -1)))


def test_what_the_denoiser_says_is_decoded() -> None:
    """A denoiser that knows the answer: the result is that answer's recovered positions, in every step count."""
    made, features = bundle(), walk(40)
    known = (features - made.tensors["mean"]) / made.tensors["std"]
    full = np.zeros((40, 263))
    full[:, Layout(GROUPS).columns] = features
    wanted = humanml3d.recover_positions(full)
    for steps in (1, 3, 6):
        for sampler in ("ancestral", "ddim"):
            request = Request(("walks",), seconds=2.0, steps=steps, sampler=sampler, clean=False)
            motion = recording(Recorder(known)).generate(request)[0]
            np.testing.assert_allclose(motion.positions, wanted, atol=1e-4)
            np.testing.assert_allclose(motion.features, features, atol=1e-4)
            np.testing.assert_array_equal(motion.contacts, features[:, -4:] > 0.5)


@pytest.mark.parametrize(("guidance", "scale"), [(None, 2.5), (1.0, 1.0), (0.0, 0.0), (4.0, 4.0)])
def test_guidance_is_the_requests_or_the_cards(guidance: float | None, scale: float) -> None:
    """With x0 = 1 conditioned and 0 not, guidance s gives s."""
    made = recording(Recorder())
    motion = made.generate(Request(("walks",), seconds=1.0, guidance=guidance, clean=False))[0]
    wanted = scale * bundle().tensors["std"] + bundle().tensors["mean"]
    np.testing.assert_allclose(motion.features, np.broadcast_to(wanted, (20, WIDTH)), rtol=1e-4, atol=1e-6)


def test_the_card_says_sampler_and_steps_unless_the_request_does() -> None:
    recorder = Recorder()
    model = recording(recorder, sampler={"name": "ddim", "steps": 3})
    model.generate(Request(("walks",), seconds=1.0))
    assert len(recorder.calls) == 3
    model.generate(Request(("walks",), seconds=1.0, steps=5))
    assert len(recorder.calls) == 8
    model.generate(Request(("walks",), seconds=1.0, sampler="ancestral"))
    assert len(recorder.calls) == 8 + model.card["diffusion"]["steps"]


def test_a_model_without_frame_mask_is_sampled_at_its_own_length_and_cropped() -> None:
    recorder = Recorder()
    model = recording(recorder, frames={"min": 20, "max": 100, "mask": False})
    motion = model.generate(Request(("walks",), seconds=2.0))[0]
    assert len(motion) == 40 and {shape[1] for shape, _ in recorder.calls} == {100}


@pytest.mark.parametrize("sampler", ["ancestral", "ddim"])
def test_a_take_is_the_same_alone_and_among_others(monkeypatch: pytest.MonkeyPatch, sampler: str) -> None:
    request = Request(("walks", "runs"), seconds=2.0, seed=5, takes=3, sampler=sampler)
    together = generator().generate(request)
    alone = generator().generate(replace(request, prompts=("runs",), seed=6, takes=1))[0]
    np.testing.assert_allclose(alone.positions, together[4].positions, atol=1e-4)
    monkeypatch.setattr(generators, "BATCH_FRAMES", 100)
    steps: list[tuple[int, int]] = []
    apart = generator().generate(request, on_step=lambda done, total: steps.append((done, total)))
    for a, b in zip(apart, together, strict=True):
        assert (a.prompt, a.seed) == (b.prompt, b.seed)
        np.testing.assert_allclose(a.positions, b.positions, atol=1e-4)
    assert steps == [(k, 18) for k in range(1, 19)]


@pytest.mark.parametrize("sampler", ["ancestral", "ddim"])
def test_both_engines_make_the_same_motion(sampler: str) -> None:
    pytest.importorskip("torch", reason="the torch engine needs torch")
    request = Request(("walks", "runs"), seconds=1.55, takes=2, sampler=sampler, clean=False)
    for a, b in zip(generator("numpy").generate(request), generator("torch").generate(request), strict=True):
        np.testing.assert_allclose(a.features, b.features, atol=1e-3)
        np.testing.assert_allclose(a.positions, b.positions, atol=1e-3)


def test_clean_up_is_a_choice() -> None:
    request = Request(("walks",), seconds=2.0)
    cleaned = generator().generate(request)[0]
    raw = generator().generate(replace(request, clean=False))[0]
    assert measures.bone_deviation(cleaned.positions) < 1e-5 < measures.bone_deviation(raw.positions)
    np.testing.assert_array_equal(cleaned.features, raw.features)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prompts": ()}, "empty"),
        ({"prompts": ("walks", "  ")}, "empty"),
        ({"seconds": 0.0}, "1 to 9.8 seconds"),
        ({"seconds": 10_000.0}, "1 to 9.8 seconds"),
        ({"seconds": -3.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seconds": float("inf")}, "seconds"),
        ({"takes": 0}, "takes"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"guidance": float("nan")}, "Guidance"),
        ({"guidance": -1.0}, "Guidance"),
        ({"steps": 0}, "steps"),
        ({"steps": 7}, "steps"),
        ({"sampler": "euler"}, "sampler"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_runs(change: dict[str, Any], words: str) -> None:
    recorder = Recorder()
    request = replace(Request(("walks",), seconds=2.0), **change)
    with pytest.raises(MotionError, match=words) as raised:
        recording(recorder).generate(request)
    assert recorder.calls == [] and str(raised.value).endswith(".") and "\n" not in str(raised.value)


def test_a_model_that_makes_no_numbers_says_so() -> None:
    with pytest.raises(MotionError, match="no motion"):
        recording(Recorder(np.full(WIDTH, np.nan, dtype=np.float32))).generate(Request(("walks",), seconds=1.0))


def test_cancel_stops_within_a_step() -> None:
    recorder = Recorder()

    def cancel(done: int, _: int) -> None:
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        recording(recorder).generate(Request(("walks",), seconds=1.0), on_step=cancel)
    assert len(recorder.calls) == 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tiny model on disk."""
    bundle().write(tmp_path / "tiny")
    return tmp_path / "tiny"


def test_a_model_is_loaded_from_its_folder(folder: Path) -> None:
    model = MotionGenerator.load(str(folder), engine="numpy")
    assert model.card["name"] == "tiny" and model.engine.name == "numpy"


@pytest.mark.parametrize(
    ("engine", "device", "words"),
    [("jax", "auto", "engine"), ("numpy", "cuda", "CPU"), ("auto", "tpu", "device")],
)
def test_engines_and_devices_that_are_not_there_are_named(folder: Path, engine: str, device: str, words: str) -> None:
    with pytest.raises(MotionError, match=words):
        MotionGenerator.load(str(folder), engine=engine, device=device)


def test_torch_says_which_device_is_missing(folder: Path) -> None:
    torch = pytest.importorskip("torch", reason="the torch engine needs torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(MotionError, match="cuda"):
        MotionGenerator.load(str(folder), engine="torch", device="cuda")


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_weights_that_do_not_fit_their_card_are_refused(folder: Path, engine: str) -> None:
    if engine == "torch":
        pytest.importorskip("torch", reason="the torch engine needs torch")
    made = bundle()
    del made.tensors["output_process.poseFinal.bias"]
    made.write(folder)
    with pytest.raises(MotionError, match="poseFinal"):
        MotionGenerator.load(str(folder), engine=engine, device="cpu")


def test_damaged_and_missing_models_are_refused(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(MotionError):
        MotionGenerator.load(str(folder))
    with pytest.raises(MotionError, match="no model"):
        MotionGenerator.load("nobody")


@pytest.mark.parametrize(
    "card",
    [
        {"features": {"representation": "smpl_rot6d", "groups": ["rot6d"], "fps": 20.0}},
        {"features": {"representation": "skeleton-of-its-own", "fps": 20.0}},
        {"features": {"representation": "humanml3d", "groups": ["root", "ric"], "fps": 20.0}},
    ],
)
def test_models_of_another_kind_are_refused(card: dict[str, Any]) -> None:
    with pytest.raises(MotionError):
        recording(Recorder(), **card)


def test_importing_needs_numpy_alone() -> None:
    """Blender's Python has no torch, SciPy or Pillow; the worker there starts with these imports."""
    code = (
        "import sys; import mdm_core.generator, mdm_core.cli, mdm_core.io.video, mdm_core.io.bvh, mdm_core.io.npz; "
        "from mdm_core.engine import numpy_engine; mdm_core.cli.parser(); "
        "print([m for m in ('torch', 'scipy', 'PIL', 'safetensors', 'transformers', 'bpy') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"
