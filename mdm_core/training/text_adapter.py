"""Teaches the sentence encoder that other people's words mean what the plain ones do: `mdm train configs/words.toml`.

Knowledge distillation as Reimers and Gurevych (2020) teach an encoder another language: for a wording and the plain
sentence that says the same (`datasets.plain_words`) the student is to give the teacher's vector of the plain one, and
for every other sentence of the data the teacher's own. The teacher is MiniLM as it is; the student is MiniLM with
low-rank matrices added (`text.low_rank`), the only numbers that are learnt. A bundle carries them.

    loss = mean(1 - cos(student(wording), teacher(plain))) + kept * mean(1 - cos(student(s), teacher(s)))

A run lasts minutes; one that was killed begins anew.
"""

from __future__ import annotations

import sys
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from mdm_core.checkpoints.tensors import read_safetensors, write_safetensors
from mdm_core.datasets.pack import Pack, load
from mdm_core.datasets.plain_words import Reworded, reworded
from mdm_core.errors import MotionError
from mdm_core.text import low_rank, minilm
from mdm_core.text.wordpiece import Tokenizer

from .config import section

KIND = "text adapter"
LIKE = "configs/words.toml"
FILE = "adapter.safetensors"
TOGETHER = 48  # sentences of like length that go through at once
LOOKED_AT = 1000  # sentences of the data on which is measured how far they moved


@dataclass(frozen=True)
class Config:
    """A whole run. pack, out: paths from the working folder; rank: of the matrices added; batch: wordings a step, and
    as many sentences of the data; kept: the weight of these; unseen: the share of the wordings that is kept back to
    measure with.
    """

    kind: str
    name: str
    pack: str
    out: str
    seed: int
    rank: int
    steps: int
    batch: int
    learning_rate: float
    warmup: int
    weight_decay: float
    kept: float
    unseen: float
    report_every: int


@dataclass(frozen=True)
class Lessons:
    """What is learnt from and measured on.

    by_tag: wordings by what they are about, a tag of the table; vectors: the teacher's [384] of every plain sentence;
    others: sentences of the data that are no wordings, vectors [S, 384] and chances [S]; unseen: wordings that are
    kept back.
    """

    by_tag: tuple[tuple[Reworded, ...], ...]
    unseen: tuple[Reworded, ...]
    vectors: dict[str, NDArray[np.float32]]
    others: tuple[str, ...]
    other_vectors: NDArray[np.floating[Any]]
    chances: NDArray[np.float64]


class LowRank(nn.Module):
    """A frozen linear layer and what is added to its matrix."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.randn(rank, linear.in_features) * linear.in_features**-0.5)
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """x [..., I] to [..., O]"""
        return self.linear(x) + (x @ self.down.to(x.dtype).T) @ self.up.to(x.dtype).T


class Student(nn.Module):
    """MiniLM in torch with low-rank matrices beside all of its layers' own; the rest is frozen."""

    def __init__(self, rank: int) -> None:
        super().__init__()
        self.bert = encoder()
        self.bert.requires_grad_(False)
        self.tokenizer = Tokenizer.load(minilm.BUNDLED / minilm.VOCABULARY, max_tokens=minilm.MAX_TOKENS)
        self.added = {name: LowRank(layer, rank) for name, layer in matrices(self.bert)}
        for name, layer in self.added.items():
            parent, _, own = name.rpartition(".")
            setattr(self.bert.get_submodule(parent), own, layer)

    def forward(self, sentences: Sequence[str]) -> Tensor:
        """Unit vectors [B, 384], sentences of like length together."""
        ids = [self.tokenizer.encode(sentence) for sentence in sentences]
        order = sorted(range(len(ids)), key=lambda k: len(ids[k]))
        parts = [self.embed([ids[k] for k in order[i : i + TOGETHER]]) for i in range(0, len(order), TOGETHER)]
        return torch.cat(parts)[torch.from_numpy(np.argsort(order)).to(parts[0].device)]

    def embed(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """Token ids to unit vectors [B, 384], the mean over each text's tokens (as `minilm.MiniLM.embed`)."""
        device = self.bert.embeddings.word_embeddings.weight.device
        longest = max(len(tokens) for tokens in ids)
        padded = torch.tensor([[*tokens, *[0] * (longest - len(tokens))] for tokens in ids], device=device)
        there = torch.tensor([[k < len(tokens) for k in range(longest)] for tokens in ids], device=device)
        states = self.bert(input_ids=padded, attention_mask=there.long()).last_hidden_state.float()
        mean = (states * there[..., None]).sum(dim=1) / there.sum(dim=1, keepdim=True)
        return F.normalize(mean, dim=-1)

    def adapter(self) -> dict[str, NDArray[np.float16]]:
        """What is added, as `text.low_rank` has it."""
        return {
            f"{name}.weight{end}": value.detach().cpu().numpy().astype(np.float16)
            for name, layer in self.added.items()
            for end, value in ((low_rank.DOWN, layer.down), (low_rank.UP, layer.up))
        }


def encoder() -> Any:
    """The bundled MiniLM as transformers' BertModel."""
    try:
        from transformers import BertConfig, BertModel
    except ImportError:
        raise MotionError("This training needs the transformers library; `pip install transformers`.") from None
    path = minilm.BUNDLED / minilm.WEIGHTS
    stored = read_safetensors(path)
    values = {n: minilm.dense(stored, n, str(path)) for n in stored if not n.endswith(minilm.SCALE)}
    sizes: dict[str, Any] = {
        "vocab_size": minilm.WORDS,
        "hidden_size": minilm.WIDTH,
        "num_hidden_layers": minilm.LAYERS,
        "num_attention_heads": minilm.HEADS,
        "intermediate_size": minilm.FEED_FORWARD,
        "max_position_embeddings": minilm.MAX_TOKENS,
        "type_vocab_size": 1,
        "attn_implementation": "eager",  # for a dozen tokens faster on CPUs than the fused attention
    }
    model = BertModel(BertConfig(**sizes), add_pooling_layer=False)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
    return model.eval()


def matrices(bert: Any) -> list[tuple[str, nn.Linear]]:
    """The linear layers of the encoder by name."""
    return [(name, layer) for name, layer in bert.named_modules() if isinstance(layer, nn.Linear)]


def read(path: Path) -> Config:
    """The settings; a MotionError names the field that is missing or unknown."""
    return section(Config, tomllib.loads(path.read_text(encoding="utf-8")), str(path), LIKE)


def lessons(pack: Pack, config: Config) -> Lessons:
    """Wordings and the pack's sentences; half of the latter are drawn as often as with motions, half all alike."""
    rng = np.random.default_rng(config.seed)
    every = reworded()
    order = rng.permutation(len(every))
    back = int(config.unseen * len(every))
    by_tag: defaultdict[str, list[Reworded]] = defaultdict(list)
    for k in order[back:]:
        by_tag[every[k].about].append(every[k])
    said = {one.wording for each in every for one in (each, each.mirrored)}
    others = [k for k, sentence in enumerate(pack.sentences) if sentence not in said]
    if not others:
        raise MotionError("The pack has no sentences beside wordings; build it from more clips.")
    drawn = np.zeros(len(pack.sentences))
    for words, weight in zip(pack.words, pack.weight, strict=True):
        drawn[words] += weight / max(1, len(words))
    chances = drawn[others] / max(drawn[others].sum(), 1e-12) + 1 / len(others)
    plain = sorted({one.plain for each in every for one in (each, each.mirrored)})
    return Lessons(
        by_tag=tuple(tuple(some) for some in by_tag.values()),
        unseen=tuple(every[k] for k in order[:back]),
        vectors=dict(zip(plain, minilm.MiniLM.load().encode(plain), strict=True)),
        others=tuple(pack.sentences[k] for k in others),
        other_vectors=pack.embeddings[others],
        chances=chances / chances.sum(),
    )


def drawn(given: Lessons, size: int, rng: np.random.Generator) -> tuple[list[str], list[str], NDArray[np.float32]]:
    """`size` wordings, every tag as often, half of them mirrored; as many other sentences and a third as many of
    the plain ones; and what the student is to give for all of them in a row, [B, 384].
    """
    wordings: list[Reworded] = []
    for tag in rng.integers(len(given.by_tag), size=size):
        some = given.by_tag[tag]
        one = some[rng.integers(len(some))]
        wordings.append(one.mirrored if rng.random() < 0.5 else one)
    others = rng.choice(len(given.others), size, p=given.chances)
    plain = [str(s) for s in rng.choice(list(given.vectors), size // 3)]
    targets = [
        np.stack([given.vectors[one.plain] for one in wordings]),
        given.other_vectors[others].astype(np.float32),
        np.stack([given.vectors[sentence] for sentence in plain]),
    ]
    return [one.wording for one in wordings], [*(given.others[k] for k in others), *plain], np.concatenate(targets)


def distance(student: Student, sentences: Sequence[str], targets: NDArray[np.float32]) -> Tensor:
    """Mean of 1 - cosine between the student's vectors and these [B, 384]."""
    vectors = student(sentences)
    return (1 - (vectors * torch.from_numpy(targets).to(vectors)).sum(dim=-1)).mean()


def train(config: Config, device: torch.device) -> Path:
    """Trains and returns the file of the adapter."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    given = lessons(load(Path(config.pack)), config)
    student = Student(config.rank).to(device)
    student.bert.to(torch.bfloat16)
    learnt = [layer_part for layer in student.added.values() for layer_part in (layer.down, layer.up)]
    for parameter in learnt:
        parameter.data = parameter.data.float()
    optimizer = torch.optim.AdamW(learnt, lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, config))
    print(f"before: {measured(student, given)}", file=sys.stderr, flush=True)
    for step in range(config.steps):
        wordings, others, targets = drawn(given, config.batch, rng)
        moved = distance(student, wordings, targets[: len(wordings)])
        stayed = distance(student, others, targets[len(wordings) :])
        optimizer.zero_grad(set_to_none=True)
        (moved + config.kept * stayed).backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % config.report_every == 0 or step + 1 == config.steps:
            print(f"step {step + 1}: {measured(student, given)}", file=sys.stderr, flush=True)
    path = Path(config.out) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_safetensors(path, student.adapter(), {"format": "mdm-text-adapter"})
    return path


def rate(step: int, config: Config) -> float:
    """Of the learning rate: a warm-up, then half a cosine down to zero."""
    return min(1.0, (step + 1) / max(1, config.warmup)) * 0.5 * (1 + float(np.cos(np.pi * step / config.steps)))


def measured(student: Student, given: Lessons) -> str:
    """Cosines of unseen wordings with their plain sentence, and of other sentences with what they were."""
    with torch.inference_mode():
        some = np.linspace(0, len(given.others) - 1, min(LOOKED_AT, len(given.others))).astype(int)
        kept = 1 - distance(student, [given.others[k] for k in some], given.other_vectors[some].astype(np.float32))
        text = f"sentences of the data stay at a cosine of {kept:.3f}"
        if not given.unseen:
            return text
        wordings = [one.wording for one in given.unseen]
        near = 1 - distance(student, wordings, np.stack([given.vectors[one.plain] for one in given.unseen]))
        plain = list(given.vectors)
        cosines = student(wordings).cpu().numpy() @ np.stack(list(given.vectors.values())).T
        right = np.mean([plain[k] == one.plain for k, one in zip(cosines.argmax(axis=1), given.unseen, strict=True)])
    return (
        f"unseen wordings have a cosine of {near:.3f} with their plain sentence, "
        f"which is the nearest of {len(plain)} for {right:.2f}; {text}"
    )
