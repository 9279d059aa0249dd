"""Compiled kernels (numba) of the event-driven layer; a sample is one call, free of the interpreter lock."""
