"""Windows over long motions and several prompts, and what they add up to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mdm_core.editing import windows
from mdm_core.editing.windows import Segment
from mdm_core.engine.base import Conditioning
from mdm_core.errors import MotionError

LENGTHS = st.lists(st.integers(1, 400), min_size=1, max_size=6)


def segments(lengths: list[int]) -> list[Segment]:
    edges = np.cumsum([0, *lengths])
    return [Segment(int(a), int(b), f"prompt {k}") for k, (a, b) in enumerate(zip(edges, edges[1:], strict=False))]


@given(LENGTHS)
def test_windows_fit_the_model_and_cover_their_segment(lengths: list[int]) -> None:
    timeline = segments(lengths)
    frames = timeline[-1].stop
    placed = windows.windows(timeline, 20, 196)
    for window in placed:
        assert 0 <= window.start < window.stop <= frames
        assert min(20, frames) <= len(window) <= 196
    for segment in timeline:
        own = [set(range(w.start, w.stop)) for w in placed if w.prompt == segment.prompt]
        assert set(range(segment.start, segment.stop)) <= set.union(*own)


@given(LENGTHS)
def test_shares_add_up_and_a_segments_middle_is_its_own(lengths: list[int]) -> None:
    timeline = segments(lengths)
    placed = windows.windows(timeline, 20, 196)
    shares = windows.shares(placed, timeline[-1].stop)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0)
    for segment in timeline:
        if segment.stop - segment.start >= 60:
            middle = (segment.start + segment.stop) // 2
            own = [k for k, window in enumerate(placed) if window.prompt == segment.prompt]
            np.testing.assert_allclose(shares[own, middle].sum(), 1.0)


def test_a_model_of_one_length_hears_each_prompt_as_long_as_it_lasts() -> None:
    """Official checkpoints without a frame mask see 196 frames; a short prompt's window is wider than its say."""
    placed = windows.windows(segments([80, 60, 160]), 196, 196)
    shares = windows.shares(placed, 300)
    assert [len(window) for window in placed] == [196] * len(placed)
    assert shares[1, :70].max() == 0 and shares[1, 95:125].min() == 1 and shares[1, 150:].max() == 0


def test_shares_fade_evenly_over_a_handshake() -> None:
    placed = windows.windows([Segment(0, 100, "a"), Segment(100, 200, "b")], 20, 196)
    share = windows.shares(placed, 200)[0]
    assert (share[:90] == 1).all() and (share[110:] == 0).all()
    np.testing.assert_allclose(np.diff(share[90:110]), -0.05)


class Teller:
    """A denoiser that answers its text's number at every frame, and notes what it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def __call__(self, x: NDArray[Any], step: NDArray[Any], conditioning: Conditioning) -> NDArray[Any]:
        self.seen.append(x.shape)
        assert len(step) == len(x) and conditioning.text is not None
        assert conditioning.frame_mask is None or conditioning.frame_mask.shape == x.shape[:2]
        return np.ones_like(x) * conditioning.text[:, :, :1]


def told(placed: list[windows.Window], takes: int) -> Conditioning:
    number = np.repeat([float(w.prompt.split()[-1]) for w in placed], takes)
    return Conditioning(
        keep=np.ones(len(number)), text=number[:, None, None], frame_mask=windows.frame_masks(placed, takes)
    )


def test_each_prompt_rules_its_own_frames_in_every_take() -> None:
    placed = windows.windows(segments([80, 30, 150]), 20, 196)
    teller = Teller()
    denoise = windows.collage(teller, placed, told(placed, 2), 260)
    x = np.zeros((2, 260, 3))
    made = denoise(x, np.array([4, 4]), Conditioning(keep=np.ones(2)))
    assert teller.seen == [(6, max(map(len, placed)), 3)]
    np.testing.assert_allclose(made[:, :70], 0)
    np.testing.assert_allclose(made[:, 92:98], 1)
    np.testing.assert_allclose(made[:, 120:], 2)
    assert (np.diff(made[0, :, 0]) >= -1e-12).all()


def test_windows_see_their_own_frames_of_the_motion() -> None:
    """A denoiser that returns what it is given: the collage is the motion itself."""
    placed = windows.windows(segments([150, 150]), 20, 196)

    def same(x: NDArray[Any], step: NDArray[Any], conditioning: Conditioning) -> NDArray[Any]:  # noqa: ARG001
        return x

    x = np.random.default_rng(0).normal(size=(2, 300, 3))
    made = windows.collage(same, placed, told(placed, 2), 300)(x, np.array([1, 1]), told(placed, 1))
    np.testing.assert_allclose(made, x)


def test_a_motion_of_one_window_is_denoised_as_it_is() -> None:
    placed = windows.windows([Segment(0, 100, "prompt 5")], 20, 196)
    teller = Teller()
    windows.collage(teller, placed, told(placed, 1), 100)(np.zeros((1, 100, 3)), np.array([1]), told(placed, 1))
    assert teller.seen == [(1, 100, 3)]


def test_gaps_are_filled_without_words() -> None:
    filled = windows.without_gaps([Segment(50, 80, "b"), Segment(10, 30, "a")])
    assert filled == [Segment(0, 10), Segment(10, 30, "a"), Segment(30, 50), Segment(50, 80, "b")]


@pytest.mark.parametrize(
    ("timeline", "words"),
    [
        ([], "empty"),
        ([Segment(0, 30, "a"), Segment(20, 50, "b")], "frame 20"),
        ([Segment(5, 5, "a")], "5 to 5"),
        ([Segment(-5, 5, "a")], "-5 to 5"),
    ],
)
def test_a_timeline_that_is_none(timeline: list[Segment], words: str) -> None:
    with pytest.raises(MotionError, match=words):
        windows.without_gaps(timeline)


def test_torch_says_the_same() -> None:
    torch = pytest.importorskip("torch")
    placed = windows.windows(segments([80, 30]), 20, 196)

    def double(x: Any, step: Any, conditioning: Conditioning) -> Any:  # noqa: ARG001
        return 2 * x

    x = np.random.default_rng(0).normal(size=(2, 110, 3))
    made = windows.collage(double, placed, told(placed, 2), 110)(
        torch.from_numpy(x), torch.tensor([1, 1]), told(placed, 1)
    )
    np.testing.assert_allclose(made.numpy(), 2 * x)
