"""What an action label says in a few plain words, as an animator types them: "a person marches".

The captions of the data tell what a clip shows at length; hardly one of them is as short as a prompt.
"""

from __future__ import annotations

import numpy as np

from . import wordings

WORDS: dict[str, tuple[str, ...]] = {
    "walk": ("walks", "walks forward", "is walking", "goes for a walk", "strolls along", "takes a walk"),
    "run": ("runs", "is running", "runs forward", "runs fast", "sprints"),
    "jog": ("jogs", "jogs forward", "is jogging", "goes for a jog", "runs slowly"),
    "jump": ("jumps", "does a jump", "is jumping", "leaps"),
    "walk_backward": ("walks backward", "walks backwards", "is walking backward", "steps backward"),
    "march": ("marches", "is marching", "marches forward", "marches with high knees"),
    "sneak": ("sneaks forward", "sneaks", "is sneaking", "tiptoes", "creeps forward"),
    "limp": ("limps", "is limping", "walks with a limp", "limps forward"),
    "hop": ("hops", "is hopping", "hops forward"),
    "stairs": ("walks on stairs", "climbs stairs", "takes the stairs"),
    "idle": ("stands still", "stands", "is standing", "stands around", "stands and waits", "idles"),
    "sit": ("sits", "is sitting", "is sitting on a chair", "stays seated"),
    "crouch": ("crouches down", "crouches", "is crouching", "ducks down"),
    "squat": ("squats", "does squats", "squats down", "does a squat"),
    "lie_down": ("lies on the ground", "lies down", "is lying down", "lies on the floor"),
    "get_up": ("gets up from the ground", "gets up", "gets up from the floor"),
    "fall": ("falls to the ground", "falls", "falls down", "falls over"),
    "crawl": ("crawls", "is crawling", "crawls on the floor"),
    "kick": ("kicks", "is kicking", "does a kick"),
    "punch": ("throws punches", "punches", "is punching", "boxes", "is boxing"),
    "throw": ("throws a ball", "throws", "is throwing", "throws something"),
    "catch": ("catches a ball", "catches", "catches something"),
    "pick_up": ("picks something up", "picks up an object", "picks something up from the ground"),
    "put_down": ("puts something down", "sets an object down"),
    "wave": ("waves", "is waving", "waves hello", "waves a hand"),
    "greet": ("greets someone", "says hello", "is greeting someone"),
    "point": ("points at something", "points", "is pointing", "points ahead"),
    "signal": ("gives hand signals", "signals with the arms", "makes arm signals"),
    "stretch": ("stretches", "is stretching", "does stretches", "stretches the arms"),
    "dance": ("dances", "is dancing", "does a dance", "dances around"),
    "salsa": ("dances salsa", "dances the salsa", "is dancing salsa", "does salsa"),
    "ballet": ("dances ballet", "is dancing ballet", "does ballet"),
    "basketball": ("plays basketball", "dribbles a basketball", "dribbles a ball"),
    "golf": ("swings a golf club", "plays golf", "hits a golf ball"),
    "baseball": ("swings a baseball bat", "plays baseball"),
    "jumping_jack": ("does jumping jacks", "is doing jumping jacks", "jumping jacks"),
    "cartwheel": ("does a cartwheel", "does cartwheels", "turns a cartwheel"),
    "handstand": ("does a handstand", "stands on the hands", "is doing a handstand"),
    "flip": ("does a flip", "flips", "does a somersault"),
    "roll": ("rolls on the ground", "does a roll", "rolls over"),
    "bow": ("bows", "takes a bow", "is bowing"),
    "clap": ("claps", "is clapping", "claps the hands"),
    "drink": ("drinks", "is drinking", "takes a drink", "drinks from a bottle"),
    "eat": ("eats", "is eating", "eats something"),
    "phone": ("talks on the phone", "is on the phone", "holds a phone to the ear", "makes a phone call"),
    "zombie_walk": ("walks like a zombie", "is a zombie", "zombie walk"),
    "drunk": ("walks drunkenly", "is drunk", "staggers about drunk"),
    "old_person": ("walks like an old person", "walks like an old man", "walks bent with age"),
    "sidestep": ("walks sideways", "sidesteps", "is sidestepping", "steps sideways"),
    "turn": ("turns", "is turning", "turns on the spot"),
    "spin": ("spins around", "spins", "is spinning"),
    "look_around": ("looks around", "is looking around", "looks about"),
    "climb": ("climbs", "is climbing", "climbs up"),
    "swim": ("swims", "is swimming"),
    "carry": ("carries something", "carries a box", "is carrying something"),
    "push": ("pushes something", "pushes", "is pushing something"),
    "pull": ("pulls something", "pulls", "is pulling something"),
    "lift": ("lifts something", "lifts an object"),
    "sweep": ("sweeps the floor", "is sweeping"),
    "wash": ("washes something", "is washing"),
    "ride": ("rides", "is riding"),
    "balance": ("balances", "walks on a beam", "is balancing"),
    "lean": ("leans", "is leaning"),
    "dodge": ("dodges", "ducks and dodges"),
    "martial_arts": ("does martial arts", "practises martial arts"),
    "laugh": ("laughs", "is laughing"),
    "cry": ("cries", "is crying"),
    "sad": ("is sad", "walks sadly", "looks sad"),
    "angry": ("is angry", "is furious"),
    "happy": ("is happy", "is cheerful"),
    "scared": ("is scared", "is afraid"),
    "talk_gesture": ("talks with the hands", "talks and gestures", "is talking"),
    "sword": ("swings a sword", "fights with a sword"),
    "shoot": ("shoots", "aims and shoots"),
    "chop": ("chops wood", "chops"),
    "dig": ("digs", "is digging"),
    "play_instrument": ("plays an instrument", "is playing an instrument"),
    "yoga": ("does yoga", "is doing yoga"),
    "tai_chi": ("does tai chi",),
    "stumble": ("stumbles", "trips"),
    "hang": ("hangs from a bar", "is hanging"),
    "kneel": ("kneels", "kneels down"),
    "write": ("writes", "is writing"),
    "conduct": ("conducts an orchestra",),
}
SUBJECTS = ("a person", "someone", "a man", "a woman", "the person", "a character")


def sentences(actions: tuple[str, ...], rng: np.random.Generator, count: int = 3, free: int = 4) -> tuple[str, ...]:
    """Sentences about the first of a clip's labels; none if it has no words.

    `count` plain ones, the plainest always among them, and up to `free` as people may put it (`wordings`).
    """
    words = WORDS.get(actions[0], ()) if actions else ()
    if not words:
        return ()
    others = rng.permutation(len(words) - 1)[: count - 1] + 1
    plain = (f"a person {words[0]}", *(f"{rng.choice(SUBJECTS)} {words[k]}" for k in others))
    return (*plain, *wordings.some("labels", actions[0], free, rng))
