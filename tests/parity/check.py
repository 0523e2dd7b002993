"""Compares our numbers with the reference vectors of the published code: `python tests/parity/check.py FOLDER...`

A folder is one of the forms that ../shared/reference/README.md describes: a model (args.json, model*.pt,
case.npz, case.json), features (case.npz with `template_offsets`) or CLIP's text tower (a .pt and case.npz with
`token_ids_22`; needs transformers). A model runs on every engine that knows its architecture. A line an array: name,
max abs error, tolerance, ok or FAIL. Exit status 1 on a FAIL, or on a folder that is not understood.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mdm_core.arrays import Array
from mdm_core.checkpoints import official
from mdm_core.checkpoints.bundle import Bundle
from mdm_core.diffusion import samplers, schedule
from mdm_core.diffusion.guidance import guided
from mdm_core.editing.inpaint import replace_known
from mdm_core.engine.base import GOALS, Conditioning
from mdm_core.engine.loading import ENGINES_OF, Engine, load
from mdm_core.errors import MotionError
from mdm_core.features import humanml3d

Arrays = dict[str, np.ndarray]

ONE_PASS, SAMPLE, FEATURES, POSITIONS, SCHEDULE = 1e-5, 1e-3, 1e-3, 1e-4, 0.0
ENGINES = ("torch", "numpy")
INPUTS = {
    *("x", "t", "text_embed", "text_tokens", "text_padding_mask", "action", "lengths", "prefix", "target_cond"),
    *("inpaint_mask", "inpaint_motion"),
}
SAMPLED = re.compile(r"(?P<inpaint>inpaint_)?(?P<sampler>ddpm|ddim)(?P<steps>\d+)(of\d+)?(?P<guided>_cfg\d+)?")


@dataclass(frozen=True)
class Line:
    """What became of one array."""

    name: str
    error: float
    tolerance: float

    @property
    def ok(self) -> bool:
        return self.error <= self.tolerance

    def __str__(self) -> str:
        return f"{self.name:<60} {self.error:9.2e} {self.tolerance:7.0e}  {'ok' if self.ok else 'FAIL'}"


def compared(name: str, ours: Array, reference: np.ndarray, tolerance: float) -> Line:
    """The line of an array; another shape is an infinite error, and so is a number that is none."""
    ours = np.asarray(ours)
    if ours.shape != reference.shape:
        return Line(name, float("inf"), tolerance)
    error = float(np.abs(ours.astype(np.float64) - reference.astype(np.float64)).max(initial=0.0))
    return Line(name, error if np.isfinite(error) else float("inf"), tolerance)


def to_frames(x: np.ndarray) -> np.ndarray:
    """The official [B, J, C, N] as ours, [B, N, J * C]."""
    b, j, c, n = x.shape
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2).reshape(b, n, j * c))


def to_official(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Ours [B, N, J * C] as the official `shape` [B, J, C, N]."""
    b, j, c, n = shape
    return x.reshape(b, n, j, c).transpose(0, 2, 3, 1)


@dataclass(frozen=True)
class ModelCase:
    """One checkpoint on one engine, and its reference arrays."""

    engine: Engine
    bundle: Bundle
    arrays: Arrays
    case: dict[str, Any]

    def conditioning(self, keep: float) -> Conditioning:
        """The condition of the case, held (keep 1) or dropped (keep 0)."""
        x, into = self.arrays["x"], self.engine.into
        text, unread = (
            self.arrays.get("text_embed", self.arrays.get("text_tokens")),
            self.arrays.get("text_padding_mask"),
        )
        action, lengths, prefix = (self.arrays.get(name) for name in ("action", "lengths", "prefix"))
        masked = self.bundle.card["frames"]["mask"] and lengths is not None
        return Conditioning(
            keep=into(np.full(len(x), keep, dtype=np.float32)),
            text=None if text is None else into(np.ascontiguousarray(text.transpose(1, 0, 2))),
            text_mask=None if unread is None else into(~unread),
            action=None if action is None else into(action[:, 0]),
            frame_mask=into(np.arange(x.shape[-1])[None] < lengths[:, None]) if masked else None,
            prefix=None if prefix is None else into(to_frames(prefix)),
            **self.targets(),
        )

    def targets(self) -> dict[str, Array]:
        """The goals of DiP: values from the arrays, which of them are asked for from case.json."""
        if "target_cond" not in self.arrays:
            return {}
        values = self.arrays["target_cond"]
        asked = zip(self.required("target_joint_names"), self.required("is_heading"), strict=True)
        slots = self.case.get("goal_slots", GOALS)
        valid = np.array(
            [[slot in names or (slot == "heading" and heading) for slot in slots] for names, heading in asked]
        )
        return {"target": self.engine.into(values), "target_valid": self.engine.into(valid)}

    def one_pass(self, keep: float) -> np.ndarray:
        """The network's prediction of x0, official layout."""
        x, into = self.arrays["x"], self.engine.into
        out = self.engine.denoiser(into(to_frames(x)), into(self.arrays["t"]), self.conditioning(keep))
        return to_official(self.engine.out(out), x.shape)

    def schedule(self, name: str) -> schedule.Schedule:
        """The walk that the name of a sample says: DDIM in its own stride, ancestral in even spacing."""
        asked, diffusion = SAMPLED.fullmatch(name), self.bundle.card["diffusion"]
        assert asked
        full = schedule.named(diffusion["schedule"], diffusion["steps"])
        spaced = schedule.respace_ddim if asked["sampler"] == "ddim" else schedule.respace
        return spaced(full, int(asked["steps"]))

    def sample(self, name: str) -> np.ndarray:
        """What our sampler makes of the case's own noise, official layout."""
        asked = SAMPLED.fullmatch(name)
        assert asked
        seed, scale = self.required("seeds", name), self.required("guidance_scale") if asked["guided"] else 1.0
        shape, into = self.arrays[name].shape, self.engine.into

        def noise(seed: int) -> Array:
            return into(to_frames(np.random.RandomState(seed).standard_normal(shape).astype(np.float32)))

        constrain = None
        if asked["inpaint"]:
            known, mask = self.arrays["inpaint_motion"], self.arrays["inpaint_mask"]
            constrain = replace_known(into(to_frames(known)), into(to_frames(mask)))
        result = samplers.named({"ddpm": "ancestral", "ddim": "ddim"}[asked["sampler"]])(
            guided(self.engine.denoiser, scale, together=self.bundle.card["architecture"]["arch"] != "gru"),
            self.conditioning(1.0),
            self.schedule(name),
            noise(seed),
            lambda i: noise(seed + 1 + i),
            constrain=constrain,
        )
        return to_official(self.engine.out(result), shape)

    def required(self, *keys: str) -> Any:
        """An entry of case.json."""
        value: Any = self.case
        for key in keys:
            if key not in value:
                raise MotionError(f'case.json lacks "{".".join(keys)}", which the sample needs.')
            value = value[key]
        return value

    def timesteps(self, name: str) -> np.ndarray:
        """The trained steps walked by the sample that an array belongs to ("ddim10_timesteps", or "timesteps")."""
        prefix = name.removesuffix("timesteps").rstrip("_")
        owner = next((n for n in self.arrays if SAMPLED.fullmatch(n) and n.startswith(prefix)), None)
        if owner is None:
            raise MotionError(f"No sample walks the {name}.")
        return self.schedule(owner).trained_steps

    def lines(self) -> Iterator[Line]:
        """All of the case's output arrays; one that we have no rule for fails."""
        for name, reference in self.arrays.items():
            if name in INPUTS:
                continue
            label = f"{name} [{self.engine.name}]"
            if name in ("out", "out_uncond"):
                yield compared(label, self.one_pass(1.0 if name == "out" else 0.0), reference, ONE_PASS)
            elif SAMPLED.fullmatch(name):
                yield compared(label, self.sample(name), reference, SAMPLE)
            elif name.endswith("timesteps"):
                yield compared(label, self.timesteps(name), reference, SCHEDULE)
            else:
                yield Line(f"{label} not understood", float("inf"), 0.0)


def feature_lines(arrays: Arrays) -> Iterator[Line]:
    """Joints to features, and features to joints by either block."""
    offsets = arrays["template_offsets"].astype(np.float64)
    for name, reference in arrays.items():
        clip, _, kind = name.rpartition("_")
        if kind == "features":
            yield compared(name, humanml3d.process(arrays[f"{clip}_joints"], offsets), reference, FEATURES)
        elif kind == "ric":
            yield compared(name, humanml3d.recover_positions(arrays[f"{clip}_features"]), reference, POSITIONS)
        elif kind == "rot":
            ours = humanml3d.recover_positions_from_rotations(arrays[f"{clip}_features"], offsets)
            yield compared(name, ours, reference, POSITIONS)
        elif kind != "joints" and name != "template_offsets":
            yield Line(f"{name} not understood", float("inf"), 0.0)


def clip_lines(folder: Path, arrays: Arrays, case: dict[str, Any]) -> Iterator[Line]:
    """Token ids of awkward texts in both contexts, and the embeddings."""
    from mdm_core.text import torch_clip

    tower = torch_clip.load_file(next(iter(sorted(folder.glob("*.pt")))), exact=False)
    for name, reference in arrays.items():
        if name.startswith("token_ids_"):
            context = int(name.removeprefix("token_ids_"))
            ids = [torch_clip.tokenize(text, context=context) for text in case["texts"]]
            yield compared(name, np.array(ids), reference, SCHEDULE)
        elif name == "text_embed":
            yield compared(name, np.concatenate([tower.states(text) for text in case["texts"]]), reference, ONE_PASS)
        else:
            yield Line(f"{name} not understood", float("inf"), 0.0)


def folder_lines(folder: Path, engines: Sequence[str] = ENGINES, device: str = "cpu") -> Iterator[Line]:
    """The lines of one folder; a `MotionError` if it is not of a form that we know."""
    try:
        with np.load(folder / "case.npz", allow_pickle=False) as stored:
            arrays = dict(stored)
        case = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise MotionError(
            f"{folder} holds no reference case ({error}); give a folder of ../shared/reference."
        ) from None
    if (folder / official.ARGS).is_file():
        bundle = official.read(folder)
        sizes = bundle.card["architecture"]
        sizes["heads"] = int(case.get("num_heads", sizes["heads"]))
        for name in (name for name in engines if name in ENGINES_OF[sizes["arch"]]):
            yield from ModelCase(load(bundle, name, device if name == "torch" else "cpu"), bundle, arrays, case).lines()
    elif "token_ids_22" in arrays:
        yield from clip_lines(folder, arrays, case)
    elif "template_offsets" in arrays:
        yield from feature_lines(arrays)
    else:
        raise MotionError(f"{folder} is neither a model nor features nor CLIP; give a folder of one of those forms.")


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Compare our numbers with reference vectors of the published code.")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="default: all")
    parser.add_argument("--device", default="cpu", help="of the torch engine; the tolerances are meant for the CPU")
    options = parser.parse_args(arguments)
    failed = False
    for folder in options.folders:
        try:
            for line in folder_lines(folder, options.engine or ENGINES, options.device):
                print(replace(line, name=f"{folder.name}/{line.name}"), flush=True)
                failed |= not line.ok
        except MotionError as error:
            print(f"{folder.name}: {error}", flush=True)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
