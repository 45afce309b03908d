"""What checkov finds in the synthesized stacks, and what of it we leave as it is."""
