"""Failover between the regions of a model."""
