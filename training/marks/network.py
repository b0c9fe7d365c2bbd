"""The mark embedder's network and what it is trained to do, in torch."""

from __future__ import annotations

from typing import Any

from detector.read.logo_files import HEIGHT, WIDTH
from training.vendor import open_torch

DIMENSIONS = 96
_WIDTHS = (16, 32, 64, 128)
# Scale and margin of the cosine softmax, as in CosFace (Wang et al., CVPR 2018), there 64 and
# 0.35 for millions of faces; with few pictures a class smaller ones do not stall.
_SCALE, _MARGIN = 24.0, 0.15
# What the cosine to every class has to stay under for a picture that is no mark.
_NONE = 0.35


def build_network() -> Any:
    """The embedder: uint8-valued float (n, 1, 32, 128) in, unit vectors (n, 96) out.

    About 680,000 weights. Each picture is first brought to mean 0 and deviation 1, so that
    brightness and contrast make no difference. The last layer sees where in the text each letter
    stands, not only which there are.
    """
    torch = open_torch()
    nn = torch.nn

    def layer(wide: int, into: int, step: int = 1, side: int = 3) -> Any:
        return nn.Sequential(
            nn.Conv2d(wide, into, side, step, side // 2, bias=False),
            nn.BatchNorm2d(into),
            nn.ReLU(inplace=True),
        )

    class Residual(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, wide: int) -> None:
            super().__init__()
            self.first = layer(wide, wide)
            self.second = nn.Sequential(
                nn.Conv2d(wide, wide, 3, 1, 1, bias=False), nn.BatchNorm2d(wide)
            )

        def forward(self, x: Any) -> Any:
            return torch.relu(x + self.second(self.first(x)))

    class _EmbedderNetwork(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            a, b, c, d = _WIDTHS
            self.body = nn.Sequential(
                layer(1, a, 2, 5),
                layer(a, b, 2), Residual(b),
                layer(b, c, 2), Residual(c),
                layer(c, d, 2), Residual(d),
            )  # fmt: skip
            self.head = nn.Linear(d * HEIGHT * WIDTH // 256, DIMENSIONS)

        def forward(self, x: Any) -> Any:
            centred = x - x.mean(dim=(1, 2, 3), keepdim=True)
            spread = (centred * centred).mean(dim=(1, 2, 3), keepdim=True)
            x = centred / torch.sqrt(spread + 16.0)
            x = self.head(torch.flatten(self.body(x), 1))
            return x / torch.sqrt((x * x).sum(dim=1, keepdim=True) + 1e-12)

    return _EmbedderNetwork()


def build_learner(classes: int) -> Any:
    """The embedder and a proxy for each class, as they are trained together."""
    torch = open_torch()

    class Learner(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.embedder = build_network()
            self.proxies = torch.nn.Parameter(torch.randn(classes, DIMENSIONS) * 0.1)

        def forward(self, pictures: Any) -> Any:
            return self.embedder(pictures)

    return Learner()


def loss_of(torch: Any, vectors: Any, proxies: Any, classes: Any) -> Any:
    """Cosine softmax over the classes' proxies and one further answer, "no mark".

    Args:
        vectors: unit vectors (n, d). proxies: (classes, d), any length.
        classes: (n,), -1 where the picture is no mark.
    """
    cosines = vectors @ torch.nn.functional.normalize(proxies, dim=1).T
    marks = classes >= 0
    rows = torch.nonzero(marks).flatten()
    held = torch.zeros_like(cosines)
    held[rows, classes[rows]] = _MARGIN
    none = torch.full_like(cosines[:, :1], _NONE)
    logits = _SCALE * torch.cat([cosines - held, none], dim=1)
    wanted = torch.where(marks, classes, torch.full_like(classes, cosines.shape[1]))
    return torch.nn.functional.cross_entropy(logits, wanted)


WEIGHTS = "embedder.pt"
FACTS = "training.json"
