"""The windows of a clip that training draws from, and the words of each.

What a clip gets (all lengths in frames at 20 fps):
* "single", longer than a window: windows of each length in `LENGTHS`, half overlapping; its captions fit any.
* "single", shorter: itself, whole.
* "sequence", up to the longest window: itself, whole, with its captions.
* longer sequences and clips without captions: windows with measured descriptions, or without words.
* plain clips get measured descriptions beside their captions (`describe`); single ones the plain words of their label
  and other people's for it (`action_words`, `wordings`), in windows that show it (`evidence`). Of clips with the arms
  of others only those who stand do: who walks and drinks is not what "drinks" says.
* moments inside longer clips (`moments`) are windows with captions of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import action_words, describe, evidence, moments
from .cmu import Clip

LENGTHS = (64, 96, 128, 196)
DESCRIPTIONS = 4  # measured sentences a window
SHOWN = 8  # windows a moment, each with other context

PLAIN = frozenset(
    "walk run jog turn jump walk_backward sidestep idle stand_up sit_down sit crouch squat hop look_around signal"
    " wave greet lie_down get_up spin march point".split()
)
"""Actions of which a measured description tells all that matters."""

ACTIONS = tuple(
    "walk run jog jump walk_backward sidestep turn spin march sneak limp hop stairs idle sit_down stand_up sit crouch"
    " squat lie_down get_up fall crawl kick punch throw pick_up wave point stretch dance salsa basketball golf"
    " jumping_jack cartwheel handstand bow clap drink phone zombie_walk".split()
)
"""The labels that a window may have, for training with windows told apart: the commonest and the asked-for ones."""
WHILE = "while "
BACKWARDS = "~backwards"
"""Marks of labels and names of clips that were composed (`composed`)."""


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
        if clip.actions[:1] == ("walk",):
            captions = tuple(c for c in captions if evidence.pace_fits(c, clip.positions[start:stop]))
        tags = clip.actions[0 if shows else 1 :] if captions else ()
        if measured is not None:
            said = [describe.caption(measured, start, stop, rng) for _ in range(DESCRIPTIONS)]
            captions = (*captions, *(s for s in said if s))
            tags = (*tags, *describe.events(measured, start, stop), describe.arms(measured, start, stop))
        if clip.kind == "single" and shows and ("&" not in clip.name or clip.actions[-1] == WHILE + "idle"):
            captions = (*captions, *action_words.sentences(clip.actions, rng))
        action = label(clip) if shows else ""
        yield Window(index, start, stop, captions, tuple(t for t in tags if t and t not in unsaid), action)


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
