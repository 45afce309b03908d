"""The bootstrap as a person runs it: the real scripts as processes, stand-ins for `az` and `gh` on PATH."""
