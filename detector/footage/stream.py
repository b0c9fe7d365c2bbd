"""One clip as PyAV gives it: packets with keys, frames matched to the packets they came from.

Runs in the decoder process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from heapq import heappop, heappush
from itertools import islice
from math import ceil, floor
from pathlib import Path

import av
from av.codec.context import Flags

from detector.footage.container import (
    LATEST,
    is_cover,
    is_starved,
    length_of,
    open_clip,
    start_of,
    words_of,
)
from detector.footage.fields import FieldPairs, Units
from detector.footage.losses import Tally
from detector.footage.timeline import MOST_REORDERED, Arrived, TimeLine

# A clip whose packets fail this long on end (two minutes at 25 a second) is damaged to its
# end or encrypted. The rest of the pass is counted as lost without trying each packet.
CONSECUTIVE_FAILURES = 3000
# A demuxer that reports damage can often read on behind it; one that reports it this often
# without a packet in between is not getting anywhere.
_CONSECUTIVE_READ_ERRORS = 16
# These store when to decode a frame, not when to show it; what FFmpeg fills in is a guess.
_UNDATED = ("avi", "mpegvideo")
# Packets asked for the reason why nothing could be decoded.
_PACKETS_ASKED = 8
# How far before the wanted keyframe a seek that landed behind it is tried again, seconds.
_SEEK_BACK = (Fraction(0), Fraction(2), Fraction(10))


class ClipSource:
    """An opened clip; `open` goes back to its start. Raises: as `open_clip`."""

    def __init__(self, path: Path, demuxer: str, pixels: int, beat: Callable[[], None]) -> None:
        self._path = path
        self._demuxer = demuxer
        self._pixels = pixels
        self._undated_container = demuxer in _UNDATED
        self._beat = beat
        self.tally = Tally(None)
        self.encrypted = False
        # How often a packet could not be read or decoded.
        self.troubles = 0
        self.has_packets = False
        self._earliest: Fraction | None = None
        self._coded_aspect: Fraction | None = None
        self._pairs = FieldPairs()
        self._line = TimeLine()
        self._container: av.container.InputContainer | None = None
        self._pushed_back: tuple[av.Packet, int, bool] | None = None

    def open(self, isolated: bool = False, coarse: bool = False) -> None:
        """Open at the start.

        isolated: keyframes will be decoded each by itself.
        coarse: pictures will be shrunk so far that the edges of coded blocks do not show.
        One thread decodes, however many cores there are: on damaged pictures FFmpeg gives
        others with two threads, and others again with four.
        """
        self.close()
        self._begin()
        self._container, self._stream = open_clip(self._path, self._demuxer, self._pixels)
        # Asked for at every packet.
        self.time_base = self._stream.time_base or Fraction(1, av.time_base)
        self.average_rate = self._stream.average_rate or None
        self._latest = ceil(LATEST / self.time_base)
        context = self._stream.codec_context
        self.codec = str(context.codec.canonical_name)
        self.units = Units(self.codec, context.extradata or b"", context.codec.intra_only)
        context.thread_count = 1
        context.copy_opaque = True
        context.options = {
            "max_pixels": str(self._pixels),
            "skip_loop_filter": "all" if coarse else "default",
        }
        if isolated:
            # A keyframe that is no IDR counts as unreliable when it comes first; it is whole.
            context.flags |= Flags.output_corrupt
        self._failures = 0
        self._undated: list[int] = []

    def again(self) -> ClipSource:
        """Another one of the same clip, at its start, that tells the same times and shapes."""
        other = ClipSource(self._path, self._demuxer, self._pixels, self._beat)
        other._earliest, other._coded_aspect = self._earliest, self._coded_aspect
        other.open()
        return other

    def close(self) -> None:
        """Close it, and let go of what its decoder holds: of 4K in ten bits 240 MB."""
        if self._container is not None:
            self._container.close()
            self._container = None
            del self._stream

    def _begin(self) -> None:
        """What comes next is read from the start, or from where a seek has landed."""
        self._pushed_back = None
        self._pairs.begin()
        self._line.begin()
        # Where a packet without any time, and a frame without one, are taken to be.
        self._following: int | None = None
        self._after: int | None = None

    @property
    def start(self) -> Fraction:
        """Seconds, where the clip begins (`detector.footage.container`)."""
        if self._earliest is None:
            assert self._container is not None
            return start_of(self._container, self._stream)
        return self._earliest

    def begin_at(self, keys: Iterable[int]) -> None:
        """Take the start from packets where one is earlier than the container's.

        In a transport stream the container's start is the first packet's time: a single
        damaged bit there would put all other frames before the beginning.
        """
        self._earliest = min([self.start, *(key * self.time_base for key in keys)])

    @property
    def duration(self) -> Fraction | None:
        """Seconds from `start` to the end of the pictures (`detector.footage.container`)."""
        assert self._container is not None
        if self._demuxer == "mpegvideo":
            return None  # nothing in it tells; FFmpeg guesses by a bit rate that may mean none
        return length_of(self._container, self._stream, self.start)

    @property
    def others(self) -> int:
        """Streams of pictures beside the one that is read."""
        assert self._container
        return sum(not is_cover(stream) for stream in self._container.streams.video) - 1

    @property
    def declared(self) -> int | None:
        """Frames the container declares. An MP4's edit list may leave some out on purpose,
        so there the index counts, which FFmpeg has already cut by it."""
        if self._demuxer == "mov":
            return len(self._stream.index_entries) or None
        return self._stream.frames or None

    @property
    def left_out(self) -> int:
        """Frames that the edit list of an MP4 leaves out."""
        if self._demuxer != "mov" or not self._stream.frames:
            return 0
        shown = sum(not entry.is_discard for entry in self._stream.index_entries)
        return max(0, int(self._stream.frames) - shown)

    def time(self, pts: int) -> Fraction:
        return pts * self.time_base - self.start

    def raw(self, time: Fraction, ceiling: bool = True) -> int:
        """The first PTS not before `time`, or the last not after it."""
        exact = (time + self.start) / self.time_base
        return ceil(exact) if ceiling else floor(exact)

    @property
    def started_anew(self) -> bool:
        """True if the clock was seen to restart: no seek finds the right part then."""
        return self._line.started_anew

    @property
    def may_start_anew(self) -> bool:
        """True for transport streams: they are made to be joined, and do not say that they were."""
        return self._demuxer == "mpegts"

    def packets(self) -> Iterator[tuple[av.Packet, int, bool]]:
        """Packets from where we are, each with its key and whether it shows a frame."""
        packets = self._read()
        if self._demuxer == "mpegts" and self.codec == "h264":
            packets = self._pairs.joined(packets)
        # Times that are counted do not tell where another part begins.
        if not self._undated_container:
            packets = self._line.follow(packets)
        for packet in packets:
            yield packet, self._key(packet), self._shows(packet)

    def _read(self) -> Iterator[av.Packet]:
        assert self._container is not None
        errors = 0
        while True:
            try:
                for packet in self._container.demux(self._stream):
                    self._beat()
                    errors = 0
                    if packet.size or packet.dts is not None or packet.pts is not None:
                        self.has_packets = True
                        if max(abs(packet.pts or 0), abs(packet.dts or 0)) > self._latest:
                            packet.pts = packet.dts = None  # no clock gives such times
                        yield packet
                return
            except MemoryError:
                raise
            except av.FFmpegError as error:
                errors += 1
                self.troubles += 1
                self.tally.reason(f"reading: {words_of(error)}")
                if errors >= _CONSECUTIVE_READ_ERRORS:
                    return

    def decoded(
        self, wanted: Callable[[int], bool], needed: Callable[[int], bool] | None = None
    ) -> Iterator[Arrived]:
        """Frames from where we are; those whose key is `wanted` are asked for in the tally.

        Asked-for frames still in the decoder when the caller stops are not counted.

        needed: where given, frames to which no other refers are spared, but for those whose key
        is. The others are the same without them.
        """
        flying: set[int] = set()
        latest: int | None = None
        ended = False
        try:
            for packet, key, shown in self._packets_and_end():
                if packet is not None:
                    spared = needed is not None and not needed(key)
                    if spared and self.units.is_unreferred(bytes(packet)):
                        continue
                    if shown and wanted(key):
                        flying.add(key)
                for arrived in self._decode(packet, key):
                    if arrived.key in flying:
                        flying.discard(arrived.key)
                        self.tally.came(arrived.key)
                    latest = arrived.pts
                    yield arrived
            ended = True
        finally:
            for key in flying:
                if ended or (latest is not None and key < latest):
                    self.tally.ask(key)

    def _packets_and_end(self) -> Iterator[tuple[av.Packet | None, int, bool]]:
        if self._pushed_back is not None:
            given, self._pushed_back = self._pushed_back, None
            yield given
        yield from self.packets()
        yield None, 0, False

    def oversized(self) -> str | None:
        """What FFmpeg says of frames beyond the pixel cap, where none could be decoded. The error
        is that of any damage; the log alone tells the difference."""
        self.open()
        level = av.logging.get_level()
        av.logging.set_level(av.logging.ERROR)
        try:
            with av.logging.Capture() as said:
                for packet, key, _ in islice(self.packets(), _PACKETS_ASKED):
                    self._decode(packet, key)
        finally:
            av.logging.set_level(level)
        return next((text.split(",")[0] for _, _, text in said if "max pixel count" in text), None)

    def alone(self, packet: av.Packet, key: int) -> list[Arrived]:
        """The frame of one packet, decoded with nothing before it."""
        frames = self._decode(packet, key)
        frames += self._decode(None, key)
        self._stream.codec_context.flush_buffers()
        self._undated.clear()
        self._after = None
        if not frames:
            self.tally.reason("a keyframe gave no picture")
        return frames[:1]

    def _decode(self, packet: av.Packet | None, key: int) -> list[Arrived]:
        if self._failures >= CONSECUTIVE_FAILURES or (packet is not None and not packet.size):
            return []
        if packet is not None:
            if packet.has_sidedata("encryption_info"):
                self.encrypted = True
                self.tally.reason("encrypted")
                return []
            # A fresh object each time: PyAV keeps them by identity.
            packet.opaque = (key, _has_time(packet))
            if self._undated_container:
                heappush(self._undated, key)
        context = self._stream.codec_context
        try:
            frames = context.decode(packet)
        except MemoryError:
            raise
        except av.FFmpegError as error:
            if isinstance(error, av.error.EOFError):
                return []
            if is_starved(self._stream):
                raise MemoryError from error
            self._failures += 1
            self.troubles += 1
            self.tally.reason(f"decoding: {words_of(error)}")
            return []
        if frames:
            self._failures = 0
        return [self._arrived(frame, key) for frame in frames]

    def _arrived(self, frame: av.VideoFrame, key: int) -> Arrived:
        own, timed = frame.opaque or (key, True)
        pts = own if frame.pts is None else frame.pts
        if not timed and self._after is not None:
            # Frames come in the order they are shown, whatever the order of the packets.
            pts = self._after
        if self._undated_container:
            # The decoder gives frames in the order they are shown, so each takes the earliest
            # time of decoding that is still waiting.
            pts = heappop(self._undated) if self._undated else own
            while len(self._undated) > MOST_REORDERED:
                heappop(self._undated)
        self._after = pts + max(frame.duration or 0, 1)
        return Arrived(frame, own, pts, self.time(pts), self._aspect())

    def _aspect(self) -> Fraction:
        """Of the pixels: what the container says, until the pictures say something else than at
        first."""
        coded = self._stream.codec_context.sample_aspect_ratio or Fraction(1)
        if self._coded_aspect is None:
            self._coded_aspect = coded
        own = self._stream.sample_aspect_ratio or Fraction(1)
        return own if coded == self._coded_aspect else coded

    def _key(self, packet: av.Packet) -> int:
        """A packet without any time is taken to follow the one before it, by a tick more than
        that one lasts: where frames are reordered, another may have that very time."""
        if packet.pts is not None and not self._undated_container:
            key = int(packet.pts)
        elif packet.dts is not None:
            key = int(packet.dts)
        elif self._following is not None:
            key = self._following
        else:
            key = self.raw(Fraction(0))
        self._following = key + (packet.duration or 0) + 1
        return key

    def _shows(self, packet: av.Packet) -> bool:
        """False if no frame is due: the packet is empty, an edit list cuts it off, or its VP8
        frame is for reference only (RFC 6386, 9.1)."""
        if packet.is_discard or not packet.size:
            return False
        return self.codec != "vp8" or bool(bytes(packet)[0] & 0x10)

    def seek(self, target: int, keyframe: tuple[int, int] | None) -> bool:
        """Go to a keyframe not after `target`; false where no seek lands there.

        Not tried in MPEG program streams, whose times after a seek are estimates, and where times
        come from counting reordered frames: both differ from a reading's from the start.
        Containers seek by PTS, by DTS or by whichever packet is near, so where it landed is
        looked at, and tried again from further back.
        """
        assert self._container is not None
        reordered = self._undated_container and self._stream.codec_context.has_b_frames
        if reordered or self._demuxer == "mpeg":
            return False
        aims = list(keyframe) if keyframe else [target]
        aims += [aims[-1] - floor(back / self.time_base) for back in _SEEK_BACK[1:]]
        for aim in aims:
            try:
                self._container.seek(aim, stream=self._stream)
                self._begin()
            except MemoryError:
                raise
            except (av.FFmpegError, OverflowError):
                continue
            for packet, key, shown in self.packets():
                if packet.is_keyframe and _has_time(packet):
                    if key <= target:
                        self._undated.clear()
                        self._pushed_back = packet, key, shown
                        self._failures = 0
                        return True
                    break
        return False


def _has_time(packet: av.Packet) -> bool:
    return packet.pts is not None or packet.dts is not None
