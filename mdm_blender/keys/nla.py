"""Actions as strips of the NLA, above what is there and never over another strip."""

from __future__ import annotations

from typing import Any

from .. import compat

TRACK = "MDM"


def push(armature: Any, action: Any, slot: Any) -> Any:
    """The action as a strip at its own frames on our topmost track, or on a new one where that is taken; the strip.

    An action that the armature had assigned would play above the strip: it is pushed down first, as Blender does.
    A strip above other animation plays its own frames only; alone, it holds its first and last pose.
    """
    data = armature.animation_data
    _push_down(armature)
    alone = not any(strip for track in data.nla_tracks if not track.mute for strip in track.strips)
    first, last = action.frame_range
    strip = _new_strip(_free_track(data, first, last), action, slot)
    strip.extrapolation = "HOLD" if alone else "NOTHING"
    return strip


def _free_track(data: Any, first: float, last: float) -> Any:
    top = data.nla_tracks[-1] if len(data.nla_tracks) else None
    if (
        top is not None
        and top.name.startswith(TRACK)
        and not (top.mute or top.lock)
        and all(strip.frame_end <= first or strip.frame_start >= last for strip in top.strips)
    ):
        return top
    track = data.nla_tracks.new(prev=top) if top is not None else data.nla_tracks.new()
    track.name = TRACK
    return track


def _new_strip(track: Any, action: Any, slot: Any) -> Any:
    first, last = action.frame_range
    strip = track.strips.new(action.name, int(first), action)
    if slot is not None:
        strip.action_slot = slot
    strip.frame_start, strip.frame_end = first, max(last, first + 1)
    return strip


def _push_down(armature: Any) -> None:
    """The assigned action, if it has keys, as a strip above the others, mixed as it was."""
    data = armature.animation_data
    action, slot = data.action, getattr(data, "action_slot", None)
    if action is None:
        return
    mixing = data.action_blend_type, data.action_influence, data.action_extrapolation
    bag = compat.channels_of(action, armature)
    if bag is not None and len(bag.fcurves):
        top = data.nla_tracks[-1] if len(data.nla_tracks) else None
        track = data.nla_tracks.new(prev=top) if top is not None else data.nla_tracks.new()
        track.name = action.name
        strip = _new_strip(track, action, slot)
        strip.blend_type, strip.influence, strip.extrapolation = mixing
    elif action.library is None:
        action.use_fake_user = True
    data.action = None


def mixing_notes(armature: Any, destination: str) -> list[str]:
    """A sentence where the assigned action is mixed with what lies below it in the NLA."""
    data = armature.animation_data
    below = data.use_nla and any(not track.mute and len(track.strips) for track in data.nla_tracks)
    if destination == "nla" or not below:
        return []
    if data.action_blend_type == "REPLACE" and data.action_influence >= 1.0:
        return []
    how = data.action_blend_type.lower()
    return [f"The NLA mixes the action with the strips below it ({how}, {data.action_influence:.0%})."]


def strip_of(armature: Any, action: Any) -> Any | None:
    """The topmost strip that plays the action, or None."""
    data = armature.animation_data
    strips = [strip for track in reversed(data.nla_tracks) for strip in track.strips] if data else []
    return next((strip for strip in strips if strip.action == action), None)
