"""A stand-in for the GitHub CLI: the commands and paths that the scripts use, with GitHub's own refusals."""
