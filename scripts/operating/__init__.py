"""A deployed gateway: its door, its keys, its revisions."""
