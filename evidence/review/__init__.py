"""Reviewing: what a person is shown, in what order, what they judged, and how far they agree.

    flags, draws, verdicts -> items -> queue -> card -> verdict -> standing -> items

An `Item` follows from the flags, the audit sample and the log of verdicts, and can be made
again from them at any time (`items.py`).
"""
