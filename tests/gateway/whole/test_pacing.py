"""Streams that are faster than LiteLLM, or that nobody reads any more; the real LiteLLM."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .azure_regions import AzureRegions, eventually, litellm_pid
from .conftest import Client
from .surfaces import CODEX

pytestmark = pytest.mark.litellm

_TICKS = os.sysconf("SC_CLK_TCK")


def _chat(client: Client, prompt: str) -> list[str]:
    """Return the texts of the chunks."""
    stream = client.sdk.chat.completions.create(
        model=CODEX, messages=[{"role": "user", "content": prompt}], stream=True
    )
    return [text for chunk in stream for choice in chunk.choices if (text := choice.delta.content)]


def test_a_stream_that_is_faster_than_litellm_arrives_whole_and_in_fewer_chunks(client: Client) -> None:
    texts = _chat(client, "count to 500")
    assert "".join(texts) == " ".join(map(str, range(1, 501)))
    assert 2 < len(texts) < 100
    assert client.line()["merged_events"] == 500 - len(texts)


def test_a_stream_that_is_slower_than_litellm_arrives_as_it_was_sent(client: Client) -> None:
    texts = _chat(client, "pace 10 count to 10")
    assert "".join(texts) == " ".join(map(str, range(1, 11)))
    assert len(texts) == 10 - client.line()["merged_events"]
    assert len(texts) > 5  # all of them, on a machine that is not busy


def test_clients_that_leave_end_litellms_work(azure: AzureRegions, client: Client) -> None:
    def leave(_: int) -> None:
        with client.sdk.chat.completions.create(
            model=CODEX, messages=[{"role": "user", "content": "pace 100 count to 9999"}], stream=True
        ) as stream:
            next(iter(stream))

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(leave, range(5)))
    assert eventually(lambda: [request["status"] for request in azure.requests()] == ["client_gone"] * 5)
    assert eventually(lambda: _is_idle(litellm_pid(azure.session)))
    assert _chat(client, "echo: hello") == ["hello"]


def _is_idle(pid: int) -> bool:
    """Whether a process hardly works for half a second; five streams of a hundred events a second keep it busy."""
    before = _cpu_s(pid)
    time.sleep(0.5)
    return _cpu_s(pid) - before < 0.03


def _cpu_s(pid: int) -> float:
    """https://man7.org/linux/man-pages/man5/proc.5.html."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
