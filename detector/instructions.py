"""Holds the networks to the same instructions on every processor, so that they find the same.

With AMX the eight-bit detector rounds otherwise than with AVX2 or AVX-512: of 60 photographs ten
differed, by up to 0.02 of a confidence. AMX code takes 0.2 s to make for each new size of a picture
instead of 0.05 s, and no look is quicker for it. So oneDNN, on which OpenVINO computes, is held to
what comes before AMX. Processors without AMX compute as they did.

NumPy's OpenBLAS computes in one thread, as in a sweep's workers and in decoders. Products are small
here, and threads that wait for more of them spin: a thirteenth of an analysis was that.

oneDNN reads its variable when it first computes, OpenBLAS when NumPy is first imported. So
`detector/__init__.py` imports this module first.
"""

from __future__ import annotations

import os

os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_VNNI")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
