"""The authors' checkpoints, `args.json` beside `model*.pt`, as a `Bundle`. No network is built here.

What a checkpoint is (spec/mdm.md section 1) is read from its own files and never guessed: the options from
args.json, the sizes from the tensors, and both must agree; `shapes` says which tensors those are. torch is needed to
open the .pt, and imported only then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from .bundle import ARGS, ASSETS, FORMAT, Bundle
from .shapes import ARCHITECTURES, Shapes
from .tensors import read_safetensors

HUMANML3D = ASSETS / "humanml3d" / "statistics.safetensors"
FEED_FORWARD = 1024  # the same, where no tensor has it
HEADS = 4  # hard-coded in MDM, and not to be read off the tensors
LONGEST_CHAIN = 1200  # frames of a model that goes on from its own last ones: one minute; a bound of ours
Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Dataset:
    """What a dataset's models are made for. frames: the longest clip, and the length that models without mask need."""

    representation: str
    groups: tuple[str, ...]
    features: int
    frames: int
    fps: float
    licence: str


HML_GROUPS = ("root", "ric", "rot6d", "velocity", "contact")
DATASETS: dict[str, Dataset] = {
    "humanml": Dataset("humanml3d", HML_GROUPS, 263, 196, 20.0, "trained on HumanML3D (AMASS terms)"),
    "kit": Dataset("kit", HML_GROUPS, 251, 196, 12.5, "trained on KIT-ML (its terms)"),
    "humanact12": Dataset("smpl_rot6d", ("rot6d",), 150, 60, 20.0, "trained on HumanAct12 (its terms)"),
    "uestc": Dataset("smpl_rot6d", ("rot6d",), 150, 60, 20.0, "trained on UESTC (its terms)"),
}
TEXT_DATASETS = ("humanml", "kit")
TEXT_ENCODERS: dict[str, dict[str, Any]] = {
    "clip": {"encoder": "CLIP-ViT-B-32", "width": 512, "context": 22},
    "bert": {"encoder": "distilbert-base-uncased", "width": 768},
}
TARGETS = ("single", "multi", "split")
TEXT_POLICIES = ("add", "concat")


@dataclass(frozen=True)
class Options:
    """The fields of args.json that make the model; the defaults are the published code's (section 1.3)."""

    dataset: str = "humanml"
    arch: str = "trans_enc"
    text_encoder_type: str = "clip"
    layers: int = 8
    latent_dim: int = 512
    cond_mask_prob: float = 0.1
    mask_frames: bool = False
    unconstrained: bool = False
    use_ema: bool = False
    emb_trans_dec: bool = False
    emb_policy: str = "add"
    pos_embed_max_len: int = 5000
    context_len: int = 0
    pred_len: int = 0
    multi_target_cond: bool = False
    multi_encoder_type: str = "single"
    target_enc_layers: int = 1
    noise_schedule: str = "cosine"
    diffusion_steps: int = 1000

    @property
    def condition(self) -> str:
        """What the model listens to: "text", "action" or "none"."""
        if self.unconstrained:
            return "none"
        return "text" if self.dataset in TEXT_DATASETS else "action"


def read(path: Path, statistics: Path | None = None) -> Bundle:
    """The checkpoint in a folder (its latest model*.pt) or a given .pt file.

    The card is a bundle's, with besides: "condition" (text, action, none), "null_condition" (False: guidance
    must stay 1), and in "frames" `mask`: False means that the model only knows clips of `max` frames, so
    sample `max` and crop (section 1.4). `mean` and `std` come from Mean.npy and Std.npy beside it or in the folder
    `statistics`. Where those are not there, HumanML3D's are known, the rot6d models need none, and KIT's are left
    out. Raises `MotionError` with what is wrong.
    """
    weights = weights_file(path)
    args = read_args(weights.parent / ARGS)
    options = parse(args, weights.parent / ARGS)
    try:
        from mdm_core.engine.torch_weights import read_checkpoint
    except ImportError:
        raise MotionError(f"Reading {weights.name} needs torch; install torch, or use the bundled model.") from None
    tensors = without_fixed(read_checkpoint(weights, averaged=options.use_ema))
    sizes = architecture(options, tensors, weights, legacy="text_encoder_type" not in args)
    compare(tensors, ARCHITECTURES[options.arch].shapes(sizes), weights)
    normalisation = read_statistics(statistics or weights.parent, options.dataset)
    return Bundle(card(weights, options, sizes), tensors | normalisation)


def check_statistics(bundle: Bundle, path: Path) -> None:
    """Raises a `MotionError` if the mean and deviation are missing, without which the output is no motion."""
    if "mean" not in bundle.tensors:
        raise MotionError(
            f"{path} needs the Mean.npy and Std.npy of its dataset ({bundle.card['data']}), which its authors do not "
            "put beside it; copy them there, or give their folder with --statistics."
        )


def weights_file(path: Path) -> Path:
    """The .pt file itself, or the one with the highest step in a folder."""
    if path.is_file():
        return path
    found = sorted(path.glob("model*.pt"))
    if not found:
        raise MotionError(f"There is no checkpoint in {path}: give a folder that holds {ARGS} and a model*.pt.")
    return found[-1]


def read_args(path: Path) -> dict[str, Any]:
    """The training options as they were saved."""
    try:
        args = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MotionError(f"{path} is missing: keep the {ARGS} that came with the checkpoint beside it.") from None
    except (OSError, ValueError) as error:
        raise MotionError(f"{path} cannot be read ({error}); download it again.") from None
    if not isinstance(args, dict):
        raise MotionError(f"{path} does not hold the options of a model; download it again.")
    return args


def parse(args: dict[str, Any], path: Path) -> Options:
    """The options that make the model, with what older files call otherwise; unknown ones are ignored."""
    if "unconstrained" not in args and "cond_mode" in args:
        args = args | {"unconstrained": args["cond_mode"] == "no_cond"}
    if isinstance(args.get("lambda_target_loc"), int | float) and args["lambda_target_loc"] > 0:
        args = args | {"multi_target_cond": True}
    values: dict[str, Any] = {}
    for name, default in vars(Options()).items():
        value = args.get(name, default)
        wanted = (int, float) if isinstance(default, float) else type(default)
        if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(default, bool)):
            raise MotionError(f'{path} has "{name}": {value!r}, which is not usable; download it again.')
        values[name] = value
    options = Options(**values)
    check(options, path)
    return options


def check(options: Options, path: Path) -> None:
    """Raises a `MotionError` that names the option with which no network can be built."""
    for name, known in (
        ("dataset", DATASETS),
        ("arch", ARCHITECTURES),
        ("text_encoder_type", TEXT_ENCODERS),
        ("emb_policy", TEXT_POLICIES),
        ("multi_encoder_type", TARGETS),
        ("noise_schedule", ("cosine", "linear")),
    ):
        value = getattr(options, name)
        if value not in known:
            raise MotionError(f'{path} has the {name} "{value}"; supported are {", ".join(known)}.')
    for name, least in (("layers", 1), ("latent_dim", HEADS), ("diffusion_steps", 1), ("context_len", 0)):
        if getattr(options, name) < least:
            raise MotionError(f'{path} has "{name}": {getattr(options, name)}, less than {least}; download it again.')
    if options.arch != "trans_dec" and options.condition == "text":
        for name, value in (("text_encoder_type", "bert"), ("emb_policy", "concat")):
            if getattr(options, name) == value:
                raise MotionError(f'{path} has the {name} "{value}", which goes with the arch "trans_dec" alone.')


def without_fixed(tensors: Tensors) -> Tensors:
    """The trained tensors: without the sinusoid tables, which are computed, and without a text encoder's."""
    return {
        name: value
        for name, value in tensors.items()
        if not name.endswith("sequence_pos_encoder.pe") and not name.startswith("clip_model.")
    }


def architecture(options: Options, tensors: Tensors, path: Path, *, legacy: bool) -> dict[str, Any]:
    """The card's "architecture": what args.json says, and from the tensors what it does not.

    legacy: made before February 2025, when the decoder's extra token was step and text and not the step alone (2).
    """

    def rows(name: str) -> int:
        if name not in tensors:
            raise MotionError(f"{path} does not fit its {ARGS}: {name} is missing; give the files of one model.")
        return len(tensors[name])

    widths = ARCHITECTURES[options.arch].feed_forward
    text = options.condition == "text"
    sizes: dict[str, Any] = {
        "arch": options.arch,
        "features": DATASETS[options.dataset].features,
        "text_dim": TEXT_ENCODERS[options.text_encoder_type]["width"] if text else None,
        "actions": rows("embed_action.action_embedding") if options.condition == "action" else 0,
        "latent": options.latent_dim,
        "layers": options.layers,
        "heads": HEADS,
        "feed_forward": rows(widths) if widths else FEED_FORWARD,
        "frames_per_token": 1,
        "max_positions": options.pos_embed_max_len,
    }
    if options.arch == "trans_dec":
        sizes["extra_token"] = ("time+text" if legacy else "time") if options.emb_trans_dec else "none"
        sizes["text_policy"] = options.emb_policy if text else "add"
    if options.arch == "gru":
        sizes["recurrence"] = "batch"
    if options.context_len:
        sizes["prefix"] = options.context_len
    if options.multi_target_cond:
        sizes |= {
            "target": target_kind(tensors) or options.multi_encoder_type,
            "target_layers": options.target_enc_layers,
        }
    return sizes


def target_kind(tensors: Tensors) -> str | None:
    """Which of DiP's encoders of goals a file holds: older args.json do not say it."""
    names = {"mlp": "single", "mini_mlps": "split", "target_loc_emb": "multi"}
    held = (name.split(".")[1] for name in tensors if name.startswith("embed_target_cond."))
    return next((names[part] for part in held if part in names), None)


def compare(tensors: Tensors, shapes: Shapes, path: Path) -> None:
    """Raises a `MotionError` that names what is missing, not wanted, or of another size."""
    wrong = [f"{name} {tensors[name].shape} instead of {shape}" for name, shape in shapes.items()
             if name in tensors and tensors[name].shape != shape]  # fmt: skip
    for problem, names in (
        ("misses", [name for name in shapes if name not in tensors]),
        ("has the unknown", [name for name in tensors if name not in shapes]),
        ("holds", wrong),
    ):
        if names:
            raise MotionError(
                f"{path} does not fit its {ARGS}: it {problem} {listed(names)}; give the files of one model."
            )


def listed(names: Iterable[str], limit: int = 3) -> str:
    """The first names, and how many more."""
    names = list(names)
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def read_statistics(folder: Path, name: str) -> Tensors:
    """`mean` and `std` [D] of a dataset, float32: from Mean.npy and Std.npy if both are there."""
    dataset = DATASETS[name]
    if dataset.representation == "smpl_rot6d":
        return {"mean": np.zeros(dataset.features, np.float32), "std": np.ones(dataset.features, np.float32)}
    paths = {"mean": folder / "Mean.npy", "std": folder / "Std.npy"}
    if not all(path.is_file() for path in paths.values()):
        return read_safetensors(HUMANML3D) if name == "humanml" else {}
    statistics: Tensors = {}
    for key, path in paths.items():
        try:
            statistics[key] = np.load(path, allow_pickle=False).astype(np.float32)
        except (OSError, ValueError):
            raise MotionError(f"{path} is damaged; copy it again from the dataset.") from None
        if statistics[key].shape != (dataset.features,):
            raise MotionError(
                f"{path} holds {statistics[key].shape} numbers, this model has {dataset.features}; "
                "copy the file of its own dataset."
            )
    return statistics


def frames(options: Options) -> dict[str, Any]:
    """The card's "frames". DiP makes `block` frames at a time and goes on from its own last ones without an end."""
    if options.context_len:
        block = options.pred_len or options.context_len
        return {"min": 1, "max": LONGEST_CHAIN, "mask": True, "block": block}
    return {"min": 1, "max": DATASETS[options.dataset].frames, "mask": options.mask_frames}


def card(weights: Path, options: Options, sizes: dict[str, Any]) -> dict[str, Any]:
    """The card of a bundle for this checkpoint, see `read`."""
    dataset = DATASETS[options.dataset]
    encoder = TEXT_ENCODERS[options.text_encoder_type]
    null_condition = options.cond_mask_prob > 0 and options.condition != "none"
    return {
        "format": FORMAT,
        "name": f"{weights.resolve().parent.name}/{weights.stem}",
        "architecture": sizes,
        "condition": options.condition,
        "diffusion": {"schedule": options.noise_schedule, "steps": options.diffusion_steps},
        "features": {
            "representation": dataset.representation,
            "groups": list(dataset.groups),
            "fps": dataset.fps,
            "facing": "humanml3d",
        },
        "frames": frames(options),
        "text": {k: v for k, v in encoder.items() if k != "width"} if options.condition == "text" else {},
        "guidance": (7.5 if options.context_len else 2.5) if null_condition else 1.0,
        "null_condition": null_condition,
        "sampler": {"name": "ancestral", "steps": options.diffusion_steps},
        "data": options.dataset,
        "licence": f"code MIT (Tevet et al.); {dataset.licence}",
    }
