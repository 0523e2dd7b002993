"""Data sets made up on disk, in the forms that their authors hand out. Motions are `bodies` and `capture`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mdm_core.features import humanml3d
from tests.datasets.bodies import moved, standing, turned

WORDS = {"walks": (0.0, 0.0, 1.2), "slides left": (0.9, 0.0, 0.0), "goes backwards": (0.0, 0.0, -0.8)}


def swinging(velocity: Sequence[float], frames: int, seed: int) -> np.ndarray:
    """A body carried along, which turns, bobs and swings its arms, differently by seed."""
    rng = np.random.default_rng(seed)
    body = turned(moved(standing(frames), (velocity[0], velocity[1], velocity[2])), rng.uniform(-1.5, 1.5))
    body += 0.03 * np.sin(np.arange(frames) * rng.uniform(0.2, 0.5))[:, None, None] * np.array([0, 1, 0])
    body[:, [18, 19, 20, 21], 2] += 0.1 * np.sin(np.arange(frames) * rng.uniform(0.2, 0.5) + rng.uniform(0, 6))[:, None]
    return body


def humanml3d_folder(folder: Path, clips: int = 12, frames: int = 61) -> dict[str, np.ndarray]:
    """HumanML3D's form: clips NNNNNN, the last two of them test, the two before val; their features by name."""
    for name in ("new_joint_vecs", "texts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    made: dict[str, np.ndarray] = {}
    for k in range(clips):
        word, velocity = list(WORDS.items())[k % len(WORDS)]
        name, body = f"{k:06d}", swinging(velocity, frames, k)
        made[name] = humanml3d.process(body, humanml3d.uniform_offsets())
        np.save(folder / "new_joint_vecs" / f"{name}.npy", made[name])
        verb, _, rest = word.partition(" ")
        tokens = f"a/DET person/NOUN {verb.rstrip('s')}/VERB" + (f" {rest}/ADV" if rest else "")
        text = f"a person {word}#{tokens}#0.0#0.0\nsomebody {word}#{tokens}#nan#nan\n"
        (folder / "texts" / f"{name}.txt").write_text(text, encoding="utf-8")
    names = list(made)
    for split, part in (("train", names[:-4]), ("val", names[-4:-2]), ("test", names[-2:]), ("all", names)):
        (folder / f"{split}.txt").write_text("\n".join(part) + "\n", encoding="utf-8")
    every = np.concatenate(list(made.values()))
    np.save(folder / "Mean.npy", every.mean(axis=0).astype(np.float32))
    np.save(folder / "Std.npy", np.maximum(every.std(axis=0), 1e-3).astype(np.float32))
    return made


def amass_file(path: Path, poses: np.ndarray, trans: np.ndarray, fps: float = 60.0) -> None:
    """One recording as AMASS (SMPL+H) has it: 52 joints, of which `poses` [T, 66] are the first 22."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = np.zeros((len(poses), 156))
    whole[:, : poses.shape[1]] = poses
    np.savez(path, poses=whole, trans=trans, betas=np.zeros(16), gender=np.array("neutral"), mocap_framerate=fps)


def amass_folder(folder: Path, actions: Sequence[str] = ("walk", "hop"), takes: int = 4, seconds: float = 3.0) -> None:
    """A folder for each action, as `--labels folder` reads them: walking along AMASS's -y, or hopping on the spot."""
    rng = np.random.default_rng(0)
    fps = 60.0
    time = np.arange(int(seconds * fps)) / fps
    for action in actions:
        for take in range(takes):
            poses, trans = np.zeros((len(time), 66)), np.zeros((len(time), 3))
            poses[:, 0] = np.pi / 2  # SMPL's body stands up in a frame whose Z is up
            swing = 0.5 * np.sin(time * rng.uniform(4, 6) + rng.uniform(0, 6))
            poses[:, 3], poses[:, 6] = swing, -swing  # the hips about x
            poses[:, 3 * 16 + 2], poses[:, 3 * 17 + 2] = -1.2, 1.2  # arms down
            trans[:, 2] = 0.95
            if action == "walk":
                trans[:, 1] = -1.1 * time
            else:
                trans[:, 2] += 0.25 * np.abs(np.sin(5 * time + take))
            amass_file(folder / action / f"take_{take}_poses.npz", poses, trans, fps)
