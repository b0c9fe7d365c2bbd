"""Footage taken in: received in parts, checked, kept, and put on the list of work.

An upload's bytes lie in `uploads/ID.part` in the case's folder until all have come; then they
become footage that the case holds itself.
"""

from __future__ import annotations

from evidence.uploads.bounds import Bounds as Bounds
from evidence.uploads.bounds import Claims as Claims
from evidence.uploads.intake import Uploads as Uploads
from evidence.uploads.shown import Shown as Shown
from evidence.uploads.shown import show as show
