"""The prompts of the probe, each with its geometric test and with what real clips of it are labelled."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from . import geometry as g

WALKS = g.forward_between(0.5, 2.2)
JUMPS_FORWARD = g.both(g.jumps, lambda p: bool(g.local_velocity(p)[0] > 0.15))
ROUND = g.both(WALKS, lambda p: bool(np.abs(g.yaw(p)).max() > 200))


@dataclass(frozen=True)
class Prompt:
    """A test, and how to find real clips that should pass it.

    labels: action labels of which a clip has one, and first; empty if nothing in the data is labelled so.
    says: a pattern that one of its captions matches. anywhere: the label need not be the first.
    """

    test: g.Test
    labels: tuple[str, ...] = ()
    says: str = ""
    anywhere: bool = False

    def fits(self, actions: tuple[str, ...], captions: tuple[str, ...]) -> bool:
        """Whether a clip of one action is an example of this."""
        if not set(self.labels) & set(actions if self.anywhere else actions[:1]):
            return False
        return not self.says or any(re.search(self.says, caption) for caption in captions)


PROMPTS: dict[str, Prompt] = {
    "a person walks forward": Prompt(WALKS, ("walk",)),
    "someone strolls along": Prompt(WALKS, ("walk",)),
    "a person walks slowly": Prompt(g.forward_between(0.2, 1.15), ("walk",), "slow"),
    "a person walks briskly": Prompt(g.forward_between(1.1, 2.6), ("walk",), "brisk|fast|quick"),
    "a person runs": Prompt(g.forward_between(1.8, 7.0), ("run",)),
    "a person jogs forward": Prompt(g.forward_between(1.4, 7.0), ("jog",)),
    "a person walks backward": Prompt(g.forward_between(-2.0, -0.25), ("walk_backward",)),
    "a person sidesteps to the left": Prompt(g.sideways(1), ("sidestep",), r"\bleft\b"),
    "a person sidesteps to the right": Prompt(g.sideways(-1), ("sidestep",), r"\bright\b"),
    "a person turns left": Prompt(g.turns(45, 400), ("turn",), r"\bleft\b", anywhere=True),
    "a person turns right": Prompt(g.turns(-400, -45), ("turn",), r"\bright\b", anywhere=True),
    "a person turns around": Prompt(lambda p: bool(np.abs(g.yaw(p)).max() > 130)),
    "a person spins around": Prompt(g.spins, ("spin",)),
    "a person walks in a circle": Prompt(
        g.both(WALKS, lambda p: bool(np.abs(g.yaw(p)).max() > 200)), ("walk",), "circle"
    ),
    "a person walks and turns left": Prompt(g.both(WALKS, g.turns(45, 400)), ("walk",), r"\bleft\b"),
    "a person walks forward, then stops": Prompt(g.walks_then_stops),
    "a person walks, then turns around and walks back": Prompt(
        g.both(lambda p: bool(np.abs(g.yaw(p)).max() > 130), lambda p: bool(g.local_velocity(p)[0] > 0.3))
    ),
    "a person marches": Prompt(g.high_knees, ("march",)),
    "a person sneaks forward": Prompt(g.crouched(0.87, 1.1), ("sneak",)),
    "a person limps": Prompt(g.limps, ("limp",)),
    "a person walks like a zombie": Prompt(g.arms_ahead, ("zombie_walk",)),
    "a person walks up the stairs": Prompt(g.rises(0.25), ("stairs",), r"\bup\b|climb|ascend"),
    "a person stands still": Prompt(g.still, ("idle",)),
    "a person jumps": Prompt(g.jumps, ("jump",)),
    "a person jumps forward": Prompt(
        g.both(g.jumps, lambda p: bool(g.local_velocity(p)[0] > 0.15)), ("jump",), "forward"
    ),
    "a person hops on one leg": Prompt(g.hops, ("hop",), "one (leg|foot)|left|right"),
    "a person does jumping jacks": Prompt(g.star, ("jumping_jack", "exercise"), "jumping jack"),
    "a person runs and jumps": Prompt(g.both(g.jumps, g.forward_between(0.8, 7.0)), ("run", "jump"), "r[ua]n.*jump"),
    "a person sits down": Prompt(g.pelvis((0.8, 1.2), (0.3, 0.75))),
    "a person is sitting on a chair": Prompt(g.stays_low(0.75), ("sit",)),
    "a person stands up from a chair": Prompt(g.pelvis((0.3, 0.75), (0.8, 1.2)), ("stand_up",)),
    "a person crouches down": Prompt(g.lowest_pelvis(0.7), ("crouch",)),
    "a person squats": Prompt(g.both(g.lowest_pelvis(0.7), lambda p: bool(p[:, 0, 1].max() > 0.8)), ("squat",)),
    "a person lies on the ground": Prompt(g.lowest_pelvis(0.35), ("lie_down",)),
    "a person gets up from the ground": Prompt(g.pelvis((0.0, 0.55), (0.75, 1.2)), ("get_up",)),
    "a person falls to the ground": Prompt(g.pelvis((0.7, 1.2), (0.0, 0.45)), ("fall",)),
    "a person crawls": Prompt(g.crawls, ("crawl",)),
    "a person bows": Prompt(g.bows, ("bow",)),
    "a person does a cartwheel": Prompt(g.inverted, ("cartwheel",)),
    "a person does a handstand": Prompt(g.inverted, ("handstand",)),
    "a person waves": Prompt(g.waves(0, 1), ("wave",)),
    "a person waves the right hand": Prompt(g.waves(1), ("wave",), r"\bright\b"),
    "a person waves the left hand": Prompt(g.waves(0), ("wave",), r"\bleft\b"),
    "a person raises both arms": Prompt(g.hands_up(0, 1)),
    "a person raises the left arm": Prompt(g.raises(0), ("lift", "stretch"), "left arm"),
    "a person raises the right arm": Prompt(g.raises(1), ("lift", "stretch"), "right arm"),
    "a person claps": Prompt(g.claps, ("clap",)),
    "a person points at something": Prompt(g.points, ("point",)),
    "a person stretches": Prompt(g.stretches, ("stretch",)),
    "a person drinks": Prompt(g.hand_at_head(0.1), ("drink",)),
    "a person talks on the phone": Prompt(g.hand_at_head(0.3), ("phone",)),
    "a person kicks": Prompt(g.kicks, ("kick",)),
    "a person kicks with the right leg": Prompt(g.kicks_with(1), ("kick",), r"\bright\b"),
    "a person kicks with the left leg": Prompt(g.kicks_with(0), ("kick",), r"\bleft\b"),
    "a person throws punches": Prompt(g.punches, ("punch", "box")),
    "a person throws a ball": Prompt(g.throws, ("throw",)),
    "a person picks something up from the ground": Prompt(g.reaches_down, ("pick_up",)),
    "a person dribbles a basketball": Prompt(g.dribbles, ("basketball",), "dribbl"),
    "a person swings a golf club": Prompt(g.swings_both, ("golf",), "swing|drive"),
    "a person dances": Prompt(g.dances, ("dance",)),
    "a person dances salsa": Prompt(g.dances, ("salsa",)),
    "a person walks forward and waves": Prompt(g.both(g.forward_between(0.35, 2.2), g.waves(0, 1))),
}
