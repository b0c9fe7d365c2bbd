"""Holds the networks to the same instructions on every processor, so that they find the same.

With AMX the eight-bit detector rounds otherwise than with AVX2 or AVX-512 (of 60 photographs ten
differed, by up to 0.02 of a confidence), and code for it takes 0.2 s to make for each new size of
a picture instead of 0.05 s. No look is quicker for it: they are small. So oneDNN, on which OpenVINO
computes, is held to what comes before AMX; processors without it compute as they did.

NumPy's OpenBLAS computes in one thread, as it does in a sweep's workers and in decoders: products
are small here, and threads that wait for more of them spin. A thirteenth of an analysis was that.

oneDNN reads the one when it first computes, OpenBLAS the other when NumPy is first imported, so
`detector/__init__.py` imports this module first.
"""

from __future__ import annotations

import os

os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_VNNI")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
