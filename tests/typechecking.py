"""The checker of types that tests switch on (see ``conftest.py``): whole numbers pass for real ones, as in PEP 484."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
