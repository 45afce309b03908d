"""Where things are in this repository. Standard library only."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".local"
"""What commands write on this machine; not in Git."""
