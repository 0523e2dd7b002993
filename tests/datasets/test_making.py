"""`mdm data check` and `mdm data build` on every format, from a folder to a pack that can be loaded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mdm_core.cli import main
from mdm_core.datasets import cmu, feature_pack, pack
from mdm_core.errors import MotionError
from mdm_core.features import humanml3d
from mdm_core.io import bvh
from mdm_core.motion import Motion
from tests.datasets import capture, folders
from tests.datasets.bodies import moved, standing, turned
from tests.datasets.test_reactidle import written as idle_folder


def build(folder: Path, out: Path, *more: str) -> None:
    assert main(["data", "build", str(folder), str(out), "--gestures", "0", *more]) == 0


def captions(path: Path, *names: str) -> str:
    rows = [{"id": n, "captions": [f"a person does {k}"], "actions": ["chop"]} for k, n in enumerate(names)]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return str(path)


def test_cmus_asf_and_its_thanks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").mkdir()
    for subject in ("02", "12"):
        capture.write_acclaim(tmp_path / "data", capture.walk(360, 120, seed=int(subject)), subject, "01")
    words = captions(tmp_path / "words.jsonl", "02_01")
    assert main(["data", "check", str(tmp_path / "data"), "--captions", words]) == 0
    printed = capsys.readouterr().out
    assert "Acclaim ASF/AMC" in printed and "2 of 2 files, of 2 subjects" in printed and "1 recordings" in printed
    build(tmp_path / "data", tmp_path / "pack.npz", "--captions", words)
    made = pack.load(tmp_path / "pack.npz")
    assert set(made.subjects.tolist()) == {2, 12} and "a person does 0" in made.sentences
    assert "mocap.cs.cmu.edu" in made.about["data"]["acknowledgement"]
    assert made.embeddings.shape == (len(made.sentences), 384)


def test_bvh_and_amass_as_joints(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    body = turned(moved(standing(90), (0, 0, 1.1)), 1.0)
    bvh.write(tmp_path / "b" / "one.bvh", Motion(body.astype(np.float32), 30.0))
    folders.amass_folder(tmp_path / "a", ("walk",), takes=2)
    for kind, count, terms in (("b", 1, "of the data trained on"), ("a", 2, "non-commercial research")):
        words = captions(tmp_path / "words.jsonl", "one", "walk/take_0_poses", "take_1_poses")
        build(tmp_path / kind, tmp_path / f"{kind}.npz", "--captions", words)
        made = pack.load(tmp_path / f"{kind}.npz")
        assert len(made.names) == count and terms in made.about["licence"]
        assert "acknowledgement" not in made.about["data"]
        np.testing.assert_allclose(made.positions[0, 0, [0, 2]], 0, atol=0.01)


def test_humanml3d_as_its_features_and_as_joints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    features = folders.humanml3d_folder(tmp_path / "h")
    assert main(["data", "check", str(tmp_path / "h")]) == 0
    assert "HumanML3D, 263 numbers a frame" in capsys.readouterr().out
    build(tmp_path / "h", tmp_path / "features.npz")
    made = feature_pack.load(tmp_path / "features.npz")
    assert made.names == tuple(list(features)[:10]) and made.unseen.tolist() == [False] * 8 + [True] * 2
    np.testing.assert_array_equal(made.features[made.offsets[3] : made.offsets[4]], features["000003"])
    np.testing.assert_array_equal(made.mean, np.load(tmp_path / "h" / "Mean.npy"))
    assert made.about.encoder == "all-MiniLM-L6-v2" and len(made.states) == len(made.sentences) == 6

    mirrored = tmp_path / "h" / "new_joint_vecs" / "M000000.npy"
    np.save(mirrored, features["000000"])
    (tmp_path / "h" / "texts" / "M000000.txt").write_text("mirrored#a/DET#0#0\n", encoding="utf-8")
    with (tmp_path / "h" / "train.txt").open("a", encoding="utf-8") as file:
        file.write("M000000\n")
    build(tmp_path / "h", tmp_path / "joints.npz", "--positions")
    joints = pack.load(tmp_path / "joints.npz")
    measured = [name for name in joints.names if name in features]
    held = {name for name, subject in zip(joints.names, joints.subjects, strict=True) if subject in cmu.HELD_OUT}
    assert len(measured) == 12 and {"000010", "000011"} <= held and not held & {f"{k:06d}" for k in range(10)}
    assert "mirrored" not in joints.sentences and "a person slides left" in joints.sentences
    wanted = humanml3d.to_origin(humanml3d.recover_positions(features["000001"]))
    k = joints.names.index("000001")
    np.testing.assert_allclose(joints.positions[joints.offsets[k] : joints.offsets[k + 1]], wanted, atol=0.02)


def test_what_cannot_be_made_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders.humanml3d_folder(tmp_path / "h")
    folders.amass_folder(tmp_path / "a", ("walk",), takes=1, seconds=0.2)
    (tmp_path / "empty").mkdir()
    out = tmp_path / "pack.npz"
    for command, said in (
        ([str(tmp_path / "h"), str(out), "--rotations"], "leave --rotations out"),
        ([str(tmp_path / "a"), str(out)], "No clip of this data set can be trained on"),
        ([str(tmp_path / "a"), str(out), "--rotations"], "No clip of this data set can be trained on"),
        ([str(tmp_path / "a"), str(out), "--text", "none"], "leave --text out"),
        ([str(tmp_path / "empty"), str(out)], "no data set that is known"),
        ([str(tmp_path / "a"), str(out), "--captions", str(tmp_path / "none")], "cannot be read"),
    ):
        assert main(["data", "build", *command]) == 1
        error = capsys.readouterr().err
        assert said in error and "Traceback" not in error
        assert not [p for p in tmp_path.iterdir() if p.name.startswith("pack")]
    (tmp_path / "h" / "new_joint_vecs" / "000001.npy").unlink()
    assert main(["data", "check", str(tmp_path / "h")]) == 1


def test_a_pack_of_the_other_kind_is_named(tmp_path: Path) -> None:
    folders.humanml3d_folder(tmp_path / "h")
    build(tmp_path / "h", tmp_path / "features.npz", "--text", "none")
    assert feature_pack.is_one(tmp_path / "features.npz") and not feature_pack.is_one(tmp_path / "nowhere.npz")
    with pytest.raises(MotionError, match="is no training pack"):
        pack.load(tmp_path / "features.npz")
    whole = (tmp_path / "features.npz").read_bytes()
    for damaged in (whole[:500], b"", whole[:60] + bytes(200) + whole[260:]):
        (tmp_path / "cut.npz").write_bytes(damaged)
        with pytest.raises(MotionError, match="is no pack of features"):
            feature_pack.load(tmp_path / "cut.npz")
        with pytest.raises(MotionError, match="is no training pack"):
            pack.load(tmp_path / "cut.npz")


def positions_folder(folder: Path) -> None:
    """A walker of CMU's 20 joints at 12 fps, in the form of cmu_positions.npz and cmu_clips.jsonl."""
    body, scale = moved(standing(60), (0, 0, 1.1), fps=12), 1e-4
    joints = np.zeros((60, 20, 3))
    for smpl, theirs in cmu.DIRECT.items():
        joints[:, theirs] = body[:, smpl]
    joints[:, 6], joints[:, 10] = body[:, 20], body[:, 21]
    joints[:, 7], joints[:, 11] = body[:, 20] - [0, 0.05, 0], body[:, 21] - [0, 0.05, 0]
    joints[:, 3] = joints[:, 2]
    delta = np.diff(np.rint(joints / scale), axis=0, prepend=0).reshape(60, 60).T.astype(np.int16)
    np.savez(folder / "cmu_positions.npz", ids=["01_01"], offsets=[0, 60], delta=delta, scale=scale)
    row = {
        "id": "01_01",
        "subject": 1,
        "fps": 12,
        "kind": "single",
        "actions": ["chop"],
        "captions": ["a person chops"],
    }
    (folder / "cmu_clips.jsonl").write_text(json.dumps(row), encoding="utf-8")


@pytest.mark.parametrize("idle", [False, True])
def test_positions_of_cmu_and_people_who_stand_idle(tmp_path: Path, idle: bool) -> None:
    positions_folder(tmp_path)
    if idle:
        idle_folder(tmp_path)
    build(tmp_path, tmp_path / "pack.npz")
    made = pack.load(tmp_path / "pack.npz")
    assert {"01_01", "acted_007_acted"} & set(made.names) == ({"01_01", "acted_007_acted"} if idle else {"01_01"})
    assert ("ReActIdle" in made.about["data"]["name"]) == idle
    assert "mocap.cs.cmu.edu" in made.about["data"]["acknowledgement"]
