"""Other libraries beside ours on one workload, each in a virtual environment of its own.

``measure.py`` and ``adapters/`` run in those environments: they import NumPy and the library, nothing of this project.
"""
