"""A rig that lacks bones asks: maps by shape in which neighbours play its joint, and names that leave bones out."""

from __future__ import annotations

import pytest

from mdm_blender import rig
from mdm_blender.rig.proportions import gaps, unusual
from mdm_core.errors import MotionError
from tests.rig.known_rigs import RESTS, build, random_names
from tests.rig.measure_detection import TAKEN, Tally, damaged_cases, mistakes
from tests.rig.rig_tables import TABLES, RigTable

SILENT = 0.02
"""The share of damaged rigs that may have a wrong joint without a question; `measure_detection` counts them all."""


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.label)
@pytest.mark.parametrize("rest", RESTS)
def test_a_rig_with_all_its_bones_raises_no_doubt(table: RigTable, rest: str) -> None:
    for seed in (3, 8):
        known = build(table, arms_down=RESTS[rest], seed=seed, accessories=seed == 8)
        bones = {joint: names[0] for joint, names in known.expected.items()}
        assert unusual(known.snapshot(), bones) == ()
        assert gaps(known.snapshot(), bones) == ()


@pytest.mark.parametrize("joint", TAKEN)
def test_a_joint_whose_bone_is_missing_is_not_played_by_another_in_silence(joint: str) -> None:
    """On Mixamo's skeleton, whose every bone is a joint or a finger."""
    known = random_names(build(TABLES[0], arms_down=30.0, seed=2).without(joint), 0)
    try:
        found = rig.detect(known.snapshot())
    except MotionError:
        return
    assert not mistakes(known, found) or not found.certain


def test_of_other_rigs_few_are_wrong_in_silence() -> None:
    tally, silent = Tally(), 0
    cases = list(damaged_cases(names=False, draw=1, tables=TABLES[::6]))
    for case, known in cases:
        before = tally.silent
        tally.add(case, known)
        silent += tally.silent > before
    assert silent <= SILENT * len(cases), tally.faults


def test_a_bone_between_two_joints_that_plays_none_is_a_gap() -> None:
    known = build(TABLES[0], seed=2)
    bones = {joint: names[0] for joint, names in known.expected.items() if joint != "neck"}
    (doubt,) = gaps(known.snapshot(), bones)
    assert doubt.joints == ("neck",) and "between chest and head" in doubt.reason
