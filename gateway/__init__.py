"""What runs inside the replica, as functions of settings: two containers, their environment, probes and secrets."""
