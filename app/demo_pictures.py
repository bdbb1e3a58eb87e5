"""Pictures of the demo's products, drawn by code: plain shapes on paper, so that nothing has to be downloaded or kept in the repository."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

_SIDE = 600
_FINE = 2
"""Drawn so many times as large and then made smaller, which smooths the edges."""
_INK, _WOOD, _PORCELAIN, _SHADE = "#2b2f2c", "#a9763f", "#fbfaf5", "#dcd8cc"
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Palette:
    """The ground, what is drawn, and what stands out from it."""

    ground: str
    main: str
    accent: str


PALETTES = {
    "green": Palette("#e3ead9", "#5f7f45", "#8fae6b"),
    "red": Palette("#f3e1d3", "#9a4a2c", "#c9774a"),
    "white": Palette("#ece7dc", "#b9ab8c", "#7d6f55"),
    "blue": Palette("#dfe6ec", "#3f5f80", "#7d9dbb"),
    "gold": Palette("#f2e8cd", "#b98b2f", "#dcb65c"),
    "rose": Palette("#f3dfdc", "#a9504f", "#d98c84"),
    "ink": Palette("#e8e4da", "#3a3d3b", "#b33a2e"),
}


class Sheet:
    """A square of 100 × 100 to draw on."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self._size = _SIDE * _FINE
        self.image = Image.new("RGB", (self._size, self._size), palette.ground)
        self._draw = ImageDraw.Draw(self.image)
        self.oval(50, 47, 37, 37, _lighter(palette.ground, 0.45))

    def _at(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._size / 100, y * self._size / 100) for x, y in points]

    def oval(self, x: float, y: float, half_width: float, half_height: float, colour: str) -> None:
        corners = self._at([(x - half_width, y - half_height), (x + half_width, y + half_height)])
        self._draw.ellipse([*corners[0], *corners[1]], fill=colour)

    def box(
        self, left: float, top: float, right: float, bottom: float, colour: str, *, round: float = 0
    ) -> None:
        corners = self._at([(left, top), (right, bottom)])
        self._draw.rounded_rectangle([*corners[0], *corners[1]], radius=round * self._size / 100, fill=colour)

    def shape(self, points: Sequence[Point], colour: str) -> None:
        self._draw.polygon(self._at(points), fill=colour)

    def line(self, points: Sequence[Point], colour: str, width: float = 1) -> None:
        self._draw.line(self._at(points), fill=colour, width=round(width * self._size / 100), joint="curve")

    def half(self, x: float, y: float, half_width: float, height: float, colour: str) -> None:
        """The lower half of an oval: a bowl."""
        corners = self._at([(x - half_width, y - height), (x + half_width, y + height)])
        self._draw.pieslice([*corners[0], *corners[1]], 0, 180, fill=colour)

    def ring(self, x: float, y: float, radius: float, colour: str, width: float) -> None:
        corners = self._at([(x - radius, y - radius), (x + radius, y + radius)])
        self._draw.ellipse([*corners[0], *corners[1]], outline=colour, width=round(width * self._size / 100))

    def shadow(self, y: float, half_width: float) -> None:
        """What stands on the table darkens it."""
        dark = Image.new("L", self.image.size, 0)
        corners = self._at([(50 - half_width, y - 2.4), (50 + half_width, y + 2.4)])
        ImageDraw.Draw(dark).ellipse([*corners[0], *corners[1]], fill=70)
        small = dark.resize((180, 180)).filter(ImageFilter.GaussianBlur(2)).resize(dark.size)
        self.image.paste("#5c5a50", mask=small)

    def leaf(self, x: float, y: float, length: float, angle: float, colour: str) -> None:
        """Pointed at both ends, with its middle rib."""
        along = math.radians(angle)
        cos, sin = math.cos(along), math.sin(along)
        edge = [(t / 10, math.sin(math.pi * t / 10) * 0.21) for t in range(11)]
        outline = edge + [(t, -width) for t, width in reversed(edge)]
        turned = [(x + length * (t * cos - w * sin), y + length * (t * sin + w * cos)) for t, w in outline]
        self.shape(turned, colour)
        self.line([(x, y), (x + length * cos, y + length * sin)], _lighter(colour, 0.3), 0.5)

    def steam(self, x: float, y: float) -> None:
        for aside in (-7, 0, 7):
            wave = [(x + aside + 1.6 * math.sin(t / 2.2), y - t) for t in range(13)]
            self.line(wave, "#ffffff", 0.9)

    def file(self) -> bytes:
        """The picture as JPEG."""
        kept = io.BytesIO()
        self.image.resize((_SIDE, _SIDE), Image.Resampling.BOX).save(kept, "JPEG", quality=88)
        return kept.getvalue()


def _lighter(colour: str, share: float) -> str:
    parts = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * share):02x}" for part in parts)


def _leaves(on: Sheet) -> None:
    on.shadow(77, 30)
    on.half(50, 52, 30, 25, _PORCELAIN)
    on.oval(50, 52, 30, 8, _SHADE)
    for n in range(26):
        x, y = 28 + (n * 17) % 40, 49 + (n * 7) % 8
        on.leaf(x, y, 11, (n * 47) % 180 - 90, (on.palette.main, on.palette.accent)[n % 2])
    on.leaf(50, 38, 22, -62, on.palette.main)
    on.leaf(50, 38, 18, -118, on.palette.accent)


def _tin(on: Sheet) -> None:
    on.shadow(81, 22)
    on.box(31, 32, 69, 81, on.palette.main, round=3)
    on.box(29, 22, 71, 34, _lighter(on.palette.main, 0.25), round=3)
    on.box(38, 44, 62, 70, _PORCELAIN, round=2)
    on.leaf(44, 64, 17, -58, on.palette.accent)
    on.leaf(50, 65, 13, -100, on.palette.main)
    on.box(34, 34, 37, 81, _lighter(on.palette.main, 0.18))


def _cup(on: Sheet) -> None:
    on.shadow(78, 27)
    on.steam(50, 40)
    on.ring(75, 56, 9, _PORCELAIN, 3)
    on.half(50, 46, 26, 32, _PORCELAIN)
    on.oval(50, 46, 26, 7, _SHADE)
    on.oval(50, 46.8, 23, 5.4, on.palette.accent)
    on.leaf(46, 47, 10, -12, on.palette.main)


def _gaiwan(on: Sheet) -> None:
    on.shadow(80, 30)
    on.oval(50, 76, 31, 5.5, _SHADE)
    on.oval(50, 75, 31, 5, _PORCELAIN)
    on.half(50, 46, 25, 30, _PORCELAIN)
    on.oval(50, 46, 25, 6, _SHADE)
    on.shape([(28, 44), (34, 35), (43, 30.5), (57, 30.5), (66, 35), (72, 44)], _PORCELAIN)
    on.oval(50, 29, 6, 3, _SHADE)
    on.line([(27, 52), (36, 54), (50, 55), (64, 54), (73, 52)], on.palette.main, 0.9)
    for x in (38, 50, 62):
        on.oval(x, 61, 2.6, 2.6, on.palette.accent)


def _teapot(on: Sheet) -> None:
    on.shadow(78, 30)
    on.ring(76, 55, 11, on.palette.main, 3.2)
    on.shape([(29, 54), (14, 41), (19, 38), (33, 47)], on.palette.main)
    on.oval(50, 57, 26, 20, on.palette.main)
    on.oval(44, 50, 12, 7, _lighter(on.palette.main, 0.16))
    on.oval(50, 38.5, 14, 3.6, _lighter(on.palette.main, 0.24))
    on.oval(50, 34, 3.6, 3.2, on.palette.main)


def _bottle(on: Sheet) -> None:
    on.shadow(84, 18)
    on.box(43, 14, 57, 22, _WOOD, round=2)
    on.box(44, 20, 56, 34, "#f4f7f2")
    on.box(34, 30, 66, 84, "#f4f7f2", round=8)
    on.box(36.5, 42, 63.5, 81.5, on.palette.accent, round=6)
    for x, y in ((42, 52), (56, 60), (46, 70), (57, 74)):
        for turn in range(0, 360, 72):
            on.oval(
                x + 2.3 * math.cos(math.radians(turn)),
                y + 2.3 * math.sin(math.radians(turn)),
                1.9,
                1.9,
                "#ffffff",
            )
        on.oval(x, y, 1.3, 1.3, "#e9c75a")


def _cake(on: Sheet) -> None:
    on.shadow(77, 31)
    on.oval(50, 72, 33, 8, _SHADE)
    on.oval(50, 70.5, 33, 7.5, _PORCELAIN)
    for left, top in ((27, 53), (51, 53), (39, 37)):
        on.box(left, top, left + 22, top + 16, on.palette.main, round=2.5)
        on.box(left, top, left + 22, top + 7, on.palette.accent, round=2.5)
        for n in range(4):
            on.oval(left + 4 + n * 4.6, top + 3 + n % 2, 0.9, 0.9, "#fff3c9")


def _box(on: Sheet) -> None:
    on.shadow(82, 30)
    on.box(24, 40, 76, 82, on.palette.main, round=1.5)
    on.box(21, 30, 79, 44, _lighter(on.palette.main, 0.14), round=1.5)
    on.box(46, 30, 54, 82, on.palette.accent)
    on.oval(41, 25.5, 9, 5, on.palette.accent)
    on.oval(59, 25.5, 9, 5, on.palette.accent)
    on.oval(41, 25.5, 4.6, 2.2, on.palette.ground)
    on.oval(59, 25.5, 4.6, 2.2, on.palette.ground)
    on.oval(50, 27, 3.6, 3.6, on.palette.accent)


def _brush(on: Sheet) -> None:
    on.box(22, 24, 78, 80, "#fffdf6", round=1)
    for n in range(4):
        on.line([(28, 38 + n * 11), (72, 38 + n * 11)], "#efe6d4", 0.4)
    on.line([(31, 46), (40, 44), (52, 45.5)], _INK, 3)
    on.line([(42, 34), (41, 50), (33, 66)], _INK, 2.6)
    on.line([(42, 50), (50, 62), (56, 65)], _INK, 3.4)
    on.line([(84, 18), (62, 52)], _WOOD, 3)
    on.line([(64, 49), (60.6, 54.4)], "#f3ead4", 3.6)
    on.shape([(62.6, 55.6), (58.6, 53.2), (55.6, 62.5)], _INK)
    on.box(60, 68, 68, 76, on.palette.accent, round=1)
    on.line([(62, 70), (66, 70), (66, 74), (62, 74), (62, 70)], "#fff3ee", 0.6)


def _scroll(on: Sheet) -> None:
    on.box(28, 20, 72, 82, on.palette.accent)
    on.box(33, 27, 67, 74, "#fffdf6")
    on.shape(
        [(33, 66), (42, 50), (48, 58), (56, 42), (67, 62), (67, 74), (33, 74)],
        _lighter(on.palette.main, 0.55),
    )
    on.shape([(33, 70), (45, 60), (54, 67), (67, 58), (67, 74), (33, 74)], on.palette.main)
    on.oval(60, 35, 4, 4, "#c9553f")
    for x, y in ((40, 38), (45, 35.5)):
        on.line([(x - 2.4, y), (x, y + 1.2), (x + 2.4, y - 0.4)], _INK, 0.5)
    for y in (18, 81):
        on.box(23, y, 77, y + 3.4, _WOOD, round=1.6)


def _inkstone(on: Sheet) -> None:
    on.shadow(76, 32)
    on.box(20, 40, 66, 75, on.palette.main, round=5)
    on.box(24, 44, 62, 71, _lighter(on.palette.main, 0.12), round=4)
    on.oval(48, 58, 12, 10, "#1e211f")
    on.oval(46, 55, 4.5, 2.6, "#474c49")
    on.line([(76, 24), (70, 74)], _WOOD, 3)
    on.shape([(68.2, 73), (72, 73.4), (69, 82)], _INK)
    on.box(26, 28, 52, 35, "#191b1a", round=1)
    on.box(30, 30, 48, 33, on.palette.accent)


def _fan(on: Sheet) -> None:
    ribs = [math.radians(angle) for angle in range(200, 341, 10)]
    outer = [(50 + 40 * math.cos(one), 76 + 40 * math.sin(one)) for one in ribs]
    inner = [(50 + 17 * math.cos(one), 76 + 17 * math.sin(one)) for one in ribs]
    on.shape(outer + inner[::-1], "#fffdf6")
    for (x, y), (u, v) in zip(outer, inner, strict=True):
        on.line([(u, v), (x, y)], _lighter(on.palette.main, 0.75), 0.4)
        on.line([(50, 76), (u, v)], _WOOD, 1.3)
    on.line([(30, 60), (42, 50), (58, 46)], on.palette.main, 0.9)
    for x, y in ((38, 53), (46, 48), (54, 46.5), (61, 50)):
        for turn in range(0, 360, 72):
            on.oval(
                x + 1.7 * math.cos(math.radians(turn)),
                y + 1.7 * math.sin(math.radians(turn)),
                1.3,
                1.3,
                on.palette.accent,
            )
    on.oval(50, 76, 2, 2, _INK)


def _book(on: Sheet) -> None:
    on.shadow(82, 24)
    on.box(30, 22, 72, 82, _lighter(on.palette.main, 0.35), round=1.5)
    on.box(28, 20, 69, 80, on.palette.main, round=1.5)
    on.box(50, 28, 61, 62, "#fffdf6")
    on.line([(55.5, 33), (55.5, 57)], on.palette.accent, 1.6)
    for y in (26, 38, 50, 62, 74):
        on.line([(28, y), (33, y)], "#fffdf6", 0.7)
    on.line([(33, 20), (33, 80)], "#fffdf6", 0.7)


def _bookmark(on: Sheet) -> None:
    for left, top, colour in (
        (26, 26, on.palette.main),
        (44, 20, on.palette.accent),
        (62, 28, on.palette.main),
    ):
        on.box(left, top, left + 13, top + 50, colour, round=1.5)
        on.oval(left + 6.5, top + 4, 1.4, 1.4, on.palette.ground)
        on.line([(left + 6.5, top + 4), (left + 9.5, top - 9)], _INK, 0.5)
        on.leaf(left + 6.5, top + 42, 22, -90, _lighter(colour, 0.5))


MOTIFS: dict[str, Callable[[Sheet], None]] = {
    "leaves": _leaves, "tin": _tin, "cup": _cup, "gaiwan": _gaiwan, "teapot": _teapot, "bottle": _bottle, "cake": _cake, "box": _box,
    "brush": _brush, "scroll": _scroll, "inkstone": _inkstone, "fan": _fan, "book": _book, "bookmark": _bookmark,
}  # fmt: skip


def draw(motif: str, palette: str) -> bytes:
    """A picture of ``MOTIFS`` in the colours of ``PALETTES``, as JPEG."""
    sheet = Sheet(PALETTES[palette])
    MOTIFS[motif](sheet)
    return sheet.file()
