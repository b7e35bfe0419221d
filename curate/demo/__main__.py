"""`python -m curate.demo TARGET` builds the demo corpus in the folder TARGET."""

from __future__ import annotations

import sys
from pathlib import Path

from curate.demo import DISK_FAILED
from curate.demo.build import build

if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]))
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(DISK_FAILED)
