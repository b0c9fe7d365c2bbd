"""Which sightings show one physical machine: within a shot, across shots, clips and copies.

What two sightings have to do with each other depends on the two alone (`pairs.py`), which are
looked at on what they look like (`ties.py`), and what follows for all of them on the set
of pairs, not on the order in which they came (`components.py`). People have the last word
(`decisions.py`).
"""
