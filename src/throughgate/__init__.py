"""Throughgate runs the partnerships between correctional facilities and the community."""

__version__ = "0.1.0"
