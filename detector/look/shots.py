"""Where one shot ends and the next begins, frame by frame, from thumbnails.

PySceneDetect's `ContentDetector` proposes: the mean change of hue, saturation and value since the
frame before. On its own it also cuts at flashes, arc light, lamps going on and fast camera moves: 4
false cuts in 9 real clips, none here. It hardly sees cuts in black-and-white footage, where two of
its three terms are 0. So a second measure decides: how much of the picture's structure is still
there. Normalised cross-correlation of luma ignores brightness and contrast and allows for a shift.

Its `AdaptiveDetector` knows a cut only two frames later, and its `FlashFilter` is silent after each
cut. Here the answer is needed at the frame itself.

In a dissolve no two neighbouring frames differ. Its middle shows it: a picture that is the sum of
those half a second before and after, where those two show different scenes. A camera that moves
shows something else in between. In the middle of a wipe each part of the picture is as in the one
or in the other.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Picture

if TYPE_CHECKING:
    from scenedetect.detectors import ContentDetector

CHANGED = 27.0
"""PySceneDetect's own default for `ContentDetector`, in grey levels a channel."""

STRUCTURE_KEPT = 0.75
"""Correlation from which a changed frame still shows the same scene.

Measured on 15 clips, 8,219 frames: at true cuts at most 0.70; in fast camera moves that
changed by `CHANGED`, at least 0.82."""

STRUCTURE_GONE = 0.4
"""Correlation below which a scene is another even where colours barely changed.

Same clips: the fastest camera move kept 0.58."""

STIRRED = 8.0
"""Least change of mean luma, in grey levels, for the rule above: below it lies noise."""

FLAT = 6.0
"""Standard deviation of luma, in grey levels, under which a frame shows nothing."""

BURNT, BLACK = 250, 4
"""A pixel is clipped, and tells nothing of the structure, with a channel at the one or
more, or luma at the other or less."""

UNCLIPPED = 0.25
"""Least share of pixels that must not be clipped for a frame to be compared."""

FLASH = Fraction(1, 2)
"""Seconds a flash, a spark or a black gap may last; what lasts longer is a shot."""

DISSOLVE = Fraction(1)
"""Seconds between the pictures that a dissolve is looked for between."""

LEAST_APART = DISSOLVE * 9 / 10
"""Seconds that they have to be apart, where frames are few."""

ALIKE = 0.8
"""Correlation of those two, blurred, from which they are held to show one scene."""

MIXED, PART, DISSOLVED = 0.1, 0.15, 0.65
"""A dissolve's middle. The sum of both leaves at most so much of the variance that the better one
of them leaves. Each has at least such a part in it. Their structure agrees by less than this.
On 15 clips without dissolves, 8,219 frames, none is found; at 0.70 the pan of a photograph was.
Of 30 between photographs, of 0.4, 1 and 2 s, 29, 30 and 20 are found. Where the camera moves by a
twentieth of the picture a second 28, 28 and 21, by a tenth 4, 8 and 8."""

WIPED, REPLACED = 0.08, 0.55
"""A wipe's middle. Each part of it is taken for that of the nearer one of both. Then so much of
what parts them is left at most. Each has at least `PART` of it. Their structure agrees by less.
Of 216 wipes of six forms between photographs, of 0.3, 0.6, 1 and 1.5 s, 53, 54, 54 and 52 of 54 are
found. Where the camera moves by a twenty-fifth of the picture a second 47, 43, 49 and 38. On the
15 clips none; of 300 pans over half a photograph in 0.4 to 4 s 5 are, mostly on plain ground."""

SOFT = 2.5
"""Pixels of a thumbnail over which it is blurred first, so that small motions matter less."""

SHIFT = 8
"""A camera move of up to 1/8 of the frame between neighbouring frames is allowed for."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A thumbnail's luma in grey levels, and which of its pixels are not clipped."""

    luma: NDArray[np.float32]
    clear: NDArray[np.bool_]

    @classmethod
    def of(cls, thumbnail: Picture) -> _Look:
        luma = cv2.cvtColor(thumbnail, cv2.COLOR_RGB2GRAY).astype(np.float32)
        red, green, blue = cv2.split(thumbnail)
        return cls(luma, (luma > BLACK) & (cv2.max(cv2.max(red, green), blue) < BURNT))

    @property
    def shows_something(self) -> bool:
        return float(self.luma.std()) >= FLAT and float(self.clear.mean()) >= UNCLIPPED


class ShotSplitter:
    """Told each frame of a span in turn, says before which a cut lies.

    until: of the last cut, the time of the last frame that shows nothing of what comes after.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets everything: the next frame is the first of a new span."""
        self._content: ContentDetector | None = None
        self._first: tuple[Fraction, Picture] | None = None
        self.until = Fraction(0)
        self._known: tuple[Fraction, _Look] | None = None
        self._past: deque[tuple[Fraction, _Look, NDArray[np.float64]]] = deque()

    def feed(self, pts: Fraction, thumbnail: Picture) -> bool:
        """Whether a cut lies between the frames before and this one.

        pts: its time in seconds, later than the one before. thumbnail: RGB, (height, width, 3), at
        most 64 px wide, of one size in a span.

        Frames that show nothing (a white flash, black between two scenes) are passed
        over for up to `FLASH` seconds: the next is compared with the last that showed
        something.
        """
        look = _Look.of(thumbnail)
        if self._known is None:
            self._remember(pts, look, thumbnail)
            return False
        since, before = self._known
        if pts - since < FLASH and not look.shows_something:
            return False
        stirred = float(np.abs(before.luma - look.luma).mean()) >= STIRRED
        changed = self._remember(pts, look, thumbnail)
        kept = STRUCTURE_KEPT if changed else STRUCTURE_GONE
        cut = (changed or stirred) and _structure_kept(before, look) < kept
        if not (cut or self._dissolved(pts, look)):
            return False
        self.until = since if cut else self._past[0][0]
        self._past.clear()
        return True

    def _dissolved(self, pts: Fraction, look: _Look) -> bool:
        """Whether by this frame one scene has dissolved into another, or was wiped away by it."""
        past = self._past
        past.append((pts, look, _softened(look)))
        while len(past) > 1 and past[1][0] <= pts - DISSOLVE:
            past.popleft()
        since, before, first = past[0]
        if pts - since < LEAST_APART:
            return False
        last = past[-1][2]
        # Most frames end here: a scene that goes on is like itself.
        if first @ last > ALIKE * np.sqrt((first @ first) * (last @ last)):
            return False
        if not before.shows_something:
            return False
        _, between, middle = min(past, key=lambda one: abs(pts - DISSOLVE / 2 - one[0]))
        mixed = _mixed(first, middle, last)
        if not mixed and not _wiped(before, between, look):
            return False
        return _structure_kept(before, look) < (DISSOLVED if mixed else REPLACED)

    def _remember(self, pts: Fraction, look: _Look, thumbnail: Picture) -> bool:
        """Makes this the frame to compare with; whether `ContentDetector` proposes a cut."""
        self._known = (pts, look)
        if self._first is None:
            self._first = (pts, thumbnail.copy())
            return False
        if self._content is None:
            # To load it takes longer than to look at a photograph, which has no cuts.
            from scenedetect.detectors import ContentDetector

            self._content = ContentDetector(threshold=CHANGED, min_scene_len=0)
            _is_proposed(self._content, *self._first)
        return _is_proposed(self._content, pts, thumbnail)


def _is_proposed(content: ContentDetector, pts: Fraction, thumbnail: Picture) -> bool:
    """True if `ContentDetector` proposes a cut before this frame, the next one of a clip."""
    from scenedetect import FrameTimecode
    from scenedetect.common import Timecode

    code = Timecode(pts.numerator, Fraction(1, pts.denominator))
    # The rate is asked for and, with no least shot length, not looked at.
    timecode = FrameTimecode(code, fps=25.0)
    return bool(content.process_frame(timecode, thumbnail[..., ::-1]))


def _softened(look: _Look) -> NDArray[np.float64]:
    """A thumbnail's luma, blurred, less its mean, as a vector."""
    soft = cv2.GaussianBlur(look.luma, (0, 0), SOFT)[::2, ::2].ravel().astype(np.float64)
    return np.asarray(soft - soft.mean(), np.float64)


def _mixed(a: NDArray[np.float64], middle: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether a picture is the sum of two others (vectors of mean 0), by least squares."""
    aa, bb, ab, am, bm = a @ a, b @ b, a @ b, a @ middle, b @ middle
    apart = aa * bb - ab * ab
    if apart <= 1e-6 * aa * bb:
        return False
    of_a, of_b = (am * bb - bm * ab) / apart, (bm * aa - am * ab) / apart
    whole = middle @ middle
    left = whole - of_a * am - of_b * bm
    by_one = whole - max(am * am / aa, bm * bm / bb)
    return bool(min(of_a, of_b) >= PART and left <= MIXED * by_one)


def _wiped(a: _Look, middle: _Look, b: _Look) -> bool:
    """Whether a picture shows one of two others in one part and in more of it the other."""
    soft = [cv2.GaussianBlur(one.luma, (0, 0), SOFT) for one in (a, middle, b)]
    off_a, off_b, apart = (
        cv2.GaussianBlur((soft[one] - soft[other]) ** 2, (0, 0), SOFT)
        for one, other in ((0, 1), (2, 1), (0, 2))
    )
    as_a, whole = off_a < off_b, float(apart.sum())
    of_a, left = float(apart[as_a].sum()), float(np.minimum(off_a, off_b).sum())
    shown = as_a.mean() <= 0.5 and PART * whole <= of_a <= (1 - PART) * whole
    return bool(shown and left <= WIPED * whole)


def structure_kept(before: Picture, after: Picture) -> float:
    """How far two thumbnails (RGB, one size, each side at least `SHIFT`) show the same scene.
    Normalised cross-correlation, -1..1; a shift of up to 1/8 of the picture counts for nothing."""
    return _structure_kept(_Look.of(before), _Look.of(after))


def _structure_kept(before: _Look, after: _Look) -> float:
    """Normalised cross-correlation of two lumas of one size, -1..1; 1 is the same scene.

    The greater of two. For a pan: the middle of `after` with every place of `before` within 1/8 of
    the frame. For a flash: the pixels clipped in neither, in place.
    """
    rows, columns = before.luma.shape
    down, across = rows // SHIFT, columns // SHIFT
    middle = after.luma[down : rows - down, across : columns - across]
    shifted = cv2.matchTemplate(before.luma, middle, cv2.TM_CCOEFF_NORMED)
    # Where one side is perfectly flat the quotient is not a number of any meaning.
    moved = float(np.nan_to_num(shifted, nan=0.0, posinf=0.0, neginf=0.0).max())
    clear = before.clear & after.clear
    if clear.mean() < UNCLIPPED:
        return moved
    a, b = before.luma[clear].astype(np.float64), after.luma[clear].astype(np.float64)
    spread = float(a.std() * b.std())
    still = float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0 else 0.0
    return max(moved, still)
