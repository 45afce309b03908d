"""Typed settings of every environment, checked before anything else happens."""
