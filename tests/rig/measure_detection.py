"""How many joints are found on known rigs, under noise and without names: `python -m tests.rig.measure_detection`."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mdm_blender import rig
from mdm_core.errors import MotionError
from tests.rig.known_rigs import NOISES, RESTS, KnownRig, build, random_names
from tests.rig.rig_tables import TABLES, RigTable

TAKEN = ("pelvis", "spine3", "neck", "head", "collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot")


@dataclass
class Tally:
    """joints: expected; right: of them found; silent: wrong or missing ones of maps that nobody is asked to check."""

    rigs: int = 0
    joints: int = 0
    right: int = 0
    asked: int = 0
    silent: int = 0
    refused: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])

    def add(self, case: str, known: KnownRig) -> None:
        """Detects the rig and counts."""
        self.rigs += 1
        self.joints += len(known.expected)
        try:
            found = rig.detect(known.snapshot())
        except MotionError:
            self.refused += 1
            self.faults[f"{known.label}, {case}: refused"] += 1
            return
        wrong = mistakes(known, found)
        self.right += len(known.expected) - sum(joint in known.expected for joint in wrong)
        self.asked += not found.certain
        for joint in wrong:
            said = "" if not found.certain else " (silently)"
            bone = found.bones.get(joint, "nothing")
            self.faults[f"{known.label}, {case}: {joint} is {bone}, family {found.family}{said}"] += 1
        if found.certain:
            self.silent += len(wrong)

    def row(self, label: str) -> str:
        share = 100 * self.right / max(self.joints, 1)
        return f"| {label} | {self.rigs} | {share:.1f} % | {self.asked} | {self.refused} | {self.silent} |"


def mistakes(known: KnownRig, found: rig.RigMap) -> list[str]:
    """Joints whose bone is not one of the expected, or that have one where none is."""
    needed = [joint for joint in known.expected if joint in found.bones or joint not in known.lost]
    wrong = [joint for joint in needed if found.bones.get(joint) not in known.expected[joint]]
    wrong += [joint for joint in found.bones if joint not in known.expected]
    return [joint for joint in wrong if joint not in known.unjudged]


def named_cases() -> Iterator[tuple[str, KnownRig]]:
    """Every family in every rest pose under every noise of names."""
    for table in TABLES:
        for rest, degrees in RESTS.items():
            for index, (noise, rename) in enumerate(NOISES.items()):
                known = build(table, arms_down=degrees, seed=None if index == 0 else index, accessories=index % 3 == 2)
                yield f"{rest}, {noise}", known.renamed(rename(known))


def nameless_cases(seeds: int = 4) -> Iterator[tuple[str, KnownRig]]:
    """The same skeletons with names that mean nothing; half of them with hair, skirt, tail, wings and weapon."""
    for table in TABLES:
        for rest, degrees in RESTS.items():
            for seed in range(seeds):
                known = build(table, arms_down=degrees, seed=seed, accessories=seed >= seeds // 2)
                yield f"{rest}, seed {seed}", random_names(known, seed)


def damaged_cases(*, names: bool, draw: int = 0, tables: Sequence[RigTable] = TABLES) -> Iterator[tuple[str, KnownRig]]:
    """Every family with the bones of one joint missing, dressed and not, with its names or without.

    draw: another number is another draw of proportions, rest poses and accessories.
    """
    for number, table in enumerate(tables):
        for at, joint in enumerate(TAKEN):
            seed = number + at + 101 * draw
            rest = list(RESTS)[seed % len(RESTS)]
            known = build(table, arms_down=RESTS[rest], seed=seed, accessories=seed % 2 == 1).without(joint)
            yield f"{rest}, draw {draw}, without {joint}", known if names else random_names(known, at)


def _damaged(*, names: bool, draws: int) -> Iterator[tuple[str, KnownRig]]:
    return itertools.chain.from_iterable(damaged_cases(names=names, draw=draw) for draw in range(draws))


def main(draws: int = 1) -> None:
    """Prints a table for each kind of trouble. draws: of proportions, for the rigs that lack bones."""
    head = "| | rigs | joints right | asks to check | refused | wrong silently |\n|---|---|---|---|---|---|"
    for title, cases in (
        ("By names", named_cases()),
        ("By shape alone", nameless_cases()),
        ("By names, the bones of one joint missing", _damaged(names=True, draws=draws)),
        ("By shape alone, the bones of one joint missing", _damaged(names=False, draws=draws)),
    ):
        each: dict[str, Tally] = {}
        total = Tally()
        for case, known in cases:
            each.setdefault(known.label, Tally()).add(case, known)
            total.add(case, known)
        print(f"{title}\n\n{head}")
        for label, tally in each.items():
            print(tally.row(label), flush=True)
        print(total.row("all") + "\n", flush=True)
        for fault, count in total.faults.most_common(25):
            print(f"- {fault}" + (f" ({count} times)" if count > 1 else ""))
        print()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
