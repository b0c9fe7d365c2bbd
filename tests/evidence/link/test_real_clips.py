"""Real clips: which of them are copies of which is known."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.known_again.prints import PrintCollector
from detector.settings import Settings
from evidence.link.fingerprint import Fingerprint
from evidence.link.match import match

COPIES = {("news-480p", "news-480p-again"), ("news-720p", "news-vertical-mirrored")}


def by_keyframes(path: Path) -> Fingerprint:
    settings = Settings()
    footage, collector = open_footage(path), PrintCollector()
    with Decoder(footage, settings.decoding) as decoder:
        for frame in decoder.keyframes(settings.sweeping.keyframe_spacing):
            collector.keyframe(frame)
        probe = decoder.probe
    size = (probe.width, probe.height)
    return Fingerprint.of(footage.sha256, collector.finish(), probe.duration, size)


def test_the_copies_among_the_clips_are_found_and_no_others(shared: Path) -> None:
    clips = sorted(p for p in (shared / "data" / "clips").iterdir() if p.suffix != ".json")
    clips = [path for path in clips if path.suffix in (".mp4", ".webm")]
    known = {path.stem: by_keyframes(path) for path in clips}
    matches = {(a, b): match(known[a], known[b]) for a, b in combinations(sorted(known), 2)}
    found = {pair: one for pair, one in matches.items() if one is not None}
    assert set(found) == COPIES
    mirrored = found["news-720p", "news-vertical-mirrored"]
    assert mirrored.mirrored
    assert "letterboxed" in mirrored.changes
