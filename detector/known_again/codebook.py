"""All points of a picture as one vector, to find pictures that may show the same.

A VLAD (Jegou and others 2010): each point goes to the nearest of eight centres, and what is
left of it beyond that centre is added up. The centres are the k-means of the points of a third
of the photographs of the training set (every third point; seed 1).
"""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

STEPS = 500.0
"""The centres are kept in so many steps of a unit."""

CENTRES: NDArray[np.float32] = np.frombuffer(
    base64.b64decode(
        "DRAbEhMfLRUPEyAUEyI4HBIVIBMQIDYdEhQcEA4XKhkYHCQTFCZBJiAjKRYVMVg5FBgoICJBVykTFSMZGCs/IRgqQSMT"
        "FiUZID1VKxUbKyEULlQ6IygsFhMjPSYaHyYUDhguHBITGw8QITkfExchEhIiOR4SFiAUEh4uFg8THRIQCw4RIxgUDAsK"
        "FCdNJhMJDg4cL04gDggZFBwfJhAMCxEOFBosGhYNCw0gO18xGAsQEyc9XC4WDBwXIiIsFhEQEQ8bHi0VEAwLDR85XjIZ"
        "CxEPHjZeNh8QHBMXGiwdHBQPDRcbJhANCgoJFihPJRMJDwoRIk4sGg0ZDg4SJR0bEiYhHhEUCwwPSi4eDQ0IDx9KJhQJ"
        "DAkTJiQRDQoRDRQYKyUmFhgPERVYQCoTEAsWK18+IQ0MChYuLhoSDhMOFBorGxoTGhMbHVs3IBASEB40YTsdDQwKFjIw"
        "HxgPEgwOFiUTDw4XERkcTiUSChANGCtTLBUJCggQJSkdFg0PCQsRFxETFyYZFxIgGyEmNB8XFDQoIRofFBcdIxgVEhgT"
        "FhgaFBcjNR8XEyYmMEJSLBgWU0MwJSUXGCwzIxgVGxUXHhoVGCA0IhcSJRcZLVNDLyVSLhoXJSUvQzMgGRUbFBchGBQZ"
        "GiQWEhAfFBgfNSYgGjMfGhUfGiAmIxsZFBgRExYhGhoYHBMTFTEhHBgfGiAmIRkdIC4lIh0cGBsaIBYUFDEfGRkiFxYh"
        "Ty0aGSQlMEMmGhwtS0EyKCEaHCAvIhkYMSIYGSIXFx1PRTImIxcZLCYpM0NLKxoYIBkbIzAfGBchFhQUHRcZGDAoIxwe"
        "FhoeIB0kKC4dGhYcFRYXIRgYFgwNGBIVHCQRExEbFRgdKhoaFBwREBYrIxYRGA0LDigjDwkODRQuUSYYDRAQGTdfNx0Q"
        "EAwUMF4/Fg0OCQ0hUTUSCAkIDSZVMBkLCgkTM2E8FwoLChU0YToPCAsJECpRKhILDggKECwfFQ0QCg0XMSEPCxENExww"
        "GgoJDwwRGykTERopEQoIEAwTGzEYDgsRDQ4WMh4TDRELChErHBALDwkRKlUoDgcKCRY0ZTcVCQsKFTRmOBUKCwoOJ1ku"
        "EAgJCA4kVjEVCgwJFTJjPBwODwwZN2Q1FQsPDhMuWCYNCA0LCxErIBYPFAwQGDEhGRIYDxYfMRoRDxkSFB0rEgsLFhES"
        "HzAVDQ8YDxMiOhwPERwREB85HRITHBANFi0aEhEZDhEkRSUVHScREzBbNx0jLBQfP1spEhYqHxYqRiISEyQXERMmGRYq"
        "RCATGC0gHj5aKR8mLhURLVo4FR0pEhEiRCURERoODBYsGRETHRAPHzkdDxIdEREgOh0NEBoQEB0vFQ=="
    ),
    np.uint8,
).reshape(-1, 128).astype(np.float32) / np.float32(STEPS)
"""(8, 128)."""


def aggregate(descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
    """All of some descriptors (n, 128) as one vector (1024,), of unit length or nothing.

    Square roots of every element and of every centre's part keep a grille with a hundred like slots
    from outweighing the rest.
    """
    parts = np.zeros(CENTRES.shape, np.float32)
    if len(descriptors):
        nearest = np.argmax(descriptors @ CENTRES.T - (CENTRES**2).sum(axis=1) / 2, axis=1)
        np.add.at(parts, nearest, descriptors - CENTRES[nearest])
    parts = np.sign(parts) * np.sqrt(np.abs(parts))
    length = np.linalg.norm(parts, axis=1, keepdims=True)
    vector = (parts / np.sqrt(np.maximum(length, 1e-9))).ravel()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
