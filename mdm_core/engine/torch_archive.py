"""The numbers in a TorchScript archive, taken out without running what it holds.

`torch.jit.load` would compile the archive's code, and `torch.load(weights_only=True)` refuses such files. Here the
archive's object tree is unpickled with a reader that knows dictionaries, lists and tensors alone: classes of the
archive become plain holders of their attributes, any other name is refused before it is looked up.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

DTYPES = {
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "DoubleStorage": np.float64,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}
Array = NDArray[Any]


class Holder:
    """An object of the archive: its attributes, and none of its behaviour."""

    def __init__(self, *_: object) -> None:
        self.attributes: dict[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            self.attributes = state


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive of TorchScript, told by the names in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def read(path: Path) -> dict[str, Array]:
    """All tensors of the archive under their state-dict names; a MotionError if it is damaged or holds more."""
    try:
        with zipfile.ZipFile(path) as archive:
            root = next(name for name in archive.namelist() if name.endswith("/data.pkl")).removesuffix("data.pkl")
            tree = Reader(archive, root).load()
    except (pickle.UnpicklingError, zipfile.BadZipFile, OSError, StopIteration, *MALFORMED) as error:
        raise MotionError(f"{path} is damaged or holds more than numbers ({error}); download it again.") from None
    found: dict[str, Array] = {}
    collect(tree, "", found)
    return found


MALFORMED = (EOFError, KeyError, IndexError, ValueError, TypeError, AttributeError)
"""What a pickle that was cut or tampered with makes the reader raise."""


def collect(node: Any, prefix: str, found: dict[str, Array]) -> None:
    """Puts the tensors below `node` into `found`, named by the way to them."""
    for name, value in node.attributes.items() if isinstance(node, Holder) else ():
        if isinstance(value, np.ndarray):
            found[prefix + name] = value
        else:
            collect(value, f"{prefix}{name}.", found)


class Reader(pickle.Unpickler):
    """An unpickler of data.pkl that builds nothing but holders, containers and arrays."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}data.pkl")))
        self.archive, self.root = archive, root
        self.storages: dict[str, Array] = {}

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """The few names that such an archive needs."""
        if module_name.startswith("__torch__"):
            return Holder
        if module_name == "torch" and global_name in DTYPES:
            return DTYPES[global_name]
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): strided,
            ("torch._utils", "_rebuild_parameter"): lambda array, *_: array,
        }
        if module_name == "torch.jit._pickle" and global_name.startswith("build_"):
            return list
        if (module_name, global_name) not in known:
            raise pickle.UnpicklingError(f"it names {module_name}.{global_name}")
        return known[module_name, global_name]

    def persistent_load(self, pid: Any, /) -> Array:
        """A storage: the numbers of a file of the archive."""
        _, dtype, key, *_ = pid
        if key not in self.storages:
            self.storages[key] = np.frombuffer(self.archive.read(f"{self.root}data/{key}"), dtype=dtype)
        return self.storages[key]


def strided(storage: Array, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Array:
    """A tensor from its storage; ValueError if it would reach beyond it."""
    reach = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if all(size) else offset
    if min((offset, *size, *stride), default=0) < 0 or reach >= len(storage) + (not all(size)):
        raise ValueError("a tensor does not fit into its storage")
    view = np.lib.stride_tricks.as_strided(storage[offset:], size, [s * storage.itemsize for s in stride])
    return np.array(view)
