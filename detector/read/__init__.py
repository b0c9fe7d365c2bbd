"""Lines of text, marks by their looks, and marks that are hidden."""
