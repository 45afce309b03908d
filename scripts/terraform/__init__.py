"""From synthesized stacks to a deployed gateway: plan, warnings, deployment."""
