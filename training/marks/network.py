"""The mark embedder's network and what it is trained to do, in torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from datasets.errors import ModelError
from detector.inference import core
from detector.read.logo_files import CARD, read_folder
from detector.read.logo_input import HEIGHT, WIDTH, Grey
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
    brightness and contrast make no difference; the last layer sees where in the text each
    letter stands, not only which there are.
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


@dataclass(frozen=True, slots=True)
class Start:
    """digest: SHA-256 of its weights. held_out: ids of the builders it has not learnt. file: the
    weights, `.pt` of a run or `.xml` of a model."""

    digest: str
    held_out: frozenset[str]
    file: Path


def find_start(folder: Path) -> Start:
    """The weights in the folder of a finished run, or in that of a model of `train-marks`.

    Raises:
        ModelError: it holds neither, or a file of it is damaged.
    """
    if (folder / CARD).is_file():
        card, files = read_folder(folder)
        digest = hashlib.sha256(files["marks.xml"] + files["marks.bin"]).hexdigest()
        return Start(digest, frozenset(card["held_out_builders"]), folder / "marks.xml")
    weights, facts = folder / WEIGHTS, folder / FACTS
    if not (weights.is_file() and facts.is_file()):
        raise ModelError(
            f"{folder}: neither a finished run nor a model of train-marks in it; name the folder "
            "of one"
        )
    held_out = json.loads(facts.read_text("utf-8"))["held_out_builders"]
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    return Start(digest, frozenset(held_out), weights)


def take_over(network: Any, start: Start, looks: Iterable[Grey]) -> None:
    """Gives a network (`training.marks.network`) the weights of another.

    Args:
        looks: pictures (n, 32, 128) such as it will learn from; a run needs none of them.

    Raises:
        ModelError: the weights are damaged, or another network's.
    """
    torch = open_torch()
    try:
        if start.file.suffix == ".pt":
            network.load_state_dict(torch.load(start.file, weights_only=True))
            return
        _fill(torch, network, list(_layers_of(start.file)))
    except (RuntimeError, ValueError, KeyError, EOFError, UnpicklingError) as error:
        raise ModelError(f"{start.file}: no weights of the mark embedder ({error})") from error
    _unfold(torch, network, looks)


def _layers_of(xml: Path) -> Iterator[tuple[Any, Any]]:
    """Weights and what is added after them, layer by layer in the order of computing."""

    def constant(node: Any, place: int) -> Any:
        held = node.input_value(place).get_node()
        # Weights are kept in 16 bits and widened when the network is read.
        if held.get_type_name() == "Convert":
            held = held.input_value(0).get_node()
        return np.array(held.data, np.float32)

    for node in core().read_model(xml).get_ordered_ops():
        if node.get_type_name() in {"Convolution", "MatMul"}:
            [added] = [target.get_node() for target in node.output(0).get_target_inputs()]
            yield constant(node, 1), constant(added, 1).ravel()


def _fill(torch: Any, network: Any, layers: list[tuple[Any, Any]]) -> None:
    convolutions, norms = _modules(torch, network)
    *held, head = layers
    for convolution, norm, (weights, added) in zip(convolutions, norms, held, strict=True):
        convolution.load_state_dict({"weight": torch.from_numpy(weights)})
        # A norm that does nothing but add.
        norm.reset_parameters()
        norm.running_var.fill_(1.0 - norm.eps)
        norm.bias.data.copy_(torch.from_numpy(added))
    network.head.load_state_dict(
        {"weight": torch.from_numpy(head[0]), "bias": torch.from_numpy(head[1])}
    )


def _unfold(torch: Any, network: Any, looks: Iterable[Grey]) -> None:
    """Gives each norm the mean and spread of what comes to it, and takes them back in its own
    weights, so that the network says the same and can be trained."""
    _, norms = _modules(torch, network)
    sums = [torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms]

    def note(total: Any) -> Any:
        def hook(_module: Any, given: tuple[Any, ...]) -> None:
            values = given[0].double()
            total[0] += values.new_full((values.shape[1],), values[:, 0].numel())
            total[1] += values.sum(dim=(0, 2, 3))
            total[2] += (values * values).sum(dim=(0, 2, 3))

        return hook

    hooks = [
        norm.register_forward_pre_hook(note(total)) for norm, total in zip(norms, sums, strict=True)
    ]
    network.eval()
    with torch.no_grad():
        for pictures in looks:
            network(torch.from_numpy(pictures[:, None].astype(np.float32)))
        for norm, hook, (count, total, squares) in zip(norms, hooks, sums, strict=True):
            hook.remove()
            mean = (total / count).float()
            spread = (squares / count - (total / count) ** 2).clamp(min=0.0).float()
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(spread)
            norm.weight.copy_(torch.sqrt(spread + norm.eps))
            norm.bias.add_(mean)


def _modules(torch: Any, network: Any) -> tuple[list[Any], list[Any]]:
    """Its convolutions and its norms, each norm after its convolution, in order."""
    modules = list(network.modules())
    return (
        [module for module in modules if isinstance(module, torch.nn.Conv2d)],
        [module for module in modules if isinstance(module, torch.nn.BatchNorm2d)],
    )
