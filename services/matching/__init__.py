"""From participants to rounds of topic groups."""

import os

# Before NumPy is loaded: its linear algebra would keep threads that do not survive the hub's starting of processes.
# Plans are searched for in those; what is scored within a request is too small to profit.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
