"""What is measured, against whom, and how much faster it has to be."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Peer:
    """A library to compare with.

    Attributes:
        name: as in the table.
        job: a file of `benchmarks/jobs`, without its suffix.
        packages: what pip installs into the environment it runs in.
        bar: how many times faster curate has to be.
        arguments: how much work it is given; a rate is compared, so a slow library gets less.
        isolated: packages to install without their dependencies.
        identical: whether its result should be the same as ours.
    """

    name: str
    job: str
    packages: tuple[str, ...]
    bar: float
    arguments: tuple[str, ...]
    isolated: tuple[str, ...] = ()
    identical: bool = False


@dataclass(frozen=True)
class Work:
    """A piece of work that curate and others do.

    Attributes:
        job, arguments: of curate.
        note: what is not comparable.
        rounds: how often each side runs, in turn; the medians are compared.
        passes: how often a process does the work when two at once are compared with one, so that both are at it.
    """

    name: str
    job: str
    peers: tuple[Peer, ...]
    arguments: tuple[str, ...] = ("--max-mb", "100")
    note: str = ""
    rounds: int = field(default=3)
    passes: int = field(default=7)


_DATATROVE = ("datatrove[io,processing]", "spacy", "numpy", "lxml_html_clean", "trafilatura", "warcio")
_TOKENIZERS = ("tokenizers", "numpy")
_ALL = ("--max-mb", "100")

WORKS = (
    Work(
        "filters",
        "filters_curate",
        (Peer("datatrove", "filters_datatrove", _DATATROVE, 200, ("--max-mb", "2")),),
        note="Gopher quality and repetition, C4, FineWeb; curate computes every score, datatrove stops at the first "
        "rule that drops a document",
    ),
    Work(
        "logistic score",
        "logistic_curate",
        (Peer("scikit-learn", "logistic_sklearn", ("scikit-learn",), 8, _ALL),),
        note="scikit-learn takes words of two letters or more",
    ),
    Work(
        "MinHash signatures",
        "minhash_curate",
        (
            Peer("datasketch", "minhash_datasketch", ("datasketch",), 20, ("--max-mb", "10")),
            Peer("Daft", "minhash_daft", ("daft",), 5, _ALL),
        ),
        note="word 5-grams, 128 permutations; Daft splits at spaces after removing punctuation",
    ),
    Work(
        "LSH and components",
        "lsh_curate",
        (Peer("datasketch", "lsh_datasketch", ("datasketch",), 30, ("--documents", "1000000")),),
        ("--documents", "1000000"),
        note="ready signatures, a quarter of the documents near-duplicates; for the threshold 0.8 datasketch takes 9 "
        "bands of 13 rows and verifies nothing, curate 21 bands of 6 and verifies all; datasketch makes no components",
        passes=1,
    ),
    Work(
        "decontamination",
        "decontaminate_curate",
        (
            Peer("datatrove", "decontaminate_datatrove", _DATATROVE, 200, ("--max-mb", "2")),
            Peer(
                "Janitor",
                "decontaminate_janitor",
                ("numpy", "tqdm"),
                40,
                ("--max-mb", "4"),
                isolated=("lm-eval",),
            ),
        ),
        note="one pass over clean text; curate's stage makes two, to know which n-grams are common",
    ),
    Work(
        "BPE encode",
        "encode_curate",
        (
            Peer("tokenizers", "encode_tokenizers", _TOKENIZERS, 15, ("--max-mb", "100"), identical=True),
            Peer("tiktoken", "encode_tiktoken", ("tiktoken", "numpy"), 3, ("--max-mb", "100"), identical=True),
        ),
        note="GPT-2's pattern, 50,257 tokens",
    ),
    Work(
        "BPE train",
        "train_curate",
        (
            Peer("tokenizers", "train_tokenizers", _TOKENIZERS, 5, _ALL, identical=True),
            Peer("rustbpe", "train_rustbpe", ("rustbpe",), 1.2, _ALL),
        ),
        note="50,257 tokens; rustbpe breaks ties otherwise",
    ),
    Work(
        "whole chain",
        "chain_curate",
        (Peer("datatrove", "chain_datatrove", _DATATROVE, 30, ()),),
        (),
        note="WARC to token shards: extraction, four filters, MinHash, decontamination, tokens; curate reads the crawl "
        "as four sources and its start-up is timed, datatrove's is not",
        rounds=1,
        passes=1,
    ),
)
