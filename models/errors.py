"""What can be wrong on the deciding side.

ModelError
 ├─ ArtefactError       a model directory is missing, incomplete, altered or of another version
 ├─ NomenclatureError   a table that is not a nomenclature, or a code that is not in it
 ├─ PolicyError         a policy that cannot be
 └─ TrainingError       data that cannot be trained or evaluated on
"""

from __future__ import annotations


class ModelError(Exception):
    """Root of this package's errors; the text is one line that says what to do."""


class ArtefactError(ModelError):
    """A model directory that must not be served."""


class NomenclatureError(ModelError):
    """A table that is not a nomenclature, or a code that is not in one."""


class PolicyError(ModelError):
    """A policy that cannot be applied."""


class TrainingError(ModelError):
    """Data that cannot be trained or evaluated on."""
