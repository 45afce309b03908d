"""The environments that this repository runs in, installed from locks."""
