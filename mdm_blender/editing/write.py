"""The takes of an edit into copies of the action (or the action itself): only the plan's bones, only its frames."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.motion import Motion
from mdm_core.rotations import inverse, multiply

from .. import compat
from ..apply import CONTACTS
from ..keys import read
from ..keys.actions import NOTES
from ..keys.channels import Target, lock_notes, rotation_path, rotation_property
from ..keys.locks import Held, near, nearest, numbers
from ..keys.object_space import ObjectSpace, object_space
from ..keys.targets import bone_target
from ..retarget.tracks import PoseSamples, PoseTracks
from ..takes import GENERATION, TAKE, TAKES, Assignment
from . import contacts
from .anchoring import anchored_places, anchored_rotations, to_vector
from .chosen import OBJECT
from .crowded import crowded_note
from .freedoms import joints_of
from .limbs import with_ik_controls
from .marks import EDITS
from .plan import Plan
from .seams import Seams, eased
from .splice import Values, lay

Array = NDArray[np.floating]
TOLD = 0.01
"""Radians, or legs' lengths, by which locks keep the pose from what was made before that is said."""
EDIT, SOURCE = "mdm_edit", "mdm_edit_source"
"""Custom properties of an edited action: JSON of what was asked for, and the action that it was made from."""


@dataclass(frozen=True)
class Draft:
    """A take before it is written: the motion, what channels shall play for it, and what there is to say."""

    motion: Motion
    values: list[Values]
    notes: list[str]


def write(armature: Any, plan: Plan, motions: Sequence[Motion], *, group: str = "") -> list[Any]:
    """One action a take, the first assigned; the action that was there is kept with a fake user.

    With `plan.ask.in_place` the first take is written into the action itself. group: the mark of earlier takes of the
    same edit (`takes.GENERATION`) that these belong to. Raises MotionError, with nothing changed, where the action is
    no longer the one that was read, or cannot be edited.
    """
    action = _same_action(armature, plan)
    before, held = Assignment.of(armature), read.held(armature, plan.bones, _sources(plan))
    drafts = [_draft(armature, plan, motion, held) for motion in motions]
    _check_curves(armature, action, drafts[0].values)
    into_itself = plan.ask.in_place and not compat.other_users(armature)
    results: list[Any] = []
    try:
        results += [action if into_itself and not number else _copy(action) for number in range(len(drafts))]
        for result, draft in reversed([*zip(results, drafts, strict=True)]):
            compat.assign_action(armature, result, compat.slot_like(result, armature))
            notes = lay(compat.own_channels(armature), draft.values, plan.first, plan.last, plan.open)
            _remember(result, action, plan, draft.motion, [*notes, *draft.notes])
    except BaseException:
        before.restore(armature)
        for result in results:
            if result != action:
                bpy.data.actions.remove(result)
        raise
    _number(results, group)
    if not into_itself and action.library is None:
        action.use_fake_user = True
    for result in results[1:]:
        result.use_fake_user = True
    return results


def _same_action(armature: Any, plan: Plan) -> Any:
    action = armature.animation_data.action if armature.animation_data else None
    if action is None or action.session_uid != plan.action:
        raise MotionError(
            f"“{armature.name}” got another action while its edit was made; nothing was changed. Edit it again."
        )
    missing = [bone for bone in plan.bones - {OBJECT} if bone not in armature.pose.bones]
    if missing:
        raise MotionError(f"“{armature.name}” has no bone “{missing[0]}” any more; edit it again.")
    return action


def _copy(action: Any) -> Any:
    copy = action.copy()
    copy.use_fake_user = False
    return copy


def _draft(armature: Any, plan: Plan, motion: Motion, held: Mapping[str, Held]) -> Draft:
    change = plan.stretch.change(motion)
    tracks, crowded = _even(plan, change, motion, held, object_space(armature))
    made = with_ik_controls(plan, tracks)
    wanted = replace(
        change,
        rotations={**made.rotations, **change.rotations},
        locations={**made.locations, **change.locations},
    )
    notes = [*_lock_notes(armature, plan, wanted), *([crowded] if crowded else [])]
    return Draft(motion, _values(armature, plan, made), notes)


def _even(
    plan: Plan, tracks: PoseTracks, motion: Motion, held: Mapping[str, Held], space: ObjectSpace
) -> tuple[PoseTracks, str]:
    """The tracks [T] anchored where the plan's frames stay, locks kept, with seams that are no rougher than the
    original; and a sentence where poses that stay leave no room for such.

    A limb in IK is evened as its FK bones would play it; its controls follow these (`limbs`).
    """
    stretch, samples, count = plan.stretch, plan.stretch.samples, len(plan.stretch)
    free = plan.bones | {bone for limb in plan.limbs for bone in limb.fk_bones}
    rotations = dict(samples.rotations)
    locations = dict(samples.locations)
    for bone in free & tracks.rotations.keys():
        original = _long(samples.rotations.get(bone, np.eye(4)[:1]), count)
        made = anchored_rotations(original, _long(tracks.rotations[bone], count), plan.fixed, plan.fade)
        if bone in held:
            made = np.where(plan.fixed[:, None], original, nearest(held[bone], made))
        rotations[bone] = made
    for bone in free & tracks.locations.keys():
        original = _long(samples.locations.get(bone, np.zeros((1, 3))), count)
        made = anchored_places(original, _long(tracks.locations[bone], count), plan.fixed, plan.fade)
        locations[bone] = np.where(stretch.rig.bones[bone].lock_location, original, made)
    place, heading = samples.object_location, samples.object_rotation
    if OBJECT in plan.bones and place is not None and tracks.object_location is not None:
        made = anchored_places(_long(place, count), _long(tracks.object_location, count), plan.fixed, plan.fade)
        place = space.kept_places(_long(place, count), made)
    if OBJECT in plan.bones and heading is not None and tracks.object_rotation is not None:
        made = anchored_rotations(_long(heading, count), _long(tracks.object_rotation, count), plan.fixed, plan.fade)
        if OBJECT in held:
            made = np.where(plan.fixed[:, None], heading, space.kept_headings(held[OBJECT], made))
        heading = made
    carried = {OBJECT} if tracks.object_location is not None and tracks.object_rotation is not None else set()
    seams = Seams(
        joints=joints_of(stretch.rig, stretch.rig_map),
        rig_map=stretch.rig_map,
        samples=samples,
        fixed=plan.fixed,
        bound=stretch.usual,
        turning=free & (tracks.rotations.keys() | carried),
        moving=free & (tracks.locations.keys() | carried),
        fps=stretch.motion.fps,
        standing=np.zeros((count, 4), dtype=bool) if motion.contacts is None else motion.contacts,
        held=held,
        space=space,
    )
    edited = eased(seams, PoseSamples(rotations, locations, samples.scales, place, heading))
    made = replace(
        tracks,
        rotations={**tracks.rotations, **{it: edited.rotations[it] for it in free & tracks.rotations.keys()}},
        locations={**tracks.locations, **{it: edited.locations[it] for it in free & tracks.locations.keys()}},
        object_location=None if tracks.object_location is None else edited.object_location,
        object_rotation=None if tracks.object_rotation is None else edited.object_rotation,
    )
    return made, crowded_note(seams, edited, stretch)


def _lock_notes(armature: Any, plan: Plan, tracks: PoseTracks) -> list[str]:
    """What is said where locks keep the rig from the tracks [T] by more than `TOLD`."""
    known, joints = read.by_property(armature), joints_of(plan.stretch.rig, plan.stretch.rig_map)
    placed, turned = list[Target](), list[Target]()
    for target, location, rotation in _targets(armature, plan, tracks):
        if location is not None:
            lost = np.abs(location[~plan.fixed][:, target.lock_location]).max(initial=0.0)
            placed += [target] if lost > TOLD * joints.unit(target.bone) else []
        if rotation is not None and target.locks.named:
            prop = rotation_property(target.locks.mode)
            kept = nearest(target.held(read.played(known, target.bone, prop, target.turned, _sources(plan))), rotation)
            lost = np.linalg.norm(to_vector(multiply(inverse(kept), rotation)), axis=-1)[~plan.fixed].max(initial=0.0)
            turned += [target] if lost > TOLD else []
    return lock_notes(placed, turned)


def _values(armature: Any, plan: Plan, tracks: PoseTracks) -> list[Values]:
    """What every channel of the chosen bones plays at every frame of the stretch, edited and originally."""
    known, frames = read.by_property(armature), _sources(plan)
    result: list[Values] = []
    for target, location, rotation in _targets(armature, plan, tracks):
        if location is not None:
            path = "location"
            raw = read.played(known, target.bone, path, _owner(armature, target.bone).location, frames)
            edited = anchored_places(raw, raw + location, plan.fixed, plan.fade)
            free = [axis for axis in range(3) if not target.lock_location[axis]]
            result += [
                Values(target.prefix + path, axis, target.name, plan.stretch.first, raw[:, axis], edited[:, axis])
                for axis in free
            ]
        if rotation is not None:
            raw = read.played(known, target.bone, rotation_property(target.locks.mode), target.turned, frames)
            result += _rotation_values(plan, target, rotation, raw)
    return result


def _rotation_values(plan: Plan, target: Target, rotation: Array, raw: Array) -> list[Values]:
    """Of a rotation [T, 4], where the channels play `raw` [T, n]."""
    if target.locks.wholly:
        return []
    path = rotation_path(target)
    values = near(numbers(target.held(raw), rotation), raw, plan.fixed, target.locks)
    free = [index for index, locked in enumerate(target.locks.numbers) if not locked]
    return [Values(path, i, target.name, plan.stretch.first, raw[:, i], values[:, i]) for i in free]


def _sources(plan: Plan) -> NDArray[np.int_]:
    """The frames whose values the stretch has: those that are added have the last, or the first, that was there."""
    frames = plan.stretch.frames
    if plan.ask.kind == "extend":
        frames = np.minimum(frames, plan.first - 1)
    elif plan.ask.kind == "lead_in":
        frames = np.maximum(frames, plan.last + 1)
    return frames


def _owner(armature: Any, bone: str) -> Any:
    return armature if bone == OBJECT else armature.pose.bones[bone]


def _targets(armature: Any, plan: Plan, tracks: PoseTracks) -> Iterator[tuple[Target, Array | None, Array | None]]:
    """(what takes keys, how its place changes [T, 3] or None, its rotation [T, 4] or None)."""
    samples, count = plan.stretch.samples, len(plan.stretch)
    for bone in sorted(plan.bones - {OBJECT}):
        location = tracks.locations.get(bone)
        rotation = tracks.rotations.get(bone)
        if location is not None:
            location = _long(location, count) - _long(samples.locations.get(bone, np.zeros((1, 3))), count)
        if rotation is not None:
            original = _long(samples.rotations.get(bone, np.eye(4)[:1]), count)
            rotation = anchored_rotations(original, _long(rotation, count), plan.fixed, plan.fade)
        if location is not None or rotation is not None:
            yield bone_target(armature, bone), location, rotation
    if OBJECT in plan.bones and tracks.object_location is not None and samples.object_location is not None:
        yield _object(armature, plan, tracks)


def _object(armature: Any, plan: Plan, tracks: PoseTracks) -> tuple[Target, Array | None, Array | None]:
    """The armature object's own channels."""
    samples, count = plan.stretch.samples, len(plan.stretch)
    space = object_space(armature)
    assert tracks.object_location is not None
    assert samples.object_location is not None
    moved = _long(tracks.object_location, count) - _long(samples.object_location, count)
    rotation = None
    if tracks.object_rotation is not None and samples.object_rotation is not None:
        original = _long(samples.object_rotation, count)
        turned = anchored_rotations(original, _long(tracks.object_rotation, count), plan.fixed, plan.fade)
        rotation = space.rotations(turned)
    return bone_target(armature, OBJECT), space.moves(moved), rotation


def _long(values: Array, count: int) -> Array:
    return np.broadcast_to(values, (count, values.shape[1]))


def _check_curves(armature: Any, action: Any, values: Sequence[Values]) -> None:
    """MotionError for curves that play something else than their keys."""
    bag = compat.bag_of(action, armature)
    if bag is None:
        return
    for it in values:
        curve = bag.fcurves.find(it.path, index=it.index)
        if curve is None:
            continue
        if any(not modifier.mute for modifier in curve.modifiers):
            raise MotionError(
                f"The F-curves of “{it.group}” have modifiers, which would repeat or change the edit elsewhere: "
                "bake or remove them first."
            )
        if not len(curve.keyframe_points) and len(curve.sampled_points):
            raise MotionError(f"The F-curves of “{it.group}” are baked to samples: turn them back into keys first.")


def _remember(result: Any, source: Any, plan: Plan, motion: Motion, notes: Sequence[str]) -> None:
    """What was asked for, on the action."""
    edits = json.loads(result.get(EDITS, "[]"))
    edits.append({"frames": [plan.first, plan.last], "bones": sorted(plan.bones)})
    asked = asdict(plan.ask) | {"seed": motion.seed, "takes": 1}
    if plan.ask.kind not in ("extend", "lead_in"):
        asked["frames"] = [plan.first, plan.last]
    result[EDITS], result[EDIT] = json.dumps(edits), json.dumps(asked)
    result["mdm_prompt"], result["mdm_model"], result["mdm_seed"] = motion.prompt, motion.model, str(motion.seed)
    if CONTACTS in result and motion.contacts is not None and _moves_feet(plan):
        frames = np.arange(plan.first, plan.last + 1)
        standing = motion.contacts[frames - plan.stretch.first]
        result[CONTACTS] = json.dumps(contacts.edited(json.loads(result[CONTACTS]), standing, frames))
    if result != source:
        result[SOURCE] = source
    if notes:
        result[NOTES] = "\n".join(notes)
    elif NOTES in result:
        del result[NOTES]


def _moves_feet(plan: Plan) -> bool:
    return not plan.request.parts or bool({"root", "left_leg", "right_leg"} & set(plan.request.parts))


def _number(results: Sequence[Any], group: str) -> None:
    """Numbers the takes, after those that are there already of the same edit."""
    known = [it for it in bpy.data.actions if group and it.get(GENERATION) == group and it not in results]
    mark = group or secrets.token_hex(8)
    for number, result in enumerate(results, len(known) + 1):
        result[GENERATION], result[TAKE] = mark, number
    for it in (*known, *results):
        it[TAKES] = len(known) + len(results)
