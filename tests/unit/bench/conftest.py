"""Makes the bench importable, behind everything installed, so that it never shadows the installed oxide."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))
