"""Downloads from a server on this machine: resumed, verified, refused; nothing half-written in place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mdm_core.checkpoints import download
from mdm_core.checkpoints.catalog import Remote
from mdm_core.errors import Cancelled, MotionError
from tests.checkpoints.server import Server, serving

CONTENT = np.random.default_rng(0).bytes(300_000)
SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.files["/model.pt"] = CONTENT
        yield running


def remote(server: Server, digest: str | None = SUM, path: str = "/model.pt") -> Remote:
    return Remote(server.address + path, "model.pt", digest)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def test_a_whole_file(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = download.fetch(remote(server), tmp_path / "new", lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert names(tmp_path / "new") == {"model.pt"}
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_it_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.cut = 100_000
    with pytest.raises(MotionError, match=r"stopped after 0\.1 MB .*goes on from there"):
        download.fetch(remote(server), tmp_path)
    assert "model.pt" not in names(tmp_path)
    assert (tmp_path / "model.pt.part").read_bytes() == CONTENT[:100_000]
    download.fetch(remote(server), tmp_path)
    assert (tmp_path / "model.pt").read_bytes() == CONTENT
    assert server.asked == [("/model.pt", None), ("/model.pt", "bytes=100000-")]
    assert names(tmp_path) == {"model.pt"}


@pytest.mark.parametrize("how", ["changed", "no ranges"])
def test_another_file_or_no_ranges_begin_anew(server: Server, tmp_path: Path, how: str) -> None:
    """Two versions are never joined."""
    server.cut = 1000
    with pytest.raises(MotionError, match="stopped"):
        download.fetch(remote(server), tmp_path)
    wanted = CONTENT[::-1] if how == "changed" else CONTENT
    server.files["/model.pt"], server.ranges = wanted, how == "changed"
    path = download.fetch(remote(server, hashlib.sha256(wanted).hexdigest()), tmp_path)
    assert path.read_bytes() == wanted


def test_a_part_of_another_address_is_not_used(server: Server, tmp_path: Path) -> None:
    server.files["/other.pt"] = CONTENT[::-1]
    server.cut = 1000
    with pytest.raises(MotionError, match="stopped"):
        download.fetch(Remote(server.address + "/other.pt", "model.pt"), tmp_path)
    assert download.fetch(remote(server), tmp_path).read_bytes() == CONTENT


def test_a_finished_part_that_was_not_renamed(server: Server, tmp_path: Path) -> None:
    """Killed between the last byte and the renaming: the server has no more to give."""
    server.cut = len(CONTENT) - 1
    with pytest.raises(MotionError, match="stopped"):
        download.fetch(remote(server), tmp_path)
    with (tmp_path / "model.pt.part").open("ab") as file:
        file.write(CONTENT[-1:])
    assert download.fetch(remote(server), tmp_path).read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="not the published sha256 and was deleted"):
        download.fetch(remote(server, "0" * 64), tmp_path)
    assert names(tmp_path) == set()


def test_a_wrong_end_of_a_resumed_file_is_noticed(server: Server, tmp_path: Path) -> None:
    server.cut = 5000
    with pytest.raises(MotionError, match="stopped"):
        download.fetch(remote(server), tmp_path)
    part = tmp_path / "model.pt.part"
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(MotionError, match="not the published sha256"):
        download.fetch(remote(server), tmp_path)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("right", [True, False])
def test_the_checksum_that_a_redirect_states(server: Server, tmp_path: Path, right: bool) -> None:
    """Hugging Face gives it with the address of the storage, where no sum is published otherwise."""
    server.moved["/resolve"] = server.address + "/model.pt"
    server.linked["/resolve"] = SUM if right else "1" * 64
    if right:
        assert download.fetch(remote(server, None, "/resolve"), tmp_path).read_bytes() == CONTENT
    else:
        with pytest.raises(MotionError, match="not the published sha256"):
            download.fetch(remote(server, None, "/resolve"), tmp_path)
        assert names(tmp_path) == set()


def test_offline_is_a_sentence(tmp_path: Path) -> None:
    with serving() as server:
        address = server.address
    with pytest.raises(MotionError, match=r"127\.0\.0\.1 cannot be reached .*mdm models add"):
        download.fetch(Remote(f"{address}/model.pt", "model.pt"), tmp_path)
    assert names(tmp_path) == set()


def test_a_missing_file_is_a_sentence(server: Server, tmp_path: Path) -> None:
    with pytest.raises(MotionError, match=r"/nowhere answered 404.*authors' page"):
        download.fetch(remote(server, path="/nowhere"), tmp_path)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("url", ["http://example.org/model.pt", "file:///etc/passwd", "ftp://example.org/m"])
def test_only_https(url: str, tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="no https address"):
        download.fetch(Remote(url, "model.pt"), tmp_path)


def test_no_redirect_to_an_unsafe_address(server: Server, tmp_path: Path) -> None:
    server.moved["/away"] = "http://example.org/model.pt"
    with pytest.raises(MotionError, match="no https address"):
        download.fetch(remote(server, path="/away"), tmp_path)


def test_cancelled_in_between_it_can_go_on(server: Server, tmp_path: Path) -> None:
    def cancel(done: int, _: int | None) -> None:
        if done > 100_000:
            raise Cancelled

    with pytest.raises(Cancelled):
        download.fetch(remote(server), tmp_path, cancel)
    assert "model.pt" not in names(tmp_path)
    download.fetch(remote(server), tmp_path)
    assert server.asked[-1][1] is not None
    assert (tmp_path / "model.pt").read_bytes() == CONTENT
