"""An action that goes round: its last frame made the first again on every curve, and cyclic modifiers set.

The model has led the body back (`mdm_core.editor`); here the last of the difference goes, for bones that the model does
not know too, and what lies outside of the loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import identity, normalize, rotate

from ..keys import curves, read
from ..keys.channels import rotation_property
from ..keys.curves import SAME_FRAME, Keys
from ..keys.locks import Held, Locks, near
from ..keys.read import Channels
from ..retarget.posing import Posing, compose
from ..retarget.rest import read_rest
from ..retarget.root_motion import root_bone
from .chosen import OBJECT
from .evened import Borders, even
from .plan import Plan
from .splice import write_settled

Array = NDArray[np.floating]
SLOPE = 0.25
"""Seconds at the end over which a curve is led to the slope of its start."""
SAME = 1e-6
AHEAD = 3
"""Frames of the next round in which it is seen how the last one goes over into it."""


def close(armature: Any, plan: Plan) -> None:
    """Makes the assigned action a loop over the plan's stretch: frame last is frame first again, or a round farther.

    Curves keep their keys within the stretch up to where they have to change; keys outside go. Every curve that moves
    gets a Cycles modifier, that of what travels with an offset.
    """
    first, last = plan.stretch.first, plan.stretch.first + len(plan.stretch) - 1
    tail = last - max(3, round(plan.ask.seconds * plan.stretch.motion.fps))
    frames = np.arange(first, last + 1)
    ease, slope = last - tail, max(2, round(SLOPE * plan.stretch.motion.fps))
    played = {
        (it.bone, it.property): (it, {k: _values(curve, frames) for k, curve in it.curves.items()})
        for it in read.animated(armature)
        if any(_moves(curve) for curve in it.curves.values())
    }
    ways = _ways(plan, {key: values for key, (_, values) in played.items()})
    for channels, values in played.values():
        way = ways.get(channels.bone) if channels.property == "location" else None
        closed = _closed(channels, values, _turning(armature, channels), way, ease, slope)
        for index, curve in channels.curves.items():
            if _moves(curve):
                _write(curve, frames, values[index], closed[index])
                _cycle(curve, "REPEAT" if way is None else "REPEAT_OFFSET")
    ahead = np.arange(max(first, tail - 3), last + AHEAD + 1)
    even(armature, plan, Borders(ahead, (ahead >= last) | (ahead < max(tail, first + 1))))
    for curve in (it for channels in read.animated(armature) for it in channels.curves.values() if _moves(it)):
        # What had no keys before its seam was evened goes round like the others.
        curves.write(curve, curves.dense(frames.astype(np.float64), _values(curve, frames)))
        _cycle(curve, "REPEAT")
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


def _values(curve: Any, frames: NDArray[np.int_]) -> Array:
    return np.array([curve.evaluate(float(frame)) for frame in frames])


def _ways(plan: Plan, played: Mapping[tuple[str, str], Mapping[int, Array]]) -> dict[str, Array]:
    """How far the location channels of what travels go in a round, bone (or object) -> [3]: what carries the body, and
    the IK controls that it does not carry along."""
    if plan.ask.loop != "travel":
        return {}
    stretch, carrier = plan.stretch, _carrier(plan)
    values = played.get((carrier, "location"), {})
    way = np.array([values[k][-1] - values[k][0] if k in values else 0.0 for k in range(3)])
    up = rotate(read_rest(stretch.rig, stretch.rig_map).axes, np.array([0.0, 1.0, 0.0]))
    if carrier == OBJECT:
        up = normalize(stretch.rig.world[:3, :3] @ up)
        return {OBJECT: way - (way @ up) * up}
    still = Posing(stretch.rig, {})
    _, placing = still.spaces(stretch.rig.bones[carrier])
    up = normalize(np.linalg.solve(placing[0, :3, :3], up))
    ways = {carrier: way - (way @ up) * up}
    gone = compose(identity(1), ways[carrier][None]) @ stretch.rig.bones[carrier].basis
    moved = Posing(stretch.rig, {}, basis={carrier: gone})
    body = (moved.pose(carrier) - still.pose(carrier))[0, :3, 3]
    for name in (it for limb in plan.limbs for it in (limb.end, limb.pole) if it is not None):
        left = body - (moved.pose(name) - still.pose(name))[0, :3, 3]
        if np.linalg.norm(left) > SAME * read_rest(stretch.rig, stretch.rig_map).leg:
            _, placing = still.spaces(stretch.rig.bones[name])
            ways[name] = np.linalg.solve(placing[0, :3, :3], left)
    return ways


def _turning(armature: Any, channels: Channels) -> Held | None:
    """The rotation whose numbers these are, those without a curve held at what they are; None for something else."""
    owner = armature if channels.bone == OBJECT else armature.pose.bones.get(channels.bone)
    if owner is None or channels.property != rotation_property(owner.rotation_mode):
        return None
    now = np.array(getattr(owner, channels.property), dtype=np.float64)
    without = tuple(number not in channels.curves for number in range(len(now)))
    return Held(Locks(owner.rotation_mode, without[-3:], w=len(now) == 4 and without[0]), now[None])


def _closed(
    channels: Channels, played: Mapping[int, Array], turning: Held | None, way: Array | None, ease: int, slope: int
) -> dict[int, Array]:
    """The values [T] by channel with an end that meets the start in value and slope."""
    numbers = list(played)
    values = np.stack([played[it] for it in numbers], axis=-1)
    wanted, going = values[0], values[1] - values[0]
    if turning is not None:
        three = np.repeat(turning.values, 3, axis=0)
        three[:, numbers] = values[[-1, 0, 1]]
        turned = near(three, three, np.array([True, False, False]), turning.locks)[:, numbers]
        wanted, going = turned[1], turned[2] - turned[1]
    if way is not None:
        wanted = values[0] + way[numbers]
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
