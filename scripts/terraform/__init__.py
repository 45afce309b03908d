"""From the synthesized stacks to a deployed gateway: plans, their words, the deployment, its summary."""
