"""Writing packed token shards and what describes them."""
