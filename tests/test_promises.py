"""What the product promises, a test each, on one archive with machines and hostile files in it.

Each has more tests where its parts are:

- P1: `detector/footage/test_decoder_limits.py`.
- P2: `evidence/case/test_record.py` (killed at every step of storing a clip),
  `evidence/work/test_processes.py`.
- P3: `evidence/answer/test_package.py`.
- P4: `detector/footage/test_decoder_limits.py` (every damage), `evidence/work/test_sweep.py`
  (clips that kill a worker, or outlast their time).
- P5: `detector/footage/test_manifest.py`.
- P6: `evidence/case/test_verdicts.py`, `evidence/review/test_judge.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import bagit
import psutil
import pytest
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from datasets.errors import UsageError
from datasets.maker.scene import draw_still
from datasets.registry import load_registry
from evidence.answer.package import recompute, write_package
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow, Verdict
from evidence.case.tables import Item
from evidence.case.verdicts import append, verify
from evidence.review.audit import RATES, AuditPlan
from evidence.review.items import rebuild
from evidence.review.judgement import TestContext, judge
from evidence.work.progress import read_status
from tests.detector.damage import damages
from tests.detector.signed import sign
from tests.evidence.work.helping import ROOT, Clip, start, until, works, write_clip
from tests.rows import rows

# Whoever follows it leaves the machine: an address that is nobody's (RFC 5737).
ELSEWHERE = "http://192.0.2.9/hall.c2pa"
GOOD = ("a-hall.mp4", "b-hall.mp4", "foto")
HOSTILE = {
    "a playlist renamed .mp4": "disguised",
    "no bytes": "empty",
    "noise behind an MP4 header": "no-pictures",
    "a 16000x16000 clip": "too-large",
    "a clip claiming a thousand million": "too-large",
    "sound only": "no-pictures",
    "encrypted": "encrypted",
}

# Python tells an audit hook of each name looked up and each connection opened. It is installed by
# the interpreter's own start-up file, in all of its processes.
HOOK = """
import os, sys
def watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        said = args[0] if event.startswith("socket.get") else args[1]
        with open(os.environ["NETWORK_LOG"], "a") as log:
            log.write(f"{event} {said}\\n")
sys.addaudithook(watch)
"""
# Runs commands where there is no network but this machine's own. It gives what the kernel counted
# there: what was sent to elsewhere, by whatever code, and datagrams, as names are asked for by.
ALONE = """
import fcntl, json, os, socket, struct, subprocess, sys
if sys.argv[2:] != ["with others"]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any:
        fcntl.ioctl(any, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
commands = json.loads(sys.argv[1])
codes = [subprocess.run(command, stdout=sys.stderr).returncode for command in commands]
lines = open("/proc/self/net/snmp").read().splitlines()
told = {}
for names, values in zip(lines[::2], lines[1::2]):
    told |= {names.split()[0] + n: int(v) for n, v in zip(names.split()[1:], values.split()[1:])}
if os.path.exists("/proc/self/net/snmp6"):
    told |= {k: int(v) for k, v in map(str.split, open("/proc/self/net/snmp6"))}
sent = ("Ip:OutNoRoutes", "Ip6OutNoRoutes", "Udp:OutDatagrams", "Udp6OutDatagrams")
print(json.dumps([codes, {name: told[name] for name in sent if name in told}]))
"""


@dataclass(frozen=True)
class Watched:
    """How commands ended, and who was spoken to: by Python, and as the kernel counted it (None
    where no network of its own is allowed)."""

    codes: list[int]
    heard: list[str]
    sent: dict[str, int] | None


APART = ("unshare", "--net", "--map-root-user")


@cache
def apart() -> bool:
    """Whether a process may have a network of its own."""
    try:
        made = subprocess.run([*APART, sys.executable, "-c", ALONE, "[]"], capture_output=True)
    except FileNotFoundError:
        return False
    return made.returncode == 0


def watch(folder: Path, *commands: list[str]) -> Watched:
    (folder / "sitecustomize.py").write_text(HOOK, "utf-8")
    log = folder / "network.log"
    log.write_bytes(b"")
    environment = os.environ | {
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "NETWORK_LOG": str(log),
        "HOME": str(folder),
    }
    told = json.dumps([[sys.executable, *command] for command in commands])
    here = [sys.executable, "-c", ALONE, told]
    done = subprocess.run(
        [*APART, *here] if apart() else [*here, "with others"],
        env=environment,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    codes, sent = json.loads(done.stdout)
    return Watched(codes, log.read_text("utf-8").splitlines(), sent if apart() else None)


def states(folder: Path) -> dict[str, tuple[object, ...]]:
    """What every file is, and when it or anything about it was changed."""
    return {
        str(path.relative_to(folder)): (
            path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
            path.stat().st_ctime_ns,
        )
        for path in [folder, *folder.rglob("*")]
    }


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """Two clips and a photograph with machines, one of them saying that a manifest of it lies
    elsewhere; and files that are damaged or lie."""
    folder, place = tmp_path_factory.mktemp("archive"), tmp_path_factory.mktemp("damaged")
    plain = write_clip(place / "plain.mp4", Clip(draw_still(seed=5)[0]))
    sign(plain, folder / "a-hall.mp4", at=ELSEWHERE)
    write_clip(folder / "b-hall.mp4", Clip(draw_still(seed=0)[0]))
    (folder / "foto").mkdir()
    Image.fromarray(draw_still(seed=3)[0]).save(folder / "foto" / "machine.png")
    for name, path in damages(place):
        if name in HOSTILE:
            shutil.copyfile(path, folder / f"{name.replace(' ', '-')}{path.suffix}")
    for path in folder.rglob("*.*"):
        path.chmod(0o444)
    return folder


@dataclass(frozen=True)
class Swept:
    """The archive before and after, the case, and what was heard meanwhile."""

    before: dict[str, tuple[object, ...]]
    after: dict[str, tuple[object, ...]]
    case: Path
    watched: Watched


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    """An empty case in which every sighting will be shown to people."""
    folder = tmp_path_factory.mktemp("empty") / "case"
    with Case.new(folder, "case") as case, case.session() as session, session.begin():
        rebuild(session, AuditPlan(rates=dict.fromkeys(RATES, 1.0)))
    return folder


@pytest.fixture(scope="module")
def swept(archive, empty, tmp_path_factory) -> Swept:
    """The archive swept, and its photograph analysed, where nothing but this machine is reached."""
    folder = tmp_path_factory.mktemp("swept")
    photograph = str(archive / "foto" / "machine.png")
    shutil.copytree(empty, folder / "case")
    before = states(archive)
    watched = watch(
        folder,
        ["-m", "api.cli", "sweep", str(archive), "--case", str(folder / "case"), "--workers", "1"],
        ["-m", "api.cli", "analyze", "--out", str(folder), photograph],
    )
    return Swept(before, states(archive), folder / "case", watched)


@pytest.fixture
def case(swept, tmp_path) -> Path:
    """A copy of the case, with what waits to be judged."""
    shutil.copytree(swept.case, tmp_path / "case")
    with Case.open(tmp_path / "case") as case, case.session() as session, session.begin():
        rebuild(session)
    return tmp_path / "case"


def test_p1_no_original_byte_changes(swept):
    assert swept.after == swept.before


def looked_at(case: Case) -> dict[str, str | None]:
    """What is stored of footage, and the run that stored it."""
    with case.session() as session:
        return {row.id: row.run for row in session.scalars(select(AnalysisRow))}


def test_p2_a_crash_loses_at_most_the_clip_under_work_and_a_rerun_gives_the_same_rows(
    archive, empty, swept, tmp_path
):
    shutil.copytree(empty, tmp_path / "case")
    arguments = (str(archive), "--case", str(tmp_path / "case"), "--workers", "1", "--quiet")
    with Case.open(tmp_path / "case") as case:
        holder = start(tmp_path, *arguments)

        # The next clip is under work before one is stored.
        until(lambda: looked_at(case), "one is stored")
        family = psutil.Process(holder.pid).children(recursive=True)
        assert len(family) >= 2  # a worker and what it has decode
        holder.kill()
        holder.wait()
        assert not psutil.wait_procs(family, timeout=30)[1]
        status = read_status(case)
        assert status is not None and status.died
        kept = looked_at(case)
        assert start(tmp_path, *arguments).wait() == 1  # some are set aside
        now = looked_at(case)
        assert 0 < len(kept) < len(now) == len(GOOD)
        assert kept.items() <= now.items(), "what was stored is not looked at again"
        status = read_status(case)
        assert status is not None and not status.died
        with Case.open(swept.case) as undisturbed:
            assert rows(case) == rows(undisturbed)


def judged(case: Case) -> str:
    """Judges a sighting twice; its key."""
    with case.session() as session, session.begin():
        item = session.scalars(select(Item).where(Item.sighting.is_not(None))).first()
        assert item is not None and item.sighting is not None
        bench = TestContext(load_registry(), ("CN",))
        first = judge(session, bench, item.item, "Анна", "unknown")
        judge(session, bench, item.item, "Анна", "not-a-machine", supersedes=first.number)
        return item.sighting


def test_p3_every_number_of_a_report_is_recomputed_from_its_export_alone(case, tmp_path):
    with Case.open(case) as opened:
        judged(opened)
        write_package(opened, Question(), load_registry(), tmp_path / "package")
    shutil.rmtree(case)
    found, otherwise, *_ = recompute(tmp_path / "package")
    assert otherwise == []
    data = tmp_path / "package" / "data"
    assert found.said.sentence in (data / "report.html").read_text("utf-8")
    said = json.loads((data / "answer.json").read_bytes())
    said["answer"]["counts"]["confirmed"] += 1
    (data / "answer.json").write_text(json.dumps(said), "utf-8")
    bagit.Bag(str(tmp_path / "package")).save(manifests=True)
    assert recompute(tmp_path / "package").differences != []


def test_p4_no_file_takes_the_service_down_and_each_ends_as_done_or_set_aside_with_a_reason(swept):
    assert swept.watched.codes == [1, 0]  # set aside is no success, and no end
    with Case.open(swept.case) as case:
        ended = works(case)
    kinds = {name.replace(" ", "-"): kind for name, kind in HOSTILE.items()}
    assert len(ended) == len(GOOD) + len(HOSTILE)
    for name, work in ended.items():
        if name in GOOD:
            assert work.state == "done", name
        else:
            assert (work.state, work.kind) == ("aside", kinds[Path(name).stem])
            assert work.path in str(work.reason)


def test_p5_no_packet_leaves_the_machine(swept):
    # A sweep speaks to its own workers through pipes.
    assert swept.watched.heard == []
    if swept.watched.sent is None:
        pytest.skip("no network namespace is allowed here: what Python told alone was watched")
    assert set(swept.watched.sent.values()) == {0}


def test_p5_is_watched(tmp_path):
    """Else it would be kept whatever happened."""
    code = "import socket; socket.socket().connect_ex(('192.0.2.9', 9))"
    if (unseen := watch(tmp_path, ["-c", "pass"])).sent is None:
        pytest.skip("no network namespace is allowed here")
    assert (unseen.heard, set(unseen.sent.values())) == ([], {0})
    seen = watch(tmp_path, ["-c", code])
    assert seen.heard == ["socket.connect ('192.0.2.9', 9)"]
    assert seen.sent is not None and seen.sent["Ip:OutNoRoutes"] == 1
    # As C code would; Python does not report that.
    native = "import os; os.execlp('bash', 'bash', '-c', ': > /dev/udp/192.0.2.9/53')"
    assert sum((watch(tmp_path, ["-c", native]).sent or {}).values()) > 0


def test_p6_every_verdict_has_an_author_a_time_and_the_state_before_it(case):
    with Case.open(case) as opened:
        sighting = judged(opened)
        with opened.session() as session:
            first, second = session.scalars(select(Verdict).order_by(Verdict.number))
            assert (first.author, first.sighting) == ("Анна", sighting)
            assert timedelta(0) <= datetime.now(UTC) - first.made < timedelta(minutes=5)
            assert first.before["item"]["state"] == "open"
            assert second.before["verdict"]["author"] == "Анна"
            assert second.before["item"] != first.before["item"]
            assert verify(session) == []
        about = {"footage": first.footage, "pts": first.pts, "verdict": "unknown"}
        with pytest.raises(UsageError), opened.session() as session, session.begin():
            append(session, **about, author=" ")
        for words in ("UPDATE verdicts SET author = 'Ben'", "DELETE FROM verdicts"):
            with (
                pytest.raises(DBAPIError, match="only ever added"),
                opened.session() as session,
                session.begin(),
            ):
                session.execute(text(words))
