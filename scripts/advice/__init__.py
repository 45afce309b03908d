"""What messages mean and what to do about them: one TOML file for each section of docs/troubleshooting.md.

Commands look up their advice here; `scripts/troubleshooting.py` writes the page from it.
"""
