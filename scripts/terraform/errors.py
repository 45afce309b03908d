"""Terraform's error, with what it means and what to do above its own words."""

from __future__ import annotations

import re

from scripts.advice.entries import for_terraform

MAX_LINES = 40
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ERROR = re.compile(r"^(?:\S+  )?\W*Error: ")
_PREFIX = re.compile(r"^(?:aigateway-\S+ )? *")
_CLI = re.compile(r"^(?:\d+ Stacks? deploying\b.*|\S  Processing|non-zero exit code \d+|Invoking Terraform CLI .*)$")


def explain(output: str, *, env: str, folder: object) -> str:
    """The error in the output; above it the advice, if it is known."""
    error = error_of(output)
    advice = for_terraform(_one_line(error))
    text = advice.text.format(env=env, folder=folder) if advice else ""
    return "\n\n".join(filter(None, [text, error]))


def is_state_missing(output: str) -> bool:
    """Whether there is no state, and the identity that plans may not create one."""
    return bool(re.search(r"failed to lock azure state: .*\b403\b", _one_line(error_of(output))))


def error_of(output: str) -> str:
    """From the first error on, without what the cdktf CLI draws around it; without an error the last lines."""
    lines = [line.rstrip() for line in _ANSI.sub("", output).replace("\r", "").splitlines()]
    start = next((number for number, line in enumerate(lines) if _ERROR.match(line)), max(0, len(lines) - MAX_LINES))
    lines = [_PREFIX.sub("", line) if line.startswith(("aigateway-", " ")) else line for line in lines[start:]]
    lines = [line for line in lines if not _CLI.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines[:MAX_LINES])).strip()


def _one_line(text: str) -> str:
    """Without the line breaks of the terminal's width."""
    return " ".join(text.split())
