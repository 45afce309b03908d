"""Rate limits: those of the projects, and Azure's quota."""
