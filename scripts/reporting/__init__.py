"""Parts of scripts/report.py: from lines of the access log to series of numbers, and from these to a page."""
