"""The script as a process that starts `az` and `gh` as processes: what the tests within one process cannot see."""

import os
import pty
import signal
import subprocess
import sys

from tests.bootstrap.runs import AZURE_KEY, HAS_KEY, PREFIX, REPOSITORY, environment_of, github
from tests.cloud.fixtures import ROOT, Cloud, Ran


def run(cloud: Cloud, *words: str) -> Ran:
    return cloud.run("scripts/bootstrap.py", "--skip-synth", "--env", "dev", *words, env=HAS_KEY)


def test_no_secret_is_in_an_argument_or_in_the_output(cloud: Cloud) -> None:
    github(cloud, "--dry-run")  # registers the apps
    cloud.forget_calls()
    ran = run(cloud, "github", "--repository", REPOSITORY)
    assert ran.code == 0, ran.err
    assert environment_of(cloud, "dev")["secrets"]["AZURE_OPENAI_API_KEY"] == AZURE_KEY
    assert len(cloud.secrets) == 2  # and the key that was made up
    words = [word for call in cloud.calls() for word in call.words]
    for secret in cloud.secrets:
        assert not any(secret in text for text in (ran.out, ran.err, *words))


def test_a_killed_process_is_completed_by_the_next_one(cloud: Cloud) -> None:
    words = ("group", "state", "identities", "--subject-prefix", PREFIX, "--environments-protected")
    cloud.kill(change=4, when="before")
    assert run(cloud, *words).code == -signal.SIGKILL
    assert cloud.state()["storage"] == {}
    assert run(cloud, *words).code == 0
    assert set(cloud.state()["storage"]) == {"pvcdevaigatewaystsan"}


def test_exit_codes_are_2_for_a_mistake_and_1_for_a_failure_without_a_traceback(cloud: Cloud) -> None:
    mistake = run(cloud, "--subscription", "Nowhere")
    cloud.fail("provider list", code="AuthorizationFailed", message="No.")
    failure = run(cloud, "preflight")
    cloud.without("az")
    nothing = run(cloud)
    assert [mistake.code, failure.code, nothing.code] == [2, 1, 2]
    assert "az is not on PATH" in nothing.err
    assert "Traceback" not in mistake.err + failure.err + nothing.err


def test_a_key_typed_at_a_terminal_is_not_shown(cloud: Cloud) -> None:
    github(cloud, "--env", "dev", "--dry-run")  # registers the apps
    ours, theirs = pty.openpty()
    words = ("github", "--skip-synth", "--repository", REPOSITORY, "--env", "dev")
    process = subprocess.Popen(
        [sys.executable, "scripts/bootstrap.py", *words],
        cwd=ROOT,
        env=cloud.environ,
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while b"set it later:" not in shown:
        shown += os.read(ours, 1024)
    os.write(ours, b"typed-by-a-person\n")
    while process.poll() is None:
        shown += _rest(ours)
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    assert b"AZURE_OPENAI_API_KEY of dev: The API key of the Azure OpenAI resource" in shown
    assert b"typed-by-a-person" not in shown
    assert environment_of(cloud, "dev")["secrets"]["AZURE_OPENAI_API_KEY"] == "typed-by-a-person"


def _rest(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1024)
    except OSError:  # Linux, when the other side has ended
        return b""
