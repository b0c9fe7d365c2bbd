"""Which sightings show one physical machine: within a shot, across shots, clips and copies.

How two sightings relate depends on the two only (`sighting_pairs.py`). Which pairs are compared
depends on their looks (`ties.py`). What follows for all of them depends on the set of pairs, not on
their order (`machines.py`). People have the last word.
"""
