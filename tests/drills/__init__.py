"""Faults, each a scripted drill against the split of `make split`: `make drills`, or `python -m tests.drills --help`.

Everything is a process of its own as in large deployments; what breaks is real. A small steady load writes and reads
meanwhile and keeps a ledger of what was acknowledged. Afterwards a checker that knows tables and mailbox, and none of
the product's code, looks for what was lost and what happened twice.
"""
