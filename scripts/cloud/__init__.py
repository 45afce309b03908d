"""Azure and GitHub, by way of their own command lines."""
