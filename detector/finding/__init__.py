"""Machines, marks and controls in one picture."""
