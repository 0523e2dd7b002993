"""Folders of the reference's form with other sizes, made by an oracle of our own: the specification in stock torch.

Nothing of `mdm_core` is used. Layouts are the published ones, [N, B, d] inside; see spec/mdm.md sections 1 to 3.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

HEADS, STEPS, GUIDANCE = 2, 8, 3.0


@dataclass(frozen=True)
class Kind:
    """What is made: args.json's fields that matter, and the shape [J, C, N] of a motion."""

    dataset: str
    arch: str
    shape: tuple[int, int, int]
    args: dict[str, Any]


HML, ROT6D = (263, 1, 40), (25, 6, 60)
KINDS = {
    "text_encoder": Kind("humanml", "trans_enc", HML, {"mask_frames": True}),
    "text_decoder": Kind("humanml", "trans_dec", HML, {"mask_frames": True}),
    "kit": Kind("kit", "trans_enc", (251, 1, 30), {}),
    "action": Kind("uestc", "trans_enc", ROT6D, {"cond_mask_prob": 0.0}),
    "free": Kind("humanact12", "trans_enc", ROT6D, {"cond_mask_prob": 0.0, "unconstrained": True}),
    "dip_split": Kind(
        "humanml",
        "trans_dec",
        HML,
        {"mask_frames": True, "text_encoder_type": "bert", "context_len": 20, "pred_len": 40}
        | {"multi_target_cond": True, "multi_encoder_type": "split", "diffusion_steps": STEPS, "emb_policy": "add"},
    ),
}


def table(count: int, width: int) -> Tensor:
    """Section 2: pe[p, 2k] = sin(p w_k), pe[p, 2k + 1] = cos(p w_k)."""
    at = torch.arange(count)[:, None] * torch.exp(-torch.arange(0, width, 2) * math.log(10000.0) / width)
    return torch.stack([at.sin(), at.cos()], dim=-1).flatten(1)


class Goals(nn.Module):
    """The "split" encoder of goals: each goal and whether it is asked for to an eighth of the width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        part = width // 8
        self.mini_mlps = nn.ModuleList(
            nn.Sequential(nn.Linear(4, part), nn.SiLU(), nn.Linear(part, part)) for _ in range(8)
        )

    def forward(self, goals: Tensor, valid: Tensor) -> Tensor:
        given = torch.cat([goals, valid[..., None].float()], dim=-1)
        return torch.cat([mlp(given[:, k]) for k, mlp in enumerate(self.mini_mlps)], dim=-1)


class Oracle(nn.Module):
    """One network, with the published names of its parameters."""

    def __init__(self, kind: Kind, width: int, layers: int, actions: int) -> None:
        super().__init__()
        self.kind, features = kind, kind.shape[0] * kind.shape[1]
        text = kind.dataset in ("humanml", "kit")
        self.input_process = nn.ModuleDict({"poseEmbedding": nn.Linear(features, width)})
        self.output_process = nn.ModuleDict({"poseFinal": nn.Linear(width, features)})
        mlp = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.embed_timestep = nn.ModuleDict({"time_embed": mlp})
        settings: dict[str, Any] = {"d_model": width, "nhead": HEADS, "dim_feedforward": 96, "activation": "gelu"}
        if kind.arch == "trans_enc":
            stack = nn.TransformerEncoder(nn.TransformerEncoderLayer(**settings), layers, enable_nested_tensor=False)
            self.seqTransEncoder = stack
        else:
            self.seqTransDecoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**settings), layers)
        if text:
            self.embed_text = nn.Linear(768 if kind.args.get("text_encoder_type") == "bert" else 512, width)
        elif not kind.args.get("unconstrained"):
            self.embed_action = nn.ParameterDict({"action_embedding": torch.randn(actions, width)})
        if "multi_encoder_type" in kind.args:
            self.embed_target_cond = Goals(width)
        self.register_buffer("pe", table(400, width), persistent=False)

    pe: Tensor

    def forward(self, x: Tensor, t: Tensor, given: dict[str, Tensor], keep: float) -> Tensor:
        """x [B, J, C, N] to x0 of the same shape."""
        b, j, c, n = x.shape
        prefix = given.get("prefix")
        before = 0 if prefix is None else prefix.shape[-1]
        whole = x if prefix is None else torch.cat([prefix, x], dim=-1)
        frames = self.input_process["poseEmbedding"](whole.permute(3, 0, 1, 2).flatten(2))
        emb = self.embed_timestep["time_embed"](self.pe[t])[None]
        if "target_cond" in given:
            emb = emb + self.embed_target_cond(given["target_cond"], given["valid"])
        padding = None
        if "text_embed" in given:
            emb = emb + self.embed_text(given["text_embed"] * keep)
        if "text_tokens" in given:
            emb, padding = emb + self.embed_text(given["text_tokens"] * keep), given["text_padding_mask"]
        if "action" in given:
            emb = emb + keep * self.embed_action["action_embedding"][given["action"][:, 0]]
        ignored = None
        if self.kind.args.get("mask_frames") and "lengths" in given:
            ignored = torch.arange(before + n)[None] >= before + given["lengths"][:, None]
        if self.kind.arch == "trans_enc":
            sequence = torch.cat([emb, frames])
            ignored = None if ignored is None else torch.cat([torch.zeros(b, 1, dtype=torch.bool), ignored], dim=1)
            out = self.seqTransEncoder(sequence + self.pe[: len(sequence), None], src_key_padding_mask=ignored)[1:]
        else:
            placed = frames + self.pe[: len(frames), None]
            out = self.seqTransDecoder(placed, emb, tgt_key_padding_mask=ignored, memory_key_padding_mask=padding)
        made = self.output_process["poseFinal"](out)[before:]
        return made.reshape(n, b, j, c).permute(1, 2, 3, 0)


def alphas(steps: int) -> np.ndarray:
    """Section 3: the cosine schedule's products of alpha, [steps]."""

    def bar(u: float) -> float:
        return math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = [min(1 - bar((i + 1) / steps) / bar(i / steps), 0.999) for i in range(steps)]
    return np.cumprod(1 - np.array(betas))


def sample(network: Oracle, given: dict[str, Tensor], shape: tuple[int, ...], seed: int, scale: float) -> np.ndarray:
    """The published sampler: ancestral steps over the whole chain, guidance by two passes, noise by its rule."""
    products = alphas(STEPS)

    def noise(seed: int) -> Tensor:
        return torch.from_numpy(np.random.RandomState(seed).standard_normal(shape).astype(np.float32))

    x = noise(seed)
    for i, t in enumerate(reversed(range(STEPS))):
        step = torch.full((shape[0],), t)
        x0 = network(x, step, given, 1.0)
        if scale != 1:
            null = network(x, step, given, 0.0)
            x0 = null + scale * (x0 - null)
        now, last = products[t], products[t - 1] if t else 1.0
        beta = 1 - now / last
        mean = beta * math.sqrt(last) / (1 - now) * x0 + (1 - last) * math.sqrt(1 - beta) / (1 - now) * x
        x = mean if t == 0 else mean + math.sqrt(beta * (1 - last) / (1 - now)) * noise(seed + 1 + i)
    return x.numpy()


def make(name: str, folder: Path) -> None:
    """Writes args.json, model000000010.pt, case.npz and case.json of a kind."""
    kind, rng = KINDS[name], np.random.default_rng(len(name))
    torch.manual_seed(len(name))
    network = Oracle(kind, 48, 3, 40).eval()
    defaults = {"arch": kind.arch, "dataset": kind.dataset, "layers": 3, "latent_dim": 48, "noise_schedule": "cosine"}
    args = defaults | {"diffusion_steps": STEPS, "cond_mask_prob": 0.1, "text_encoder_type": "clip"} | kind.args
    (folder / "args.json").write_text(json.dumps(args), encoding="utf-8")
    torch.save(network.state_dict(), folder / "model000000010.pt")
    b, (j, c, n) = 2, kind.shape
    arrays: dict[str, np.ndarray] = {"x": rng.normal(size=(b, j, c, n)), "t": np.array([1, STEPS - 1])}
    case: dict[str, Any] = {"num_heads": HEADS, "guidance_scale": GUIDANCE, "seeds": {}}
    if kind.args.get("text_encoder_type") == "bert":
        arrays |= {"text_tokens": rng.normal(size=(5, b, 768)), "prefix": rng.normal(size=(b, j, c, 20))}
        arrays["text_padding_mask"] = np.array([[False] * 5, [False] * 3 + [True] * 2])
        case |= {"target_joint_names": [["pelvis", "head"], ["traj"]], "is_heading": [False, True]}
        arrays["target_cond"] = rng.normal(size=(b, 8, 3))
    elif kind.dataset in ("humanml", "kit"):
        arrays["text_embed"] = rng.normal(size=(1, b, 512))
    elif not kind.args.get("unconstrained"):
        arrays["action"] = np.array([[3], [39]])
    if kind.args.get("mask_frames"):
        arrays["lengths"] = np.array([n, n // 2])
    arrays = {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in arrays.items()}
    given = {k: torch.from_numpy(v) for k, v in arrays.items() if k not in ("x", "t")}
    if "target_cond" in given:
        given["valid"] = torch.tensor([[1, 0, 0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0, 1, 1]])
    scale = 1.0 if args["cond_mask_prob"] == 0 else GUIDANCE
    sampled = f"ddpm{STEPS}" + ("_cfg30" if scale != 1 else "")
    case["seeds"][sampled] = 40
    with torch.no_grad():
        x, t = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["t"])
        arrays["out"] = network(x, t, given, 1.0).numpy()
        if scale != 1:
            arrays["out_uncond"] = network(x, t, given, 0.0).numpy()
        arrays[sampled] = sample(network, given, (b, j, c, n), 40, scale)
    np.savez(folder / "case.npz", **arrays)
    (folder / "case.json").write_text(json.dumps(case), encoding="utf-8")
