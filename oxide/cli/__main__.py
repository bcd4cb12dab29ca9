"""`python -m oxide.cli`, the same as `oxide`."""

from __future__ import annotations

import sys

from . import main

sys.exit(main())
