"""Runs `curate` in forked children that begin warm, each with a fault that is to hit it. Started by `fork_client`.

A request is a line of JSON on standard input; the answer, a line on standard output, comes when the child has ended.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from typing import Any, NoReturn

from fault_points import Fault

import cli
from curate import run


def main(pipeline: str, output: str) -> None:
    """Do the pipeline once, so that every compiled loop is loaded, then serve."""
    run(pipeline, output=output, workers=0)
    print("warm", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            _in_child(request, theirs)
        os.close(theirs)
        with os.fdopen(ours, encoding="utf-8") as said:
            output = said.read()
        _, status = os.waitpid(child, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status), "output": output}), flush=True)


def _in_child(request: dict[str, Any], said: int) -> NoReturn:
    os.dup2(said, 1)
    os.dup2(said, 2)
    sys.stdout, sys.stderr = (os.fdopen(os.dup(said), "w", encoding="utf-8") for _ in range(2))  # this one cannot seek
    os.umask(0o022)
    if request["max_file_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["max_file_bytes"], resource.RLIM_INFINITY))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["fault"] is not None:
        Fault(request["root"], **request["fault"]).arm()
    code = 70
    try:
        cli.main(request["arguments"], standalone_mode=True)
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
