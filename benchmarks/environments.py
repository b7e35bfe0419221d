"""A virtual environment for each library: what they pin cannot be installed together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from works import Peer

FOLDER = Path(__file__).parent / ".environments"


def python_of(peer: Peer) -> Path:
    """The interpreter of a peer's environment, which is made if it is not there; peers of one name share it.

    Raises:
        subprocess.CalledProcessError: pip cannot install the packages.
    """
    folder = FOLDER / peer.name
    python, done = folder / "bin" / "python", folder / "installed"
    wanted = "\n".join([*peer.packages, *peer.isolated])
    if not done.exists() or done.read_text("utf-8") != wanted:
        print(f"making an environment for {peer.name}: {' '.join(peer.packages)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *peer.packages], check=True)
        if peer.isolated:
            subprocess.run([*pip, "--no-deps", *peer.isolated], check=True)
        done.write_text(wanted, "utf-8")
    return python
