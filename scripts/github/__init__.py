"""What our scripts write on GitHub: comments, issues, summaries."""
