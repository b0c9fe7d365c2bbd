"""Labelled photographs: annotations read, checked, split by source and written."""
