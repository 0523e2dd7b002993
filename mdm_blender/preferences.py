"""The add-on's preferences: which model, and which Python and device compute it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy

ENGINES = (
    ("auto", "Automatic", "PyTorch where the worker's Python has it, else NumPy"),
    ("numpy", "NumPy", "Runs everywhere with nothing installed"),
    ("torch", "PyTorch", "Needs a Python with PyTorch, chosen below"),
)
DEVICES = (
    ("auto", "Automatic", "The graphics card where PyTorch can use it"),
    ("cpu", "Processor", "The processor"),
    ("cuda", "CUDA", "An NVIDIA (CUDA) or AMD (ROCm) graphics card"),
    ("mps", "Metal", "An Apple graphics card"),
)


@dataclass(frozen=True)
class WorkerSettings:
    """What the worker is started and asked with; an empty `python` is Blender's own."""

    python: str = ""
    model: str = "bundled"
    engine: str = "auto"
    device: str = "auto"


class MDM_AP_preferences(bpy.types.AddonPreferences):
    bl_idname = __package__ or ""

    if TYPE_CHECKING:
        model: str
        engine: str
        device: str
        python: str
    else:
        model: bpy.props.StringProperty(
            name="Model",
            description="A model's folder; empty for the one that comes with the add-on",
            subtype="DIR_PATH",
        )
        engine: bpy.props.EnumProperty(name="Engine", description="What computes the model", items=ENGINES)
        device: bpy.props.EnumProperty(name="Device", description="Where PyTorch computes", items=DEVICES)
        python: bpy.props.StringProperty(
            name="Python",
            description="The Python program that runs the worker; empty for Blender's own",
            subtype="FILE_PATH",
        )

    def draw(self, context: Any) -> None:
        column = self.layout.column()
        column.use_property_split = True
        for name in ("model", "engine", "device", "python"):
            column.prop(self, name)


def worker_settings() -> WorkerSettings:
    """The preferences as plain data; the defaults where the package is used without being enabled as an add-on."""
    addon = bpy.context.preferences.addons.get(__package__ or "")
    if addon is None or not isinstance(addon.preferences, MDM_AP_preferences):
        return WorkerSettings()
    chosen = addon.preferences
    return WorkerSettings(
        python=bpy.path.abspath(chosen.python),
        model=bpy.path.abspath(chosen.model) or "bundled",
        engine=chosen.engine,
        device=chosen.device,
    )
