"""Writing packed token shards and what describes them."""

from curate.shards.write import WriteTokens

__all__ = ["WriteTokens"]
