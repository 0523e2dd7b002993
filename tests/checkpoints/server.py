"""A file server on this machine that misbehaves as asked: cuts off, changes its file, redirects, states checksums."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Server:
    """files: content by path. cut: bytes after which the next answer breaks off. asked: (path, Range) of each request.

    ranges: whether parts are given; moved: path to the address it redirects to; linked: sha256 stated by the redirect.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut: int | None = None
    ranges: bool = True
    moved: dict[str, str] = field(default_factory=dict)
    linked: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Server]:
    """The server, on a free port."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append((self.path, self.headers.get("Range")))
            if self.path in server.moved:
                self.send_response(302)
                self.send_header("Location", server.moved[self.path])
                if self.path in server.linked:
                    self.send_header("X-Linked-Etag", f'"{server.linked[self.path]}"')
                self.end_headers()
            elif self.path not in server.files:
                self.send_error(404)
            else:
                self.give(server.files[self.path])

        def give(self, content: bytes) -> None:
            tag = f'"{hashlib.md5(content).hexdigest()}"'
            start, asked = 0, self.headers.get("Range")
            if asked and server.ranges and self.headers.get("If-Range") == tag:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content) > 0 and start:
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("ETag", tag)
            self.end_headers()
            cut, server.cut = server.cut, None
            self.wfile.write(content[start : None if cut is None else start + cut])

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.address = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
