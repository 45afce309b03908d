"""Child processes: their progress, their failures, and their end."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from scripts.cli.error_handling import ScriptError
from scripts.cli.file_lock import file_lock
from scripts.cli.processes import Processes, run_in_parallel
from scripts.setup.paths import ROOT


def python(code: str) -> list[str]:
    """A command that runs this code."""
    return [sys.executable, "-c", code]


def test_returns_what_was_printed_on_either_stream() -> None:
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    assert Processes().run(python(code)).split() == ["out", "err"]


def test_a_failure_has_the_last_lines_and_the_exit_code() -> None:
    with pytest.raises(ScriptError) as failure:
        Processes().run(python("import sys; print(*range(100), sep='\\n'); sys.exit(7)"))
    assert failure.value.code == 7
    assert str(failure.value).splitlines() == [str(number) for number in range(85, 100)]


def test_jobs_run_at_the_same_time(tmp_path: Path) -> None:
    wait_for = "import pathlib, sys, time\nmine, other = map(pathlib.Path, sys.argv[1:])\nmine.touch()\n"
    wait_for += "for _ in range(6000):\n    if other.exists(): sys.exit(0)\n    time.sleep(0.01)\nsys.exit(1)"
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    run_in_parallel(
        {
            "a": lambda it: it.run([*python(wait_for), a, b]),
            "b": lambda it: it.run([*python(wait_for), b, a]),
        }
    )


def test_the_first_failure_ends_the_others_with_what_they_started() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    start = time.monotonic()
    with pytest.raises(ScriptError, match=r"^broken$"):
        run_in_parallel(
            {
                "slow": lambda it: it.run(python(child)),
                "bad": lambda it: it.run(python("import time; time.sleep(0.5); raise SystemExit('broken')")),
            }
        )
    assert time.monotonic() - start < 20


def test_ctrl_d_at_a_question_is_a_line_and_no_traceback() -> None:
    code = "from scripts.cli.error_handling import error_handling\nwith error_handling():\n    input('Sure? ')"
    ran = subprocess.run(python(code), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "Sure? ")
    assert ran.stderr == "\nStopped: the question was not answered.\n"


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="nowhere"):
        run_in_parallel({"job": lambda it: it.run([tmp_path / "nowhere"])})


def test_each_job_is_told_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    run_in_parallel({"the first": lambda _: None, "the second": lambda _: None})
    output = capsys.readouterr()
    assert output.out == ""
    assert "the first, the second ..." in output.err
    assert re.search(r"^the second: \d+\.\d s$", output.err, re.MULTILINE)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does without")
def test_two_setups_of_a_folder_take_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with file_lock(tmp_path / "lock", if_taken="waiting"):
            order.append("second")

    thread = threading.Thread(target=second)
    logged, deadline = "", time.monotonic() + 30
    with file_lock(tmp_path / "lock"):
        thread.start()
        while "waiting" not in logged and time.monotonic() < deadline:
            thread.join(0.01)
            logged += capsys.readouterr().err
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert "waiting" in logged
