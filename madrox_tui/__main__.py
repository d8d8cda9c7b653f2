"""`python -m madrox_tui` is `madrox-top`."""

from __future__ import annotations

import sys

from madrox_tui.cli import main

sys.exit(main())
