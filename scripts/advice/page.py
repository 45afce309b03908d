"""docs/troubleshooting.md, made from the entries."""

from __future__ import annotations

import re

from scripts.advice.entries import Entry, Section, sections

HEAD = """<!-- written by scripts/troubleshooting.py --write, from scripts/advice/*.toml -->
# Troubleshooting

Find a message by its words; `...` stands for a name or a value. Three things help with any failure:

- `python3 scripts/smoke.py --env ENV --base-url https://HOST` says which layer fails.
- The `x-request-id` of a response is `request_id` in [the log](log.md).
- Every script can be repeated."""
_TABLE = "| message | meaning, and what to do |\n|---|---|"
_WORDS = {
    "after": "N",
    "api_version": "VERSION",
    "azure_key": "`TF_VAR_NAME_api_key`, its GitHub secret and its vault secret",
    "deployment": "DEPLOYMENT",
    "endpoint": "the endpoint",
    "env": "ENV",
    "folder": "FOLDER",
    "gateway_key": "docs/clients.md",
    "model": "MODEL",
    "project": "PROJECT",
    "settings": "the settings",
    "table": "the model's table",
}
"""What a command fills in, as the page says it."""
_COMMANDS = re.compile(r"\{(attempts|log|revisions|system_log|litellm_log)\}")
"""An action with a command for one environment is not on the page."""
_QUOTE = re.compile(r": \{said\}\.?")
_DOCS = re.compile(r"\bdocs/([\w/-]+)\.md(#[\w-]+)?")


def page() -> str:
    """The whole file."""
    parts = [_section(section) for section in sections() if any(map(_quoted, section.entries))]
    return "\n\n".join([HEAD, *parts]) + "\n"


def _section(section: Section) -> str:
    rows = [_row(entry) for entry in section.entries if _quoted(entry)]
    return "\n\n".join(filter(None, [f"## {section.title}", section.text, "\n".join([_TABLE, *rows])]))


def _quoted(entry: Entry) -> str:
    return entry.message or next(iter(entry.code), "")


def _row(entry: Entry) -> str:
    status = f"{entry.status[0]}. " if entry.section == "gateway" and entry.status else ""
    actions = [action for action in entry.actions if not _COMMANDS.search(action)]
    text = status + " ".join(_sentence(part) for part in (entry.meaning, *actions) if part)
    return f"| `{_quoted(entry)}` | {text} |".replace("\n", " ")


def _sentence(text: str) -> str:
    words = _QUOTE.sub(".", text).format_map(_WORDS)
    linked = _DOCS.sub(lambda found: f"[{found[1]}]({found[1]}.md{found[2] or ''})", words)
    first = linked[:1].upper() + linked[1:]
    return first if first.endswith(".") else f"{first}."
