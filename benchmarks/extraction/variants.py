"""The rows of the ablation: the engine without an idea, or with another one."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench import SETS

from curate.kernels.html_score import CAUTION

_NEIGHBOURS = ("near*", "window*", "first[+-]*", "first.window*")
_LEVELS = ("level*", "first.level*")
_CLASSES = ("tree.*", "level*.weight", "inline_weight", "near*.weight", "page.weight")
_WORDS = ("text_weight", "heading_weight", "near*.text_weight")
_ANCHORS = ("title_share", "below_h1", "since_heading", "anchor.*", "top.*")
_KINDS = ("group.*", "item.*", "first.group", "top.same_group")


@dataclass(frozen=True)
class Variant:
    """The engine without an idea, or with another one.

    Attributes:
        name: of the row.
        hidden: patterns of the features that no tree sees.
        second: with the second pass; without it the first has as many trees as both.
        types: with page types.
        sets: of the pages in training.
        caution: of each page type; None: blocks above one half are kept, whatever is expected.
        lists, headings: judged half as a whole; kept with what they head.
        smooth: how many blocks on both sides the log odds are averaged over, by words.
        unseen: hidden blocks are never kept.
        scripts: pages with little text are read again from their scripts.
        templates: the fewest pages of a host that have a line which is cut as its template; 0: none is.
        labels: the blocks that are content, at least by half, are kept: what the cut allows.
    """

    name: str
    hidden: tuple[str, ...] = ()
    second: bool = True
    types: bool = True
    sets: tuple[str, ...] = SETS
    caution: dict[str, int] | None = field(default_factory=lambda: CAUTION)
    lists: bool = True
    headings: bool = True
    smooth: int = 0
    unseen: bool = False
    scripts: bool = False
    templates: int = 0
    labels: bool = False

    @property
    def learns(self) -> tuple[object, ...]:
        """What the models depend on."""
        return self.hidden, self.second, self.types, self.sets


VARIANTS = (
    Variant("the whole engine"),
    Variant("one pass of 90 trees", second=False),
    Variant("one pass, smoothed over two neighbours", second=False, smooth=2),
    Variant("one pass, blocks above one half", second=False, caution=None, lists=False, headings=False),
    Variant("no page types, caution the same for all", types=False, caution=dict.fromkeys(CAUTION, 1071)),
    Variant("no title, headings and likely block as anchors", _ANCHORS),
    Variant("no neighbours", _NEIGHBOURS),
    Variant("no sums of enclosing elements", _LEVELS),
    Variant("no words of class and id", _CLASSES),
    Variant("no words of short texts and headings", _WORDS),
    Variant("no blocks and siblings of the same kind", _KINDS),
    Variant("hidden elements like others", ("hidden",)),
    Variant("hidden elements never", unseen=True),
    Variant("blocks above one half", caution=None),
    Variant("no caution", caution=dict.fromkeys(CAUTION, 1000)),
    Variant("caution the same for all, 1.2", caution=dict.fromkeys(CAUTION, 1200)),
    Variant("lists not as a whole", lists=False),
    Variant("headings on their own", headings=False),
    Variant("lists, headings, caution 1.2", lists=False, headings=False, caution=dict.fromkeys(CAUTION, 1200)),
    Variant("smoothed over two neighbours as well", smooth=2),
    Variant("text in scripts, where there is little other", scripts=True),
    Variant("lines of 3 pages of a host cut", templates=3),
    Variant("lines of 5 pages of a host cut", templates=5),
    Variant("learnt from crawl-wcxb only", sets=("crawl-wcxb",)),
    Variant("the labels themselves as choice", labels=True),
)
