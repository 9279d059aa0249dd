"""What are trained delays worth? One network without delays, with a fixed delay line, and with delays of each kind.

Each kind is trained, and frozen at its initial values as a control; all else is equal.
"""
