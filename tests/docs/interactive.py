"""Stand-in for `az` and `gh` in a terminal: logins, `--query`, the folder's repository; the scripts' do the rest."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from tests.cloud import stand_in, store
from tests.cloud.gh.github import new


def main() -> None:
    """Log in, or call the scripts' stand-in and apply `--query` to its answer."""
    program, words = os.path.basename(sys.argv[0]), sys.argv[1:]  # noqa: PTH119
    if words in (["login"], ["auth", "login"]):
        return
    if program == "gh" and words[0] == "secret" and "--repo" not in words:
        words += ["--repo", str((store.read("gh.json") or new())["repository"]["full_name"])]  # as the folder's remote
    query = ""
    if program == "az" and "--query" in words:
        place = words.index("--query")
        query = words[place + 1]
        words = words[:place] + words[place + 2 :]
    ran = subprocess.run([store.path(f"scripted/{program}"), *words], stdout=subprocess.PIPE, text=True, check=False)
    if program == "az" and "none" in words:  # --output
        ran.stdout = ""
        query = ""
    if ran.returncode or not query:
        sys.stdout.write(ran.stdout)
        sys.stdout.flush()
        stand_in.end(ran.returncode)
    sys.stdout.write(f"{_select(query, json.loads(ran.stdout))}\n")


def _select(query: str, answer: object) -> str:
    """The subset of JMESPath in the documents: a path, paths and literals in `join`, lists, an object."""
    if query.startswith("[].[") and isinstance(answer, list):
        return "\n".join(_select(query.removeprefix("[]."), each) for each in answer)
    if query.startswith("["):
        return "\t".join(_select(path.strip(), answer) for path in query.strip("[]").split(","))
    if query.startswith("{"):
        named = (entry.split(":") for entry in query.strip("{}").split(","))
        return json.dumps({name.strip(): _select(path.strip(), answer) for name, path in named})
    joined = re.fullmatch(r"join\('', \[(.*)\]\)", query)
    if joined:
        # The local gateway serves http.
        return "".join(_select(part.strip(), answer) for part in joined[1].split(",")).replace("https:", "http:")
    if query.startswith("'"):
        return query.strip("'")
    for name in query.split("."):
        answer = answer[name] if isinstance(answer, dict) else None
    return str(answer)
