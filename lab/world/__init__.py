"""A whole case end to end, in a world whose truth is known: footage drawn, swept, judged, asked.

plan.py     which machines stand in which plant, and which clips show them
footage.py  the plan drawn: clips, copies, controls, with the truth of each; the source lists
people.py   simulated reviewers, who judge from the truth and err as often as stated
outcome.py  what the sweep found and the answer, beside the truth; the table in docs/statistics.md
"""
