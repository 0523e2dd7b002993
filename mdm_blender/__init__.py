"""MDM for Blender: type what a character does and get keys on your own rig. Here is only what Blender calls.

Imports wait for `register`, so that the parts that need no Blender can be imported without it.
"""

from __future__ import annotations


def register() -> None:
    from . import registration

    registration.register()


def unregister() -> None:
    from . import registration

    registration.unregister()
