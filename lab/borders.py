"""The borders between the stages of a sweep, at which whoever crosses one can be made to die."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Border:
    """Before or after the `nth` call, in one process, of a function that leads a stage.

    at: module:function, or module:Class.method. given: a text that its arguments, written
    out, must hold.
    """

    stage: str
    when: Literal["before", "after"]
    at: str
    nth: int = 1
    given: str = ""

    def __str__(self) -> str:
        return f"{self.stage}: {self.when} {self.at.partition(':')[2]}, call {self.nth}"

    def environment(self, flag: Path, hooks: Path) -> dict[str, str]:
        """What makes a process that starts with it die at this border, once for one `flag`."""
        return {
            "PYTHONPATH": str(hooks),
            "NAMEPLATE_KILL_AT": self.at,
            "NAMEPLATE_KILL_WHEN": self.when,
            "NAMEPLATE_KILL_NTH": str(self.nth),
            "NAMEPLATE_KILL_IF": self.given,
            "NAMEPLATE_KILL_FLAG": str(flag),
        }


def _both(stage: str, at: str, nth: int = 1, given: str = "") -> tuple[Border, Border]:
    return Border(stage, "before", at, nth, given), Border(stage, "after", at, nth, given)


# Commits of the lock holder, by number: the first ones add recipe, run and work, then each clip
# has one for its rows and one for its copies, the last ones link machines and end the run.
_COMMITS = (1, 2, 3, 5, 8, 13)

BORDERS: tuple[Border, ...] = (
    # Workers.
    *_both("identify", "evidence.sweep.task:identify"),
    *_both("survey", "evidence.sweep.task:survey", 2),
    Border("open", "after", "detector.footage.files:open_footage", 2),
    Border("sweep", "after", "detector.look.sweep:sweep", 2),
    Border("read overlays", "after", "detector.screen.overlay:OverlayFinder.settle", 2),
    Border("watch", "before", "detector.look.watch:watch", 2),
    Border("examine", "after", "detector.examining.examine:Examiner.examine"),
    # The lock holder.
    *_both("lock", "evidence.store.lock:_lock_file"),
    *_both("list the work", "evidence.store.work:add_work"),
    *_both("note the run", "evidence.store.runs:begin_run"),
    *_both("equip the workers", "evidence.sweep.crew:Crew.__init__"),
    *_both("hand out", "evidence.sweep.crew:Crew.give", 3),
    *_both("keep a still", "evidence.store.case:Case.put_still", 2),
    *_both("name a still", "pathlib:Path.replace", 2, "/stills/"),
    *_both("record a survey", "evidence.store.record:record_survey", 2),
    *_both("strike off the list", "evidence.store.work:done", 2),
    *_both("set aside", "evidence.store.work:set_aside"),
    *_both("find copies", "evidence.copies.update:update_copies", 3),
    *_both("link machines", "evidence.linking.update:update_machines"),
    *_both("note the end", "evidence.store.runs:end_run"),
    *(
        border
        for nth in _COMMITS
        for border in _both("commit", "sqlalchemy.engine.default:DefaultDialect.do_commit", nth)
    ),
)
