"""Our own text-motion evaluator: motions and captions as points of one space. How it is trained is in `fit`.

As the published evaluators (Guo et al. 2022; TMR, Petrovich et al. 2023) it draws a motion and its caption together.
It reads joint positions, not features, so that models of any representation can be compared, and it never sees
contact channels, which a model claims rather than moves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from mdm_core.checkpoints.tensors import read_safetensors, write_safetensors
from mdm_core.engine.positions import sinusoid
from mdm_core.errors import MotionError
from mdm_core.features import humanml3d
from mdm_core.features.layout import Layout

FORMAT = "mdm-evaluator"
CARD, WEIGHTS = "card.json", "model.safetensors"
BATCH = 64
LEAST_FRAMES = 2
"""A motion's features need two frames."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the network. features: columns a frame; text: columns of a sentence embedding; embedding: of both."""

    features: int
    text: int
    width: int
    layers: int
    heads: int
    feed_forward: int
    frames_per_token: int
    embedding: int
    dropout: float = 0.0


class TextMotionNetwork(nn.Module):
    """A small transformer over groups of frames, averaged, and a two-layer perceptron over a sentence embedding.

    Both end in unit vectors [B, embedding], scaled by the root of their width as LayerNorm's are, so that distances
    are of the size that readers of other papers expect.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.frames = nn.Linear(shape.features * shape.frames_per_token, shape.width)
        layer = nn.TransformerEncoderLayer(
            shape.width,
            shape.heads,
            shape.feed_forward,
            shape.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False)
        self.motion_out = nn.Sequential(nn.LayerNorm(shape.width), nn.Linear(shape.width, shape.embedding))
        self.text_out = nn.Sequential(
            nn.Linear(shape.text, shape.width),
            nn.GELU(),
            nn.Dropout(shape.dropout),
            nn.Linear(shape.width, shape.embedding),
        )
        self.scale = nn.Parameter(torch.tensor(2.5))

    def motion(self, x: Tensor, frame_mask: Tensor) -> Tensor:
        """Unit vectors [B, E] of normalised features [B, T, D], zero where frame_mask [B, T] is False."""
        group = self.shape.frames_per_token
        missing = -x.shape[1] % group
        x, frame_mask = F.pad(x, (0, 0, 0, missing)), F.pad(frame_mask, (0, missing))
        tokens = self.frames(x.unflatten(1, (-1, group)).flatten(2))
        there = frame_mask.unflatten(1, (-1, group)).any(dim=2)
        places = torch.as_tensor(sinusoid(tokens.shape[1], tokens.shape[2]), dtype=tokens.dtype, device=tokens.device)
        tokens = self.layers(tokens + places, src_key_padding_mask=~there)
        weight = there.to(tokens.dtype)[..., None]
        return F.normalize(self.motion_out((tokens * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)), dim=-1)

    def text(self, sentence: Tensor) -> Tensor:
        """Unit vectors [B, E] of sentence embeddings [B, text]."""
        return F.normalize(self.text_out(sentence), dim=-1)


@dataclass(frozen=True)
class Evaluator:
    """A trained network with the statistics of its features. card: what it was trained on and how well it does."""

    network: TextMotionNetwork
    layout: Layout
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    card: dict[str, Any]

    @staticmethod
    def read(folder: Path) -> Evaluator:
        """The evaluator in `folder`; a `MotionError` names what is missing."""
        card = read_card(folder / CARD)
        tensors = read_safetensors(folder / WEIGHTS)
        try:
            network = TextMotionNetwork(Shape(**card["architecture"]))
            mean, std = (tensors.pop(name) for name in ("mean", "std"))
            network.load_state_dict({name: torch.from_numpy(v.astype(np.float32)) for name, v in tensors.items()})
        except (KeyError, TypeError, RuntimeError) as error:
            raise MotionError(
                f"{folder / WEIGHTS} does not fit its card ({str(error).splitlines()[0]}); train the evaluator again."
            ) from None
        network.eval()
        return Evaluator(network, Layout(tuple(card["features"]["groups"])), mean, std, card)

    def write(self, folder: Path) -> None:
        """Both files: weights as float16, statistics as float32."""
        folder.mkdir(parents=True, exist_ok=True)
        stored = {
            name: value.detach().cpu().numpy().astype(np.float16) for name, value in self.network.state_dict().items()
        }
        write_safetensors(folder / WEIGHTS, {**stored, "mean": self.mean, "std": self.std}, {"format": FORMAT})
        (folder / CARD).write_text(json.dumps(self.card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def motions(self, positions: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Embeddings [N, E] of motions [T, 22, 3], metres, 20 fps, of any lengths from two frames."""
        features = [motion_features(p, self.layout) for p in positions]
        device = next(self.network.parameters()).device
        order = sorted(range(len(features)), key=lambda k: len(features[k]))
        result = np.empty((len(features), self.network.shape.embedding))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            x, mask = padded([(features[k] - self.mean) / self.std for k in chosen])
            with torch.no_grad():
                result[chosen] = self.network.motion(x.to(device), mask.to(device)).cpu().numpy()
        return result * self.unit

    def texts(self, sentences: NDArray[Any]) -> NDArray[np.float64]:
        """Embeddings [N, E] of sentence embeddings [N, S] of all-MiniLM-L6-v2 (`text.minilm`)."""
        if sentences.ndim != 2 or sentences.shape[1] != self.network.shape.text:
            raise MotionError(
                f"This evaluator reads sentence embeddings of {self.network.shape.text} numbers, not of shape "
                f"{sentences.shape}; use a pack made with the text encoder that its card names."
            )
        device = next(self.network.parameters()).device
        with torch.no_grad():
            made = self.network.text(torch.as_tensor(sentences, dtype=torch.float32, device=device))
        return made.cpu().numpy().astype(np.float64) * self.unit

    @property
    def unit(self) -> float:
        """Length of every embedding."""
        return float(np.sqrt(self.network.shape.embedding))


def motion_features(positions: NDArray[Any], layout: Layout) -> NDArray[np.float32]:
    """Features [T - 1, D] of positions [T, 22, 3]; where it stands and faces in the world does not matter."""
    if len(positions) < LEAST_FRAMES:
        raise MotionError("An evaluator needs motions of two frames or more; leave shorter ones out.")
    return humanml3d.extract(positions, "steady")[:, layout.columns]


def padded(features: Sequence[NDArray[np.float32]]) -> tuple[Tensor, Tensor]:
    """Motions [T, D] of any lengths as x [B, longest, D], zero at the ends, and their frames, bool [B, longest]."""
    longest = max(len(f) for f in features)
    x = np.zeros((len(features), longest, features[0].shape[1]), dtype=np.float32)
    mask = np.zeros((len(features), longest), dtype=bool)
    for row, values in enumerate(features):
        x[row, : len(values)], mask[row, : len(values)] = values, True
    return torch.from_numpy(x), torch.from_numpy(mask)


def new_card(name: str, shape: Shape, layout: Layout) -> dict[str, Any]:
    """The fields that `Evaluator.read` needs."""
    return {
        "format": FORMAT,
        "name": name,
        "architecture": asdict(shape),
        "features": {"groups": list(layout.groups), "facing": "steady", "fps": humanml3d.FPS},
        "text": {"encoder": "all-MiniLM-L6-v2"},
    }


def read_card(path: Path) -> dict[str, Any]:
    """The checked card."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MotionError(
            f"There is no evaluator in {path.parent}; train one with `mdm train configs/evaluator.toml`, or name its "
            "folder with --evaluator."
        ) from None
    except (OSError, ValueError) as error:
        raise MotionError(f"{path} cannot be read as an evaluator's card ({error}); train it again.") from None
    for field in ("format", "architecture", "features"):
        if not isinstance(card, dict) or field not in card:
            raise MotionError(f'{path} lacks the field "{field}"; train the evaluator again.')
    if card["format"] != FORMAT:
        raise MotionError(f'{path} is no evaluator\'s card: its format is "{card["format"]}", not "{FORMAT}".')
    return card
