"""`python -m mdm_core` is the `mdm` command."""

from __future__ import annotations

import sys

from mdm_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
