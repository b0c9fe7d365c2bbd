"""All that an answer rests on, in a form that can be checked and kept."""
