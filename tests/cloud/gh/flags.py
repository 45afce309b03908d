"""How `gh` reads its command line; what its manual does not name is an unknown flag."""

from __future__ import annotations

VALUE = {
    "api": {"--method": "-X", "--input": "", "--field": "-F", "--raw-field": "-f"},
    "variable list": {"--repo": "-R", "--env": "-e", "--json": ""},
    "variable set": {"--repo": "-R", "--env": "-e", "--body": "-b"},
    "variable delete": {"--repo": "-R", "--env": "-e"},
    "secret list": {"--repo": "-R", "--env": "-e", "--json": ""},
    "secret set": {"--repo": "-R", "--env": "-e", "--body": "-b"},
}
SWITCHES = {"api": {"--paginate"}}


class UsageError(Exception):
    """What gh answers to words that it does not know."""


def parse(words: list[str]) -> tuple[str, list[str], dict[str, list[str]]]:
    """The command, its positional arguments, and its flags, each with the values given."""
    command = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in VALUE), None)
    if command is None:
        raise UsageError(f'unknown command "{" ".join(words[:2])}" for "gh"')
    long = {short: name for name, short in VALUE[command].items() if short}
    rest, positional, flags = iter(words[len(command.split()) :]), [], {}
    for word in rest:
        name = long.get(word, word)
        if name in SWITCHES.get(command, ()):
            flags[name] = [""]
        elif name in VALUE[command]:
            value = next(rest, None)
            if value is None:
                raise UsageError(f"flag needs an argument: {word}")
            flags.setdefault(name, []).append(value)
        elif word.startswith("-"):
            raise UsageError(f"unknown flag: {word}")
        else:
            positional.append(word)
    return command, positional, flags
