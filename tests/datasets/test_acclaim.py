"""ASF/AMC: against SciPy's rotations, against the same motion as BVH, and by hand on two bones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mdm_core.datasets import acclaim, acclaim_folder, bvh_folder, cmu, formats
from mdm_core.errors import MotionError
from tests.datasets import capture

TWO_BONES = """\
:units
  length 0.5
  angle {angle}
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    name upper
    direction 0 -1 0
    length 4
    axis 0 0 {quarter} XYZ
    dof rx
    limits (-inf inf)
  end
  begin
    name lower
    direction 0 -1 0
    length 2
    axis 0 0 0 XYZ
    dof rx rz
  end
:hierarchy
  begin
    root upper
    upper lower
  end
"""


@pytest.mark.parametrize(("angle", "quarter"), [("deg", "90"), ("rad", "1.57079632679")])
def test_two_bones_by_hand(angle: str, quarter: str) -> None:
    """The upper bone's own x is the world's y after its axis' quarter turn, so its rx turns it about itself alone."""
    skeleton = acclaim.parse_asf(TWO_BONES.format(angle=angle, quarter=quarter))
    take = acclaim.parse_amc(f"1\nroot 1 2 3 0 0 0\nupper {quarter}\nlower {quarter} 0\n2\nroot 0 0 0 {quarter} 0 0\n"
                             f"upper 0\nlower 0 {quarter}\n", skeleton)  # fmt: skip
    ends = acclaim.forward_kinematics(skeleton, take)
    inch = 0.0254 / 0.5
    # Frame 1: turned a quarter about the vertical, hanging straight; the lower bone's rx then swings towards -x.
    np.testing.assert_allclose(ends["upper"][0] / inch, [1, -2, 3], atol=1e-6)
    np.testing.assert_allclose(ends["lower"][0] / inch, [-1, -2, 3], atol=1e-6)
    # Frame 2: the root's rx brings -y to -z, the lower bone's rz then turns it within the turned frame, to +x.
    np.testing.assert_allclose(ends["upper"][1] / inch, [0, 0, -4], atol=1e-6)
    np.testing.assert_allclose(ends["lower"][1] / inch, [2, 0, -4], atol=1e-6)


def test_a_whole_skeleton_is_where_scipy_puts_it(tmp_path: Path) -> None:
    made = capture.walk(30, 120)
    capture.write_acclaim(tmp_path, made, "02", "01")
    skeleton = acclaim.read_asf(tmp_path / "02.asf")
    ends = acclaim.forward_kinematics(skeleton, acclaim.read_amc(tmp_path / "02_01.amc", skeleton))
    for name, wanted in made.ends().items():
        np.testing.assert_allclose(ends[name], wanted, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("lossy", [True, False])
def test_asf_and_bvh_give_the_same_motion(tmp_path: Path, lossy: bool) -> None:
    made = capture.walk(24, 120, seed=3)
    capture.write_acclaim(tmp_path, made, "02", "01")
    capture.write_bvh(tmp_path / "02_01.bvh", made, lossy=lossy)
    files = formats.recordings("asf", {})
    asf = files.read(tmp_path / "02_01.amc", "02_01")
    bvh = bvh_folder.read_one(tmp_path / "02_01.bvh", "02_01")
    ends = made.ends()
    wanted = cmu.to_smpl22(np.stack([ends[joint] for joint in acclaim_folder.CMU_JOINTS], axis=1))
    np.testing.assert_allclose(asf.positions, wanted, atol=1e-5)
    # Where thorax and wrist have lost their lengths, they are guessed; this skeleton has those the guess is made for.
    np.testing.assert_allclose(bvh.positions, wanted, atol=1e-5)
    assert (asf.subject, bvh.subject, asf.fps, bvh.fps) == ("02", "02", 120, 120)


def test_frame_rates_of_subjects_and_of_files(tmp_path: Path) -> None:
    made = capture.walk(8, 120)
    for subject in ("33", "02"):
        capture.write_acclaim(tmp_path, made, subject, "01")
    read = formats.recordings("asf", {"02_01": 60.0}).read
    assert read(tmp_path / "33_01.amc", "33_01").fps == 60
    assert read(tmp_path / "02_01.amc", "02_01").fps == 60
    assert formats.recordings("asf", {}).read(tmp_path / "02_01.amc", "02_01").fps == 120


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("lhand ", "lhandy "), "lhandy"),
        (("\n2\n", "\n2\nroot 1 2 3\n"), "frame 2 has 3 numbers"),
        (("head", "# head"), '"head" is not in every frame'),
    ],
)
def test_a_damaged_amc_is_named(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    capture.write_acclaim(tmp_path, capture.walk(4, 120), "02", "01")
    path = tmp_path / "02_01.amc"
    path.write_text(path.read_text(encoding="ascii").replace(*change, 1), encoding="ascii")
    with pytest.raises(MotionError, match=said) as error:
        formats.recordings("asf", {}).read(path, "02_01")
    assert "02_01.amc" in str(error.value)


def test_a_missing_or_cut_asf_is_named(tmp_path: Path) -> None:
    capture.write_acclaim(tmp_path, capture.walk(4, 120), "02", "01")
    text = (tmp_path / "02.asf").read_text(encoding="ascii")
    (tmp_path / "02.asf").write_text(text[: text.index(":hierarchy")], encoding="ascii")
    read = formats.recordings("asf", {}).read
    with pytest.raises(MotionError, match=r"02\.asf is not a whole Acclaim skeleton"):
        read(tmp_path / "02_01.amc", "02_01")
    (tmp_path / "02.asf").unlink()
    with pytest.raises(MotionError, match=r"put 02\.asf there"):
        formats.recordings("asf", {}).read(tmp_path / "02_01.amc", "02_01")
