"""How well sightings are linked to machines: wrong merges and wrong splits, apart.

python -m bench.linking [--seeds 101 102] [--clips 8] [--looked] [--data FOLDER]

With --data, the folder of the labelled photographs, linking is measured on those and on the
clips made of them as well.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from sqlalchemy import func, select

from bench.link_real import known_in_clip, photographs
from bench.link_sets import Known, drawn_copies, drawn_survey, known
from datasets.maker.archive import ArchiveSpec, make_archive
from datasets.registry import load_registry
from detector.types import Survey
from evidence.linking.update import update_machines
from evidence.store import Case, Copy, Link, Membership
from evidence.store.keys import analysis_id, settings_key, sighting_key
from evidence.store.record import record_survey

SHOWN = ("a copy", "one clip, found twice", "other shot, same camera, other framing")
"""Of pairs split these are told one by one: they ought to be found."""


@dataclass
class Count:
    """Pairs of sightings by cause, wrong ones and all, and the bad rows."""

    merged: Counter[str] = field(default_factory=Counter)
    different: Counter[str] = field(default_factory=Counter)
    split: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    joined: int = 0
    machines: int = 0
    mixed: int = 0
    true: int = 0
    broken: int = 0
    rows: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.linking", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[101, 102, 103, 104])
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--looked", action="store_true", help="look at the clips as a sweep does")
    parser.add_argument("--data", type=Path, help="the labelled photographs")
    given = parser.parse_args()
    if given.data:
        photographs(given.data)
        report(clips(given.data))
    count = Count()
    for seed in given.seeds:
        with tempfile.TemporaryDirectory(prefix="nameplate-linking-") as scratch:
            size = (given.width, given.width * 9 // 16)
            spec = ArchiveSpec(seed=seed, clips=given.clips, size=size)
            folder = Path(scratch)
            truth = make_archive(folder / "archive", spec)
            surveys: list[Survey] = []
            kept: dict[str, Known] = {}
            for clip in truth.clips:
                survey = look(folder / "archive" / clip.file) if given.looked else None
                survey = survey or drawn_survey(folder / "archive", clip, truth)
                surveys.append(survey)
                key = _key(survey)[0]
                for name, one in known(survey, clip, truth).items():
                    kept[sighting_key(key, name)] = one
            copies = None
            if not given.looked:
                hashes = {
                    clip.file: s.analysis.footage.sha256
                    for clip, s in zip(truth.clips, surveys, strict=True)
                }
                copies = drawn_copies(truth, hashes, _key(surveys[0])[1])
            found, seconds = linked(folder / "case", surveys, copies)
            measure(found, kept, count)
            print(f"seed {seed}: {len(kept)} sightings, linked in {seconds:.1f} s", flush=True)
    if given.seeds:
        report(count)


def clips(data: Path) -> Count:
    """The clips made of photographs, looked at as a sweep does."""
    count = Count()
    surveys, kept = [], {}
    for plan in sorted((data / "clips").glob("news-*.json")):
        clip = next(p for p in plan.parent.glob(f"{plan.stem}.*") if p.suffix != ".json")
        surveys.append(look(clip))
        key = _key(surveys[-1])[0]
        for name, one in known_in_clip(surveys[-1], clip, data).items():
            kept[sighting_key(key, name)] = one
    with tempfile.TemporaryDirectory(prefix="nameplate-linking-") as scratch:
        found, seconds = linked(Path(scratch) / "case", surveys, None)
    print(f"clips of photographs: {len(kept)} sightings, linked in {seconds:.1f} s")
    measure(found, kept, count)
    return count


def look(path: Path) -> Survey:
    """The survey as a sweep makes it."""
    from detector.analyze import Analyst

    if not _ANALYST:
        _ANALYST.append(Analyst())
    analyst: Analyst = _ANALYST[0]
    return analyst.survey(path)


_ANALYST: list = []


def _key(survey: Survey) -> tuple[str, str]:
    analysis = survey.analysis
    settings = settings_key(analysis.settings_hash, load_registry().digest)
    return analysis_id(analysis.footage.sha256, analysis.model_hash, settings), settings


def linked(
    folder: Path, surveys: Iterable[Survey], copies: Sequence[Copy] | None
) -> tuple[dict[str, str], float]:
    """Machine ids by sighting key, and the seconds that linking took.

    copies: those known; None to look for them.
    """
    registry = load_registry()
    with Case.new(folder, "bench") as case:
        model = settings = ""
        shas = []
        for survey in surveys:
            with case.session() as session, session.begin():
                record_survey(session, case, survey, registry)
            model, settings = survey.analysis.model_hash, _key(survey)[1]
            shas.append(survey.analysis.footage.sha256)
        with case.session() as session, session.begin():
            session.add_all(copies or ())
        for sha in shas if copies is None else ():
            from evidence.copies.update import update_copies

            with case.session() as session, session.begin():
                update_copies(session, sha, model, settings)
        began = time.perf_counter()
        with case.session() as session, session.begin():
            update_machines(session, model, settings)
        took = time.perf_counter() - began
        with case.session() as session:
            rows = session.execute(select(Membership.sighting, Membership.machine)).all()
            kinds = session.execute(
                select(Link.kind, Link.held, func.count()).group_by(Link.kind, Link.held)
            ).all()
            print("links:", ", ".join(f"{n} {k}{'' if h else ' (not held)'}" for k, h, n in kinds))
        return {row[0]: row[1] for row in rows}, took


def measure(found: dict[str, str], kept: dict[str, Known], count: Count) -> None:
    """Adds what was wrongly merged and wrongly split."""
    real = {key: one for key, one in kept.items() if one.machine is not None}
    for a, b in combinations(sorted(real), 2):
        one, other = real[a], real[b]
        merged = found[a] == found[b]
        if one.machine == other.machine:
            if str(one.machine).endswith("?"):
                continue
            cause = same_cause(one, other)
            count.same[cause] += 1
            if not merged:
                count.split[cause] += 1
                if cause in SHOWN:
                    count.rows.append(f"split ({cause}): {one} and {other}")
        else:
            cause = other_cause(one, other)
            count.different[cause] += 1
            if merged:
                count.merged[cause] += 1
                count.rows.append(f"merged ({cause}): {one} and {other}")
        count.joined += merged
    groups: dict[str, set[str]] = defaultdict(set)
    parts: dict[str, set[str]] = defaultdict(set)
    for key, one in real.items():
        assert one.machine is not None
        groups[found[key]].add(one.machine)
        parts[one.machine].add(found[key])
    count.machines += len(groups)
    count.mixed += sum(len(group) > 1 for group in groups.values())
    count.true += len(parts)
    count.broken += sum(len(part) > 1 for part in parts.values())


def same_cause(a: Known, b: Known) -> str:
    """In what two sightings of one machine differ."""
    if a.file == b.file and a.shot == b.shot:
        return "one clip, found twice"
    if a.family == b.family and a.shot == b.shot:
        return "a copy"
    place = {"home": 0, "framed": 0, "zoomed": 1, "moved": 2, "turned": 3}
    worst = max(place[a.angle], place[b.angle])
    where = "other shot" if a.file == b.file else "other clip"
    how = ("same camera, other framing", "zoomed", "camera moved", "turned by 20 degrees or more")
    return f"{where}, {how[worst]}"


def other_cause(a: Known, b: Known) -> str:
    """What two different machines have in common."""
    if a.hall == b.hall:
        return "identical neighbour" if a.model == b.model else "same hall"
    return "same model, other hall" if a.model == b.model else "nothing"


def report(count: Count) -> None:
    pairs, same = count.joined, sum(count.same.values())
    merged, split = sum(count.merged.values()), sum(count.split.values())
    print(
        f"\nwrong merges: {merged} of {pairs} pairs merged ({merged / max(1, pairs):.2%}); "
        f"{count.mixed} of {count.machines} machines found hold more than one"
    )
    print(
        f"wrong splits: {split} of {same} pairs of one machine ({split / max(1, same):.1%}); "
        f"{count.broken} of {count.true} machines are in parts, "
        f"{count.machines} found for {count.true}\n"
    )
    print("| two machines with | pairs | wrongly merged |\n|---|---|---|")
    for cause, number in sorted(count.different.items()):
        print(f"| {cause} | {number} | {count.merged[cause]} |")
    print("\n| one machine in | pairs | wrongly split | share |\n|---|---|---|---|")
    for cause, number in sorted(count.same.items()):
        print(f"| {cause} | {number} | {count.split[cause]} | {count.split[cause] / number:.0%} |")
    for row in count.rows:
        print(row)


if __name__ == "__main__":
    main()
