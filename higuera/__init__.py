"""Higuera takes a web stack to a plain Debian VPS and never lets a bad release take traffic."""

__version__ = "0.1.0"
