"""Footage taken in: received in parts, checked, kept, and put on the list of work.

An upload's bytes lie in `uploads/ID.part` in the case's folder until all have come; then they
become footage that the case holds itself."""
