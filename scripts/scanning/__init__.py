"""What checkov finds in the synthesized stacks, and what of it is accepted."""
