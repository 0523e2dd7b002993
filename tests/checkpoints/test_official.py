"""Official checkpoints: what is read from args.json and the tensors, old files, and files that do not fit."""

from __future__ import annotations

import json
import math
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdm_core.checkpoints import official, shapes
from mdm_core.errors import MotionError

TINY: dict[str, Any] = {"latent": 8, "layers": 2, "heads": 4, "feed_forward": 12, "frames_per_token": 1}
SIZES = {**TINY, "features": 263, "text_dim": 512, "actions": 0}
ARGS: dict[str, Any] = {
    "arch": "trans_enc",
    "dataset": "humanml",
    "latent_dim": 8,
    "layers": 2,
    "cond_mask_prob": 0.1,
    "diffusion_steps": 50,
    "noise_schedule": "cosine",
    "mask_frames": True,
    "text_encoder_type": "clip",
    "unconstrained": False,
}


def tensors(sizes: dict[str, Any] = SIZES, seed: int = 0) -> dict[str, Any]:
    """Random parameters of the encoder, with the tables that published files carry."""
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(seed)
    made = {name: torch.randn(shape, generator=generator) for name, shape in shapes.encoder(sizes).items()}
    table = torch.zeros(5000, 1, sizes["latent"])
    return made | {"sequence_pos_encoder.pe": table, "embed_timestep.sequence_pos_encoder.pe": table}


def write(folder: Path, stored: Any, args: dict[str, Any] | None = None, step: int = 600000) -> Path:
    """A checkpoint folder in the official form."""
    torch = pytest.importorskip("torch")
    (folder / "args.json").write_text(json.dumps(ARGS if args is None else args))
    torch.save(stored, folder / f"model{step:09d}.pt")
    return folder


def test_parameters_and_card(tmp_path: Path) -> None:
    stored = tensors()
    bundle = official.read(write(tmp_path, stored))
    assert set(bundle.parameters) == set(shapes.encoder(SIZES))
    for name, value in bundle.parameters.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, stored[name].numpy())
    card = bundle.card
    assert card["architecture"] == {**SIZES, "arch": "trans_enc", "max_positions": 5000}
    assert card["diffusion"] == {"schedule": "cosine", "steps": 50}
    assert card["frames"] == {"min": 1, "max": 196, "mask": True}
    assert card["guidance"] == 2.5
    assert card["null_condition"]
    assert card["text"]["encoder"] == "CLIP-ViT-B-32"
    assert card["features"]["facing"] == "humanml3d"
    assert card["name"] == f"{tmp_path.name}/model000600000"


def test_it_runs(tmp_path: Path) -> None:
    """The names are those of the torch network."""
    torch = pytest.importorskip("torch")
    from mdm_core.engine.torch_network import EncoderNetwork, NetworkShape

    bundle = official.read(write(tmp_path, tensors()))
    sizes = {name: value for name, value in bundle.card["architecture"].items() if name != "arch"}
    EncoderNetwork(NetworkShape(**sizes)).load_state_dict(
        {name: torch.from_numpy(value) for name, value in bundle.parameters.items()}
    )


@pytest.mark.parametrize(
    ("sizes", "parameters"),
    [({"features": 263, "text_dim": 512}, 17_880_327), ({"features": 150, "actions": 40}, 17_522_326)],
)
def test_published_sizes(sizes: dict[str, Any], parameters: int) -> None:
    """spec/mdm.md section 1; 108 tensors for text without the two tables."""
    made = shapes.encoder({"latent": 512, "layers": 8, "feed_forward": 1024, "frames_per_token": 1, **sizes})
    assert sum(math.prod(shape) for shape in made.values()) == parameters
    assert len(made) == (106 if "text_dim" in sizes else 105)


def test_the_latest_step_of_a_folder_or_the_file_asked_for(tmp_path: Path) -> None:
    old, new = tensors(seed=1), tensors(seed=2)
    write(tmp_path, new, step=475000)
    write(tmp_path, old, step=200000)
    assert official.read(tmp_path).card["name"].endswith("model000475000")
    asked = official.read(tmp_path / "model000200000.pt")
    np.testing.assert_array_equal(asked.tensors["embed_text.bias"], old["embed_text.bias"].numpy())


@pytest.mark.parametrize(("use_ema", "expected"), [(True, 2), (False, 1)])
def test_the_moving_average_is_taken_when_asked(tmp_path: Path, use_ema: bool, expected: int) -> None:
    stored = {"model": tensors(seed=1), "model_avg": tensors(seed=2)}
    bundle = official.read(write(tmp_path, stored, {**ARGS, "use_ema": use_ema}))
    wanted = tensors(seed=expected)["embed_text.bias"].numpy()
    np.testing.assert_array_equal(bundle.tensors["embed_text.bias"], wanted)


def test_a_file_of_2022(tmp_path: Path) -> None:
    """No mask_frames, text encoder, EMA or `unconstrained`: the published defaults, and so the 196-frame rule."""
    args = {name: ARGS[name] for name in ("arch", "dataset", "latent_dim", "layers", "cond_mask_prob")}
    args |= {"cond_mode": "text", "emb_before_mask": True, "data_dir": "", "device": 0}
    card = official.read(write(tmp_path, tensors(), args)).card
    assert card["diffusion"] == {"schedule": "cosine", "steps": 1000}
    assert card["frames"] == {"min": 1, "max": 196, "mask": False}
    assert card["text"]["encoder"] == "CLIP-ViT-B-32"


def test_an_old_unconstrained_file(tmp_path: Path) -> None:
    args = {"arch": "trans_enc", "dataset": "humanact12", "latent_dim": 8, "layers": 2, "cond_mode": "no_cond"}
    bundle = official.read(write(tmp_path, tensors({**TINY, "features": 150}), args))
    assert bundle.card["condition"] == "none"
    assert bundle.card["guidance"] == 1.0
    assert not bundle.card["null_condition"]
    assert (bundle.tensors["std"] == 1).all()


def test_an_action_model_without_dropout_has_no_guidance(tmp_path: Path) -> None:
    args = {**ARGS, "dataset": "uestc", "cond_mask_prob": 0}
    card = official.read(write(tmp_path, tensors({**TINY, "features": 150, "actions": 40}), args)).card
    assert (card["condition"], card["guidance"], card["null_condition"]) == ("action", 1.0, False)
    assert card["architecture"]["actions"] == 40
    assert card["frames"]["max"] == 60


def test_statistics_beside_the_checkpoint(tmp_path: Path) -> None:
    write(tmp_path, tensors())
    mean, std = np.arange(263.0), np.arange(263.0) + 1
    np.save(tmp_path / "Mean.npy", mean)
    np.save(tmp_path / "Std.npy", std)
    bundle = official.read(tmp_path)
    np.testing.assert_array_equal(bundle.tensors["mean"], mean)
    np.testing.assert_array_equal(bundle.tensors["std"], std)
    np.save(tmp_path / "Std.npy", std[:251])
    with pytest.raises(MotionError, match=r"Std\.npy.*251"):
        official.read(tmp_path)
    (tmp_path / "Std.npy").write_bytes(b"no array")
    with pytest.raises(MotionError, match=r"Std\.npy is damaged"):
        official.read(tmp_path)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in tensors().items() if key != name}


@pytest.mark.parametrize("missing", ["embed_text.bias", "seqTransEncoder.layers.1.norm2.weight"])
def test_a_missing_tensor_is_named(tmp_path: Path, missing: str) -> None:
    with pytest.raises(MotionError, match=f"misses {missing}"):
        official.read(write(tmp_path, without(missing)))


def test_a_missing_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match=r"layers\.0\.linear1\.weight is missing"):
        official.read(write(tmp_path, without("seqTransEncoder.layers.0.linear1.weight")))


def test_an_unexpected_tensor_is_named(tmp_path: Path) -> None:
    stored = tensors() | {"velEmbedding.weight": tensors()["embed_text.bias"]}
    with pytest.raises(MotionError, match=r"unknown velEmbedding\.weight"):
        official.read(write(tmp_path, stored))


def test_more_layers_than_args_say(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match=r"unknown seqTransEncoder\.layers\.2.* and 9 more"):
        official.read(write(tmp_path, tensors({**SIZES, "layers": 3})))


def test_another_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match=r"\(8, 251\) instead of \(8, 263\)"):
        official.read(write(tmp_path, tensors({**SIZES, "features": 251})))


def test_a_stored_text_encoder_is_left_out(tmp_path: Path) -> None:
    stored = tensors() | {"clip_model.logit_scale": tensors()["embed_text.bias"]}
    assert set(official.read(write(tmp_path, stored)).parameters) == set(shapes.encoder(SIZES))


FULL = {"latent": 512, "layers": 8, "feed_forward": 1024, "frames_per_token": 1, "features": 263, "target_layers": 1}


@pytest.mark.parametrize(
    ("sizes", "parameters"),
    [
        ({"text_dim": 512}, 26_293_511),
        ({"text_dim": 768}, 26_424_583),
        ({"text_dim": 768, "target": "single"}, 26_704_135),
    ],
    ids=["decoder", "decoder with DistilBERT and DiP", "DiP with goals"],
)
def test_published_decoders(sizes: dict[str, Any], parameters: int) -> None:
    """spec/mdm.md section 1; 156 tensors with the two tables."""
    made = shapes.decoder({**FULL, **sizes})
    assert sum(math.prod(shape) for shape in made.values()) == parameters
    assert len(made) == 154 + 4 * ("target" in sizes)


@pytest.mark.parametrize(
    "sizes",
    [
        {"arch": "trans_enc", "text_dim": 512},
        {"arch": "trans_dec", "text_dim": 512, "extra_token": "time"},
        {"arch": "trans_dec", "text_dim": 768, "prefix": 20, "target": "multi"},
        {"arch": "trans_dec", "text_dim": 768, "prefix": 20, "target": "split", "target_layers": 2},
        {"arch": "trans_dec", "text_dim": None, "actions": 5},
        {"arch": "gru", "text_dim": 512},
    ],
)
def test_the_shapes_are_the_networks(sizes: dict[str, Any]) -> None:
    """What is said without torch is what torch builds."""
    pytest.importorskip("torch")
    from mdm_core.engine.torch_denoiser import build

    full = {**FULL, **TINY, "actions": 0, "target_layers": 1, **sizes}
    built = {name: tuple(value.shape) for name, value in build(full).state_dict().items()}
    assert shapes.ARCHITECTURES[full["arch"]].shapes(full) == built


def decoder_file(folder: Path, change: dict[str, Any], sizes: dict[str, Any], without: tuple[str, ...] = ()) -> Path:
    """A checkpoint of the decoder with these options changed or left out."""
    torch = pytest.importorskip("torch")
    made = {name: torch.zeros(shape) for name, shape in shapes.decoder({**SIZES, "target_layers": 1, **sizes}).items()}
    args = {name: value for name, value in {**ARGS, "arch": "trans_dec", **change}.items() if name not in without}
    return write(folder, made, args)


def test_the_generation_of_the_extra_token(tmp_path: Path) -> None:
    """Files that do not know a text encoder are of 2022: step and text; later ones: the step alone."""
    change = {"emb_trans_dec": True}
    assert official.read(decoder_file(tmp_path, change, {})).card["architecture"]["extra_token"] == "time"
    old = decoder_file(tmp_path, change, {}, without=("text_encoder_type", "mask_frames"))
    assert official.read(old).card["architecture"]["extra_token"] == "time+text"
    plain = decoder_file(tmp_path, {}, {}, without=("text_encoder_type",))
    assert official.read(plain).card["architecture"]["extra_token"] == "none"


def test_dip(tmp_path: Path) -> None:
    change = {"text_encoder_type": "bert", "context_len": 20, "pred_len": 40, "diffusion_steps": 10}
    bundle = official.read(decoder_file(tmp_path, change, {"text_dim": 768}))
    assert bundle.card["architecture"]["prefix"] == 20
    assert "target" not in bundle.card["architecture"]
    assert bundle.card["frames"]["block"] == 40
    assert bundle.card["guidance"] == 7.5
    assert bundle.card["text"] == {"encoder": "distilbert-base-uncased"}
    shorter = official.read(decoder_file(tmp_path, change | {"pred_len": 0}, {"text_dim": 768}))
    assert shorter.card["frames"]["block"] == 20


@pytest.mark.parametrize("kind", ["single", "multi", "split"])
@pytest.mark.parametrize("said", [{"multi_target_cond": True}, {"lambda_target_loc": 1.0}])
def test_the_encoder_of_goals_is_read_off_the_file(tmp_path: Path, kind: str, said: dict[str, Any]) -> None:
    """args.json of older files do not say which it is, or that there is one."""
    change = {"text_encoder_type": "bert", "context_len": 20, "pred_len": 40, **said}
    bundle = official.read(decoder_file(tmp_path, change, {"text_dim": 768, "target": kind}))
    assert bundle.card["architecture"]["target"] == kind


def test_a_gru(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    made = {name: torch.zeros(shape) for name, shape in shapes.gru(SIZES).items()}
    bundle = official.read(write(tmp_path, made, ARGS | {"arch": "gru"}))
    assert bundle.card["architecture"]["recurrence"] == "batch"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"dataset": "aist"}, 'dataset "aist"'),
        ({"arch": "unet"}, 'arch "unet"'),
        ({"text_encoder_type": "bert"}, 'text_encoder_type "bert".*"trans_dec" alone'),
        ({"emb_policy": "concat"}, 'emb_policy "concat".*"trans_dec" alone'),
        ({"emb_policy": "mix"}, 'emb_policy "mix"'),
        ({"multi_encoder_type": "triple"}, "multi_encoder_type"),
        ({"noise_schedule": "sqrt"}, "noise_schedule"),
        ({"layers": 0}, '"layers": 0'),
        ({"diffusion_steps": -5}, '"diffusion_steps": -5'),
        ({"text_encoder_type": "t5"}, '"t5"'),
        ({"layers": "8"}, "layers"),
        ({"layers": True}, "layers"),
        ({"mask_frames": 1}, "mask_frames"),
    ],
)
def test_unusable_options(tmp_path: Path, change: dict[str, Any], match: str) -> None:
    with pytest.raises(MotionError, match=match):
        official.read(write(tmp_path, tensors(), ARGS | change))


@pytest.mark.parametrize("text", ["", "{", "[1]", "\udcff"])
def test_damaged_args(tmp_path: Path, text: str) -> None:
    write(tmp_path, tensors())
    (tmp_path / "args.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(MotionError, match=r"args\.json.*download it again"):
        official.read(tmp_path)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="no checkpoint"):
        official.read(tmp_path)
    with pytest.raises(MotionError, match="no checkpoint"):
        official.read(tmp_path / "nowhere")
    write(tmp_path, tensors())
    (tmp_path / "args.json").unlink()
    with pytest.raises(MotionError, match=r"args\.json is missing"):
        official.read(tmp_path)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.99])
def test_a_truncated_file(tmp_path: Path, keep: float) -> None:
    path = write(tmp_path, tensors()) / "model000600000.pt"
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(MotionError, match="damaged"):
        official.read(tmp_path)


class Touch:
    """Pickles to a call that makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_file_that_would_run_code_does_not(tmp_path: Path) -> None:
    trap = tmp_path / "trapped"
    write(tmp_path, {"model": Touch(trap)})
    with pytest.raises(MotionError, match="more than numbers"):
        official.read(tmp_path)
    (tmp_path / "model000600000.pt").write_bytes(pickle.dumps(Touch(trap)))
    with pytest.raises(MotionError, match="more than numbers"):
        official.read(tmp_path)
    assert not trap.exists()


@pytest.mark.parametrize("stored", [[1, 2], {}, {"a": 3}, {"model": {}}])
def test_a_file_without_named_tensors(tmp_path: Path, stored: Any) -> None:
    with pytest.raises(MotionError, match="not a checkpoint of MDM"):
        official.read(write(tmp_path, stored))


def test_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, tensors())
    monkeypatch.delitem(sys.modules, "mdm_core.engine.torch_weights", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MotionError, match="install torch"):
        official.read(tmp_path)
