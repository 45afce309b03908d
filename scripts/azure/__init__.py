"""A deployed gateway in Azure: container app, revisions, keys."""
