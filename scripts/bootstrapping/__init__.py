"""What must exist before the first deployment: the state's home, the pipeline's identities, GitHub's environments."""
