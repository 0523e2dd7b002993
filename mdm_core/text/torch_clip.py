"""CLIP ViT-B/32's text tower (Radford et al. 2021), as MDM uses it: a prompt to one vector of 512 numbers.

Read from OpenAI's ViT-B-32.pt or from a Hugging Face folder, run by the transformers library in float32 on the CPU.
The token rule is MDM's (spec/mdm.md section 2.1): 22 tokens with both marks, the rest cut off, then zeros up to 77.
Nothing is fetched here.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mdm_core.checkpoints import hashes
from mdm_core.checkpoints.catalog import CLIP_SHA256
from mdm_core.engine import torch_archive, torch_weights
from mdm_core.errors import MotionError
from mdm_core.text.folders import read_config

NAME = "CLIP ViT-B/32"
CONTEXT, MDM_CONTEXT = 77, 22  # tokens that CLIP reads, and that MDM gives it
WIDTH, LAYERS, HEAD_WIDTH, VECTOR, PATCH = 512, 12, 64, 512, 32
MERGES = Path(__file__).resolve().parent.parent / "assets" / "clip" / "merges.txt"
START, END = "<|startoftext|>", "<|endoftext|>"
Tensors = Mapping[str, NDArray[Any]]


class ClipText:
    """The loaded tower."""

    def __init__(self, tensors: Tensors, source: Path, *, exact: bool = True) -> None:
        """tensors: the library's names, see `from_openai`; exact: False takes any size (for tests with small ones)."""
        positions = tensors.get("text_model.embeddings.position_embedding.weight")
        words = tensors.get("text_model.embeddings.token_embedding.weight")
        projection = tensors.get("text_projection.weight")
        if positions is None or words is None or projection is None:
            raise MotionError(f"{source} holds no text tower of CLIP; give OpenAI's ViT-B-32.pt or a folder of it.")
        layers = 1 + max(int(name.split(".")[3]) for name in tensors if name.startswith("text_model.encoder.layers."))
        found = {"width": words.shape[1], "layers": layers, "vector": len(projection), "context": len(positions)}
        wanted = {"width": WIDTH, "layers": LAYERS, "vector": VECTOR, "context": CONTEXT}
        wrong = [f"{name} {found[name]} instead of {wanted[name]}" for name in found if found[name] != wanted[name]]
        if exact and wrong:
            raise MotionError(f"{source} is a CLIP, but not ViT-B/32 ({wrong[0]}); MDM needs ViT-B/32.")
        self.model = build(tensors, source, found, len(words))

    def states(self, text: str) -> NDArray[np.float32]:
        """The prompt's vector as one token state [1, 512], not normalised."""
        return self.encode([text])

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Vectors [B, 512], not normalised."""
        ids = torch.tensor([tokenize(text) for text in texts])
        with torch.inference_mode():
            return self.model(input_ids=ids).text_embeds.numpy()


def load(path: Path, *, published: str = CLIP_SHA256) -> ClipText:
    """The tower in a .pt of OpenAI's or in a folder; a MotionError says what it is if it is not ViT-B/32."""
    return load_folder(path) if path.is_dir() else load_file(path, published=published)


def load_file(path: Path, *, exact: bool = True, published: str = CLIP_SHA256) -> ClipText:
    """From OpenAI's .pt: the TorchScript archive, which must have the published sha256, or a plain state dict."""
    tensors: Tensors
    if torch_archive.is_torchscript(path):
        if hashes.sha256(path) != published:
            raise MotionError(
                f"{path} is a TorchScript archive, but not OpenAI's ViT-B-32.pt (its sha256 is another), and was not "
                "opened; download it again."
            )
        tensors = torch_archive.read(path)
    else:
        tensors = torch_weights.read_checkpoint(path)
    patch = tensors.get("visual.conv1.weight")
    if exact and patch is not None and patch.shape[-1] != PATCH:
        raise MotionError(f"{path} is a CLIP, but its images have patches of {patch.shape[-1]}; MDM needs ViT-B/32.")
    return ClipText(from_openai(tensors, path), path, exact=exact)


def load_folder(folder: Path) -> ClipText:
    """From a Hugging Face folder: config.json with model.safetensors or pytorch_model.bin."""
    config = read_config(folder, ("clip", "clip_text_model"))
    text = config.get("text_config", config)
    act = text.get("hidden_act", "quick_gelu")
    patch = config.get("vision_config", {}).get("patch_size", PATCH)
    for name, value, wanted in (("hidden_act", act, "quick_gelu"), ("patch_size", patch, PATCH)):
        if value != wanted:
            raise MotionError(f'{folder / "config.json"} has "{name}": {value!r}; MDM needs OpenAI\'s ViT-B/32.')
    kept = {
        name: value
        for name, value in torch_weights.read_folder(folder).items()
        if name.startswith(("text_model.", "text_projection.")) and not name.endswith("position_ids")
    }
    return ClipText(kept, folder)


def from_openai(tensors: Tensors, source: Path) -> dict[str, NDArray[Any]]:
    """OpenAI's names as the library's; the image tower is left out."""
    renamed: dict[str, NDArray[Any]] = {}
    fixed = {
        "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
        "ln_final.weight": "text_model.final_layer_norm.weight",
        "ln_final.bias": "text_model.final_layer_norm.bias",
    }
    parts = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    parts["attn.out_proj"] = "self_attn.out_proj"
    for name, value in tensors.items():
        if name in fixed:
            renamed[fixed[name]] = value
        elif name == "text_projection":
            renamed["text_projection.weight"] = np.ascontiguousarray(value.T)
        elif name.startswith("transformer.resblocks."):
            _, _, index, rest = name.split(".", 3)
            layer = f"text_model.encoder.layers.{index}"
            part, _, kind = rest.rpartition(".")
            if part == "attn" and kind.startswith("in_proj_"):
                for which, share in zip("qkv", np.split(value, 3), strict=True):
                    renamed[f"{layer}.self_attn.{which}_proj.{kind.removeprefix('in_proj_')}"] = share
            elif part in parts:
                renamed[f"{layer}.{parts[part]}.{kind}"] = value
    if not renamed:
        raise MotionError(f"{source} holds no text tower of CLIP; give OpenAI's ViT-B-32.pt or a folder of it.")
    return renamed


def build(tensors: Tensors, source: Path, sizes: Mapping[str, int], words: int) -> Any:
    """The library's model with these weights, float32, in evaluation mode."""
    try:
        from transformers import CLIPTextConfig, CLIPTextModelWithProjection
    except ImportError:
        raise MotionError(f"{NAME} needs the transformers library; `pip install transformers ftfy`.") from None
    config = CLIPTextConfig(
        vocab_size=words,
        hidden_size=sizes["width"],
        intermediate_size=4 * sizes["width"],
        projection_dim=sizes["vector"],
        num_hidden_layers=sizes["layers"],
        num_attention_heads=sizes["width"] // HEAD_WIDTH,
        max_position_embeddings=sizes["context"],
        hidden_act="quick_gelu",
        bos_token_id=words - 2,
        eos_token_id=words - 1,
    )
    try:
        return torch_weights.filled(lambda: CLIPTextModelWithProjection(config), tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise MotionError(f"{source} is not a whole text tower of CLIP ({reason}); download it again.") from None


def tokenize(text: str, *, context: int = MDM_CONTEXT) -> list[int]:
    """77 token ids: start, at most `context` - 2 word pieces, end, zeros."""
    tokenizer = byte_pairs()
    ids: list[int] = tokenizer(clean(text))["input_ids"]
    if len(ids) > context:
        ids = [*ids[: context - 1], ids[-1]]
    return ids + [0] * (CONTEXT - len(ids))


def clean(text: str) -> str:
    """Mended characters and no HTML entities, as OpenAI's tokenizer begins; its marks are words like others."""
    try:
        import ftfy
    except ImportError:
        raise MotionError(f"{NAME} needs the ftfy library; `pip install transformers ftfy`.") from None
    text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return text.replace(START, " ").replace(END, " ")


@cache
def byte_pairs() -> Any:
    """The tokenizer, from the vocabulary in assets."""
    try:
        from transformers import CLIPTokenizer
    except ImportError:
        raise MotionError(f"{NAME} needs the transformers library; `pip install transformers ftfy`.") from None
    lines = MERGES.read_text(encoding="utf-8").splitlines()
    merges: Any = [tuple(line.split(" ")) for line in lines]  # the library says strings and takes pairs
    symbols = [chr(code) for code in byte_symbols()]
    pieces = [*symbols, *(f"{s}</w>" for s in symbols), *("".join(pair) for pair in merges), START, END]
    return CLIPTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges)


def byte_symbols() -> list[int]:
    """The characters that stand for the 256 bytes, in the order of the vocabulary: the printable ones first."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return printable + [256 + i for i in range(256 - len(printable))]
