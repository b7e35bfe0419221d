"""A cluster of two nodes on this machine, one of which is lost."""

from __future__ import annotations

import os
import signal
import threading
from importlib.util import find_spec

import pytest
from outputs import output_hashes
from processes import alive, carriers, wait_until, workers

from curate import run
from curate.engines.ray_session import LOOPBACK, OBJECT_STORE_BYTES, alone

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")


@pytest.fixture
def cluster():
    """Two nodes of one core each, on the loopback interface; the program that runs the plan is on the first."""
    with alone():
        from ray.cluster_utils import Cluster

        made = Cluster()
        for _ in range(2):
            made.add_node(
                num_cpus=1, node_ip_address=LOOPBACK, object_store_memory=OBJECT_STORE_BYTES, include_dashboard=False
            )
    yield made
    made.shutdown()


@pytest.mark.slow
def test_a_node_is_lost_in_mid_run(cluster, finished, pipeline_file, tmp_path) -> None:
    """Its tasks go to the node that is left, and the bytes are the same."""
    [node] = cluster.worker_nodes
    raylet = node.all_processes["raylet"][0].process.pid
    lost: list[int] = []

    def lose_it() -> None:
        wait_until(lambda: workers(raylet))
        lost.extend(carriers(raylet) + workers(raylet))
        os.kill(raylet, signal.SIGKILL)

    loss = threading.Thread(target=lose_it)
    loss.start()
    result = run(pipeline_file, output=tmp_path / "run", engine="ray", address=cluster.address)
    loss.join()
    assert output_hashes(result.path) == output_hashes(finished)
    wait_until(lambda: sorted(each["Alive"] for each in cluster.global_state.node_table()) == [False, True])
    wait_until(lambda: not any(map(alive, lost)))
