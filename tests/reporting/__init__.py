"""The report: arithmetic, page, command, and a look at it in a browser."""
