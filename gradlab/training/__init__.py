"""Training: settings, optimiser, objective, loop, and what keeps a training safe."""
