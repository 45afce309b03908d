"""What must exist before the first deployment: resource groups, the state's home, identities, GitHub's environments."""
