"""Shape or scale of the surrogate: which one decides whether a network learns?

Source: Zenke & Vogels 2021, Neural Comput. 33:899.
"""
