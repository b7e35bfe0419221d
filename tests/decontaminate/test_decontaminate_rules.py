"""The rules of GPT-3's appendix C, one by one, on single texts."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from curate.decontaminate import Decontaminate
from curate.documents import Documents


@pytest.fixture
def quiz(write_benchmark, leak) -> Decontaminate:
    """One item of 99 words, default parameters."""
    return Decontaminate(benchmarks=write_benchmark(leak(99)))


def test_match_and_window_are_cut(quiz, leak, prose) -> None:
    """The match goes, and 200 characters on each side of it; the two sides become separate pieces."""
    verdict = quiz(prose(1000) + leak(13) + prose(700))
    assert verdict.keep and verdict.scores == {"matches": 1, "cut_count": 1}
    assert verdict.pieces == (prose(1000)[:800], prose(700)[200:])


def test_case_and_punctuation_do_not_hide_a_match(quiz, leak, prose) -> None:
    """Words are compared lower-cased and without what stands between them."""
    shouted = "“" + leak(13).upper().replace(" ", ",\n-- ") + "!”"
    assert quiz(prose(1000) + shouted + prose(1000)).scores["matches"] == 1


def test_twelve_words_of_a_longer_item_are_no_match(quiz, leak, prose) -> None:
    """One word fewer than `ngram` leaves the text as it is."""
    text = prose(500) + leak(12) + prose(500)
    assert quiz(text).pieces == (text,)


def test_window_counts_characters_not_bytes(write_benchmark, leak) -> None:
    """Around letters of two to four bytes the window is as many characters."""
    stage = Decontaminate(benchmarks=write_benchmark(leak(99)))
    for letter in "é語😀":
        verdict = stage(letter * 500 + " " + leak(13) + " " + letter * 400)
        assert verdict.pieces == (letter * 301, letter * 201)


@pytest.mark.parametrize("words", [22, 23, 60])
def test_a_long_overlap_is_one_cut(quiz, leak, prose, words) -> None:
    """However many n-grams overlap, they are one match and one cut, and a long document stays."""
    verdict = quiz(prose(3000) + leak(words) + prose(3000))
    assert verdict.scores == {"matches": 1, "cut_count": 1}
    assert [len(piece) for piece in verdict.pieces] == [2800, 2800]


def test_windows_that_overlap_are_one_cut(quiz, leak, prose) -> None:
    """Matches 400 characters apart or less are cut together; further apart, what is between is a piece of its own."""
    near = quiz(prose(500) + leak(13) + prose(400) + leak(13) + prose(500))
    assert near.scores == {"matches": 2, "cut_count": 1}
    far = quiz(prose(500) + leak(13) + prose(600) + leak(13) + prose(500))
    assert far.scores == {"matches": 2, "cut_count": 2} and [len(piece) for piece in far.pieces] == [300, 200, 300]


def test_short_pieces_go_with_the_cut(quiz, leak, prose) -> None:
    """A piece of 199 characters goes, in the middle and at both ends; one of 200 stays."""
    texts = [prose(399), prose(599), prose(400)]
    verdict = quiz(leak(13).join(texts))
    assert verdict.pieces == (prose(400)[200:],) and verdict.scores["cut_count"] == 2
    assert [len(piece) for piece in quiz(leak(13).join([prose(400), prose(600), prose(399)])).pieces] == [200, 200]


def test_nothing_left_drops_the_document(quiz, leak, prose) -> None:
    """A document of which no piece is long enough is dropped, and says so."""
    verdict = quiz(prose(390) + leak(30) + prose(390))
    assert (verdict.keep, verdict.reason, verdict.pieces) == (False, "no_piece_left", ())


@pytest.mark.parametrize("matches, reason", [(10, None), (11, "too_many_cuts")])
def test_more_than_ten_cuts_drop_the_document(quiz, leak, prose, matches, reason) -> None:
    """Ten cuts are allowed, eleven are not."""
    verdict = quiz(prose(700) + (leak(13) + prose(700)) * matches)
    assert verdict.scores["cut_count"] == matches
    assert verdict.reason == reason
    assert len(verdict.pieces) == (0 if reason else matches + 1)


def test_no_limit_of_cuts(write_benchmark, leak, prose) -> None:
    """With `max_cuts` None a document may fall into any number of pieces."""
    stage = Decontaminate(benchmarks=write_benchmark(leak(99)), max_cuts=None)
    assert len(stage(prose(700) + (leak(13) + prose(700)) * 30).pieces) == 31


def test_a_clean_document_is_untouched(quiz) -> None:
    """Without a match nothing changes, however short the text."""
    for text in ("", " ", "short", "No. 7, " * 5):
        assert quiz(text).pieces == (text,)


def test_common_ngrams_are_ignored_by_documents(quiz, leak, prose) -> None:
    """N-grams of eleven documents are ignored; of ten they are not, though one holds them twenty times."""
    text = prose(500) + leak(13) + prose(500)
    assert all(verdict.scores["matches"] == 0 for verdict in quiz([text] * 11))
    often = leak(13).join([prose(500)] * 21)
    verdicts = quiz([text] * 9 + [often])
    assert [verdict.scores["matches"] for verdict in verdicts] == [1] * 9 + [20]


def test_the_document_limit_can_be_off_or_nought(write_benchmark, leak, prose) -> None:
    """None ignores no n-gram; 0 is a value and ignores every one that is found."""
    path, text = write_benchmark(leak(99)), prose(500) + leak(13) + prose(500)
    verdicts = Decontaminate(benchmarks=path, max_document_count=None)([text] * 50)
    assert all(verdict.scores["matches"] for verdict in verdicts)
    assert Decontaminate(benchmarks=path, max_document_count=0)(text).scores["matches"] == 0


@pytest.mark.parametrize("words, matches", [(7, 0), (8, 1), (12, 1)])
def test_short_items_match_whole(write_benchmark, leak, prose, words, matches) -> None:
    """Items of 8 to 12 words match whole, and not in part; shorter ones do not match."""
    stage = Decontaminate(benchmarks=write_benchmark(leak(words)))
    assert stage(prose(500) + leak(words) + prose(500)).scores["matches"] == matches
    assert stage(prose(500) + leak(words - 1) + prose(500)).scores["matches"] == 0


def test_short_items_can_be_left_out(write_benchmark, leak, prose) -> None:
    """With `min_item_words` equal to `ngram` only whole n-grams count."""
    stage = Decontaminate(benchmarks=write_benchmark(leak(12)), min_item_words=13)
    assert stage(prose(500) + leak(12) + prose(500)).scores["matches"] == 0


def test_no_match_runs_across_an_earlier_split(quiz, leak, prose) -> None:
    """Where an earlier stage split the text, words on the two sides are no n-gram, and no window crosses over."""
    words = leak(13).split()
    halves = prose(300) + " ".join(words[:6]) + "\0" + " ".join(words[6:]) + prose(300)
    assert quiz(halves).scores["matches"] == 0
    verdict = quiz(prose(50) + "\0" + prose(500) + leak(13) + "\0" + prose(70))
    assert verdict.pieces == (prose(50), prose(500)[:300], prose(70))


def test_a_section_cut_away_leaves_no_empty_piece(quiz, leak, prose) -> None:
    """A section between two earlier splits that goes whole takes a mark with it."""
    assert quiz(prose(300) + "\0" + leak(20) + "\0" + prose(40)).pieces == (prose(300), prose(40))
    assert quiz(leak(20) + "\0" + prose(40)).pieces == (prose(40),)
    assert quiz(leak(20) + "\0" + leak(20)).reason == "no_piece_left"


def test_arrow_data_gets_a_table(quiz, leak, prose) -> None:
    """An Arrow array gives `keep`, `reason`, the scores and the cuts, null where there are none."""
    table = quiz(Documents.from_texts([prose(500) + leak(13) + prose(500), prose(500)]).text)
    assert table.column_names == ["keep", "reason", "matches", "cut_count", "cuts"]
    assert table["cut_count"].to_pylist() == [1, 0]
    (cut,), nothing = table["cuts"].to_pylist()
    assert nothing is None
    assert (cut["start"], cut["stop"], cut["split"]) == (300, 700 + len(leak(13)), True)


def test_min_item_words_above_ngram_is_refused() -> None:
    """Parameters that contradict each other are an error that names both."""
    with pytest.raises(ValidationError, match="min_item_words is 9, more than ngram, which is 5"):
        Decontaminate(benchmarks="quiz.jsonl", ngram=5, min_item_words=9)
    with pytest.raises(ValidationError, match="at least 1 item"):
        Decontaminate(benchmarks=[])


def test_schema_allows_a_string_or_a_list() -> None:
    """Editors that read the JSON Schema accept one pattern as well as a list of them."""
    kinds = Decontaminate.model_json_schema()["properties"]["benchmarks"]["anyOf"]
    assert sorted(kind["type"] for kind in kinds) == ["array", "string"]
    assert Decontaminate(benchmarks="evals/*.jsonl").input_files() == {"benchmarks": ["evals/*.jsonl"]}
