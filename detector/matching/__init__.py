"""Readings against the marks of the registry."""
