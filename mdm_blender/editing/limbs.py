"""The tracks of an edit on limbs that play IK: what their FK controls would do, brought onto their IK controls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..retarget.ik_follow import follow
from ..retarget.tracks import PoseSamples, PoseTracks
from .anchoring import anchored_places, anchored_rotations
from .chosen import with_limbs
from .freedoms import only
from .plan import Plan

Array = NDArray[np.floating]


def with_ik_controls(plan: Plan, tracks: PoseTracks) -> PoseTracks:
    """The tracks [T] of the edit (`Stretch.change`) with those of the IK controls of the plan's limbs.

    They follow the pose that the body and these limbs' FK controls have once they are anchored at fixed frames; bones
    that may not change stay as they are.
    """
    if not plan.limbs:
        return tracks
    samples, count = plan.stretch.samples, len(plan.stretch)
    moving = plan.bones | {bone for limb in plan.limbs for bone in limb.fk_bones}

    def long(values: Array) -> Array:
        return np.broadcast_to(values, (count, values.shape[-1]))

    rotations = {
        bone: anchored_rotations(long(samples.rotations[bone]), long(track), plan.fixed, plan.fade)
        for bone, track in tracks.rotations.items()
        if bone in moving
    }
    locations = {
        bone: anchored_places(long(samples.locations[bone]), long(track), plan.fixed, plan.fade)
        for bone, track in tracks.locations.items()
        if bone in moving
    }
    controls = following(plan, samples, PoseTracks(rotations, locations))
    return replace(
        tracks,
        rotations={**tracks.rotations, **controls.rotations},
        locations={**tracks.locations, **controls.locations},
    )


def following(plan: Plan, samples: PoseSamples, edited: PoseTracks) -> PoseTracks:
    """The tracks [T] of the IK controls of the plan's limbs, as the pose changes from the samples [T] to the edited
    tracks [T] (`retarget.ik_follow`)."""
    used = with_limbs(plan.stretch.rig, plan.stretch.rig_map, plan.limbs)
    controls = {name for limb in plan.limbs for name in limb.controls}
    edited = PoseTracks(
        {name: it for name, it in edited.rotations.items() if name in used},
        {name: it for name, it in edited.locations.items() if name in used},
    )
    followed = follow(plan.stretch.rig, plan.stretch.rig_map, plan.limbs, only(samples, used), edited)
    return PoseTracks(
        {name: it for name, it in followed.rotations.items() if name in controls},
        {name: it for name, it in followed.locations.items() if name in controls},
    )
