"""Published figures, which stand beside an answer with their kind and are not compared with it:
machines bought in a year are not those that stand there, and dear ones weigh more by value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datasets.messages import Message


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its kind.

    of: `stock` (what stands there) or `flow` (what came in). by: `count` or `value`; "" where
    the source does not say.
    """

    says: str
    value: str
    of: Literal["stock", "flow"]
    by: Literal["count", "value", ""]
    source: str

    @property
    def kind(self) -> str:
        """In words."""
        return KINDS[self.of, self.by]


KINDS = {
    ("stock", "count"): Message("stock, by count"),
    ("stock", "value"): Message("stock, by value"),
    ("stock", ""): Message("stock, count or value not stated"),
    ("flow", "count"): Message("flow, by count"),
    ("flow", "value"): Message("flow, by value"),
    ("flow", ""): Message("flow, count or value not stated"),
}
"""What a figure counts, and how."""

FIGURES = (
    Figure(
        Message("Chinese CNC exports to Russia"),
        Message("$6.5 m in Feb 2022, $68 m in Jul 2023"),
        "flow", "value", "Financial Times, 2 Jan 2024, Russian customs data",
    ),
    Figure(
        Message("China's share of Russia's CNC imports"),
        Message("12 %% before the war, 57 %% in Jul 2023"),
        "flow", "value", "Financial Times, 2 Jan 2024",
    ),
    Figure(
        Message("China's share by country of manufacture, 2023 to Jul 2024"),
        Message("62 %%, $2.6 bn"),
        "flow", "value", "Economic Security Council of Ukraine, Jan 2025",
    ),
    Figure(
        Message("China as consignor, 2023-24"), "80-90 %",
        "flow", "", "Economic Security Council of Ukraine, Aug 2024",
    ),
    Figure(
        Message("German machines imported in 2023"),
        Message("more than 300, of more than 30 makers"),
        "flow", "count", "SWR",
    ),
    Figure(
        Message("Chinese machines seen in footage of defence plants"),
        Message("none identified beyond doubt"),
        "stock", "count", "Financial Times, 2 Jan 2024",
    ),
)  # fmt: skip
"""Those that a report may print beside its own, each with its kind. All but the German one
are of Chinese machines, or of China as where machines come from."""


def figures_for(by: str, value: str) -> tuple[Figure, ...]:
    """Those that belong beside an answer about machines whose `by` is `value`: beside one about
    others they would say something that nobody asked."""
    return FIGURES if by in ("origin", "production") and value == "CN" else ()
