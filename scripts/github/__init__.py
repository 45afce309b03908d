"""What the scripts write to GitHub: comments, issues, job summaries."""
