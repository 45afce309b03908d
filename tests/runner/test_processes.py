"""Child processes: what they are given, and how they end."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from local.runner.errors import RunnerError
from local.runner.image import find_image
from local.runner.processes import Process, start

IMAGE = "ghcr.io/berriai/litellm:v1.103.2@sha256:" + 64 * "0"


def wait_for(process: Process, text: str) -> None:
    deadline = time.monotonic() + 20
    while text not in process.output():
        assert time.monotonic() < deadline, process.output()
        time.sleep(0.02)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_a_process_gets_its_own_environment_and_little_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_gateway_key", "canary")
    monkeypatch.setenv("PYTHONPATH", "canary")
    with start("p", python("import os; print(dict(os.environ), os.getcwd(), 'done')"), env={"MINE": "1"}) as process:
        wait_for(process, "done")
        assert "'MINE': '1'" in process.output()
        assert "canary" not in process.output()


def test_what_it_wrote_is_gone_with_it() -> None:
    with start("p", python("import os; print(os.environ['TMPDIR'])"), env={}) as process:
        wait_for(process, "\n")
        folder = Path(process.output().strip())
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.skipif(os.name == "nt", reason="process groups")
def test_its_children_end_with_it() -> None:
    code = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "print(child.pid, flush=True); time.sleep(60)"
    )
    with start("p", python(code), env={}) as process:
        wait_for(process, "\n")
        child = int(process.output())
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(child, 0)
            if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":  # ended, and not waited for yet
                break
        except (ProcessLookupError, FileNotFoundError):  # it may be waited for between the two
            break
        time.sleep(0.02)
    else:
        pytest.fail("the child is still there")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_one_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.runner.processes._GRACE_S", 0.2)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    with start("p", python(code), env={}) as process:
        wait_for(process, "on")
    assert process.popen.returncode == -signal.SIGKILL


def test_one_that_ends_early_is_told_with_its_last_words() -> None:
    with start("litellm", python("import sys; print('no such model'); sys.exit(3)"), env={}) as process:
        process.popen.wait()
        with pytest.raises(RunnerError, match=r"litellm ended with exit code 3(.|\n)*no such model"):
            process.check()


def test_a_child_that_was_killed_is_told_like_that() -> None:
    with start("litellm", python("import sys; sys.exit(137)"), env={}) as process:
        process.popen.wait()
        with pytest.raises(RunnerError, match=r"litellm was killed \(SIGKILL\)"):
            process.check()


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(
    ("number", "message"),
    [
        (signal.SIGKILL, r"litellm was killed \(SIGKILL\)\. .*memory(.|\n)*last words"),
        (signal.SIGTERM, r"litellm was stopped by the signal SIGTERM\.(.|\n)*last words"),
    ],
)
def test_one_that_a_signal_ended_is_told_with_the_signal_and_its_meaning(number: signal.Signals, message: str) -> None:
    code = f"import os; print('last words', flush=True); os.kill(os.getpid(), {number.value})"
    with start("litellm", python(code), env={}) as process:
        process.popen.wait()
        with pytest.raises(RunnerError, match=message):
            process.check()


def test_the_image_is_the_environment_of_its_version(tmp_path: Path) -> None:
    programs = tmp_path / ".image/litellm-1.103.2" / ("Scripts" if os.name == "nt" else "bin")
    programs.mkdir(parents=True)
    for image in (IMAGE, IMAGE.replace(":v", ":main-v").replace("@", "-stable@")):
        assert find_image(image, root=tmp_path) == programs
    with pytest.raises(RunnerError, match="no `python`"), start("p", ("python",), env={}, programs=programs):
        pass


def test_an_image_without_environment_or_lock_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "local/image").mkdir(parents=True)
    (tmp_path / "local/image/litellm-1.103.2.txt").touch()
    with pytest.raises(RunnerError, match=r"scripts/up\.py"):
        find_image(IMAGE, root=tmp_path)
    with pytest.raises(RunnerError, match=r"LiteLLM 1\.99\.0, but .* litellm-1\.103\.2 only"):
        find_image(IMAGE.replace("103.2", "99.0"), root=tmp_path)
    with pytest.raises(RunnerError, match="some-image"):
        find_image("some-image", root=tmp_path)
