"""Typed settings of every environment, checked before anything else happens."""

from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.loading import ENVIRONMENTS, environment_files, load_environment, load_environments

__all__ = [
    "ENVIRONMENTS",
    "EnvironmentSettings",
    "SettingsError",
    "environment_files",
    "load_environment",
    "load_environments",
]
