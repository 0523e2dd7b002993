"""The published ST-GCN evaluators (Yan, Xiong and Lin 2018), for whoever has their files; none of them is ours to ship.

    uestc_rot6d_stgcn.tar                   ACTOR's (Petrovich et al. 2021): 24 rotations, 40 actions of UESTC
    humanact12_gru_modi_struct.pth.tar      of motion without a condition (MDM, MoDi): 15 joints, 12 actions

Each is a bare state dict. FID, KID, diversity and the rest are measured in the 256 numbers before the last layer
(spec/mdm.md sections 9.2 and 9.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mdm_core.actions import HUMANACT12
from mdm_core.errors import MotionError
from mdm_core.features import smpl_rot6d

from .action_judge import class_number, joints_of

PARTS = 3
"""A joint's neighbours: itself, those as far from the centre as it or farther, those nearer."""
SPAN = 9
"""Frames that a temporal convolution sees."""
FEATURES = 256
BATCH = 64
SIGN = "st_gcn_networks.0.gcn.conv.weight"

JOINTS15 = (15, 12, 16, 18, 20, 17, 19, 21, 0, 1, 4, 7, 2, 5, 8)
"""SMPL's joints in the order of the evaluator without a condition: head, neck, arms, pelvis, legs."""
PELVIS15 = JOINTS15.index(0)
PARENTS15 = (1, 8, 1, 2, 3, 1, 5, 6, -1, 8, 9, 10, 8, 12, 13)


@dataclass(frozen=True)
class Form:
    """A published network. parents: of each joint, -1 for the root; layers: (width, temporal stride) of each block."""

    parents: tuple[int, ...]
    centre: int
    channels: int
    layers: tuple[tuple[int, int], ...]
    classes: tuple[str, ...]


UESTC = Form(
    parents=smpl_rot6d.PARENTS24,
    centre=0,
    channels=6,
    layers=(*[(64, 1)] * 4, (128, 2), *[(128, 1)] * 2, (256, 2), *[(256, 1)] * 2),
    classes=tuple(str(number) for number in range(40)),
)
"""Its actions have no names outside the data set; they go by the number after the "a" of a video's name."""
UNCONSTRAINED = Form(
    parents=PARENTS15,
    centre=1,
    channels=3,
    layers=(*[(64, 1)] * 3, (128, 2), (128, 1), (256, 2)),
    classes=HUMANACT12,
)


def graph(form: Form) -> NDArray[np.float32]:
    """Weights [PARTS, J, J] of joint v (row) for joint w (column); all of a column's add up to one.

    As in the published code, every joint that is not beside the centre counts as equally far from it; in the paper
    distances go on growing.
    """
    joints = len(form.parents)
    joined = np.eye(joints, dtype=np.float32)
    for joint, parent in enumerate(form.parents):
        if parent >= 0:
            joined[joint, parent] = joined[parent, joint] = 1
    weights = joined / joined.sum(axis=0)
    far = np.where(joined[form.centre] > 0, 1, 2)
    far[form.centre] = 0
    itself, nearer = np.eye(joints, dtype=bool), far[:, None] < far[None]
    return np.stack([weights * itself, weights * ~(itself | nearer), weights * nearer])


class GraphConvolution(nn.Module):
    """Numbers [B, C, T, J] to [B, D, T, J]: for each part of the neighbours a linear map of its own."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, PARTS * width, 1)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        return torch.einsum("bpctv,pvw->bctw", self.conv(x).unflatten(1, (PARTS, -1)), weights)


class Block(nn.Module):
    """A graph convolution, a temporal one, and what came in added; the first block of all adds nothing."""

    def __init__(self, inputs: int, width: int, stride: int, *, first: bool) -> None:
        super().__init__()
        self.gcn = GraphConvolution(inputs, width)
        self.tcn = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, (SPAN, 1), (stride, 1), (SPAN // 2, 0)),
            nn.BatchNorm2d(width),
        )
        self.first = first
        self.residual = nn.Identity()
        if not first and (inputs, stride) != (width, 1):
            self.residual = nn.Sequential(nn.Conv2d(inputs, width, 1, (stride, 1)), nn.BatchNorm2d(width))

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        changed = self.tcn(self.gcn(x, weights))
        return torch.relu(changed if self.first else changed + self.residual(x))


class Network(nn.Module):
    """Motions [B, J, C, T] to their features [B, 256] and scores [B, classes].

    The members' names are those of the files. `A` is the graph, which a file brings with it.
    """

    A: Tensor

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.register_buffer("A", torch.from_numpy(graph(form)))
        self.data_bn = nn.BatchNorm1d(len(form.parents) * form.channels)
        inputs = (form.channels, *(width for width, _ in form.layers))
        self.st_gcn_networks = nn.ModuleList(
            Block(inputs[k], width, stride, first=k == 0) for k, (width, stride) in enumerate(form.layers)
        )
        self.edge_importance = nn.ParameterList(torch.ones_like(self.A) for _ in form.layers)
        self.fcn = nn.Conv2d(FEATURES, len(form.classes), 1)

    def forward(self, motions: Tensor) -> tuple[Tensor, Tensor]:
        x = self.data_bn(motions.flatten(1, 2)).unflatten(1, motions.shape[1:3]).permute(0, 2, 3, 1)
        for block, importance in zip(self.st_gcn_networks, self.edge_importance, strict=True):
            x = block(x, self.A * importance)
        pooled = x.mean(dim=(2, 3))
        return pooled, self.fcn(pooled[..., None, None]).flatten(1)


@dataclass(frozen=True)
class StgcnJudge:
    """A published network and what it reads."""

    network: Network
    form: Form

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its actions, in their order."""
        return self.form.classes

    def judged(self, features: Sequence[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Features [N, 256] and scores [N, classes] of rotations [T, 150]; those of one length go together."""
        pooled, scores = np.empty((len(features), FEATURES)), np.empty((len(features), len(self.classes)))
        lengths = np.array([len(f) for f in features], dtype=np.int64)
        for length in np.unique(lengths):
            same = np.flatnonzero(lengths == length)
            for begin in range(0, len(same), BATCH):
                rows = same[begin : begin + BATCH]
                seen = torch.from_numpy(np.stack([seen_by(self.form, features[k]) for k in rows]))
                with torch.no_grad():
                    found = self.network(seen)
                pooled[rows], scores[rows] = found[0].numpy(), found[1].numpy()
        return pooled, scores

    def number(self, action: str) -> int:
        """The class of an action; a MotionError if it has none."""
        return class_number(self.classes, action)


def seen_by(form: Form, features: NDArray[Any]) -> NDArray[np.float32]:
    """What the network sees [J, C, T] of rotations [T, 150], in the data's own axes.

    UESTC's: the 24 rotations as they are, without the root's way. The other: 15 joints about the pelvis of every
    frame, of our own body in the same pose.
    """
    if form is UESTC:
        seen = np.asarray(features, dtype=np.float32).reshape(len(features), -1, form.channels)[:, :-1]
    else:
        joints = joints_of(features).reshape(len(features), smpl_rot6d.ROTATIONS, 3)[:, JOINTS15]
        seen = joints - joints[:, PELVIS15, None]
    return np.ascontiguousarray(seen.transpose(1, 2, 0))


def is_one(stored: object) -> bool:
    """Whether what a file holds is a state dict of such a network."""
    return isinstance(stored, Mapping) and SIGN in stored


def loaded(stored: Mapping[str, Any], path: Path) -> StgcnJudge:
    """The evaluator of a state dict, whose graph says which; a MotionError says what does not fit. path: for that."""
    shape = list(getattr(stored.get("A"), "shape", ()))
    form = next((known for known in (UESTC, UNCONSTRAINED) if shape == [PARTS, *[len(known.parents)] * 2]), None)
    if form is None:
        raise MotionError(
            f"{path} is an ST-GCN with a graph A of {shape}; the published ones have 3 x 24 x 24 (UESTC) and "
            "3 x 15 x 15 (without a condition), give one of these."
        )
    network = Network(form)
    try:
        network.load_state_dict(stored, strict=True)
    except (RuntimeError, AttributeError, TypeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise MotionError(f"{path} does not fit the published ST-GCN of its graph ({reason}); get it again.") from None
    if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values()):
        raise MotionError(f"{path} holds numbers that are not finite; get it again.")
    network.eval()
    return StgcnJudge(network, form)
