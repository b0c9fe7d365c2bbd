"""The case store: a folder and a database, SQLite by default, PostgreSQL by URL.

>>> from evidence.store import Case
>>> case = Case.new("plant-12", "Plant 12")           # doctest: +SKIP
"""

from __future__ import annotations

from evidence.store.case import Case as Case
from evidence.store.derived import AnalysisRow as AnalysisRow
from evidence.store.derived import Copy as Copy
from evidence.store.derived import Decision as Decision
from evidence.store.derived import Flag as Flag
from evidence.store.derived import Link as Link
from evidence.store.derived import LookRow as LookRow
from evidence.store.derived import MachineRow as MachineRow
from evidence.store.derived import Membership as Membership
from evidence.store.derived import PrintRow as PrintRow
from evidence.store.derived import ReadingRow as ReadingRow
from evidence.store.derived import ShotRow as ShotRow
from evidence.store.derived import SightingRow as SightingRow
from evidence.store.derived import StillRow as StillRow
from evidence.store.derived import Verdict as Verdict
from evidence.store.lock import Held as Held
from evidence.store.models import CaseRow as CaseRow
from evidence.store.models import FootageRow as FootageRow
from evidence.store.models import FormerPlace as FormerPlace
from evidence.store.models import Location as Location
from evidence.store.models import Recipe as Recipe
from evidence.store.models import Run as Run
from evidence.store.models import Work as Work
from evidence.store.people import Account as Account
from evidence.store.people import Chance as Chance
from evidence.store.people import ControlRow as ControlRow
from evidence.store.people import Correction as Correction
from evidence.store.people import Draw as Draw
from evidence.store.people import Item as Item
from evidence.store.people import Login as Login
from evidence.store.people import Token as Token
from evidence.store.people import Upload as Upload
