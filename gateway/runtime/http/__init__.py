"""HTTP: the server, its handler, health probes and shutdown."""
