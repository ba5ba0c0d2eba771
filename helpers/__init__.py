"""Thin helpers under the notebooks: one flow from parameters to figure.

parameters -> stimulus -> network -> result -> analysis -> figure

Importing this package loads no simulator; the rooms ``helpers.v1`` and those that follow load theirs when a
function needs it.
"""

__version__ = "0.1.0"
