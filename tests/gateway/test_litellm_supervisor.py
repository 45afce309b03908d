"""LiteLLM's start command, with other programs in LiteLLM's place."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.start import START_LITELLM

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what the supervisor reads")

_MAX_BYTES = 150 * 2**20
_HOG = "hog = b'x' * (200 * 2**20); import time; time.sleep(60)"
_IGNORES_SIGTERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
_START = "print('started', os.getpid(), flush=True)\n"
_WAIT = "import time; time.sleep(60)\n"
_FIRST_TIME_ONLY = "first = not os.path.exists('again'); open('again', 'w').close()\nif first:\n    "


class Supervisor:
    """The start command, running, and what was printed."""

    def __init__(self, folder: Path, program: str, *, drain_s: float) -> None:
        litellm = folder / "litellm"
        litellm.write_text(f"#!{sys.executable}\nimport os, sys\n{program}")
        litellm.chmod(0o700)
        python, option, text = START_LITELLM
        assert python == "python"
        for constant, quick in (("CHECK_S = 1.0", "CHECK_S = 0.02"), ("DRAIN_S = 15.0", f"DRAIN_S = {drain_s}")):
            assert constant in text
            text = text.replace(constant, quick)
        self._log = folder / "output.log"
        with self._log.open("wb") as output:
            self.popen = subprocess.Popen(
                [sys.executable, option, text],
                env={
                    "PATH": f"{folder}:{os.environ['PATH']}",
                    "LITELLM_CONFIG_YAML": "model_list: []",
                    "LITELLM_MASTER_KEY": "the-key",
                    "LITELLM_MAX_BYTES": str(_MAX_BYTES),
                    "IDENTITY_ENDPOINT": "http://localhost:42356/msi/token",
                    "IDENTITY_HEADER": "the-secret",
                    "MSI_ENDPOINT": "http://localhost:42356/msi/token",
                    "MSI_SECRET": "the-secret",
                },
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def lines(self) -> list[str]:
        """What it and its children have printed."""
        return self._log.read_text().splitlines()

    def wait_for_start(self, number: int = 1) -> int:
        """Return the process id of LiteLLM at its first start, or a later one."""
        eventually(lambda: len(self._pids()) >= number)
        assert len(self._pids()) == number, self.lines
        return self._pids()[-1]

    def _pids(self) -> list[int]:
        return [int(line.split()[1]) for line in self.lines if line.startswith("started ")]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    """Runs the start command with this Python program as `litellm`, which may take `drain_s` to end."""
    running: list[Supervisor] = []

    def run(program: str, *, drain_s: float = 15.0) -> Supervisor:
        running.append(Supervisor(tmp_path, program, drain_s=drain_s))
        return running[-1]

    yield run
    for supervisor in running:
        with suppress(ProcessLookupError):
            os.killpg(supervisor.popen.pid, signal.SIGKILL)  # with the children of its children
        supervisor.popen.wait()


def eventually(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not look() and time.monotonic() < deadline:
        time.sleep(0.01)


def outlast(seconds: float) -> None:
    end = time.monotonic() + seconds
    eventually(lambda: time.monotonic() > end)


def state_of(pid: int) -> str:
    """Return its state, as one letter; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def has_ended(pid: int) -> bool:
    return state_of(pid) in ("", "Z")


def test_litellm_gets_its_configuration_as_a_file_and_the_environment(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise("print(sys.argv[1], open(sys.argv[2]).read(), os.environ['LITELLM_MASTER_KEY'])")
    assert supervisor.popen.wait(30) == 0
    assert supervisor.lines == ["--config model_list: [] the-key"]


def test_litellm_does_not_get_the_identity_of_the_app(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(
        "for process in os.getpid(), os.getppid():\n"
        "    env = open(f'/proc/{process}/environ').read().split('\\0')\n"
        "    print(sorted(one for one in env if one.startswith(('IDENTITY', 'MSI', 'LITELLM_MASTER'))))\n"
    )
    assert supervisor.popen.wait(30) == 0
    assert supervisor.lines == ["['LITELLM_MASTER_KEY=the-key']"] * 2


@pytest.mark.parametrize(
    ("end", "code"), [("sys.exit(3)", 3), (f"os.kill(os.getpid(), {signal.SIGKILL.value})", 128 + signal.SIGKILL)]
)
def test_it_ends_when_litellm_ends(supervise: Callable[..., Supervisor], end: str, code: int) -> None:
    assert supervise(end).popen.wait(30) == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_passes_on_the_signal_to_end(supervise: Callable[..., Supervisor], number: signal.Signals) -> None:
    # Not a handler: CPython runs it between instructions, and would sleep on if the signal came just before the sleep.
    block = f"import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [{number.value}])\n"
    supervisor = supervise(block + _START + f"signal.sigwait([{number.value}]); sys.exit(7)")
    supervisor.wait_for_start()
    supervisor.popen.send_signal(number)
    assert supervisor.popen.wait(30) == 7


@pytest.mark.parametrize(("reaction", "drain_s", "was_killed"), [("", 15.0, False), (_IGNORES_SIGTERM, 0.2, True)])
def test_litellm_is_restarted_when_it_has_too_much_memory(
    supervise: Callable[..., Supervisor], reaction: str, drain_s: float, *, was_killed: bool
) -> None:
    supervisor = supervise(reaction + _START + _FIRST_TIME_ONLY + _HOG + "\n" + _WAIT, drain_s=drain_s)
    second = supervisor.wait_for_start(2)
    assert not has_ended(second)
    line = json.loads(next(line for line in supervisor.lines if line.startswith("{")))
    assert 150 <= line.pop("megabytes") < 250
    assert line.pop("time").endswith("+00:00")
    assert line == {"event": "litellm_restarted", "reason": "memory", "was_killed": was_killed}


def test_the_memory_of_its_children_counts(supervise: Callable[..., Supervisor]) -> None:
    child = f"import subprocess; subprocess.Popen([sys.executable, '-c', {_HOG!r}])\n"
    assert supervise(_START + _FIRST_TIME_ONLY + child + _WAIT).wait_for_start(2)


def test_with_little_memory_it_goes_on(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise("import time; time.sleep(0.5)")
    assert supervisor.popen.wait(30) == 0
    assert supervisor.lines == []


def test_litellm_does_not_outlive_it(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(_START + _WAIT)
    litellm = supervisor.wait_for_start()
    supervisor.popen.kill()
    eventually(lambda: has_ended(litellm))
    assert has_ended(litellm)


def test_it_goes_on_after_it_was_stopped(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(_START + _WAIT)
    litellm = supervisor.wait_for_start()
    for _ in range(5):  # it has to be stopped while it waits for signals, and for longer than it waits
        supervisor.popen.send_signal(signal.SIGSTOP)
        eventually(lambda: state_of(supervisor.popen.pid) == "T")
        outlast(0.03)
        supervisor.popen.send_signal(signal.SIGCONT)
        eventually(lambda: state_of(supervisor.popen.pid) == "S" or supervisor.popen.poll() is not None)
    assert (supervisor.popen.poll(), has_ended(litellm)) == (None, False)
