"""Bowerbird: keep what your production models should learn from."""

__version__ = "0.1.0"
