"""Packed shards: every token accounted for, readable by those who train, the same bytes however they are made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from tokenizers import Tokenizer

from curate.documents import Documents
from curate.errors import InputError, InternalError
from curate.mix import Mix
from curate.shards import WriteTokens
from curate.tokenize import LoadTokenizer, TrainTokenizer
from curate.tokenize.train import train_bpe

TRAIN = TrainTokenizer(vocab_size=300)
MIX = Mix(weights={"web": 50, "books": 30, "wiki": 20}, max_epochs=3.5)
WRITE = WriteTokens(sequence_length=16, shard_tokens=400)


def write(run, writer: WriteTokens = WRITE, name: str = "tokens") -> Path:
    """Lay out, write every shard in reverse order, finish; the folder."""
    state, folder = run.folder / f"{name}-state", run.folder / name
    state.mkdir()
    folder.mkdir()
    counts = [writer.write_shard(run, state, shard, folder) for shard in reversed(range(writer.layout(run, state)))]
    writer.finish(run, state, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    for key in ("rows", "tokens", "documents"):
        assert sum(count[key] for count in counts) == manifest[key]
    return folder


def read_rows(folder: Path) -> np.ndarray:
    """All rows of all shards, read by memory-mapped pyarrow."""
    columns = []
    for path in sorted(folder.glob("train-*.arrow")):
        with pa.memory_map(str(path)) as file:
            table = pa.ipc.open_stream(file).read_all()
        columns.append(np.concatenate([chunk.flatten().to_numpy() for chunk in table["input_ids"].chunks]))
    return np.concatenate(columns).reshape(-1, json.loads((folder / "manifest.json").read_text())["sequence_length"])


def written_order(run) -> list[tuple[bytes, int, int]]:
    """(id, copy, piece) in the order that the positions promise, by plain Python."""
    index = run.index(["mix.positions"]).to_pylist()
    pieces: dict[bytes, list[int]] = {}
    for part in range(run.parts):
        for row in run.side_table("tokens", part).select(["id", "piece"]).to_pylist():
            pieces.setdefault(row["id"], []).append(row["piece"])
    copies = [(at, copy, row["id"]) for row in index for copy, at in enumerate(row["mix.positions"])]
    return [(document, copy, piece) for _, copy, document in sorted(copies) for piece in pieces[document]]


def piece_tokens(run) -> dict[tuple[bytes, int], list[int]]:
    """The tokens of every piece, without the end-of-text token."""
    tables = [run.side_table("tokens", part).to_pylist() for part in range(run.parts)]
    return {(row["id"], row["piece"]): row["tokens"] for table in tables for row in table}


def test_rows_joined_and_split_at_end_of_text_are_the_pieces_in_order(make_run):
    """The shards hold the pieces of every copy in the mix's order, one end-of-text token after each, and no more."""
    run = make_run().run(TRAIN).run(MIX)
    folder = write(run)
    manifest = json.loads((folder / "manifest.json").read_text())
    tokens = piece_tokens(run)
    expected = [
        token for i, _, piece in written_order(run) for token in [*tokens[i, piece], manifest["end_of_text_id"]]
    ]
    found = read_rows(folder).reshape(-1).tolist()
    assert found == expected[: len(found)]
    assert manifest["tail_tokens_dropped"] == len(expected) - len(found) < 16
    assert manifest["tokens_counted"] == len(expected)
    counted = run.index(["train_tokenizer.tokens", "mix.epochs"])
    assert pc.sum(pc.multiply(counted["train_tokenizer.tokens"], counted["mix.epochs"])).as_py() == len(expected)


def test_without_a_mix_every_document_is_written_once_in_random_order(make_run):
    """No mix means one copy each, shuffled across parts by the seed."""
    run = make_run().run(TRAIN)
    orders = []
    for seed in (1, 2):
        folder = write(run, WRITE.model_copy(update={"seed": seed}), f"tokens{seed}")
        documents = pq.read_table(folder / "provenance.parquet")["document"].to_pylist()
        orders.append(list(dict.fromkeys(documents)))
    kept = set(run.index()["id"].to_pylist())
    assert len(kept - set(orders[0])) <= 1 and set(orders[0]) <= kept  # the last may be in the tail
    assert orders[0] != orders[1] and orders[0] != sorted(orders[0])


def test_provenance_names_the_document_of_every_range(make_run):
    """Each range decodes to the text that the provenance points to, and the ranges of a row cover it."""
    run = make_run().run(TRAIN).run(MIX)
    folder = write(run)
    rows, tokens = read_rows(folder), piece_tokens(run)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    eot = tokenizer.token_to_id("<|endoftext|>")
    texts = {i: t for docs in run.documents for i, t in zip(docs.id.to_pylist(), docs.text.to_pylist(), strict=True)}
    sources = dict(zip(*(run.index()[name].to_pylist() for name in ("id", "source")), strict=True))
    rows_per_shard, covered = 400 // 16, 0
    for line in pq.read_table(folder / "provenance.parquet").to_pylist():
        at = line["shard"] * rows_per_shard + line["row"]
        assert at * 16 + line["start"] == covered and line["start"] < line["stop"] <= 16
        covered += line["stop"] - line["start"]
        key = line["document"], line["piece"]
        whole = [*tokens[key], eot]
        begin, length = line["document_token"], line["stop"] - line["start"]
        assert rows[at, line["start"] : line["stop"]].tolist() == whole[begin : begin + length]
        assert tokenizer.decode(whole[:-1], skip_special_tokens=False) == texts[key[0]].split("\0")[key[1]]
        assert line["source"] == sources[key[0]] and line["copy"] >= 0
    assert covered == rows.size


def test_manifest_and_sources_add_up(make_run):
    """Sizes and checksums are those of the files; the sources' tokens are all tokens; weights are near the mix's."""
    run = make_run(400).run(TRAIN).run(MIX)
    folder = write(run)
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["shards"] + manifest["files"]:
        content = (folder / file["name"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert {path.name for path in folder.iterdir()} == {
        *(file["name"] for file in manifest["shards"] + manifest["files"]),
        "manifest.json",
        "README.md",
    }
    assert [shard["tokens"] for shard in manifest["shards"][:-1]] == [400] * (len(manifest["shards"]) - 1)
    assert sum(source["tokens"] for source in manifest["sources"]) == manifest["tokens"] == manifest["rows"] * 16
    weights = {source["source"]: source["weight"] for source in manifest["sources"]}
    assert weights == pytest.approx({"books": 0.3, "web": 0.5, "wiki": 0.2}, abs=0.02)
    provenance = pq.read_table(folder / "provenance.parquet")
    for source in manifest["sources"]:
        mine = provenance.filter(pc.equal(provenance["source"], source["source"]))
        copies = set(zip(mine["document"].to_pylist(), mine["copy"].to_pylist(), strict=True))
        assert (source["documents"], source["copies"]) == (len({i for i, _ in copies}), len(copies))


def test_batches_parts_and_other_writers_do_not_matter(make_run):
    """Batch sizes of the stages, and writing the shards twice in any order, leave every byte the same."""
    folders = [write(make_run(batch_rows=rows).run(TRAIN).run(MIX)) for rows in (1, 7, 1000)]
    files = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    assert files[0] == files[1] == files[2]


def test_how_documents_are_split_into_parts_does_not_matter(make_run):
    """Parts are read in order, and the order of writing is by draw, so the parts leave no trace."""
    folders = [write(make_run(parts=parts).run(TRAIN).run(MIX)) for parts in (1, 4)]
    assert (read_rows(folders[0]) == read_rows(folders[1])).all()


def test_datasets_loads_the_shards(make_run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`load_dataset` reads the files, and the folder by its card; rows come back in order, as integers."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    folder = write(make_run().run(TRAIN).run(MIX))
    rows = read_rows(folder)
    cache = str(tmp_path / "cache")
    files = {"train": str(folder / "train-*.arrow")}
    loaded = datasets.load_dataset("arrow", data_files=files, split="train", cache_dir=cache)
    assert loaded.features["input_ids"] == datasets.List(datasets.Value("uint16"), length=16)
    assert loaded[:]["input_ids"] == rows.tolist() and loaded[5]["input_ids"] == rows[5].tolist()
    assert (loaded.with_format("numpy")[3:9]["input_ids"] == rows[3:9]).all()
    by_card = datasets.load_dataset(str(folder), cache_dir=cache)
    assert list(by_card) == ["train"] and by_card["train"].num_rows == len(rows)
    streamed = datasets.load_dataset("arrow", data_files=files, split="train", streaming=True, cache_dir=cache)
    assert [row["input_ids"] for row in streamed] == rows.tolist()
    mapped = datasets.Dataset.from_file(
        str(folder / json.loads((folder / "manifest.json").read_text())["shards"][0]["name"])
    )
    assert mapped[:]["input_ids"] == rows[: mapped.num_rows].tolist()


def test_hub_reads_the_card(make_run):
    """The front matter is a valid dataset card, and the text names no path of this machine."""
    hub = pytest.importorskip("huggingface_hub")
    run = make_run().run(TRAIN).run(MIX)
    folder = write(run)
    text = (folder / "README.md").read_text()
    card = hub.DatasetCard(text)
    assert card.data.configs == [
        {"config_name": "default", "data_files": [{"split": "train", "path": "train-*.arrow"}]}
    ]
    assert card.data.size_categories == ["n<1K"] and card.data.task_categories == ["text-generation"]
    assert "| books |" in text and str(run.folder) not in text + (folder / "manifest.json").read_text()


def test_large_vocabularies_are_written_as_uint32(make_run, tmp_path: Path):
    """Above 65,536 tokens ids need 32 bits, and keep their values."""
    tokenizer = train_bpe(["fox owl"], 260, "<|endoftext|>")
    tokenizer.add_tokens([f"<filler {number}>" for number in range(70_000)] + [" heron"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    run = make_run().run(LoadTokenizer(path=str(tmp_path / "tokenizer.json")))
    folder = write(run)
    rows = read_rows(folder)
    assert rows.dtype == np.uint32 and json.loads((folder / "manifest.json").read_text())["dtype"] == "uint32"
    assert tokenizer.token_to_id(" heron") in rows


def test_documents_dropped_after_the_tokenizer_are_not_written(make_run):
    """The side table still has their tokens; the shards do not."""
    run = make_run().run(TRAIN)
    dropped = run.documents[1].id.to_pylist()[2]
    run.kept[1][2] = False
    folder = write(run)
    assert dropped in run.side_table("tokens", 1)["id"].to_pylist()
    assert dropped not in pq.read_table(folder / "provenance.parquet")["document"].to_pylist()


def test_documents_the_mix_passed_over_are_written_once(make_run):
    """Where positions are null (the mix was given `sources`), a document is written once at a random place."""
    run = make_run().run(TRAIN).run(MIX)
    for docs in run.documents:
        web = pc.equal(docs.source, "web")
        docs.scores["mix.positions"] = pc.if_else(web, None, docs.scores["mix.positions"])
    folder = write(run)
    table = pq.read_table(folder / "provenance.parquet")
    assert set(table.filter(pc.equal(table["source"], "web"))["copy"].to_pylist()) == {0}
    assert max(table["copy"].to_pylist()) > 0


def test_too_little_text_for_one_row_is_an_error(make_run):
    """The message says how many tokens there are and how many a row needs."""
    writer = WriteTokens(sequence_length=1_000_000, shard_tokens=1_000_000)
    with pytest.raises(InputError, match=r"\d+ tokens are left, fewer than the 1000000 of one row"):
        write(make_run().run(TRAIN), writer)


def test_a_corpus_exactly_one_row_long_has_no_tail(make_run):
    """The boundary: as many tokens as a row holds are one row, and nothing is dropped."""
    run = make_run(5, parts=1).run(TRAIN)
    total = pc.sum(run.index(["train_tokenizer.tokens"])["train_tokenizer.tokens"]).as_py()
    folder = write(run, WriteTokens(sequence_length=total))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["rows"], manifest["tail_tokens_dropped"]) == (1, 0)


def test_nothing_left_to_write_is_an_error(make_run):
    """An empty corpus says that earlier stages dropped everything."""
    run = make_run().run(TRAIN)
    run.kept = [np.zeros_like(kept) for kept in run.kept]
    with pytest.raises(InputError, match="no document is left to write"):
        write(run)


def test_no_tokenizer_stage_is_an_error(make_run):
    """Writing before tokenizing says which stage is missing."""
    with pytest.raises(InputError, match="Put train_tokenizer or load_tokenizer before it"):
        write(make_run())


def test_documents_without_tokens_are_an_error(make_run):
    """A source that the tokenizer was not applied to cannot vanish silently."""
    run = make_run().run(TRAIN)
    docs = run.documents[0]
    column = docs.scores["train_tokenizer.tokens"]
    docs.scores["train_tokenizer.tokens"] = pc.if_else(pc.equal(docs.source, "web"), None, column)
    with pytest.raises(InputError, match=r"documents of source 'web' have no tokens.*sources"):
        write(run)


def test_a_lost_row_is_an_internal_error(make_run):
    """A shard with fewer rows than were laid out is found before the manifest is written."""
    run = make_run().run(TRAIN)
    state, folder = run.folder / "state", run.folder / "tokens"
    state.mkdir()
    folder.mkdir()
    for shard in range(WRITE.layout(run, state)):
        WRITE.write_shard(run, state, shard, folder)
    path = sorted(folder.glob("train-*"))[0]
    schema = pa.schema([pa.field("input_ids", pa.list_(pa.uint16(), 16))])
    pa.ipc.new_stream(str(path), schema).close()
    with pytest.raises(InternalError, match="0 rows were written, not the 25"):
        WRITE.finish(run, state, folder)
    assert not (folder / "manifest.json").exists()


def test_sizes_as_yaml_gives_them_are_accepted():
    """`100e6` is a float in YAML; a fraction of a token, or a shard under a row, is refused."""
    assert WriteTokens(shard_tokens=100e6).shard_tokens == 100_000_000
    with pytest.raises(ValidationError, match="shard_tokens"):
        WriteTokens(shard_tokens=100.5)
    with pytest.raises(ValidationError, match="less than one row"):
        WriteTokens(sequence_length=2048, shard_tokens=2047)


def test_positions_of_one_epoch_come_before_those_of_the_next(make_run):
    """In the shards, no document of a source begins its second copy before all others began their first."""
    run = make_run(120).run(TRAIN).run(MIX)
    table = pq.read_table(write(run) / "provenance.parquet")
    for source in ("web", "books", "wiki"):
        copies = table.filter(pc.equal(table["source"], source))["copy"].to_pylist()
        assert copies == sorted(copies)


def test_ids_sharing_their_first_half_are_told_apart(make_run):
    """Documents are found by their whole id."""
    texts = ["fox owl", "newt goat", "heron"]
    ids = pa.array([b"\1" * 8 + bytes([n]) * 8 for n in (3, 1, 2)], pa.binary(16))
    docs = Documents.from_batch(pa.RecordBatch.from_pydict({"id": ids, "source": ["a"] * 3, "text": texts}))
    run = make_run(documents=docs, parts=1).run(TRAIN)
    folder = write(run, WriteTokens(sequence_length=1))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rows, table = read_rows(folder).reshape(-1), pq.read_table(folder / "provenance.parquet")
    for i, text in zip(ids.to_pylist(), texts, strict=True):
        mine = rows[[document == i for document in table["document"].to_pylist()]]
        assert tokenizer.decode(mine[:-1].tolist()) == text
