"""One module a library: ``build`` makes its gradient from a ``Problem``; ``benchmarks.peers.collect`` runs it."""
