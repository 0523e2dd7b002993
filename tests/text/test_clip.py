"""CLIP's text tower: the published archive's form, folders, what is refused, and what must not run."""

from __future__ import annotations

import html
import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdm_core.checkpoints import hashes
from mdm_core.checkpoints.tensors import write_safetensors
from mdm_core.errors import MotionError

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("ftfy")

from mdm_core.engine import torch_archive  # noqa: E402
from mdm_core.text import torch_clip  # noqa: E402

LAYERS, WIDTH, WORDS = 2, 128, 49408
SHAPES: dict[str, tuple[int, ...]] = {
    "token_embedding.weight": (WORDS, WIDTH),
    "positional_embedding": (77, WIDTH),
    "text_projection": (WIDTH, 96),
    "ln_final.weight": (WIDTH,),
    "ln_final.bias": (WIDTH,),
    "visual.conv1.weight": (8, 3, 32, 32),
    "logit_scale": (),
}
for _i in range(LAYERS):
    _layer = f"transformer.resblocks.{_i}."
    SHAPES |= {f"{_layer}attn.in_proj_weight": (3 * WIDTH, WIDTH), f"{_layer}attn.in_proj_bias": (3 * WIDTH,)}
    for _name, _rows, _columns in (
        ("attn.out_proj", WIDTH, WIDTH),
        ("mlp.c_fc", 4 * WIDTH, WIDTH),
        ("mlp.c_proj", WIDTH, 4 * WIDTH),
    ):
        SHAPES |= {f"{_layer}{_name}.weight": (_rows, _columns), f"{_layer}{_name}.bias": (_rows,)}
    SHAPES |= {f"{_layer}{_norm}.{_kind}": (WIDTH,) for _norm in ("ln_1", "ln_2") for _kind in ("weight", "bias")}


@pytest.fixture(scope="module")
def tensors() -> dict[str, Any]:
    """A small CLIP in OpenAI's names, with the types of the published file: float16, and float32 norms."""
    generator = torch.Generator().manual_seed(0)
    made = {name: 0.1 * torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}
    return {name: value if "ln_" in name else value.half() for name, value in made.items()}


def module(tensors: dict[str, Any]) -> Any:
    """Nested modules whose parameters have these dotted names."""
    result = torch.nn.Module()
    for name in {name.split(".")[0] for name in tensors}:
        below = {key.partition(".")[2]: value for key, value in tensors.items() if key.split(".")[0] == name}
        if "" in below:
            setattr(result, name, torch.nn.Parameter(below[""]))
        else:
            setattr(result, name, module(below))
    return result


@pytest.fixture(scope="module")
def archive(tensors: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It as a TorchScript archive, the form in which OpenAI published it."""
    path = tmp_path_factory.mktemp("clip") / "ViT-B-32.pt"
    torch.jit.script(module(tensors)).save(str(path))
    return path


def test_the_numbers_of_an_archive(archive: Path, tensors: dict[str, Any]) -> None:
    assert torch_archive.is_torchscript(archive)
    read = torch_archive.read(archive)
    assert set(read) == set(tensors)
    for name, value in read.items():
        np.testing.assert_array_equal(value, tensors[name].numpy())


def test_a_state_dict_is_no_archive(tmp_path: Path, tensors: dict[str, Any]) -> None:
    torch.save(tensors, tmp_path / "clip.pt")
    assert not torch_archive.is_torchscript(tmp_path / "clip.pt")
    assert not torch_archive.is_torchscript(tmp_path / "nowhere.pt")


def test_the_same_vectors_from_every_form(archive: Path, tensors: dict[str, Any], tmp_path: Path) -> None:
    torch.save(tensors, tmp_path / "clip.pt")
    published = hashes.sha256(archive)
    scripted = torch_clip.load_file(archive, exact=False, published=published).encode(["a person walks", "jump"])
    stored = torch_clip.load_file(tmp_path / "clip.pt", exact=False).encode(["a person walks", "jump"])
    np.testing.assert_array_equal(scripted, stored)
    assert scripted.shape == (2, 96)
    assert scripted.dtype == np.float32
    assert np.abs(scripted[0] - scripted[1]).max() > 1e-3


def test_an_archive_with_another_sum_is_not_opened(archive: Path) -> None:
    with pytest.raises(MotionError, match=r"ViT-B-32\.pt is a TorchScript archive, but not OpenAI's.*sha256"):
        torch_clip.load(archive)


class Touch:
    """Pickles to a call that makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("where", ["archive", "pickle"])
def test_code_is_refused_and_does_not_run(archive: Path, tmp_path: Path, where: str) -> None:
    """Even under the sum that is expected: the reader knows no name that could act."""
    trap, path = tmp_path / "trapped", tmp_path / "evil.pt"
    if where == "pickle":
        path.write_bytes(pickle.dumps({"model": Touch(trap)}))
    else:
        with zipfile.ZipFile(archive) as good, zipfile.ZipFile(path, "w") as bad:
            for name in good.namelist():
                evil = pickle.dumps(Touch(trap), protocol=2)
                bad.writestr(name, evil if name.endswith("/data.pkl") else good.read(name))
    with pytest.raises(MotionError, match=r"evil\.pt is damaged,? or holds more than numbers"):
        torch_clip.load_file(path, published=hashes.sha256(path))
    assert not trap.exists()


@pytest.mark.parametrize("name", ["builtins.eval", "os.system", "torch.load", "torch._utils._rebuild_device_tensor"])
def test_no_other_name_is_looked_up(archive: Path, name: str) -> None:
    with zipfile.ZipFile(archive) as opened:
        root = next(n for n in opened.namelist() if n.endswith("/data.pkl")).removesuffix("data.pkl")
        with pytest.raises(pickle.UnpicklingError, match=name):
            torch_archive.Reader(opened, root).find_class(*name.rsplit(".", 1))


def test_a_tensor_that_reaches_beyond_its_storage() -> None:
    storage = np.arange(6.0)
    np.testing.assert_array_equal(torch_archive.strided(storage, 0, (2, 3), (3, 1)), storage.reshape(2, 3))
    np.testing.assert_array_equal(torch_archive.strided(storage, 5, (), ()), 5)
    assert torch_archive.strided(storage, 0, (0, 3), (3, 1)).shape == (0, 3)
    for offset, size, stride in ((0, (7,), (1,)), (1, (2, 3), (3, 1)), (-1, (2,), (1,)), (0, (2,), (-1,)), (6, (), ())):
        with pytest.raises(ValueError, match="does not fit"):
            torch_archive.strided(storage, offset, size, stride)


@pytest.mark.parametrize("keep", [0.2, 0.95])
def test_a_truncated_archive(archive: Path, tmp_path: Path, keep: float) -> None:
    content = archive.read_bytes()
    path = tmp_path / "cut.pt"
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(MotionError, match=r"cut\.pt is damaged"):
        torch_clip.load_file(path)


def test_another_clip_is_named(tmp_path: Path, tensors: dict[str, Any]) -> None:
    """By its text tower's sizes, or by the patches of its images, for ViT-B/16 has the same tower's sizes."""
    torch.save(tensors, tmp_path / "small.pt")
    with pytest.raises(MotionError, match=r"small\.pt is a CLIP, but not ViT-B/32 \(width 128 instead of 512\)"):
        torch_clip.load(tmp_path / "small.pt")
    torch.save(tensors | {"visual.conv1.weight": torch.zeros(8, 3, 16, 16)}, tmp_path / "b16.pt")
    with pytest.raises(MotionError, match="patches of 16"):
        torch_clip.load(tmp_path / "b16.pt")


@pytest.mark.parametrize("missing", ["token_embedding.weight", "transformer.resblocks.1.mlp.c_fc.bias"])
def test_a_missing_part(tmp_path: Path, tensors: dict[str, Any], missing: str) -> None:
    torch.save({name: value for name, value in tensors.items() if name != missing}, tmp_path / "part.pt")
    with pytest.raises(MotionError, match=r"part\.pt (holds no text tower|is not a whole text tower)"):
        torch_clip.load_file(tmp_path / "part.pt", exact=False)


def test_a_file_that_is_no_clip(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(MotionError, match=r"other\.pt holds no text tower"):
        torch_clip.load(tmp_path / "other.pt")


def folder(path: Path, tensors: dict[str, Any], config: dict[str, Any], *, safe: bool = True) -> Path:
    """A Hugging Face folder."""
    renamed = torch_clip.from_openai({k: v.numpy() for k, v in tensors.items()}, path)
    (path / "config.json").write_text(json.dumps({"model_type": "clip", **config}))
    renamed["vision_model.post_layernorm.weight"] = np.zeros(3, np.float32)
    renamed["text_model.embeddings.position_ids"] = np.arange(77)
    if safe:
        write_safetensors(path / "model.safetensors", renamed)
    else:
        torch.save({name: torch.from_numpy(value) for name, value in renamed.items()}, path / "pytorch_model.bin")
    return path


@pytest.mark.parametrize("safe", [True, False])
def test_a_hugging_face_folder(
    tmp_path: Path, tensors: dict[str, Any], monkeypatch: pytest.MonkeyPatch, safe: bool
) -> None:
    """The same vectors, the image tower ignored."""
    torch.save(tensors, tmp_path / "clip.pt")
    wanted = torch_clip.load_file(tmp_path / "clip.pt", exact=False).states("a person waves")
    for name, value in (("WIDTH", WIDTH), ("LAYERS", LAYERS), ("VECTOR", 96)):
        monkeypatch.setattr(torch_clip, name, value)
    found = torch_clip.load(folder(tmp_path, tensors, {"vision_config": {"patch_size": 32}}, safe=safe))
    np.testing.assert_array_equal(found.states("a person waves"), wanted)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"model_type": "bert"}, 'model_type "bert"'),
        ({"text_config": {"hidden_act": "gelu"}}, "\"hidden_act\": 'gelu'"),
        ({"vision_config": {"patch_size": 14}}, '"patch_size": 14'),
    ],
)
def test_another_folder_is_refused(tmp_path: Path, tensors: dict[str, Any], config: dict[str, Any], named: str) -> None:
    with pytest.raises(MotionError, match=rf"config\.json has .*{named}"):
        torch_clip.load(folder(tmp_path, tensors, config))


def test_a_folder_without_config_or_weights(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match=r"config\.json is missing"):
        torch_clip.load(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(MotionError, match=r"no file .*pytorch_model\.bin"):
        torch_clip.load(tmp_path)


def test_the_cut_at_22_tokens() -> None:
    """Start, twenty pieces, end; then zeros. An empty prompt is the two marks."""
    long = torch_clip.tokenize(" ".join(["walk"] * 60))
    assert len(long) == 77
    assert long[0] == 49406 and long[21] == 49407
    assert len(set(long[1:21])) == 1 and set(long[22:]) == {0}
    assert torch_clip.tokenize("") == [49406, 49407] + [0] * 75
    assert len(torch_clip.tokenize("walk " * 2000)) == 77


@pytest.mark.parametrize("text", ["走路", "Привет", "🕺🏽", "\x00\x01", "<|endoftext|> walks", "a\u200bb", "ﬁ"])
def test_any_script_is_tokens(text: str) -> None:
    ids = torch_clip.tokenize(text)
    assert len(ids) == 77 and ids[0] == 49406
    assert ids.count(49407) == 1 and max(ids) == 49407


def test_entities_and_broken_characters_are_mended() -> None:
    """What OpenAI's tokenizer does before its own rules."""
    assert torch_clip.tokenize("walk &amp; run") == torch_clip.tokenize("walk & run")
    assert torch_clip.tokenize(html.escape(html.escape("a < b"))) == torch_clip.tokenize("a < b")
    assert torch_clip.tokenize("sheâ€™s") == torch_clip.tokenize("she's")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.pt").write_bytes(io.BytesIO().getvalue())
    with pytest.raises(MotionError, match=r"empty\.pt is damaged"):
        torch_clip.load(tmp_path / "empty.pt")
