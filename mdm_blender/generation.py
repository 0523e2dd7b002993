"""One job in the worker process, a generation or an edit: asked for, followed, cancelled. No bpy; nothing waits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mdm_core.editing.request import EditRequest
from mdm_core.generator import Request
from mdm_core.motion import Motion
from mdm_core.worker.client import WorkerClient
from mdm_core.worker.protocol import Message


@dataclass(frozen=True)
class Failure:
    """Why there is no motion: a sentence for the panel, and what to paste into a report."""

    message: str
    detail: str = ""


@dataclass(frozen=True)
class Edit:
    """A motion, at any rate, and what is to become of it; no motion where a timeline makes one."""

    motion: Motion | None
    request: EditRequest


class Generation:
    """Poll it until `motions` or `failure` is there. One at a time: it takes every message of its client."""

    def __init__(self, client: WorkerClient, wanted: Request | Edit, *, model: str, engine: str, device: str) -> None:
        self._client = client
        self.stage = "starting"
        self.step = 0
        self.steps = 0
        self.motions: list[Motion] | None = None
        self.failure: Failure | None = None
        chosen: dict[str, Any] = {"model": model, "engine": engine, "device": device}
        if isinstance(wanted, Edit):
            self._job = _submit_edit(client, wanted, chosen)
        else:
            self._job = client.submit("generate", **asdict(wanted), **chosen)

    @property
    def done(self) -> bool:
        return self.motions is not None or self.failure is not None

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return self.step / self.steps if self.steps else 0.0

    def poll(self) -> bool:
        """Takes in what has come; True if anything has."""
        messages = [message for message in self._client.poll() if message.job == self._job or message.kind == "exited"]
        for message in messages:
            self._receive(message)
        return bool(messages)

    def cancel(self) -> None:
        """Asks the worker to stop; whatever still comes for this generation is not looked at any more."""
        self._client.cancel(self._job)

    def _receive(self, message: Message) -> None:
        fields = message.fields
        match message.kind:
            case "progress":
                self.stage, self.step, self.steps = fields["stage"], fields["step"], fields["steps"]
            case "result":
                self.motions = motions(message)
            case "error" | "exited":
                self.failure = Failure(fields["message"], fields.get("detail", ""))
            case "cancelled":
                self.failure = Failure("The generation was cancelled.")
            case _:
                pass


def _submit_edit(client: WorkerClient, edit: Edit, chosen: dict[str, Any]) -> int:
    motion, request = edit.motion, asdict(edit.request)
    if motion is None:
        return client.submit("edit", request=request, **chosen)
    arrays: dict[str, Any] = {"positions": motion.positions}
    if motion.contacts is not None:
        arrays["contacts"] = motion.contacts
    return client.submit("edit", arrays=arrays, fps=motion.fps, request=request, **chosen)


def motions(result: Message) -> list[Motion]:
    """The takes in the worker's result."""
    fields: Any = result.fields
    contacts = result.arrays.get("contacts")
    return [
        Motion(
            positions,
            fps=fields["fps"],
            contacts=None if contacts is None else contacts[take],
            prompt=fields["prompts"][take],
            seed=fields["seeds"][take],
            model=fields["model"],
        )
        for take, positions in enumerate(result.arrays["positions"])
    ]
