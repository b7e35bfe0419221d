"""The book of a phase: who is tried again, what is left out, when it is given up."""

from __future__ import annotations

import pickle

import pytest

from curate.engines.child import Death
from curate.engines.failure import Failure, TaskError
from curate.engines.tries import MAX_FAILED_TASKS, MAX_TRIES, Tries
from curate.errors import InternalError, ResourceError
from curate.ingest.watch import Reading, Suspect
from curate.plan import Task
from curate.storage import Commit

TASKS = [Task("annotate", 1, number, "key") for number in range(9)]
FAILURE = Failure("crawl.warc: cannot be read", "Traceback", 2, True)


def _answer(result: object) -> bytes:
    return pickle.dumps((result, 1000))


def test_a_task_is_given_up_after_so_many_deaths() -> None:
    """Its worker may die twice; the third time it fails, by name and with what the system said."""
    tries = Tries("run", TASKS[:2])
    for _ in range(MAX_TRIES):
        group, _ = tries.take()
        assert group == (TASKS[0],) and tries.settle(group, Death("killed by SIGSEGV")) == []
    group, _ = tries.take()
    assert tries.settle(group, _answer([Commit("key")])) == [(TASKS[1], Commit("key"))]
    assert not tries.waiting and tries.peak_bytes == 1000
    with pytest.raises(ResourceError, match=r"annotate of part 0 .* died 3 times, at last killed by SIGSEGV"):
        tries.raise_failed()


def test_deaths_count_by_record() -> None:
    """One death at each of several records accuses none of them, nor do deaths between records or at another task."""
    tries = Tries("run", TASKS[:2])
    for number, offset in [(0, 1), (0, 2), (1, 3)]:
        tries.settle((TASKS[number],), Death("killed", Reading(0, offset, 0.1)))
    tries.settle((TASKS[0],), Death("killed"))
    assert tries.suspects(TASKS[0]) == ()
    tries.settle((TASKS[1],), Death("killed", Reading(0, 3, 0.1)))
    [suspect] = tries.suspects(TASKS[1])
    assert (suspect.offset, suspect.reason) == (3, "crash")


def test_a_record_that_is_to_blame_costs_no_try() -> None:
    """However many records a part loses, it is read on without them; the request names them."""
    tries = Tries("run", TASKS[:1])
    for offset in range(5):
        group, _ = tries.take()
        suspect = Suspect(0, offset, "time_limit", "")
        tries.settle(group, Death("killed", Reading(0, offset, 9), suspect))
    group, request = tries.take()
    assert [each.offset for each in pickle.loads(request)[2]] == list(range(5))
    tries.settle(group, _answer([Commit("key")]))
    tries.raise_failed()


def test_a_failed_task_does_not_stop_the_others() -> None:
    """Until so many have failed; then the error of the first, in the order of the tasks, is raised."""
    tries = Tries("run", TASKS)
    for number in reversed(range(MAX_FAILED_TASKS)):
        assert tries.waiting
        tries.settle((TASKS[number],), _answer(FAILURE if number else Failure("KeyError: 'x'", "Traceback", 1, False)))
    assert not tries.waiting
    with pytest.raises(InternalError, match=r"annotate of part 0 .*KeyError.* \(so did 2 more tasks\)"):
        tries.raise_failed()


def test_a_failure_keeps_its_words() -> None:
    """The message, the exit code and the traceback for --debug are those of the task."""
    tries = Tries("run", TASKS)
    tries.settle((TASKS[4],), _answer(FAILURE))
    with pytest.raises(TaskError, match=r"^crawl.warc: cannot be read$") as caught:
        tries.raise_failed()
    assert caught.value.exit_code == 2 and caught.value.details == "Traceback"


@pytest.mark.parametrize("answer", [Death("killed", Reading(0, 7, 0.1)), _answer(FAILURE)], ids=["death", "failure"])
def test_what_goes_wrong_in_a_group_counts_for_none_of_it(answer) -> None:
    """Its tasks are done one by one, before all others; only there a death counts as a try, or a failure fails."""
    tries = Tries("run", TASKS, group_seconds=1e9)
    first, _ = tries.take()
    tries.settle(first, _answer([Commit("key")]))
    group, request = tries.take(window=2)
    assert group == tuple(TASKS[1:5]) and pickle.loads(request)[1] == list(group)
    assert tries.settle(group, answer) == []
    for task in group:
        again, _ = tries.take(window=2)
        assert again == (task,) and tries.suspects(task) == ()
        assert tries.settle(again, _answer([Commit("key")])) == [(task, Commit("key"))]
    assert len(tries.take(window=2)[0]) == 2
    tries.raise_failed()
