"""The advisory locks this service takes. They are one space per database, which crewkit's programs share."""

# Two-part keys: our class, then the lock. "cgit" in ASCII, so that a lock seen in pg_locks tells whose it is.
CLASS = 0x6367_6974
# The second part of a lane's lock is the lane's number.
DOMAIN_EVENTS = 1000
MIGRATIONS = 1001

# "cgjb": one lock for each kind of work that one process does at a time; the second part is its name's hash.
JOBS = 0x6367_6A62

# "cgpn": the second part is an organization's id, folded.
PROJECT_NAMES = 0x6367_706E
