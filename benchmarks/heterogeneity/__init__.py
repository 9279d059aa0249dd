"""Does heterogeneity help? Constants that are equal or drawn, fixed or trained, with both methods.

Source: Perez-Nieves et al. 2021, Nat. Commun. 12:5791 (the four conditions, and tests at other speeds).
"""
