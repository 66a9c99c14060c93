"""What decides: nomenclature, text, classifier, cascade, policy, artefact, training, evaluation.

Pure: no input or output but artefact files and the tables the package ships.
"""
