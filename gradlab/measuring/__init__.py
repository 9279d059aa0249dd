"""Measurements of networks and gradients; none writes a file."""
