"""Files behind URLs: object stores and everything else that fsspec opens, exact whatever the network does.

settings.py   every limit, read from the environment
retry.py      trying again, with growing random waits; what a failure means, in words
store.py      ObjectStore: read, download, upload, create (first wins), delete, copy; each checked and tried again
ranged.py     a file to read at any position by few range requests of several megabytes
cache.py      local copies by content, shared by the processes of a machine, bounded in bytes
lease.py      who holds a run at a URL: an object that is renewed, and may be taken over once nobody renews it
"""
