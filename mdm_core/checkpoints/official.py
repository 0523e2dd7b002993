"""The authors' checkpoints, `args.json` beside `model*.pt`, as a `Bundle`. No network is built here.

What a checkpoint is (spec/mdm.md section 1) is read from its own files and never guessed: the options from
args.json, the sizes from the tensors, and both must agree. An architecture that we can run is one entry of
`ARCHITECTURES`. torch is needed to open the .pt, and imported only then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from .bundle import FORMAT, Bundle

ARGS = "args.json"
HEADS = 4  # hard-coded in MDM, and not to be read off the tensors
Tensors = dict[str, NDArray[Any]]
Shapes = dict[str, tuple[int, ...]]


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
    context_len: int = 0
    noise_schedule: str = "cosine"
    diffusion_steps: int = 1000

    @property
    def condition(self) -> str:
        """What the model listens to: "text", "action" or "none"."""
        if self.unconstrained:
            return "none"
        return "text" if self.dataset in TEXT_DATASETS else "action"


def read(path: Path) -> Bundle:
    """The checkpoint in a folder (its latest model*.pt) or a given .pt file.

    The card is a bundle's, with besides: "condition" (text, action, none), "null_condition" (False: guidance
    must stay 1), and in "frames" `mask`: False means that the model only knows clips of `max` frames, so
    sample `max` and crop (section 1.4). `mean` and `std` come from Mean.npy and Std.npy beside it and are
    left out where those are not there; the rot6d models need none. Raises `MotionError` with what is wrong.
    """
    weights = weights_file(path)
    options = parse(read_args(weights.parent / ARGS), weights.parent / ARGS)
    if options.arch not in ARCHITECTURES or options.context_len > 0:
        kind = "dip" if options.context_len > 0 else options.arch
        raise MotionError(
            f"This checkpoint's architecture ({kind}) is not supported yet; use one with {', '.join(ARCHITECTURES)}."
        )
    try:
        from mdm_core.engine.torch_weights import read_checkpoint
    except ImportError:
        raise MotionError(f"Reading {weights.name} needs torch; install torch, or use the bundled model.") from None
    tensors = without_fixed(read_checkpoint(weights, averaged=options.use_ema))
    sizes = architecture(options, tensors, weights)
    compare(tensors, ARCHITECTURES[options.arch].shapes(sizes), weights)
    statistics = read_statistics(weights.parent, DATASETS[options.dataset])
    return Bundle(card(weights, options, sizes), tensors | statistics)


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
    values: dict[str, Any] = {}
    for name, default in vars(Options()).items():
        value = args.get(name, default)
        wanted = (int, float) if isinstance(default, float) else type(default)
        if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(default, bool)):
            raise MotionError(f'{path} has "{name}": {value!r}, which is not usable; download it again.')
        values[name] = value
    options = Options(**values)
    for name, value, known in (
        ("dataset", options.dataset, DATASETS),
        ("text_encoder_type", options.text_encoder_type, TEXT_ENCODERS),
    ):
        if value not in known:
            raise MotionError(f'{path} has the {name} "{value}"; supported are {", ".join(known)}.')
    return options


def without_fixed(tensors: Tensors) -> Tensors:
    """The trained tensors: without the sinusoid tables, which are computed, and without a text encoder's."""
    return {
        name: value
        for name, value in tensors.items()
        if not name.endswith("sequence_pos_encoder.pe") and not name.startswith("clip_model.")
    }


def architecture(options: Options, tensors: Tensors, path: Path) -> dict[str, Any]:
    """The card's "architecture": what args.json says, and from the tensors what it does not."""

    def rows(name: str) -> int:
        if name not in tensors:
            raise MotionError(f"{path} does not fit its {ARGS}: {name} is missing; give the files of one model.")
        return len(tensors[name])

    stack = ARCHITECTURES[options.arch].stack
    return {
        "arch": options.arch,
        "features": DATASETS[options.dataset].features,
        "text_dim": TEXT_ENCODERS[options.text_encoder_type]["width"] if options.condition == "text" else None,
        "actions": rows("embed_action.action_embedding") if options.condition == "action" else 0,
        "latent": options.latent_dim,
        "layers": options.layers,
        "heads": HEADS,
        "feed_forward": rows(f"{stack}.layers.0.linear1.weight"),
        "frames_per_token": 1,
    }


def encoder_shapes(sizes: dict[str, Any]) -> Shapes:
    """Every parameter of the "trans_enc" network and its shape, from a card's "architecture" (section 1.2)."""
    d, ff, width = sizes["latent"], sizes["feed_forward"], sizes["features"] * sizes["frames_per_token"]
    shapes: Shapes = {}

    def linear(name: str, inputs: int, outputs: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (outputs, inputs), (outputs,)

    linear("input_process.poseEmbedding", width, d)
    linear("output_process.poseFinal", d, width)
    linear("embed_timestep.time_embed.0", d, d)
    linear("embed_timestep.time_embed.2", d, d)
    for i in range(sizes["layers"]):
        layer = f"seqTransEncoder.layers.{i}"
        shapes[f"{layer}.self_attn.in_proj_weight"] = (3 * d, d)
        shapes[f"{layer}.self_attn.in_proj_bias"] = (3 * d,)
        linear(f"{layer}.self_attn.out_proj", d, d)
        linear(f"{layer}.linear1", d, ff)
        linear(f"{layer}.linear2", ff, d)
        for norm in ("norm1", "norm2"):
            shapes[f"{layer}.{norm}.weight"] = shapes[f"{layer}.{norm}.bias"] = (d,)
    if sizes.get("text_dim"):
        linear("embed_text", sizes["text_dim"], d)
    if sizes.get("actions"):
        shapes["embed_action.action_embedding"] = (sizes["actions"], d)
    return shapes


@dataclass(frozen=True)
class Architecture:
    """stack: what its transformer's parameters begin with; shapes: its parameters, from a card's "architecture"."""

    stack: str
    shapes: Callable[[dict[str, Any]], Shapes]


ARCHITECTURES = {"trans_enc": Architecture("seqTransEncoder", encoder_shapes)}
"""Those that an engine can run, by args.json's name."""


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


def read_statistics(folder: Path, dataset: Dataset) -> Tensors:
    """`mean` and `std` [D] of the dataset, float32: from Mean.npy and Std.npy if both are there."""
    if dataset.representation == "smpl_rot6d":
        return {"mean": np.zeros(dataset.features, np.float32), "std": np.ones(dataset.features, np.float32)}
    paths = {"mean": folder / "Mean.npy", "std": folder / "Std.npy"}
    if not all(path.is_file() for path in paths.values()):
        return {}
    statistics: Tensors = {}
    for name, path in paths.items():
        try:
            statistics[name] = np.load(path, allow_pickle=False).astype(np.float32)
        except (OSError, ValueError):
            raise MotionError(f"{path} is damaged; copy it again from the dataset.") from None
        if statistics[name].shape != (dataset.features,):
            raise MotionError(
                f"{path} holds {statistics[name].shape} numbers, this model has {dataset.features}; "
                "copy the file of its own dataset."
            )
    return statistics


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
        "frames": {"min": 1, "max": dataset.frames, "mask": options.mask_frames},
        "text": {k: v for k, v in encoder.items() if k != "width"} if options.condition == "text" else {},
        "guidance": 2.5 if null_condition else 1.0,
        "null_condition": null_condition,
        "sampler": {"name": "ancestral", "steps": options.diffusion_steps},
        "data": options.dataset,
        "licence": f"code MIT (Tevet et al.); {dataset.licence}",
    }
