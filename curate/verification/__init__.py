"""Checking a run directory without trusting it: every file against its commit, every count against the tables.

findings      what was found, and what to do about it
inventory     commits and the files that they name; strays
plan_check    the plan, the pipeline file and the fingerprints agree
published     reports/ and tokens/ are what was committed
conservation  no document lost or twice: counted again from the tables
tokens        tokens in the shards = tokens counted
check         all of these, in an order in which nothing damaged is read as data
"""

from curate.verification.check import repair, verify
from curate.verification.findings import Finding, Verification

__all__ = ["Finding", "Verification", "repair", "verify"]
