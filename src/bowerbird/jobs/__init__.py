"""Work that is done later, durably: one file for each topic, and the loop that runs them."""

from bowerbird.jobs.rows import Job, put
from bowerbird.jobs.worker import drain, run_due, work

__all__ = ["Job", "drain", "put", "run_due", "work"]
