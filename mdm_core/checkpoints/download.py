"""A file from a server: resumed where it stopped, its checksum verified, in place whole or not at all.

Only what a person asked for by name comes here. No cookies, no accounts, and https alone, but for a server on this
machine (for tests).
"""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from mdm_core.checkpoints.catalog import Remote
from mdm_core.checkpoints.hashes import sha256
from mdm_core.errors import MotionError

OnBytes = Callable[[int, int | None], None]
TIMEOUT = 30.0  # seconds without a byte
PIECE = 1 << 16  # bytes
AGENT = {"User-Agent": "mdm-models"}
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True)
class Begun:
    """What is remembered of a file that was not finished. tag: the server's, by which it is known to be the same."""

    url: str
    tag: str
    sha256: str | None


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to safe addresses, and keeps the checksum that Hugging Face states before it redirects."""

    def __init__(self) -> None:
        self.stated: str | None = None

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        check_address(newurl)
        self.stated = stated_sum(headers) or self.stated
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(remote: Remote, folder: Path, on_bytes: OnBytes | None = None) -> Path:
    """The file in `folder`; on_bytes(done, total or None) is called as it comes and may raise `Cancelled`.

    What has come when the connection breaks stays as NAME.part, and the next call goes on from there if the server
    still has the same file. Raises MotionError if the server cannot be reached or the checksum is not the published
    one; then the wrong file is deleted.
    """
    check_address(remote.url)
    target, part = folder / remote.name, folder / f"{remote.name}.part"
    memory = folder / f"{remote.name}.part.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        begun = recall(memory, remote.url) if part.is_file() else None
        stated = receive(remote, part, memory, begun, on_bytes)
        verify(part, remote.sha256 or stated, remote.url)
        part.replace(target)
        memory.unlink(missing_ok=True)
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise MotionError(broken(remote, part, error)) from None
    except OSError as error:
        raise MotionError(f"{target} could not be written ({error.strerror or error}); free some space.") from None
    return target


def receive(remote: Remote, part: Path, memory: Path, begun: Begun | None, on_bytes: OnBytes | None) -> str | None:
    """Fetches what is missing of `part`; the sha256 that the server states, if it does."""
    redirects = Redirects()
    opener = urllib.request.build_opener(redirects)
    have = part.stat().st_size if begun else 0
    asked = {"Range": f"bytes={have}-", "If-Range": begun.tag} if begun and have else {}
    try:
        response = opener.open(urllib.request.Request(remote.url, headers=AGENT | asked), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and begun:
            return begun.sha256  # all of it is here already
        raise
    with response:
        span = RANGE.fullmatch(response.headers.get("Content-Range", ""))
        goes_on = response.status == http.client.PARTIAL_CONTENT and span is not None and int(span[1]) == have
        stated = stated_sum(response.headers) or redirects.stated or (begun.sha256 if begun and goes_on else None)
        tag = response.headers.get("ETag", "")
        memory.write_text(json.dumps(asdict(Begun(remote.url, tag, stated))), encoding="utf-8")
        length = response.headers.get("Content-Length")
        done = have if goes_on else 0
        total = int(span[2]) if goes_on and span else int(length) if length else None
        with part.open("ab" if goes_on else "wb") as file:
            while piece := response.read(PIECE):
                file.write(piece)
                done += len(piece)
                if on_bytes:
                    on_bytes(done, total)
    if total is not None and done < total:
        raise ConnectionError("the connection ended early")
    return stated


def verify(part: Path, wanted: str | None, url: str) -> None:
    """Raises a MotionError, and deletes the file, if its sha256 is not the published one; None: nothing is known."""
    if wanted is None or sha256(part) == wanted:
        return
    part.unlink()
    part.with_name(f"{part.name}.json").unlink(missing_ok=True)
    raise MotionError(f"What came from {url} has not the published sha256 and was deleted; try again.")


def recall(memory: Path, url: str) -> Begun | None:
    """What is remembered of an unfinished file, if it is of this address and the server can tell it again."""
    try:
        begun = Begun(**json.loads(memory.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    weak = begun.tag.startswith("W/")
    return begun if begun.url == url and begun.tag and not weak else None


def stated_sum(headers: Message) -> str | None:
    """The sha256 that Hugging Face gives for large files."""
    tag = headers.get("X-Linked-Etag", "").strip('"')
    return tag if re.fullmatch("[0-9a-f]{64}", tag) else None


def check_address(url: str) -> None:
    """Raises a MotionError unless it is https, or a server on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")):
        raise MotionError(f"{url} is no https address and was not opened.")


def broken(remote: Remote, part: Path, error: Exception) -> str:
    """The sentence for a download that did not work."""
    if isinstance(error, urllib.error.HTTPError):
        return f"{remote.url} answered {error.code} {error.reason}; see `mdm models list NAME` for the authors' page."
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    have = part.stat().st_size if part.is_file() else 0
    if have:
        return f"{remote.url} stopped after {have / 1e6:.1f} MB ({reason}); the same command goes on from there."
    host = urlsplit(remote.url).hostname
    return f"{host} cannot be reached ({reason}); connect to the network, or give `mdm models add` a file you have."
