"""What is said of a moment, and the action label it has; how moments are found is `moments`'.

The first wording of each is always among the captions: the plainest, for kicks the plainest that names the leg.
"""

from __future__ import annotations

WORDS: dict[str, tuple[str, ...]] = {
    "sit down": (
        "sits down", "sits down on a chair", "takes a seat", "sits down and stays seated", "lowers into a chair",
        "sits on a chair", "stands, then sits down", "is standing and then sits down",
    ),
    "sit on floor": (
        "sits down on the floor", "sits down on the ground", "sits on the floor", "lowers to the ground to sit",
    ),
    "stand up": (
        "stands up", "stands up from a chair", "gets up from a seat", "rises from a chair", "gets up", "rises to stand",
        "is sitting and then stands up",
    ),
    "stand up from floor": (
        "gets up from the floor", "gets up from the ground", "gets up off the ground", "stands up from the floor",
        "rises from the ground",
    ),
    "pick up": (
        "picks something up", "picks something up from the ground", "bends down and picks something up",
        "picks up an object from the floor", "bends over to pick something up", "reaches down and picks up an object",
    ),
    "put down": ("puts something down", "sets something down on the ground", "bends down and puts an object down"),
    "throw left": ("throws a ball", "throws something", "throws a ball with the left hand", "throws with the left arm"),
    "throw right": (
        "throws a ball", "throws something", "throws a ball with the right hand", "throws with the right arm",
    ),
    "throw both": ("throws a ball", "throws something", "throws a ball with both hands"),
    "kick left": ("kicks with the left leg", "kicks", "throws a kick", "kicks with the left foot", "does a kick"),
    "kick right": ("kicks with the right leg", "kicks", "throws a kick", "kicks with the right foot", "does a kick"),
    "spin left": ("spins around", "spins around to the left", "turns all the way around on the spot", "spins in place"),
    "spin right": (
        "spins around", "spins around to the right", "turns all the way around on the spot", "spins in place",
    ),
    "turn left": ("turns left", "turns to the left", "turns left on the spot", "makes a turn to the left"),
    "turn right": ("turns right", "turns to the right", "turns right on the spot", "makes a turn to the right"),
    "turn around left": ("turns around", "turns around to the left", "turns to face the other way"),
    "turn around right": ("turns around", "turns around to the right", "turns to face the other way"),
    "walk turn left": (
        "walks and turns left", "walks forward, then turns left", "walks and turns to the left",
        "walks around a corner to the left",
    ),
    "walk turn right": (
        "walks and turns right", "walks forward, then turns right", "walks and turns to the right",
        "walks around a corner to the right",
    ),
    "stop": (
        "walks forward, then stops", "walks and stops", "walks forward and comes to a stop", "walks, then stands still",
        "walks forward, then stands",
    ),
    "walk back": (
        "walks, then turns around and walks back", "walks forward, turns around and walks back",
        "walks, turns around and returns", "walks to and fro",
    ),
    "left": (
        "sidesteps to the left", "sidesteps left", "walks sideways to the left", "steps sideways to the left",
        "moves to the left", "side steps to the left",
    ),
    "right": (
        "sidesteps to the right", "sidesteps right", "walks sideways to the right", "steps sideways to the right",
        "moves to the right", "side steps to the right",
    ),
    "forward fast": (
        "walks briskly", "walks fast", "walks quickly", "walks forward quickly", "walks at a brisk pace", "speed walks",
    ),
    "arm both": ("raises both arms", "lifts both arms up", "puts both hands up", "raises the arms overhead"),
    "crouch": ("crouches down", "crouches", "ducks down", "bends the knees and crouches", "squats down"),
    "lie_down": (
        "lies down on the ground", "lies on the ground", "lies down", "lies down on the floor", "gets down to lie flat",
    ),
    "raise left": ("raises the left arm", "lifts the left arm up", "raises the left hand", "puts the left hand up"),
    "raise right": ("raises the right arm", "lifts the right arm up", "raises the right hand", "puts a hand up"),
    "fall": ("falls to the ground", "falls down", "falls", "falls over", "drops to the ground"),
    "sitting": ("is sitting on a chair", "is sitting", "sits on a chair", "stays seated", "is seated on a chair"),
    "stairs up": ("walks up the stairs", "walks up stairs", "climbs the stairs", "goes up a few steps", "steps up"),
    "stairs down": ("walks down the stairs", "walks down stairs", "goes down the stairs", "goes down a few steps"),
    "hop left": ("hops on one leg", "hops on the left leg", "hops on the left foot", "hops on one foot"),
    "hop right": ("hops on one leg", "hops on the right leg", "hops on the right foot", "hops on one foot"),
    "jump up": ("jumps", "jumps up", "jumps on the spot", "jumps into the air", "leaps up", "does a jump"),
    "jump ahead": ("jumps forward", "leaps forward", "jumps ahead", "does a long jump", "takes a leap forward"),
    "run jump": (
        "runs and jumps", "runs and jumps forward", "runs, then jumps", "takes a running jump", "jumps from a run",
    ),
    "bow": ("bows", "takes a bow", "bows down", "bends forward in a bow"),
    "crawl": ("crawls", "crawls on hands and knees", "crawls forward", "crawls on all fours"),
}  # fmt: skip
ACTION: dict[str, str] = {
    "sit down": "sit_down", "sit on floor": "sit_down", "stand up": "stand_up", "stand up from floor": "get_up",
    "pick up": "pick_up", "throw left": "throw", "throw right": "throw", "throw both": "throw",
    "kick left": "kick", "kick right": "kick", "spin left": "spin", "spin right": "spin", "fall": "fall",
    "sitting": "sit", "stairs up": "stairs", "stairs down": "stairs", "hop left": "hop", "hop right": "hop",
    "bow": "bow", "crawl": "crawl", "left": "sidestep", "right": "sidestep", "forward fast": "walk",
    "crouch": "crouch", "lie_down": "lie_down",
    "jump up": "jump", "jump ahead": "jump", "run jump": "jump",
    "turn left": "turn", "turn right": "turn", "turn around left": "turn", "turn around right": "turn",
}  # fmt: skip
"""The action label of a moment, where it is one."""
SUBJECTS = ("a person", "a person", "someone", "a man", "the person", "a woman")
