"""Marks that no reader reads, known by their looks."""
