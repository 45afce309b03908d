"""What a person does with `az` and `gh` besides what the scripts do: log in, and print one value of an answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from tests.cloud import edge


def main() -> None:
    """Log in, or ask the stand-in, and give of its answer what `--query` wants."""
    program, words = os.path.basename(sys.argv[0]), sys.argv[1:]  # noqa: PTH119
    if words in (["login"], ["auth", "login"]):
        return
    query = ""
    if program == "az" and "--query" in words:
        place = words.index("--query")
        query = words[place + 1]
        words = words[:place] + words[place + 2 :]
    ran = subprocess.run([edge.path(f"itself/{program}"), *words], stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode or not query:
        sys.stdout.write(ran.stdout)
        sys.stdout.flush()
        edge.end(ran.returncode)
    sys.stdout.write(f"{_asked(query, json.loads(ran.stdout))}\n")


def _asked(query: str, answer: object) -> str:
    """A path into the answer, or paths and texts that are joined."""
    joined = re.fullmatch(r"join\('', \[(.*)\]\)", query)
    if joined:
        # What is deployed here speaks http.
        return "".join(_asked(part.strip(), answer) for part in joined[1].split(",")).replace("https:", "http:")
    if query.startswith("'"):
        return query.strip("'")
    for name in query.split("."):
        answer = answer[name] if isinstance(answer, dict) else None
    return str(answer)
