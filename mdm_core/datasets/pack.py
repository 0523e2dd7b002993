"""The training set as one file: clips, the windows that training draws from them, and the words of each window.

What a clip gets (all lengths in frames at 20 fps):
* "single", longer than a window: windows of each length in `LENGTHS`, half overlapping; its captions fit any.
* "single", shorter: itself, whole; and, where it has a cycle (a step, a stroke), carried on to the longest.
* "sequence", up to the longest window: itself, whole, with its captions.
* longer sequences and clips without captions: windows with measured descriptions, or without words.
* plain clips get measured descriptions beside their captions (`describe`); walking and standing are also combined
  with the arms of gesture clips (`compose.with_arms`) and with arms that wave or rise by formula (`compose.waving`),
  so that "walks and waves" is heard of.
* moments inside longer clips (`moments`) are windows with captions of their own; sitting down and standing up are
  also shown backwards, each as the other.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.features import humanml3d

from . import action_words, balance, cmu, compose, describe, evidence, moments, pointing_clapping, reactidle, wordings
from .captions import mirror_words
from .cmu import Clip

LENGTHS = (64, 96, 128, 196)
SCALE = 0.0002  # metres a unit of the packed differences
DESCRIPTIONS = 4  # measured sentences a window
SHOWN = 8  # windows a moment, each with other context
HELD_OUT = (12, 38, 46, 118, 126, 127)
"""Subjects that training never sees; measures are taken on them. None of their clips is in the database twice, under
another subject's number, as all of 63, 70, 77, 78, 83, 91 and others are."""

PLAIN = frozenset(
    "walk run jog turn jump walk_backward sidestep idle stand_up sit_down sit crouch squat hop look_around signal"
    " wave greet lie_down get_up spin march point".split()
)
"""Actions of which a measured description tells all that matters."""

GESTURES = {"wave": 4} | dict.fromkeys(
    ("greet", "signal", "clap", "phone", "point", "drink", "talk_gesture", "eat", "laugh"), 1
)
LOCOMOTION = {"walk": 3, "idle": 1}
"""What is combined, and how often against the others: people ask for walking and waving most, and the data has four
clips of a person who waves. Running with a gesture's arms taught runners to keep an arm raised."""
ACTIONS = tuple(
    "walk run jog jump walk_backward sidestep turn spin march sneak limp hop stairs idle sit_down stand_up sit crouch"
    " squat lie_down get_up fall crawl kick punch throw pick_up wave point stretch dance salsa basketball golf"
    " jumping_jack cartwheel handstand bow clap drink phone zombie_walk".split()
)
"""The labels that a window may have, for training with windows told apart: the commonest and the asked-for ones."""
ONCE = frozenset("sit_down stand_up fall get_up lie_down stairs climb".split())
"""What leads from one place or posture to another, and is not repeated."""
WHILE = "while "
BACKWARDS = "~backwards"
WAVING_SIDES = (("right",), ("left",), ("left", "right"))


@dataclass(frozen=True)
class Window:
    """Frames [start, stop) of clip `clip`, with the captions that are true of them and tags for balancing.

    action: the one label (of `ACTIONS`) of all that happens in it, or "".
    """

    clip: int
    start: int
    stop: int
    captions: tuple[str, ...]
    tags: tuple[str, ...]
    action: str = ""


def spans(frames: int) -> Iterator[tuple[int, int]]:
    """Windows (start, stop) of a clip of `frames`: each length, half overlapping; a short clip whole, once.

    A clip below the longest window may be one kick or one jump, so its windows hold at least 60 % of it.
    """
    if frames < LENGTHS[0]:
        yield 0, frames
        return
    shortest = 0.6 * frames if frames < LENGTHS[-1] else 0
    for length in LENGTHS:
        if shortest <= length <= frames:
            for start in range(0, frames - length + 1, length // 2):
                yield start, start + length
    if frames < LENGTHS[-1]:
        yield 0, frames


def windows(clip: Clip, index: int, rng: np.random.Generator) -> Iterator[Window]:
    """The windows of one clip; see the module's table."""
    frames = len(clip.positions)
    whole = clip.kind == "sequence" and frames <= LENGTHS[-1]
    describable = not {action.removeprefix(WHILE) for action in clip.actions} - PLAIN
    track = describe.track(clip.positions)
    unsaid = {"kick"} if moments.TUMBLED & set(clip.actions) or "dance" in clip.actions else set[str]()
    yield from shown(clip, index, track, rng)
    if clip.name.endswith(BACKWARDS):
        return
    measured = track if describable else None
    for start, stop in [(0, frames)] if whole else spans(frames):
        captions = clip.captions if clip.kind == "single" or whole else ()
        shows = not clip.actions or evidence.shows(clip.actions[0], clip.positions[start:stop])
        tags = clip.actions[0 if shows else 1 :] if captions else ()
        if measured is not None:
            said = [describe.caption(measured, start, stop, rng) for _ in range(DESCRIPTIONS)]
            captions = (*captions, *(s for s in said if s))
            tags = (*tags, *describe.events(measured, start, stop), describe.arms(measured, start, stop))
        if clip.kind == "single" and "&" not in clip.name and shows:
            captions = (*captions, *action_words.sentences(clip.actions, rng))
        action = label(clip) if shows else ""
        yield Window(index, start, stop, captions, tuple(t for t in tags if t and t not in unsaid), action)


def source_of(name: str) -> str:
    """The measured clip that a clip is played from: itself, carried on or backwards. Others are made anew."""
    return name.removesuffix("+cycle").removesuffix(BACKWARDS)


def label(clip: Clip) -> str:
    """The label of every window of a clip: its first action, if the clip shows one thing and no other with it."""
    combined = any(action.startswith(WHILE) and action != WHILE + "idle" for action in clip.actions)
    tumbles = bool(moments.TUMBLED & set(clip.actions[1:]))
    if clip.kind != "single" or combined or tumbles or "&" in clip.name or not clip.actions:
        return ""
    return clip.actions[0] if clip.actions[0] in ACTIONS else ""


def shown(clip: Clip, index: int, track: describe.Track, rng: np.random.Generator) -> Iterator[Window]:
    """Windows about the moments of a clip, `SHOWN` of each, none longer than the longest window."""
    for moment in moments.moments(clip.positions, track, clip.actions):
        for _ in range(SHOWN):
            start, stop = moments.shown(moment, rng)
            if stop - start <= LENGTHS[-1]:
                action = moments.ACTION.get(moment.tag, "")
                yield Window(index, start, stop, moments.captions(moment, rng), (moment.tag,), action)


def backwards(clips: Sequence[Clip]) -> Iterator[Clip]:
    """Clips of sitting down or standing up played backwards: slow and balanced, they are as natural that way."""
    for clip in clips:
        if {"sit_down", "stand_up", "sit"} & set(clip.actions) and "lie_down" not in clip.actions:
            positions = cmu.on_floor(humanml3d.to_origin(clip.positions[::-1]))
            yield Clip(clip.name + BACKWARDS, clip.subject, "sequence", ("sit",), (), positions)


def waving(clips: Sequence[Clip], count: int, rng: np.random.Generator) -> Iterator[Clip]:
    """Walking and standing with arms that wave by formula, `count` times: half of them stand."""
    groups = [evidence.bodies(clips, action, LENGTHS[0]) for action in ("idle", "walk")]
    chances = np.array([0.5, 0.5]) * [bool(group) for group in groups]
    for number in range(count if chances.any() else 0):
        group = groups[int(rng.choice(len(groups), p=chances / chances.sum()))]
        body = group[int(rng.integers(len(group)))]
        frames = min(len(body.positions), int(rng.choice(LENGTHS)))
        start = int(rng.integers(len(body.positions) - frames + 1))
        sides = WAVING_SIDES[int(rng.choice(len(WAVING_SIDES), p=(0.47, 0.47, 0.06)))]
        positions = compose.waving(body.positions[start : start + frames], sides, rng)
        tag = f"wave {'both' if len(sides) == 2 else sides[0]}"
        words = describe.WORDS[tag]
        while_standing = body.actions == ("idle",)
        captions: list[str] = []
        for k in range(4):
            wave = words[k % len(words)] if k else "waves"
            subject = str(rng.choice(describe.SUBJECTS[:-1])) if k else "a person"
            if while_standing:
                captions.append(f"{subject} {wave}" + (" hello" if k == 3 and "hello" not in wave else ""))
            else:
                captions.append(compose.both(body.captions[k % len(body.captions)], f"{subject} {wave}"))
        if not while_standing and body.actions == ("walk",):
            captions += [f"a person walks and {words[0]}", f"a person walks forward and {words[1]}"]
        captions += [describe.said([] if while_standing else ["forward"], tag, rng) for _ in range(3)]
        actions = ("wave", WHILE + body.actions[0])
        yield Clip(f"{body.name}~wave#{number}", body.subject, "single", actions, tuple(captions), positions)


def raising(clips: Sequence[Clip], count: int, rng: np.random.Generator) -> Iterator[Clip]:
    """People who stand and raise an arm by formula, `count` times, one in eight both arms."""
    idle = evidence.bodies(clips, "idle", LENGTHS[0])
    for number in range(count if idle else 0):
        body = idle[int(rng.integers(len(idle)))]
        frames = min(len(body.positions), int(rng.choice(LENGTHS)))
        start = int(rng.integers(len(body.positions) - frames + 1))
        side = ("left", "right", "both")[int(rng.choice(3, p=(0.44, 0.44, 0.12)))]
        sides = ("left", "right") if side == "both" else (side,)
        positions = compose.raising(body.positions[start : start + frames], sides, rng)
        plain = tuple(f"a person {words}" for words in describe.WORDS[f"arm {side}"])
        captions = (*plain, *wordings.some("measured", f"arm {side}", 3, rng))
        actions = (f"raise {side}", WHILE + "idle")
        yield Clip(f"{body.name}~raise#{number}", body.subject, "sequence", actions, captions, positions)


def carried_on(clips: Sequence[Clip]) -> Iterator[Clip]:
    """Short single clips repeated along their own cycle."""
    for clip in clips:
        if clip.kind == "single" and len(clip.positions) < LENGTHS[3] and not ONCE & set(clip.actions):
            longer = compose.carried_on(clip.positions, LENGTHS[-1])
            if longer is not None and cmu.plausible(longer):
                yield Clip(clip.name + "+cycle", clip.subject, "single", clip.actions, clip.captions, longer)


def corrected(clip: Clip) -> Clip:
    """The clip with left and right exchanged in its captions where its motion contradicts them."""
    track = describe.track(clip.positions)
    if not describe.says_other_side(track, clip.captions, clip.actions):
        return clip
    return replace(clip, captions=tuple(mirror_words(c) for c in clip.captions))


def gestured(clips: Sequence[Clip], count: int, rng: np.random.Generator) -> Iterator[Clip]:
    """Locomotion with the arms of a gesture, `count` times; `LOCOMOTION` and `GESTURES` say how often which.

    Of a gesture any clip counts in which it comes first, of locomotion only the clips with nothing else.
    """

    def gestures(action: str) -> list[Clip]:
        fitting = [c for c in clips if c.actions[:1] == (action,) and c.kind == "single"]
        return [c for c in fitting if len(c.positions) >= LENGTHS[0]]

    of_bodies = [(evidence.bodies(clips, action, LENGTHS[0]), share) for action, share in LOCOMOTION.items()]
    of_arms = [(gestures(action), share) for action, share in GESTURES.items()]
    bodies, arms = (
        [group for group, share in groups if group for _ in range(share)] for groups in (of_bodies, of_arms)
    )
    for number in range(count if bodies and arms else 0):
        group_of_body, group_of_arms = bodies[rng.integers(len(bodies))], arms[rng.integers(len(arms))]
        body, gesture = group_of_body[rng.integers(len(group_of_body))], group_of_arms[rng.integers(len(group_of_arms))]
        frames = min(len(body.positions), len(gesture.positions), LENGTHS[3])
        a = rng.integers(len(body.positions) - frames + 1)
        b = rng.integers(len(gesture.positions) - frames + 1)
        source = gesture.positions[b : b + frames]
        sides = compose.active_arms(source)
        if not sides:
            continue
        positions = compose.with_arms(body.positions[a : a + frames], source, sides)
        captions = tuple(compose.both(x, y) for x, y in zip(body.captions[:3], gesture.captions[1:2] * 3, strict=False))
        actions = (*gesture.actions, WHILE + body.actions[0])
        yield Clip(f"{body.name}&{gesture.name}#{number}", body.subject, "single", actions, captions, positions)


@dataclass(frozen=True)
class Pack:
    """The training set in memory.

    positions: float32 [F, 22, 3] of all clips in a row, clip k being offsets[k]:offsets[k + 1].
    windows: int64 [W, 3] (clip, start, stop); weight: float64 [W], chance of being drawn.
    sentences, embeddings: the captions [S] and their encodings float16 [S, E].
    actions: int64 [W], the place of a window's label in action_names; -1 for none.
    words: per window the indices of its sentences; mirrored: per sentence the index of its mirror image.
    about: what a card says of the data, its "data" and "licence"; empty for CMU's as this project has it.
    """

    positions: NDArray[np.float32]
    offsets: NDArray[np.int64]
    names: tuple[str, ...]
    subjects: NDArray[np.int64]
    windows: NDArray[np.int64]
    weight: NDArray[np.float64]
    words: tuple[NDArray[np.int64], ...]
    sentences: tuple[str, ...]
    mirrored: NDArray[np.int64]
    embeddings: NDArray[np.floating[Any]]
    actions: NDArray[np.int64]
    action_names: tuple[str, ...]
    about: Mapping[str, Any] = field(default_factory=dict)


Encode = Callable[[list[str]], NDArray[np.float32]]


def build(
    source: Path | Iterable[Clip],
    target: Path,
    encode: Encode,
    *,
    gestures: int = 600,
    waves: int = 600,
    raises: int = 160,
    hands: int = 300,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
) -> dict[str, int]:
    """Reads `source` (a folder, see `cmu`, or clips), writes the pack to `target` and returns what it holds.

    encode: sentences to embeddings [B, E], of the text encoder that the model will be used with. about: `Pack.about`.
    Raises MotionError if there is no usable clip.
    """
    rng = np.random.default_rng(seed)
    read = chain(cmu.clips(source), reactidle.clips(source)) if isinstance(source, Path) else source
    measured = [corrected(clip) for clip in read]
    if not measured:
        raise MotionError("No clip of this data set can be trained on; `mdm data check` says why.")
    longer = list(carried_on(measured))
    whole = [*measured, *longer]
    made = (
        gestured(whole, gestures, rng),
        waving(whole, waves, rng),
        raising(whole, raises, rng),
        pointing_clapping.clips(whole, hands, rng),
    )
    every = [*whole, *backwards(measured), *(clip for clips in made for clip in clips)]
    drawn = [window for index, clip in enumerate(every) for window in windows(clip, index, rng)]
    sentences = sorted({s for w in drawn for c in w.captions for s in (c, mirror_words(c))})
    place = {sentence: k for k, sentence in enumerate(sentences)}
    positions = [np.rint(clip.positions / SCALE).astype(np.int64) for clip in every]
    difference = np.concatenate([np.diff(p, axis=0, prepend=0) for p in positions])
    first = np.cumsum([0] + [len(p) for p in positions])[:-1]
    start = difference[first].astype(np.int32)
    difference[first] = 0
    np.savez_compressed(
        target,
        difference=difference.astype(np.int16).reshape(len(difference), -1).T,
        start=start,
        offsets=np.cumsum([0] + [len(p) for p in positions]),
        subjects=np.array([clip.subject for clip in every]),
        windows=np.array([(w.clip, w.start, w.stop) for w in drawn]),
        weight=balance.balance(
            [w.tags for w in drawn],
            np.searchsorted(LENGTHS, [w.stop - w.start for w in drawn]),
            np.unique([source_of(every[w.clip].name) for w in drawn], return_inverse=True)[1],
        ),
        actions=np.array([ACTIONS.index(w.action) if w.action else -1 for w in drawn], dtype=np.int16),
        words=np.array([place[c] for w in drawn for c in w.captions], dtype=np.int32),
        word_counts=np.array([len(w.captions) for w in drawn]),
        mirrored=np.array([place[mirror_words(s)] for s in sentences]),
        embeddings=encoded(sentences, encode),
        text=np.frombuffer(
            json.dumps(
                {
                    "names": [c.name for c in every],
                    "sentences": sentences,
                    "action_names": ACTIONS,
                    "about": dict(about or {}),
                }
            ).encode(),
            dtype=np.uint8,
        ),
    )
    return {
        "measured clips": len(measured),
        "clips": len(every),
        "frames": len(difference),
        "windows": len(drawn),
        "windows with words": sum(bool(w.captions) for w in drawn),
        "sentences": len(sentences),
    }


def encoded(sentences: Sequence[str], encode: Encode, batch: int = 64) -> NDArray[np.float16]:
    """Embeddings [S, E] of the sentences, in batches of like length, since padding costs time."""
    if not sentences:
        return np.zeros((0, encode(["a person"]).shape[1]), dtype=np.float16)
    order = sorted(range(len(sentences)), key=lambda k: len(sentences[k]))
    parts = [encode([sentences[k] for k in order[i : i + batch]]) for i in range(0, len(order), batch)]
    result = np.empty((len(sentences), parts[0].shape[1]), dtype=np.float16)
    result[order] = np.concatenate(parts)
    return result


def load(path: Path) -> Pack:
    """The pack at `path`, unpacked. One made before windows had labels has none."""
    try:
        z = np.load(path)
        text = json.loads(z["text"].tobytes())
        offsets = z["offsets"]
        difference = np.ascontiguousarray(z["difference"].T).astype(np.int64).reshape(-1, 22, 3)
        difference[offsets[:-1]] = z["start"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise MotionError(f"{path} is no training pack ({error}); make it with `mdm data build`.") from None
    positions = np.concatenate(
        [np.cumsum(difference[a:b], axis=0) for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
    )
    return Pack(
        positions=(positions * SCALE).astype(np.float32),
        offsets=offsets,
        names=tuple(text["names"]),
        subjects=z["subjects"],
        windows=z["windows"],
        weight=z["weight"],
        words=tuple(np.split(z["words"].astype(np.int64), np.cumsum(z["word_counts"])[:-1])),
        sentences=tuple(text["sentences"]),
        mirrored=z["mirrored"],
        embeddings=z["embeddings"],
        actions=z["actions"].astype(np.int64) if "actions" in z else np.full(len(z["windows"]), -1),
        action_names=tuple(text.get("action_names", ())),
        about=text.get("about", {}),
    )
