"""The budget: sizes that people write, shares of tasks, the same bytes with less memory, and errors with figures."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from outputs import output_hashes

from cli import main
from curate import run
from curate.errors import PipelineError, ResourceError
from curate.memory import BATCH_FACTOR, PART_FACTOR, PROGRAM_BYTES, machine_bytes, parse_size, require, task_bytes

GB = 10**9


@pytest.mark.parametrize(("text", "size"), [("500MB", 5 * 10**8), ("2GB", 2 * GB), ("1.5 GiB", 3 << 29), ("77", 77)])
def test_sizes_as_people_write_them(text, size):
    """Decimal and binary units, with and without a space; a bare number is bytes."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["much", "", "5 parsecs", "GB"])
def test_what_is_no_size_is_refused(text):
    """The message names the option and says what to write."""
    with pytest.raises(PipelineError, match=r"--memory.*such as 500MB"):
        parse_size(text)


def test_a_budget_is_shared_by_all_processes():
    """What is left when every program has its own, by worker; the serial engine is one process."""
    assert task_bytes(4 * GB, 2, 2 * GB, 10**6, 10**6) == (4 * GB - 3 * PROGRAM_BYTES) // 2
    assert task_bytes(4 * GB, 0, 2 * GB, 10**6, 10**6) == 4 * GB - PROGRAM_BYTES


@pytest.mark.parametrize(
    ("group", "file"),
    [
        ("0::/job/step", "job/memory.max"),
        ("0::/seen/outside/only", "memory.max"),
        ("3:memory:/", "memory/memory.limit_in_bytes"),
    ],
)
def test_a_control_group_limits_the_machine(tmp_path, group, file):
    """Its own limit or that of one around it, in either version; one without a limit, or none at all, does not."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"{group}\n")
    limit = tmp_path / "sys/fs/cgroup" / file
    limit.parent.mkdir(parents=True)
    limit.write_text("4096000\n")
    assert machine_bytes(tmp_path) == 4_096_000
    limit.write_text("max\n")
    assert machine_bytes(tmp_path) == machine_bytes(tmp_path / "nothing") >= machine_bytes()


def test_without_a_budget_a_task_gets_what_the_pipeline_says_unless_the_machine_has_less():
    """The machine's memory caps the pipeline's setting, and never raises it."""
    assert task_bytes(None, 1, 1000, 1, 1) == 1000
    assert task_bytes(None, 1, 1 << 60, 1, 1) < machine_bytes()


def test_a_budget_under_one_batch_is_refused_with_the_least_that_works():
    """The least that the message names is enough, and a byte less is not."""
    least = 3 * PROGRAM_BYTES + 2 * (BATCH_FACTOR * 8_000_000 + PART_FACTOR * 16_000_000)
    with pytest.raises(ResourceError, match=rf"{least - 1:,} bytes of memory are too little.* need {least:,}"):
        task_bytes(least - 1, 2, GB, 8_000_000, 16_000_000)
    assert task_bytes(least, 2, GB, 8_000_000, 16_000_000) > 0


def test_what_does_not_fit_says_so_before_it_starts():
    """Both figures and both remedies are in the message."""
    require(10, 10, "a shard", "lower shard_tokens")
    with pytest.raises(ResourceError, match=r"a shard takes 2,000 bytes .* may hold 1,999; lower shard_tokens, or all"):
        require(2000, 1999, "a shard", "lower shard_tokens")


def test_less_memory_gives_the_same_bytes(finished, pipeline_file, tmp_path):
    """With a twentieth of the memory every published file is the same."""
    small = run(pipeline_file, output=tmp_path / "run", workers=0, memory_bytes=PROGRAM_BYTES + 170_000_000)
    assert small.plan.pipeline.settings.max_memory_bytes == 170_000_000
    assert output_hashes(small.path) == output_hashes(finished)


def test_the_command_refuses_before_it_makes_anything(pipeline_file, tmp_path):
    """Too little memory: exit 1, the figures, no run directory."""
    options = ["run", str(pipeline_file), "--output", str(tmp_path / "run"), "--memory", "500MB", "--workers", "2"]
    done = CliRunner().invoke(main, options)
    assert done.exit_code == 1 and "500,000,000 bytes of memory are too little" in done.output
    assert not (tmp_path / "run").exists()
