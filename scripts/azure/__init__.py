"""A deployed gateway in Azure: its address, its keys, its revisions."""
