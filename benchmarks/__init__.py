"""Measurements that call gradlab and write records and figures; each module is a command of its own."""
