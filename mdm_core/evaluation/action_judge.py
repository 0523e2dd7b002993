"""The judge of action models (Guo et al. 2020, Action2Motion): a GRU that tells actions apart, by joint positions.

Its 30 inner numbers are what FID, diversity and multimodality are measured in (spec/mdm.md section 9.2). Ours is
trained by `action_fit` on any data set with labels; HumanAct12's published one (humanact12_gru.tar) is read as it is.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mdm_core.actions import HUMANACT12
from mdm_core.checkpoints.tensors import read_safetensors, write_safetensors
from mdm_core.errors import MotionError
from mdm_core.features import smpl_rot6d

FORMAT = "mdm-action-judge"
CARD, WEIGHTS = "card.json", "model.safetensors"
INPUTS = 3 * smpl_rot6d.ROTATIONS
INNER = 30
BATCH = 64


class ActionNetwork(nn.Module):
    """Joints [T, B, 72] of given lengths to 30 inner numbers [B, 30] and scores [B, classes].

    Its state begins at random, as the published one's: `start` [2, B, 128] says which.
    """

    def __init__(self, classes: int, width: int = 128) -> None:
        super().__init__()
        self.recurrent = nn.GRU(INPUTS, width, 2)
        self.linear1 = nn.Linear(width, INNER)
        self.linear2 = nn.Linear(INNER, classes)

    def forward(self, joints: Tensor, lengths: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        states, _ = self.recurrent(joints, start)
        last = states[lengths - 1, torch.arange(joints.shape[1], device=joints.device)]
        inner = torch.tanh(self.linear1(last))
        return inner, self.linear2(inner)

    def start(self, batch: int, generator: torch.Generator) -> Tensor:
        """A beginning for a batch."""
        shape = (self.recurrent.num_layers, batch, self.recurrent.hidden_size)
        return torch.randn(shape, generator=generator).to(self.linear1.weight)


@dataclass(frozen=True)
class ActionJudge:
    """A trained network and the names of its classes, in their order."""

    network: ActionNetwork
    classes: tuple[str, ...]
    card: dict[str, Any]

    def judged(self, features: Sequence[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Inner numbers [N, 30] and scores [N, classes] of rotations [T, 150]; the same each time."""
        generator = torch.Generator().manual_seed(0)
        inner, scores = [np.empty((0, INNER))], [np.empty((0, len(self.classes)))]
        for begin in range(0, len(features), BATCH):
            joints, lengths = stacked(features[begin : begin + BATCH])
            with torch.no_grad():
                found = self.network(joints, lengths, self.network.start(len(lengths), generator))
            inner.append(found[0].numpy())
            scores.append(found[1].numpy())
        return np.concatenate(inner).astype(np.float64), np.concatenate(scores).astype(np.float64)

    def number(self, action: str) -> int:
        """The class of an action; a MotionError if it has none."""
        return class_number(self.classes, action)

    def write(self, folder: Path) -> None:
        """Both files."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: value.detach().cpu().numpy() for name, value in self.network.state_dict().items()}
        write_safetensors(folder / WEIGHTS, tensors, {"format": FORMAT})
        card = {**self.card, "format": FORMAT, "classes": list(self.classes)}
        (folder / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def class_number(classes: Sequence[str], action: str) -> int:
    """The place of an action among the names of classes; a MotionError if it is not there."""
    plain = [name.lower().replace("_", " ") for name in classes]
    wanted = action.lower().replace("_", " ")
    if wanted not in plain:
        raise MotionError(f'The evaluator knows no action "{action}"; it knows {", ".join(classes)}.')
    return plain.index(wanted)


def joints_of(features: NDArray[Any]) -> NDArray[np.float32]:
    """What the network sees of rotations [T, 150]: 24 joints [T, 72] with the root's way from the first frame."""
    numbers = np.asarray(features, dtype=np.float64).reshape(len(features), smpl_rot6d.ROTATIONS + 1, 6)
    root = numbers[:, -1, :3] - numbers[0, -1, :3]
    made = smpl_rot6d.forward_kinematics(smpl_rot6d.matrices(numbers[:, :-1]), root)
    return made.reshape(len(features), INPUTS).astype(np.float32)


def stacked(features: Sequence[NDArray[Any]]) -> tuple[Tensor, Tensor]:
    """Motions of any lengths as joints [longest, B, 72], zero at the ends, and their lengths."""
    lengths = [len(f) for f in features]
    joints = np.zeros((max(lengths), len(features), INPUTS), dtype=np.float32)
    for k, values in enumerate(features):
        joints[: len(values), k] = joints_of(values)
    return torch.from_numpy(joints), torch.tensor(lengths)


def read(path: Path) -> ActionJudge:
    """The judge in our folder; a MotionError names what is missing or does not fit."""
    try:
        card = json.loads((path / CARD).read_text(encoding="utf-8"))
        tensors = {name: torch.from_numpy(value) for name, value in read_safetensors(path / WEIGHTS).items()}
        if card.get("format") != FORMAT:
            raise MotionError(f'{path / CARD} is no evaluator of actions: its format is "{card.get("format")}".')
        return loaded(tensors, tuple(card["classes"]), card, path)
    except FileNotFoundError:
        raise MotionError(
            f"There is no evaluator of actions in {path}; train one with `mdm train configs/action_evaluator.toml`."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MotionError(f"{path / CARD} cannot be read as an evaluator's card ({error}); train it again.") from None


def stored(path: Path) -> Any:
    """What a published .tar holds, read as numbers alone; a MotionError if it cannot be."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise MotionError(f"There is no evaluator {path}.") from None
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MotionError(f"{path} cannot be read as numbers alone ({reason}); it was not run. Get it again.") from None


def published(held: object, path: Path) -> ActionJudge:
    """The judge of what humanact12_gru.tar holds: {"model": state dict}. path: for errors."""
    if not isinstance(held, dict) or "model" not in held:
        raise MotionError(
            f"{path} is none of the published evaluators of actions; give humanact12_gru.tar, uestc_rot6d_stgcn.tar or "
            "humanact12_gru_modi_struct.pth.tar."
        )
    return loaded(held["model"], HUMANACT12, {"name": "published, HumanAct12"}, path)


def loaded(tensors: dict[str, Tensor], classes: tuple[str, ...], card: dict[str, Any], path: Path) -> ActionJudge:
    """The network with these weights."""
    network = ActionNetwork(len(classes))
    try:
        network.load_state_dict(tensors)
    except (RuntimeError, AttributeError, TypeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise MotionError(f"{path} does not fit an evaluator of {len(classes)} actions ({reason}).") from None
    network.eval()
    return ActionJudge(network, classes, card)
