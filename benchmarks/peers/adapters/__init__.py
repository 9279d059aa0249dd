"""One module a contestant: ``build`` makes its gradient from a ``Problem``; ``benchmarks.peers.collect`` runs it."""
