"""DiP's encoders of goals: where a joint or the heading shall be at the last frame (Tevet et al. 2025).

A goal is a row of `base.GOALS`: target float [B, 8, 3], metres (or the angle in the first number of "heading"), and
valid bool [B, 8], True at the rows that are asked for. All three published encoders are here (spec/mdm.md section 1.2).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mdm_core.engine.base import GOALS

NUMBERS = 3  # of a goal


def perceptron(inputs: int, width: int, layers: int) -> nn.Sequential:
    """A linear map in, then `layers` times SiLU and a linear map."""
    steps: list[nn.Module] = [nn.Linear(inputs, width)]
    for _ in range(layers):
        steps += [nn.SiLU(), nn.Linear(width, width)]
    return nn.Sequential(*steps)


def with_validity(target: Tensor, valid: Tensor) -> Tensor:
    """The goals with a 1 or 0 behind the three numbers of each, [B, 8, 4]."""
    return torch.cat([target, valid[..., None].to(target.dtype)], dim=-1)


class SingleTargets(nn.Module):
    """All rows through one perceptron."""

    def __init__(self, latent: int, layers: int) -> None:
        super().__init__()
        self.mlp = perceptron(len(GOALS) * (NUMBERS + 1), latent, layers)

    def forward(self, target: Tensor, valid: Tensor) -> Tensor:
        return self.mlp(with_validity(target, valid).flatten(1))


class SplitTargets(nn.Module):
    """A perceptron a row; each makes an eighth of the vector."""

    def __init__(self, latent: int, layers: int) -> None:
        super().__init__()
        share = latent // len(GOALS)
        self.mini_mlps = nn.ModuleList([perceptron(NUMBERS + 1, share, layers) for _ in GOALS])

    def forward(self, target: Tensor, valid: Tensor) -> Tensor:
        rows = with_validity(target, valid)
        return torch.cat([mlp(rows[:, i]) for i, mlp in enumerate(self.mini_mlps)], dim=-1)


class WeightedSum(nn.Module):
    """The rows' mean with learned weights, which are divided by their sum (not by a softmax)."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.ones(rows))

    def forward(self, rows: Tensor) -> Tensor:
        return torch.einsum("r,brd->bd", self.weights / self.weights.sum(), rows)


class MultiTargets(nn.Module):
    """A perceptron a row, summed with learned weights; a row that is not asked for counts as zero."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.target_loc_emb = nn.ModuleDict({goal: perceptron(NUMBERS, latent, 1) for goal in GOALS})
        self.target_all_loc_emb = WeightedSum(len(GOALS))

    def forward(self, target: Tensor, valid: Tensor) -> Tensor:
        rows = [self.target_loc_emb[goal](target[:, i]) for i, goal in enumerate(GOALS)]
        return self.target_all_loc_emb(torch.stack(rows, dim=1) * valid[..., None].to(target.dtype))


def target_encoder(kind: str, latent: int, layers: int) -> nn.Module:
    """The encoder that a card's "target" names."""
    if kind == "single":
        return SingleTargets(latent, layers)
    return SplitTargets(latent, layers) if kind == "split" else MultiTargets(latent)
