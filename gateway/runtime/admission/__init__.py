"""Which requests are admitted, and in which form they go on."""
