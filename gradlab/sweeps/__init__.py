"""Many trainings, each in a process of its own, on this machine or on a cluster; and their records in one place."""
