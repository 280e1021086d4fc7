"""Architectures of published audio networks, each written from its paper.

A module gives its outputs as a tuple, in the order in which `models.py` names them. Parameter names are those of the
official release, so that its state dictionary loads without renaming.
"""
