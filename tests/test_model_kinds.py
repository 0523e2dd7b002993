"""Every kind of published model end to end, tiny and untrained: from the command line or a request to motion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdm_core.actions import HUMANACT12
from mdm_core.checkpoints import shapes
from mdm_core.checkpoints.bundle import Bundle
from mdm_core.cli import main
from mdm_core.engine import loading
from mdm_core.errors import MotionError
from mdm_core.generator import MotionGenerator, Request
from mdm_core.io import bvh, npz
from mdm_core.text.encoders import Cached

SIZES: dict[str, Any] = {
    "arch": "trans_enc",
    "features": 150,
    "text_dim": None,
    "actions": 0,
    "latent": 16,
    "layers": 1,
    "heads": 4,
    "feed_forward": 24,
    "frames_per_token": 1,
}
ROT6D = {"representation": "smpl_rot6d", "groups": ["rot6d"], "fps": 20.0}
HML = {"representation": "humanml3d", "groups": ["root", "ric", "rot6d", "velocity", "contact"], "fps": 20.0}
KIT = {"representation": "kit", "groups": [], "fps": 12.5}


def bundle(sizes: dict[str, Any], features: dict[str, Any], **card: Any) -> Bundle:
    """A model with random weights, whose motions stay small."""
    full = SIZES | sizes
    rng = np.random.default_rng(0)
    wanted = shapes.ARCHITECTURES[full["arch"]].shapes(full)
    tensors = {name: (0.3 * rng.normal(size=shape)).astype(np.float32) for name, shape in wanted.items()}
    if full["actions"]:
        tensors["embed_action.action_embedding"] *= 30
    mean = np.zeros(full["features"], np.float32)
    if features is ROT6D:
        upright = np.tile([1, 0, 0, 0, 1, 0], 25)
        upright[:6], upright[-6:] = [1, 0, 0, 0, -1, 0], 0
        mean = upright.astype(np.float32)
    else:
        mean[3], mean[4:64] = 0.9, rng.normal(size=60)
    tensors |= {"mean": mean, "std": np.full_like(mean, 0.05)}
    standard: dict[str, Any] = {
        "format": 1,
        "name": "tiny",
        "architecture": full,
        "diffusion": {"schedule": "cosine", "steps": 4},
        "features": features,
        "frames": {"min": 1, "max": 60, "mask": False},
        "text": {},
        "guidance": 1.0,
        "null_condition": False,
        "data": "humanact12",
    }
    return Bundle(standard | card, tensors)


ACTION = bundle({"actions": 12}, ROT6D, condition="action")
FREE = bundle({}, ROT6D, condition="none")
DIP = bundle(
    {"arch": "trans_dec", "features": 263, "text_dim": 8, "prefix": 20, "extra_token": "none", "text_policy": "add"},
    HML,
    condition="text",
    frames={"min": 1, "max": 1200, "mask": True, "block": 40},
    text={"encoder": "distilbert-base-uncased"},
    guidance=7.5,
    null_condition=True,
)
TEXT_KIT = bundle(
    {"features": 251, "text_dim": 8}, KIT, condition="text", frames={"min": 1, "max": 196, "mask": False}, data="kit"
)


class Tokens:
    """As many token states as the text has words."""

    def states(self, text: str) -> np.ndarray:
        words = text.split()
        seeds = [sum(map(ord, word)) for word in words]
        return np.stack([np.random.default_rng(seed).normal(size=8) for seed in seeds]).astype(np.float32)


def generator(made: Bundle, engine: str = "numpy") -> MotionGenerator:
    if engine == "torch":
        pytest.importorskip("torch")
    result = MotionGenerator(made, loading.load(made, engine, "cpu"))
    result._encoder = Cached(Tokens())
    return result


def test_actions_by_name_and_number() -> None:
    """All of a model's three seconds unless fewer are asked for; the same action is the same motion."""
    made = generator(ACTION).generate(Request(actions=("jump", "3", "WARM UP"), clean=False))
    assert [motion.prompt for motion in made] == ["jump", "3", "WARM UP"]
    assert all(motion.positions.shape == (60, 22, 3) and np.isfinite(motion.positions).all() for motion in made)
    np.testing.assert_allclose(made[0].positions, made[1].positions, atol=1e-6)  # rows of a batch round differently
    assert np.abs(made[0].positions - made[2].positions).max() > 1e-4
    shorter = generator(ACTION).generate(Request(actions=("jump",), seconds=1.0, clean=False))[0]
    np.testing.assert_allclose(shorter.features, made[0].features[:20], atol=1e-5)  # 60 are made and cut


def test_the_engines_agree_on_actions() -> None:
    request = Request(actions=("phone",), takes=2, clean=False)
    one, other = (generator(ACTION, engine).generate(request) for engine in ("numpy", "torch"))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a.positions, b.positions, atol=1e-4)


def test_without_a_condition() -> None:
    made = generator(FREE).generate(Request(takes=2, seed=5))
    assert [(motion.prompt, motion.seed) for motion in made] == [("", 5), ("", 6)]
    assert np.abs(made[0].positions - made[1].positions).max() > 1e-3


@pytest.mark.parametrize(
    ("model", "request_", "match"),
    [
        (ACTION, Request(actions=("moonwalk",)), 'no action "moonwalk"; it knows warm_up, walk, run, jump'),
        (ACTION, Request(actions=("12",)), 'no action "12"'),
        (ACTION, Request(prompts=("a person walks",)), 'no action "a person walks"'),
        (ACTION, Request(), "give one"),
        (ACTION, Request(actions=("walk",), seconds=3.5), "0.5 to 3 seconds, not 3.5"),
        (ACTION, Request(actions=("walk",), guidance=2.5), "without guidance, which must stay 1"),
        (FREE, Request(prompts=("walks",)), "leave prompt and action out"),
        (DIP, Request(actions=("walk",)), "knows no actions but words"),
        (DIP, Request(prompts=("walks | ",)), "prompt is empty"),
        (DIP, Request(prompts=("walks",), seconds=61.0), "to 60 seconds"),
        (DIP, Request(prompts=("w" * 10_000,)), "10000 characters"),
        (TEXT_KIT, Request(prompts=("",)), "prompt is empty"),
    ],
)
def test_what_a_model_cannot_do_is_a_sentence(model: Bundle, request_: Request, match: str) -> None:
    with pytest.raises(MotionError, match=match):
        generator(model, "torch").generate(request_)


def test_dip_goes_on_from_its_own_frames() -> None:
    """Longer is the shorter one and more; a take is the same in any batch, whatever the prompts beside it."""
    made = generator(DIP, "torch")
    short = made.generate(Request(("walks forward",), seconds=2.0, clean=False))[0]
    long = made.generate(Request(("walks forward", "sits"), seconds=5.0, takes=2, clean=False))
    assert [len(motion) for motion in long] == [100] * 4
    np.testing.assert_allclose(long[0].features[:40], short.features, atol=2e-5)
    assert np.abs(long[0].features[40:80] - long[0].features[:40]).max() > 1e-3


def test_dip_takes_a_prompt_a_block() -> None:
    """The first part decides the first block; another second part changes only what comes after it."""
    made = generator(DIP, "torch")
    one, two = (
        made.generate(Request((prompt,), seconds=4.0, clean=False))[0].features
        for prompt in ("walks forward | sits", "walks forward | jumps high")
    )
    np.testing.assert_array_equal(one[:40], two[:40])
    assert np.abs(one[40:] - two[40:]).max() > 1e-3


def test_progress_over_blocks() -> None:
    seen: list[tuple[int, int]] = []
    request = Request(("walks",), seconds=5.0, clean=False)
    generator(DIP, "torch").generate(request, on_step=lambda a, b: seen.append((a, b)))
    assert seen == [(k, 12) for k in range(1, 13)]


def test_kit_is_made_at_its_own_rate() -> None:
    motion = generator(TEXT_KIT).generate(Request(("walks",), seconds=4.0))[0]
    assert (motion.fps, len(motion)) == (12.5, 50)
    assert np.isfinite(motion.positions).all()


@pytest.mark.parametrize("model", [ACTION, FREE, DIP, TEXT_KIT])
def test_they_make_no_edits(model: Bundle) -> None:
    with pytest.raises(MotionError, match="cannot edit"):
        _ = generator(model, "torch").layout


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`mdm generate --action jump --model FOLDER`, and nothing but --model for the unconditional one."""
    ACTION.write(tmp_path / "actions")
    FREE.write(tmp_path / "free")
    outs = ["--out", str(tmp_path / "a.npz"), "--out", str(tmp_path / "a.bvh")]
    assert main(["generate", "--action", "jump", "--action", "walk", "--model", str(tmp_path / "actions"), *outs]) == 0
    takes = npz.read(tmp_path / "a.npz")
    assert [take.prompt for take in takes] == ["jump", "walk"]
    assert len(takes[0]) == 60
    assert len(bvh.read(tmp_path / "a_01.bvh")) == 60
    assert main(["generate", "--model", str(tmp_path / "free"), "--out", str(tmp_path / "f.npz")]) == 0
    assert len(npz.read(tmp_path / "f.npz")) == 1
    assert main(["generate", "--action", "fly", "--model", str(tmp_path / "actions"), *outs]) == 1
    said = capsys.readouterr().err
    assert all(name in said for name in HUMANACT12)
