"""An action that goes round: its last frame made the first again on every curve, and cyclic modifiers set.

The model has led the body back (`mdm_core.editor`); here the last of the difference goes, for bones that the model does
not know too, and what lies outside of the loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import rotate

from ..keys import curves, read
from ..keys.curves import SAME_FRAME, Keys
from ..keys.read import Channels
from ..retarget.posing import Posing
from ..retarget.rest import read_rest
from ..retarget.root_motion import root_bone
from .anchoring import near
from .chosen import OBJECT
from .plan import Plan
from .splice import write_settled

Array = NDArray[np.floating]
SLOPE = 0.25
"""Seconds at the end over which a curve is led to the slope of its start."""
SAME = 1e-6


def close(armature: Any, plan: Plan) -> None:
    """Makes the assigned action a loop over the plan's stretch: frame last is frame first again, or a round farther.

    Curves keep their keys within the stretch up to where they have to change; keys outside go. Every curve that moves
    gets a Cycles modifier, that of what travels with an offset.
    """
    first, last = plan.stretch.first, plan.stretch.first + len(plan.stretch) - 1
    tail = last - max(3, round(plan.ask.seconds * plan.stretch.motion.fps))
    frames = np.arange(first, last + 1)
    ease, slope = last - tail, max(2, round(SLOPE * plan.stretch.motion.fps))
    carrier = _carrier(plan) if plan.ask.loop == "travel" else None
    for channels in read.animated(armature):
        if not any(_moves(curve) for curve in channels.curves.values()):
            continue
        played = {k: np.array([curve.evaluate(float(f)) for f in frames]) for k, curve in channels.curves.items()}
        travels = carrier is not None and (channels.bone, channels.property) == (carrier, "location")
        upward = _upward(plan, channels.bone) if travels else None
        closed = _closed(channels, played, _mode(armature, channels), upward, ease, slope)
        for index, curve in channels.curves.items():
            if _moves(curve):
                _write(curve, frames, played[index], closed[index])
                _cycle(curve, "REPEAT_OFFSET" if travels else "REPEAT")
    action = armature.animation_data.action
    action.use_frame_range = action.use_cyclic = True
    action.frame_start, action.frame_end = first, last


def _moves(curve: Any) -> bool:
    return len(curve.keyframe_points) > 1 and not curve.lock and not curve.modifiers


def _carrier(plan: Plan) -> str:
    stretch = plan.stretch
    if stretch.root_motion == "object":
        return OBJECT
    return root_bone(stretch.rig, stretch.rig_map) if stretch.root_motion == "root" else stretch.rig_map.carrier


def _upward(plan: Plan, bone: str) -> Array:
    """Up [3] in the axes of the location channels of a bone, or of the object."""
    stretch = plan.stretch
    up = rotate(read_rest(stretch.rig, stretch.rig_map).axes, np.array([0.0, 1.0, 0.0]))
    if bone == OBJECT:
        up = stretch.rig.world[:3, :3] @ up
    else:
        _, placing = Posing(stretch.rig, {}).spaces(stretch.rig.bones[bone])
        up = np.linalg.solve(placing[0, :3, :3], up)
    return up / np.linalg.norm(up)


def _mode(armature: Any, channels: Channels) -> str:
    """The rotation mode whose numbers these are, "" for those of something else."""
    owner = armature if channels.bone == OBJECT else armature.pose.bones.get(channels.bone)
    if owner is None or channels.property != read.rotation_property(owner.rotation_mode):
        return ""
    whole = 3 if channels.property == "rotation_euler" else 4
    return owner.rotation_mode if len(channels.curves) == whole else ""


def _closed(
    channels: Channels, played: Mapping[int, Array], mode: str, upward: Array | None, ease: int, slope: int
) -> dict[int, Array]:
    """The values [T] by channel with an end that meets the start in value and slope."""
    numbers = list(played)
    values = np.stack([played[it] for it in numbers], axis=-1)
    wanted, going = values[0], values[1] - values[0]
    if mode:
        three = np.stack([values[-1], values[0], values[1]])
        turned = near(three, three, np.array([True, False, False]), mode)
        wanted, going = turned[1], turned[2] - turned[1]
    if upward is not None:
        axes = upward[numbers]
        way = values[-1] - values[0]
        wanted = values[0] + way - (way @ axes) * axes
    result = led_to(values, wanted, going, ease, slope)
    for column, number in enumerate(numbers):
        if _stepped(channels.curves[number]):
            result[:, column] = values[:, column]
    return {number: result[:, column] for column, number in enumerate(numbers)}


def led_to(values: Array, wanted: Array, going: Array, ease: int, slope: int) -> Array:
    """Values [T, n] led over the last `ease` frames to `wanted` [n], at the end by `going` [n] a frame, over `slope`
    frames. What is right already stays bit for bit."""
    count = len(values)
    missing, turn = wanted - values[-1], going - (values[-1] - values[-2])
    since = np.clip((np.arange(count) - (count - 1 - ease)) / ease, 0.0, 1.0)[:, None]
    part = np.clip((np.arange(count) - (count - 1 - slope)) / slope, 0.0, 1.0)[:, None]
    missing, turn = (np.where(np.abs(it) < SAME, 0.0, it) for it in (missing, turn))
    # Of the last whole step the second term makes (1 - 1 / slope)² turns, hence the division.
    turn = turn / (1 - 1 / slope) ** 2
    change = since**2 * (3 - 2 * since) * missing + slope * part**2 * (part - 1) * turn
    result = np.where(change == 0.0, values, values + change)
    result[-1] = np.where(np.abs(missing) > 0, wanted, values[-1])
    return result


def _stepped(curve: Any) -> bool:
    return all(key.interpolation == "CONSTANT" for key in curve.keyframe_points)


def _write(curve: Any, frames: NDArray[np.int_], played: Array, closed: Array) -> None:
    """The keys within the frames up to the first value that changes, with their handles; else GENERATED ones, a frame
    each, up to both ends."""
    old = curves.read(curve)
    changed = np.flatnonzero(closed != played)
    stop = float(frames[changed[0]]) if len(changed) else float(frames[-1]) + 1
    kept = old.where((old.frames > frames[0] - SAME_FRAME) & (old.frames < stop - SAME_FRAME))
    inside = np.zeros(len(frames), dtype=bool)
    if len(kept):
        inside = (frames > kept.frames[0] - SAME_FRAME) & (frames < kept.frames[-1] + SAME_FRAME)
    if len(kept) == len(old) and inside.all():
        return
    new = frames[~inside]
    made = curves.dense(new.astype(np.float64), closed[~inside], "CONSTANT" if _stepped(curve) else "BEZIER")
    keys = curves.joined(kept, made)
    order = np.argsort(keys.frames, kind="stable")
    outside = np.concatenate([np.ones(len(kept)), np.zeros(len(made))]).astype(bool)
    write_settled(curve, Keys({name: values[order] for name, values in keys.attributes.items()}), outside[order])


def _cycle(curve: Any, mode: str) -> None:
    for key in (curve.keyframe_points[0], curve.keyframe_points[-1]):
        if key.type != "GENERATED":
            # Automatic handles would look across the border of the loop and change what the curve plays.
            key.handle_left_type = key.handle_right_type = "FREE"
    modifier = curve.modifiers.new("CYCLES")
    modifier.mode_before = modifier.mode_after = mode
    curve.update()
