"""What are trained delays worth? One network without delays, with a fixed delay line, and with delays of each kind.

On the line, its channels and the neurons have delays beside. Each kind is trained, and frozen at its first values as a
control; all else is equal.
"""
