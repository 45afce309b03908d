"""A process gets as much of the processor as it is given, by either way."""

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from benchmarks import cores, processes
from local.runner.processes import start

pytestmark = [pytest.mark.full, pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")]


@pytest.mark.parametrize("limit", [cores.limited, cores.stopped])
def test_a_process_uses_no_more_than_it_is_given(
    limit: Callable[[int, float], AbstractContextManager[None]],
) -> None:
    with start("busy", (sys.executable, "-c", "while True: pass"), env={}) as process:
        pid = process.popen.pid
        folder = Path(f"/sys/fs/cgroup/cpu/benchmark-{pid}")
        with limit(pid, 0.2):
            cpu_s, begun = processes.cpu_s(pid), time.monotonic()
            time.sleep(2)
            used = (processes.cpu_s(pid) - cpu_s) / (time.monotonic() - begun)
            assert folder.exists() is (limit is cores.limited and cores.has_quotas())
        assert used < 0.3
        assert not folder.exists()
        process.check()
