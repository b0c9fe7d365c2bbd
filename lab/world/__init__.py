"""A world whose truth is known, from its footage to the answer (`python -m lab.world`)."""
