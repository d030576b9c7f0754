"""Label rows, ontologies and files of them, spoilt on purpose, and what has to hold all the same.

`mutations` names every way of spoiling, `oracle` says what an export of the spoilt may do, and
`python -m tests.fuzz` tries as many random mixtures as it is told to.
"""
