"""Azure and GitHub as a script sees them: programs on PATH that keep state, and the scripts run against them."""
